//! How a search is run: each statement as it passed, with the plan that the database has for it.

use std::time::{Duration, Instant};

use vpr_fhir::search::{Filter, Query};

use crate::database::Database;
use crate::schema::Table;
use crate::search::search;
use crate::sql::{Dialect, Statement, Value};
use crate::tenant::Tenant;
use crate::{Limits, PageRequest, ProjectionError};

/// A statement of a search, as it was run. It tells no value, neither of the query nor of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedStatement {
    /// With `?` (SQLite) or `$1`, `$2` … (Postgres) where values go.
    pub text: String,
    /// The plan in the database's own words, a step a line, indented below the step that it serves.
    pub steps: Vec<String>,
    /// How many rows it gave.
    pub rows: u64,
    /// From the question to its last row. A connection that is asked for the first time also prepares
    /// the statement.
    pub time: Duration,
}

/// Runs a search in the transaction that is open, and tells its statements.
pub(crate) fn explain(
    database: &mut dyn Database,
    tenant: &Tenant,
    query: &Query,
    access: Option<&Filter>,
    request: &PageRequest,
    limits: &Limits,
) -> Result<Vec<ExplainedStatement>, ProjectionError> {
    // What is remembered of earlier searches would leave statements out.
    let forgetful = Tenant::new(*tenant.index_key(), tenant.epoch(), 0);
    let mut recording = Recording::new(database);
    search(&mut recording, &forgetful, query, access, request, limits)?;
    Ok(recording.statements)
}

/// Passes statements on, and keeps the questions among them.
pub(crate) struct Recording<'a> {
    database: &'a mut dyn Database,
    /// In the order in which they were asked.
    pub(crate) statements: Vec<ExplainedStatement>,
}

impl<'a> Recording<'a> {
    pub(crate) fn new(database: &'a mut dyn Database) -> Self {
        Self { database, statements: Vec::new() }
    }
}

impl Database for Recording<'_> {
    fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    fn query(&mut self, statement: &Statement) -> Result<Vec<Vec<Value>>, ProjectionError> {
        let asked = Instant::now();
        let rows = self.database.query(statement)?;
        let time = asked.elapsed();
        let steps = self.database.plan(statement)?;
        let text = statement.text.clone();
        self.statements.push(ExplainedStatement { text, steps, rows: rows.len() as u64, time });
        Ok(rows)
    }

    fn plan(&mut self, statement: &Statement) -> Result<Vec<String>, ProjectionError> {
        self.database.plan(statement)
    }

    fn execute(&mut self, statement: &Statement) -> Result<u64, ProjectionError> {
        self.database.execute(statement)
    }

    fn insert(&mut self, table: &'static Table, rows: Vec<Value>) -> Result<(), ProjectionError> {
        self.database.insert(table, rows)
    }

    fn replace(&mut self, table: &'static Table, rows: Vec<Value>) -> Result<(), ProjectionError> {
        self.database.replace(table, rows)
    }

    fn delete(&mut self, table: &'static Table, keys: Vec<Value>) -> Result<(), ProjectionError> {
        self.database.delete(table, keys)
    }

    fn clear(&mut self, table: &'static Table) -> Result<(), ProjectionError> {
        self.database.clear(table)
    }
}
