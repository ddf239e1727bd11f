//! What the two databases do alike, so that applying, searching and history are written once.

use vpr_types::TenantName;

use crate::ProjectionError;
use crate::schema::Table;
use crate::sql::{Dialect, Statement, Value};

/// A database that holds the projections of many tenants, each in tables of its own.
pub(crate) trait Backend: Send + Sync {
    /// Makes the tenant's tables if there are none (the migrations in order), and nothing more.
    fn open_tenant(&self, tenant: &TenantName) -> Result<(), ProjectionError>;

    /// Runs `work` in one transaction that reads one snapshot, within the time that a search may take.
    fn read(&self, tenant: &TenantName, work: Work<'_>) -> Result<(), ProjectionError>;

    /// Runs `work` in one transaction that may write; committed when it succeeds, else undone.
    /// One at a time for a tenant; never limited in time.
    fn write(&self, tenant: &TenantName, work: Work<'_>) -> Result<(), ProjectionError>;

    /// Closes the tenant and removes what there is of it, whether or not it can be read. Where that
    /// is not for this program to do, it is an error and an operator's task.
    fn discard(&self, tenant: &TenantName) -> Result<(), ProjectionError>;
}

/// What is done in a transaction.
pub(crate) type Work<'a> = &'a mut dyn FnMut(&mut dyn Database) -> Result<(), ProjectionError>;

/// A transaction on one tenant's tables.
pub(crate) trait Database {
    /// The dialect.
    fn dialect(&self) -> Dialect;

    /// Runs a statement; how many rows it changed.
    fn execute(&mut self, statement: &Statement) -> Result<u64, ProjectionError>;

    /// The rows of a statement. Integers of any width come as [`Value::Int`].
    fn query(&mut self, statement: &Statement) -> Result<Vec<Vec<Value>>, ProjectionError>;

    /// How the database would run a statement whatever its values are, a step a line, in its own words.
    fn plan(&mut self, statement: &Statement) -> Result<Vec<String>, ProjectionError>;

    /// Adds rows, in statements of many rows. `rows` holds the values of all columns of the table,
    /// row after row, sorted by key; no row may be there already.
    fn insert(&mut self, table: &'static Table, rows: Vec<Value>) -> Result<(), ProjectionError>;

    /// Adds rows, or puts them in the place of those with their key.
    fn replace(&mut self, table: &'static Table, rows: Vec<Value>) -> Result<(), ProjectionError>;

    /// Removes rows. `keys` holds the values of the key columns, row after row; all are there.
    fn delete(&mut self, table: &'static Table, keys: Vec<Value>) -> Result<(), ProjectionError>;

    /// Removes all rows of the table.
    fn clear(&mut self, table: &'static Table) -> Result<(), ProjectionError>;
}
