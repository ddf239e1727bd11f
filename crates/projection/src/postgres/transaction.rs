use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Executor, Row, TypeInfo, ValueRef};
use vpr_types::TenantName;

use super::connections::{Connections, Lease};
use super::failure::failure;
use crate::ProjectionError;
use crate::database::{Database, Work};
use crate::schema::{Column, Kind, Table};
use crate::sql::{Dialect, Statement, Value};

/// At most so many rows go into one statement.
const ROWS_MAX: usize = 20_000;

/// An open transaction of one tenant.
pub(super) struct Transaction<'a> {
    lease: Lease<'a>,
    /// Stands before each statement: a prepared statement holds for one schema.
    mark: String,
    /// A statement failed: the server accepts a commit, and undoes everything.
    failed: bool,
    /// The session keeps what no rollback takes back: it is not used again.
    spoiled: bool,
}

impl<'a> Transaction<'a> {
    /// Runs `work` in a transaction that `begin` begins; undone when it fails.
    pub(super) fn run(
        connections: &'a Connections,
        tenant: &TenantName,
        begin: &str,
        work: Work<'_>,
    ) -> Result<(), ProjectionError> {
        let lease = connections.begin(begin)?;
        let mut transaction = Self { lease, mark: format!("/* {tenant} */ "), failed: false, spoiled: false };
        let done = work(&mut transaction);
        let Self { mut lease, failed, spoiled, .. } = transaction;
        let end = if done.is_ok() && !failed { "COMMIT" } else { "ROLLBACK" };
        let ended = lease.run(end).map_err(|error| failure(&error));
        if ended.is_ok() && !spoiled {
            lease.give_back();
        }
        done?;
        if failed {
            return Err(ProjectionError::Unavailable("a statement had failed".into()));
        }
        ended
    }

    fn run_with(&mut self, text: &str, arguments: PgArguments) -> Result<u64, ProjectionError> {
        let query = sqlx::query_with(AssertSqlSafe(format!("{}{text}", self.mark)), arguments);
        let done = self.lease.wait(async |connection| query.execute(connection).await);
        done.map(|done| done.rows_affected()).map_err(|error| self.fails(&error))
    }

    fn fails(&mut self, error: &sqlx::Error) -> ProjectionError {
        self.failed = true;
        failure(error)
    }

    /// Runs `text` with one array for each of `columns`, as often as the number of rows demands.
    fn run_with_rows(
        &mut self,
        text: &str,
        columns: &[&'static Column],
        rows: Vec<Value>,
    ) -> Result<(), ProjectionError> {
        let mut values = rows.into_iter().peekable();
        while values.peek().is_some() {
            let mut arrays: Vec<Array> = columns.iter().map(|column| Array::of(column.kind)).collect();
            for _ in 0..ROWS_MAX {
                if values.peek().is_none() {
                    break;
                }
                for array in &mut arrays {
                    array.push(values.next())?;
                }
            }
            let mut arguments = PgArguments::default();
            arrays.into_iter().try_for_each(|array| array.add_to(&mut arguments))?;
            self.run_with(text, arguments)?;
        }
        Ok(())
    }
}

impl Database for Transaction<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute(&mut self, statement: &Statement) -> Result<u64, ProjectionError> {
        self.run_with(&statement.text, arguments(statement)?)
    }

    fn query(&mut self, statement: &Statement) -> Result<Vec<Vec<Value>>, ProjectionError> {
        let text = format!("{}{}", self.mark, statement.text);
        let query = sqlx::query_with(AssertSqlSafe(text), arguments(statement)?);
        let rows = self.lease.wait(async |connection| query.fetch_all(connection).await);
        let rows = rows.map_err(|error| self.fails(&error))?;
        rows.iter().map(|row| (0..row.len()).map(|at| value(row, at)).collect()).collect()
    }

    fn plan(&mut self, statement: &Statement) -> Result<Vec<String>, ProjectionError> {
        let (prepare, explain) = explaining(statement);
        let asked = self.lease.wait(async |connection| {
            connection.execute(sqlx::raw_sql(AssertSqlSafe(prepare))).await?;
            let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(explain))).await?;
            connection.execute(sqlx::raw_sql("DEALLOCATE explained")).await?;
            rows.iter().map(|row| row.try_get(0)).collect()
        });
        asked.map_err(|error| {
            // It may still know the statement that was to be explained.
            self.spoiled = true;
            self.fails(&error)
        })
    }

    fn insert(&mut self, table: &'static Table, rows: Vec<Value>) -> Result<(), ProjectionError> {
        let columns: Vec<&Column> = table.columns.iter().collect();
        self.run_with_rows(&adding(table), &columns, rows)
    }

    fn replace(&mut self, table: &'static Table, rows: Vec<Value>) -> Result<(), ProjectionError> {
        let columns: Vec<&Column> = table.columns.iter().collect();
        self.run_with_rows(&replacing(table), &columns, rows)
    }

    fn delete(&mut self, table: &'static Table, keys: Vec<Value>) -> Result<(), ProjectionError> {
        let columns: Vec<&Column> = table.key_columns().collect();
        self.run_with_rows(&removing(table), &columns, keys)
    }

    fn clear(&mut self, table: &'static Table) -> Result<(), ProjectionError> {
        // Not TRUNCATE: row-level security does not hold it.
        self.run_with(&format!("DELETE FROM {}", table.name), PgArguments::default()).map(|_| ())
    }
}

/// `unnest($1::bigint[], …)`, a row for each place in the arrays.
fn rows_of<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    let arrays = columns.enumerate().map(|(at, column)| {
        let kind = match column.kind {
            Kind::Small | Kind::Int | Kind::Big => "bigint",
            Kind::Text => "text",
            Kind::Bytes => "bytea",
        };
        format!("${}::{kind}[]", at + 1)
    });
    format!("unnest({})", arrays.collect::<Vec<_>>().join(", "))
}

fn names<'a>(
    columns: impl Iterator<Item = &'a Column>,
    shape: impl Fn(&str) -> String,
    between: &str,
) -> String {
    columns.map(|column| shape(column.name)).collect::<Vec<_>>().join(between)
}

fn adding(table: &'static Table) -> String {
    let columns = names(table.columns.iter(), str::to_owned, ", ");
    format!("INSERT INTO {} ({columns}) SELECT * FROM {}", table.name, rows_of(table.columns.iter()))
}

fn replacing(table: &'static Table) -> String {
    let key: Vec<&str> = table.key_columns().map(|column| column.name).collect();
    let others = || table.columns.iter().filter(|column| !key.contains(&column.name));
    let others = names(others(), |name| format!("{name} = excluded.{name}"), ", ");
    let change = if others.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {others}") };
    format!("{} ON CONFLICT ({}) DO {change}", adding(table), key.join(", "))
}

fn removing(table: &'static Table) -> String {
    let keys = names(table.key_columns(), str::to_owned, ", ");
    let alike = names(table.key_columns(), |name| format!("its.{name} = gone.{name}"), " AND ");
    let rows = rows_of(table.key_columns());
    format!("DELETE FROM {} AS its USING {rows} AS gone ({keys}) WHERE {alike}", table.name)
}

/// The values of one column.
enum Array {
    Ints(Vec<i64>),
    Texts(Vec<String>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Array {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Small | Kind::Int | Kind::Big => Self::Ints(Vec::new()),
            Kind::Text => Self::Texts(Vec::new()),
            Kind::Bytes => Self::Bytes(Vec::new()),
        }
    }

    fn push(&mut self, value: Option<Value>) -> Result<(), ProjectionError> {
        match (self, value) {
            (Self::Ints(all), Some(Value::Int(value))) => all.push(value),
            (Self::Texts(all), Some(Value::Text(value))) => all.push(storable(value)),
            (Self::Bytes(all), Some(Value::Bytes(value))) => all.push(Some(value)),
            (Self::Bytes(all), Some(Value::Null)) => all.push(None),
            _ => return Err(ProjectionError::Unusable("a row does not fit its table".into())),
        }
        Ok(())
    }

    fn add_to(self, arguments: &mut PgArguments) -> Result<(), ProjectionError> {
        let added = match self {
            Self::Ints(all) => arguments.add(all),
            Self::Texts(all) => arguments.add(all),
            Self::Bytes(all) => arguments.add(all),
        };
        added.map_err(|_| too_large())
    }
}

fn arguments(statement: &Statement) -> Result<PgArguments, ProjectionError> {
    let mut arguments = PgArguments::default();
    for value in &statement.binds {
        let added = match value {
            Value::Int(value) => arguments.add(*value),
            Value::Text(value) => arguments.add(storable(value.clone())),
            Value::Bytes(value) => arguments.add(value.as_slice()),
            Value::Null => return Err(ProjectionError::Unusable("nothing was bound".into())),
        };
        added.map_err(|_| too_large())?;
    }
    Ok(arguments)
}

/// What prepares a statement, and what asks for the plan that serves all values: sessions make no
/// other.
fn explaining(statement: &Statement) -> (String, String) {
    let kinds = statement.binds.iter().map(|value| match value {
        Value::Int(_) | Value::Null => "bigint",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytea",
    });
    let kinds: Vec<&str> = kinds.collect();
    let listed = |all: &[&str]| if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) };
    (
        format!("PREPARE explained{} AS {}", listed(&kinds), statement.text),
        format!("EXPLAIN (COSTS OFF) EXECUTE explained{}", listed(&vec!["NULL"; kinds.len()])),
    )
}

fn too_large() -> ProjectionError {
    ProjectionError::TooCostly("the values of a statement are too many".into())
}

/// Postgres keeps every text but those with U+0000. What stands for it is in no FHIR string either.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{1}") } else { text }
}

/// One value of a row, whatever integer or text it is.
fn value(row: &PgRow, at: usize) -> Result<Value, ProjectionError> {
    let fault = |_| ProjectionError::Unusable("a row has a value of another kind".into());
    let raw = row.try_get_raw(at).map_err(fault)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info();
    match kind.name() {
        "INT8" => row.try_get::<i64, _>(at).map(Value::Int),
        "INT4" => row.try_get::<i32, _>(at).map(|value| Value::Int(value.into())),
        "INT2" => row.try_get::<i16, _>(at).map(|value| Value::Int(value.into())),
        "BOOL" => row.try_get::<bool, _>(at).map(|value| Value::Int(value.into())),
        "BYTEA" => row.try_get::<Vec<u8>, _>(at).map(Value::Bytes),
        _ => row.try_get::<String, _>(at).map(Value::Text),
    }
    .map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{META, OLD_REF, REF};

    #[test]
    fn rows_travel_as_arrays() {
        assert_eq!(
            adding(&META),
            "INSERT INTO meta (name, value) SELECT * FROM unnest($1::text[], $2::bytea[])"
        );
        assert_eq!(
            replacing(&META),
            "INSERT INTO meta (name, value) SELECT * FROM unnest($1::text[], $2::bytea[]) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        );
        assert_eq!(
            removing(&REF),
            "DELETE FROM ref AS its USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS gone (pk, tgt, rid) \
             WHERE its.pk = gone.pk AND its.tgt = gone.tgt AND its.rid = gone.rid"
        );
        assert!(removing(&OLD_REF).ends_with("AND its.from_seq = gone.from_seq"));
    }
}
