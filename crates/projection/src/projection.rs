use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;
use vpr_fhir::ResourceType;
use vpr_fhir::search::{Filter, Query};
use vpr_types::{Entropy, Seq, SystemEntropy, TenantName};

use crate::database::{Backend, Database};
use crate::postgres::{Postgres, PostgresPlace};
use crate::sqlite::Sqlite;
use crate::tenant::Tenant;
use crate::{
    AppliedChange, Content, Epoch, ExplainedStatement, HistoryPage, HistoryRequest, Limits, ListingRow, Page,
    PageRequest, ProjectionError, apply, content, explain, history, listing, meta, search,
};

/// Where the tables are.
#[derive(Debug, Clone)]
pub enum Place {
    /// Files in a folder, one for each tenant, `<tenant>.sqlite`.
    Sqlite {
        /// Made if it is not there.
        folder: PathBuf,
    },
    /// A server, a schema for each tenant.
    Postgres {
        /// `postgres://…`; by a role that owns nothing ([`crate::serving_role`]).
        url: String,
        /// The same database by the role that makes the tables; `None`: by `url`.
        owner_url: Option<String>,
        /// So many connections are kept open.
        connections_min: u32,
        /// No more than so many.
        connections_max: u32,
        /// Where the connections live; calls block a thread that is not one of its workers.
        runtime: tokio::runtime::Handle,
    },
}

/// The projections of all tenants. A clone is the same one. All calls block.
#[derive(Clone)]
pub struct Projection {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Box<dyn Backend>,
    limits: Limits,
    tenants: RwLock<HashMap<TenantName, Arc<Tenant>>>,
}

impl std::fmt::Debug for Projection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Projection").finish_non_exhaustive()
    }
}

impl Projection {
    /// Opens the database.
    ///
    /// # Errors
    /// [`ProjectionError::Unavailable`] when it cannot be reached.
    pub fn open(place: Place, limits: Limits) -> Result<Self, ProjectionError> {
        let backend: Box<dyn Backend> = match place {
            Place::Sqlite { folder } => Box::new(Sqlite::open(folder, limits.search_time_max)?),
            Place::Postgres { url, owner_url, connections_min, connections_max, runtime } => {
                let time_max = limits.search_time_max;
                let place =
                    PostgresPlace { url, owner_url, connections_min, connections_max, runtime, time_max };
                Box::new(Postgres::open(&place)?)
            }
        };
        Ok(Self { inner: Arc::new(Inner { backend, limits, tenants: RwLock::default() }) })
    }

    /// Makes the tenant's tables, or takes those that are there. Tables that were made with another
    /// index key or by another version of the program are emptied: [`Self::applied`] is 0 then.
    ///
    /// # Errors
    /// [`ProjectionError::Unavailable`]; [`ProjectionError::Unusable`] when the tables are damaged, of a
    /// later version of the program, or have other columns: [`Self::reset`] removes them.
    pub fn open_tenant(&self, tenant: &TenantName, index_key: [u8; 32]) -> Result<(), ProjectionError> {
        self.inner.backend.open_tenant(tenant)?;
        let mut found = None;
        let opened = self.inner.backend.write(tenant, &mut |database| {
            let made_of = meta::get(database, meta::name::MADE_OF)?;
            if made_of.is_some() && meta::get(database, meta::name::LAYOUT)? != Some(meta::layout()) {
                return Err(ProjectionError::Unusable("the tables are of another program".to_owned()));
            }
            if made_of.as_deref() != Some(&meta::made_of(&index_key)) {
                if made_of.is_some() {
                    tracing::warn!(%tenant, "the search tables are of another version and are made anew");
                }
                meta::begin(database, &index_key, &draw_epoch()?)?;
            }
            let epoch = meta::epoch(database)?;
            let epoch = epoch.ok_or_else(|| ProjectionError::Unusable("there is no epoch".to_owned()))?;
            found = Some((epoch, meta::get_seq(database, meta::name::APPLIED)?));
            Ok(())
        });
        if matches!(opened, Err(ProjectionError::Unusable(_))) {
            // So that a reset removes what is there, whatever it was before.
            self.inner.tenants.write().remove(tenant);
        }
        opened?;
        if let Some((epoch, applied)) = found {
            let opened = Tenant::new(index_key, epoch, applied);
            self.inner.tenants.write().insert(tenant.clone(), Arc::new(opened));
        }
        Ok(())
    }

    /// The last seq applied; 0 for a tenant that is not open.
    #[must_use]
    pub fn applied(&self, tenant: &TenantName) -> Seq {
        self.tenant(tenant).map_or(Seq(0), |tenant| tenant.applied())
    }

    /// The tenant's epoch.
    ///
    /// # Errors
    /// [`ProjectionError::Unavailable`] when the tenant is not open.
    pub fn epoch(&self, tenant: &TenantName) -> Result<Epoch, ProjectionError> {
        Ok(self.tenant(tenant)?.epoch())
    }

    /// Applies changes, all or none; the last seq applied then. None to apply is no error.
    ///
    /// # Errors
    /// [`ProjectionError::OutOfOrder`] when they do not follow each other and what was applied;
    /// [`ProjectionError::Unavailable`].
    pub fn apply(&self, name: &TenantName, changes: &[AppliedChange]) -> Result<Seq, ProjectionError> {
        let tenant = self.tenant(name)?;
        apply::apply(&*self.inner.backend, name, &tenant, changes, &self.inner.limits)
    }

    /// One page of a search, which neither sorts by composites nor asks whether one is missing; hits,
    /// total and included resources are of one moment. `access` must hold of every hit, of what is
    /// included, and of what chains and `_has` pass through.
    ///
    /// # Errors
    /// [`ProjectionError::Gone`], [`ProjectionError::BadPosition`], [`ProjectionError::TimedOut`],
    /// [`ProjectionError::TooCostly`], [`ProjectionError::Unavailable`].
    pub fn search(
        &self,
        name: &TenantName,
        query: &Query,
        access: Option<&Filter>,
        request: &PageRequest,
    ) -> Result<Page, ProjectionError> {
        let tenant = self.tenant(name)?;
        let limits = &self.inner.limits;
        self.read(name, |database| search::search(database, &tenant, query, access, request, limits))
    }

    /// How [`Self::search`] finds that page: runs it, and tells the statements in their order. What
    /// searches before it have counted is counted again, so that nothing is left out.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn explain(
        &self,
        name: &TenantName,
        query: &Query,
        access: Option<&Filter>,
        request: &PageRequest,
    ) -> Result<Vec<ExplainedStatement>, ProjectionError> {
        let tenant = self.tenant(name)?;
        let limits = &self.inner.limits;
        self.read(name, |database| explain::explain(database, &tenant, query, access, request, limits))
    }

    /// One page of the history of a type or of everything, newest first.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn history(
        &self,
        name: &TenantName,
        request: &HistoryRequest,
    ) -> Result<HistoryPage, ProjectionError> {
        self.tenant(name)?;
        self.read(name, |database| history::history(database, request))
    }

    /// What lists show of `resources` as they stood at `at`, the moment of a page that named them; in
    /// their order.
    ///
    /// # Errors
    /// [`ProjectionError::Gone`] when one of them did not stand at that moment, or what stood then is no
    /// longer kept; [`ProjectionError::TimedOut`], [`ProjectionError::Unavailable`].
    pub fn listings(
        &self,
        name: &TenantName,
        resources: &[(ResourceType, &str)],
        at: Seq,
    ) -> Result<Vec<ListingRow>, ProjectionError> {
        self.tenant(name)?;
        self.read(name, |database| listing::listings(database, resources, at))
    }

    /// Empties the tenant's tables and begins a new epoch at seq 0. What cannot be emptied, because it
    /// could not be opened or is damaged, is removed: [`Self::open_tenant`] makes it anew.
    ///
    /// # Errors
    /// [`ProjectionError::Unavailable`]; [`ProjectionError::Unusable`] where an operator must remove it.
    pub fn reset(&self, name: &TenantName) -> Result<(), ProjectionError> {
        let emptied = self.tenant(name).and_then(|tenant| {
            let epoch = draw_epoch()?;
            tenant.reset(epoch, || {
                self.inner
                    .backend
                    .write(name, &mut |database| meta::begin(database, tenant.index_key(), &epoch))
            })
        });
        let open = self.inner.tenants.read().contains_key(name);
        match emptied {
            Err(ProjectionError::Unusable(_)) => {}
            Err(_) if !open => {}
            done => return done,
        }
        self.inner.backend.discard(name)?;
        self.inner.tenants.write().remove(name);
        Ok(())
    }

    /// What the tables say, without their own numbers for resources: equal for equal contents.
    /// Reads everything.
    ///
    /// # Errors
    /// [`ProjectionError::TimedOut`], [`ProjectionError::Unavailable`].
    pub fn content(&self, name: &TenantName) -> Result<Content, ProjectionError> {
        self.tenant(name)?;
        self.read(name, content::content)
    }

    fn tenant(&self, tenant: &TenantName) -> Result<Arc<Tenant>, ProjectionError> {
        let found = self.inner.tenants.read().get(tenant).cloned();
        found.ok_or_else(|| ProjectionError::Unavailable("the tenant is not open".to_owned()))
    }

    fn read<T>(
        &self,
        tenant: &TenantName,
        work: impl Fn(&mut dyn Database) -> Result<T, ProjectionError>,
    ) -> Result<T, ProjectionError> {
        let mut found = None;
        self.inner.backend.read(tenant, &mut |database| {
            found = Some(work(database)?);
            Ok(())
        })?;
        found.ok_or_else(|| ProjectionError::Unavailable("nothing was read".to_owned()))
    }
}

fn draw_epoch() -> Result<Epoch, ProjectionError> {
    let mut epoch = Epoch { id: [0; 8], secret: [0; 32] };
    let drawn = SystemEntropy.fill(&mut epoch.id).and_then(|()| SystemEntropy.fill(&mut epoch.secret));
    drawn.map_err(|error| ProjectionError::Unavailable(error.to_string()))?;
    Ok(epoch)
}
