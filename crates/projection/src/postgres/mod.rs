//! Postgres: a schema for each tenant, with row-level security as a second wall.
//!
//! Reading order: [`Postgres`], then [`connections`] (which connections there are), [`transaction`]
//! (statements and rows), [`tenants`] (schemas and migrations), [`role`] (who may connect),
//! [`failure`] (what errors mean).

mod connections;
mod failure;
mod role;
mod tenants;
mod transaction;

#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod tests;

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::runtime::Handle;
use vpr_types::TenantName;

use crate::ProjectionError;
use crate::database::{Backend, Work};

use connections::{Connections, options};
use transaction::Transaction;

pub use role::{ServingRole, serving_role};

/// How long a writer waits for another one of the same tenant, and a migration for another one.
const LOCK: Duration = Duration::from_secs(10);

/// Where a Postgres is and how much of it may be used.
#[derive(Debug, Clone)]
pub(crate) struct PostgresPlace {
    /// Where searches and changes connect.
    pub(crate) url: String,
    /// Where migrations connect; `None`: by `url`.
    pub(crate) owner_url: Option<String>,
    /// So many connections are opened at once.
    pub(crate) connections_min: u32,
    /// Never more than so many; one of them, or a quarter, is kept for changes.
    pub(crate) connections_max: u32,
    /// Drives the connections; of several threads, for callers block.
    pub(crate) runtime: Handle,
    /// A search may take so long.
    pub(crate) time_max: Duration,
}

/// A database on a server.
#[derive(Debug)]
pub(crate) struct Postgres {
    runtime: Handle,
    /// Changes have connections of their own, so that searches cannot keep them waiting.
    searches: Connections,
    changes: Connections,
    owner: PgConnectOptions,
    time_max: Duration,
}

impl Postgres {
    /// Opens the first connections; a server that cannot be reached now is no error, for it may come.
    ///
    /// # Errors
    /// [`ProjectionError::Unavailable`] when a URL cannot be read.
    pub(crate) fn open(place: &PostgresPlace) -> Result<Self, ProjectionError> {
        let PostgresPlace { url, owner_url, connections_min, connections_max, runtime, time_max } = place;
        let changes = (connections_max / 4).clamp(1, 4);
        let searches = connections_max.saturating_sub(changes).max(1);
        let serving = options(url)?;
        let owner = owner_url.as_deref().map_or_else(|| Ok(serving.clone()), options)?;
        let connections = |max| Connections::new(serving.clone(), runtime.clone(), max);
        let postgres = Self {
            searches: connections(searches),
            changes: connections(changes),
            owner,
            runtime: runtime.clone(),
            time_max: *time_max,
        };
        postgres.searches.open(*connections_min);
        Ok(postgres)
    }

    /// What begins each transaction: it sees one tenant's schema, and what its rows let it see.
    fn entering(tenant: &TenantName) -> String {
        let schema = tenants::schema(tenant);
        // Neither name holds a quote.
        format!("SET LOCAL search_path = \"{schema}\"; SET LOCAL vpr.tenant = '{tenant}'")
    }
}

impl Backend for Postgres {
    fn open_tenant(&self, tenant: &TenantName) -> Result<(), ProjectionError> {
        tenants::open(self, tenant)
    }

    fn read(&self, tenant: &TenantName, work: Work<'_>) -> Result<(), ProjectionError> {
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {}; {}",
            // 0 would be no limit.
            self.time_max.as_millis().clamp(1, i32::MAX as u128),
            Self::entering(tenant),
        );
        Transaction::run(&self.searches, tenant, &begin, work)
    }

    fn write(&self, tenant: &TenantName, work: Work<'_>) -> Result<(), ProjectionError> {
        // Whoever waited for the lock must see what the one before committed: no snapshot is taken
        // before the first statement of `work`.
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = 0; \
             SET LOCAL lock_timeout = {}; {}; SELECT pg_advisory_xact_lock({})",
            LOCK.as_millis(),
            Self::entering(tenant),
            tenants::lock(tenant),
        );
        Transaction::run(&self.changes, tenant, &begin, work)
    }

    fn discard(&self, tenant: &TenantName) -> Result<(), ProjectionError> {
        tenants::discard(self, tenant)
    }
}
