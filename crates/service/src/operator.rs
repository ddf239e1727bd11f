use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use vpr_core::{CommitView, EngineError, HistoryPage, RecordSummary, Tenant};
use vpr_policy::{Authorized, Interaction, Principal, Request, decide, decide_server};
use vpr_store::directory::VersionRow;
use vpr_store::{VerifyProgress, VerifyReport};
use vpr_types::{
    DocumentName, Instant, ObjectId, Part, PrincipalId, RecordId, RepositoryId, RequestId, TenantName,
    Version,
};

use crate::audit::Trail;
use crate::context::RequestContext;
use crate::explain::Explanation;
use crate::failure::Failure;
use crate::list::{ListPage, ListRequest};
use crate::projector::ProjectionStatus;
use crate::read::absent;
use crate::service::{Inner, Service};
use crate::work::{Work, is_deletion};

/// What operators do at the data directory: looked at, decided and audited here like everything
/// else. Results are ids and facts, but for [`Operator::content`].
#[derive(Clone)]
pub struct Operator {
    service: Service,
    principal: Principal,
    request: RequestId,
}

/// A version as operators see it.
#[derive(Debug, Clone)]
pub struct DocumentVersion {
    /// Which document.
    pub name: DocumentName,
    /// Which version, and where it stands.
    pub row: VersionRow,
}

/// What a record holds, or the registry.
#[derive(Debug, Clone, Default)]
pub struct RecordOverview {
    /// Which record; absent for the registry.
    pub record: Option<RecordId>,
    /// The first Patient that stands or stood in it.
    pub patient: Option<DocumentName>,
    /// Documents in each part, deleted ones not counted.
    pub documents: BTreeMap<Part, u64>,
    /// When one of its documents changed last; absent when none is left.
    pub last: Option<Instant>,
}

impl RecordOverview {
    fn count(&mut self, name: DocumentName, row: &VersionRow) {
        self.last = self.last.max(Some(row.time));
        if !is_deletion(row) {
            *self.documents.entry(row.part).or_default() += 1;
        }
        if self.patient.is_none() && row.part != Part::Registry && name.collection() == "Patient" {
            self.patient = Some(name);
        }
    }
}

impl Service {
    /// The operators' way in, for one request.
    #[must_use]
    pub fn operator(&self, id: PrincipalId, request: RequestId) -> Operator {
        Operator { service: self.clone(), principal: Principal::operator(id), request }
    }
}

impl Operator {
    /// All tenants, by name.
    ///
    /// # Errors
    /// [`Failure`] when the principal is no operator.
    pub fn tenants(&self) -> Result<Vec<Tenant>, Failure> {
        decide_server(&self.principal, Interaction::ListTenants)?;
        Ok(self.service.inner().engine.tenants())
    }

    /// Creates a tenant; answers when it is on disk.
    ///
    /// # Errors
    /// [`Failure`] when there is one of that name, or it cannot be written.
    pub async fn create_tenant(&self, name: TenantName) -> Result<Tenant, Failure> {
        decide_server(&self.principal, Interaction::CreateTenant)?;
        let inner = self.service.shared();
        let created = name.clone();
        let barrier = blocking(move || Ok(inner.engine.create_tenant(&created)?)).await?;
        self.service.release(barrier).await?;
        self.service.inner().engine.tenant(&name).ok_or_else(Failure::internal)
    }

    /// All records of a tenant, by UUID.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant, or the directory cannot be read.
    pub async fn records(&self, tenant: &TenantName) -> Result<Vec<RecordSummary>, Failure> {
        self.inspect(tenant, None, |inner, grant| Ok(inner.engine.records(grant.tenant())?)).await
    }

    /// The record that a key such as `Patient/123` names.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant, or nothing is stored under the key.
    pub async fn record(&self, tenant: &TenantName, key: String) -> Result<RecordSummary, Failure> {
        self.inspect(tenant, None, move |inner, grant| {
            let tenant = grant.tenant();
            let record = match key.parse() {
                Ok(uuid) => RecordId(uuid),
                Err(_) => inner.engine.record_of(tenant, &key)?,
            };
            let found = inner.engine.records(tenant)?.into_iter().find(|each| each.record == record);
            found.ok_or_else(|| Failure::not_found("nothing is stored under this key"))
        })
        .await
    }

    /// The newest commits of some repositories, newest first.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant, or a repository is damaged.
    pub async fn log(
        &self,
        tenant: &TenantName,
        repositories: Vec<RepositoryId>,
        limit: usize,
    ) -> Result<Vec<(Part, ObjectId, CommitView)>, Failure> {
        self.inspect(tenant, None, move |inner, grant| {
            let mut commits = Vec::new();
            for repository in repositories.into_iter().filter(|each| each.tenant == *grant.tenant()) {
                let log = inner.engine.log(&repository, limit)?;
                commits.extend(log.into_iter().map(|(id, view)| (repository.part, id, view)));
            }
            // One change's commits in several repositories stay in the order of the repositories.
            commits.sort_by_key(|(.., commit)| std::cmp::Reverse((commit.seq, commit.time)));
            commits.truncate(limit);
            Ok(commits)
        })
        .await
    }

    /// The newest version of each document of some repositories.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant, or the directory cannot be read.
    pub async fn documents(
        &self,
        tenant: &TenantName,
        repositories: Vec<RepositoryId>,
    ) -> Result<Vec<DocumentVersion>, Failure> {
        self.inspect(tenant, None, move |inner, grant| {
            let of_tenant = repositories.into_iter().filter(|each| each.tenant == *grant.tenant());
            let wanted: HashSet<(Part, RecordId)> = of_tenant.map(|each| (each.part, each.record)).collect();
            let mut documents = Vec::new();
            inner.engine.documents(grant.tenant(), None, &mut |name, row| {
                if wanted.contains(&(row.part, row.record)) {
                    documents.push(DocumentVersion { name, row });
                }
                true
            })?;
            Ok(documents)
        })
        .await
    }

    /// What every record of a tenant holds, by UUID, the registry last: one pass over all documents.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant, or the directory cannot be read.
    pub async fn overview(&self, tenant: &TenantName) -> Result<Vec<RecordOverview>, Failure> {
        self.inspect(tenant, None, |inner, grant| {
            let mut all: BTreeMap<RecordId, RecordOverview> = BTreeMap::new();
            // Also those whose documents have all moved away.
            for RecordSummary { record, .. } in inner.engine.records(grant.tenant())? {
                all.insert(record, RecordOverview { record: Some(record), ..RecordOverview::default() });
            }
            let mut registry = RecordOverview::default();
            inner.engine.documents(grant.tenant(), None, &mut |name, row| {
                if row.part == Part::Registry {
                    registry.count(name, &row);
                } else {
                    let record = all.entry(row.record).or_default();
                    record.record = Some(row.record);
                    record.count(name, &row);
                }
                true
            })?;
            Ok(all.into_values().chain([registry]).collect())
        })
        .await
    }

    /// All versions of a document, newest first.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant or document.
    pub async fn versions(&self, tenant: &TenantName, name: DocumentName) -> Result<HistoryPage, Failure> {
        let named = name.clone();
        self.inspect(tenant, Some(named), move |inner, grant| {
            let page = inner.engine.history(grant.tenant(), &name, None, usize::MAX - 1)?;
            page.ok_or_else(|| absent(&name))
        })
        .await
    }

    /// The stored bytes of one version, the newest if none is named. Audited as a read of it.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant, document or version, or the version is a deletion.
    pub async fn content(
        &self,
        tenant: &TenantName,
        name: DocumentName,
        version: Option<Version>,
    ) -> Result<(VersionRow, Arc<[u8]>), Failure> {
        let named = name.clone();
        self.work(tenant, Interaction::Show, Some(named), move |Work { inner, grant, .. }| {
            let found = match version {
                Some(version) => inner.engine.version(grant.tenant(), &name, version)?,
                None => inner.engine.read(grant.tenant(), &name)?,
            };
            let row = found.ok_or_else(|| absent(&name))?.row;
            if is_deletion(&row) {
                return Err(crate::read::gone(&name, &row));
            }
            let bytes = inner.engine.content(grant.tenant(), &row)?;
            Ok((row, bytes))
        })
        .await
    }

    /// The documents of a record, newest first, a page of them, from the index alone. Audited as a
    /// look at each of them.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant, record or type, the request makes no sense, a page is
    /// no longer kept, or there is no search index or it is away.
    pub async fn list(&self, tenant: &TenantName, request: ListRequest) -> Result<ListPage, Failure> {
        self.work(tenant, Interaction::List, None, move |work| work.list(&request)).await
    }

    /// How the first page of a search is found: `search` is what follows `[base]/` in its URL. The
    /// search is run, and its statements are told; audited as a look at what it names.
    ///
    /// # Errors
    /// As of the search itself; what it does not understand is refused, however lenient searches are.
    pub async fn explain(&self, tenant: &TenantName, search: String) -> Result<Explanation, Failure> {
        self.work(tenant, Interaction::Inspect, None, move |work| work.explain(&search)).await
    }

    /// Brings everything durable into Git, so that stock git sees it.
    ///
    /// # Errors
    /// [`Failure`] when the disk is full or failed.
    pub async fn materialize(&self) -> Result<(), Failure> {
        decide_server(&self.principal, Interaction::Maintain)?;
        let inner = self.service.shared();
        blocking(move || Ok(inner.engine.materialize()?)).await
    }

    /// Checks every repository of every tenant. Blocks: call it on a thread of its own.
    ///
    /// # Errors
    /// [`Failure`] when the disk failed. Damage is in the report.
    pub fn verify(&self, progress: &mut dyn FnMut(VerifyProgress)) -> Result<VerifyReport, Failure> {
        decide_server(&self.principal, Interaction::Maintain)?;
        Ok(self.service.inner().engine.verify(progress)?)
    }

    /// Has the search index of a tenant emptied and built again from feed and Git, while reads by id
    /// and writes go on. Returns where it begins; [`Operator::projection`] tells how far it is.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant, or this process has no search index.
    pub async fn reindex(&self, tenant: &TenantName) -> Result<ProjectionStatus, Failure> {
        self.work(tenant, Interaction::Maintain, None, |Work { inner, grant, .. }| {
            inner.projector()?.rebuild(grant.tenant());
            inner.projection(grant.tenant())
        })
        .await
    }

    /// Where the search index of a tenant stands.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant, or this process has no search index.
    pub async fn projection(&self, tenant: &TenantName) -> Result<ProjectionStatus, Failure> {
        self.inspect(tenant, None, |inner, grant| inner.projection(grant.tenant())).await
    }

    async fn inspect<T: Send + 'static>(
        &self,
        tenant: &TenantName,
        named: Option<DocumentName>,
        run: impl FnOnce(&Inner, &Authorized<()>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.work(tenant, Interaction::Inspect, named, |work| run(work.inner, &work.grant)).await
    }

    /// Decides, runs on a thread of its own, audits and waits.
    async fn work<T: Send + 'static>(
        &self,
        tenant: &TenantName,
        interaction: Interaction,
        named: Option<DocumentName>,
        run: impl FnOnce(&mut Work<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let request = Request { principal: &self.principal, tenant, purpose: None, interaction };
        let grant = decide(&request, ())?;
        let inner = self.service.shared();
        if inner.engine.tenant(tenant).is_none() {
            return Err(EngineError::NoTenant(tenant.clone()).into());
        }
        let context = RequestContext {
            request: self.request.clone(),
            tenant: tenant.clone(),
            principal: self.principal.clone(),
            purpose: None,
            received: inner.engine.now(),
            base: String::new(),
        };
        let (result, barrier) = blocking(move || {
            let mut trail = Trail::of(interaction);
            if let Some(name) = named {
                trail.touched(&name, None);
            }
            let result = run(&mut Work { inner: &inner, context: &context, grant, trail: &mut trail });
            let status = result.as_ref().map_or_else(|failure| failure.kind.status(), |_| 200);
            let barrier = inner.append(&context, trail, status)?;
            Ok((result, barrier))
        })
        .await?;
        self.service.release(barrier).await?;
        result
    }
}

async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(run).await.map_err(|_| Failure::internal())?
}
