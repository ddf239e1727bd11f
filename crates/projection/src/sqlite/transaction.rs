use std::collections::HashMap;
use std::fmt::Write as _;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql};

use super::connection::failure;
use crate::ProjectionError;
use crate::database::Database;
use crate::schema::Table;
use crate::sql::{Dialect, Statement, Value};

/// Rows in one statement; what is left goes row by row.
const ROWS_A_STATEMENT: usize = 64;

/// An open transaction.
pub(super) struct Transaction<'a> {
    pub(super) connection: &'a Connection,
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Transaction<'_> {
    fn prepare(&self, text: &str) -> Result<CachedStatement<'_>, ProjectionError> {
        self.connection.prepare_cached(text).map_err(failure)
    }

    /// Runs a statement made by `text` for as many rows as it is given, over all rows.
    fn in_rows(
        &self,
        values: &[Value],
        columns: usize,
        text: &dyn Fn(usize) -> String,
    ) -> Result<(), ProjectionError> {
        let whole = values.len() / columns / ROWS_A_STATEMENT * ROWS_A_STATEMENT * columns;
        let (many, rest) = values.split_at(whole);
        for (part, rows) in [(many, ROWS_A_STATEMENT), (rest, 1)] {
            if part.is_empty() {
                continue;
            }
            let mut statement = self.prepare(&text(rows))?;
            for chunk in part.chunks_exact(rows * columns) {
                for (at, value) in chunk.iter().enumerate() {
                    statement.raw_bind_parameter(at + 1, value).map_err(failure)?;
                }
                statement.raw_execute().map_err(failure)?;
            }
        }
        Ok(())
    }

    fn put(&self, verb: &str, table: &Table, values: &[Value]) -> Result<(), ProjectionError> {
        let columns = table.columns.len();
        self.in_rows(values, columns, &|rows| {
            let row = format!("({})", vec!["?"; columns].join(", "));
            format!("{verb} INTO {} VALUES {}", table.name, vec![row; rows].join(", "))
        })
    }
}

impl Database for Transaction<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, statement: &Statement) -> Result<u64, ProjectionError> {
        let mut prepared = self.prepare(&statement.text)?;
        let changed =
            prepared.execute(rusqlite::params_from_iter(statement.binds.iter())).map_err(failure)?;
        Ok(changed as u64)
    }

    fn query(&mut self, statement: &Statement) -> Result<Vec<Vec<Value>>, ProjectionError> {
        let mut prepared = self.connection.prepare_cached(&statement.text).map_err(too_large)?;
        let columns = prepared.column_count();
        let mut rows = prepared.query(rusqlite::params_from_iter(statement.binds.iter())).map_err(failure)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(failure)? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(match row.get_ref(column).map_err(failure)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => Value::Int(number),
                    ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
                    ValueRef::Real(_) => {
                        return Err(ProjectionError::Unusable("a number that is no integer".to_owned()));
                    }
                });
            }
            all.push(values);
        }
        Ok(all)
    }

    fn plan(&mut self, statement: &Statement) -> Result<Vec<String>, ProjectionError> {
        let text = format!("EXPLAIN QUERY PLAN {}", statement.text);
        let mut prepared = self.connection.prepare(&text).map_err(too_large)?;
        let mut rows = prepared.raw_query();
        let mut steps = Vec::new();
        // Each step has a number and names the one that it serves; 0 is none.
        let mut depths: HashMap<i64, usize> = HashMap::new();
        while let Some(row) = rows.next().map_err(failure)? {
            let number = |column| row.get::<_, i64>(column).map_err(failure);
            let depth = depths.get(&number(1)?).map_or(0, |above| above + 1);
            depths.insert(number(0)?, depth);
            let detail: String = row.get(3).map_err(failure)?;
            steps.push(format!("{}{detail}", "  ".repeat(depth)));
        }
        Ok(steps)
    }

    fn insert(&mut self, table: &'static Table, rows: Vec<Value>) -> Result<(), ProjectionError> {
        self.put("INSERT", table, &rows)
    }

    fn replace(&mut self, table: &'static Table, rows: Vec<Value>) -> Result<(), ProjectionError> {
        self.put("REPLACE", table, &rows)
    }

    fn delete(&mut self, table: &'static Table, keys: Vec<Value>) -> Result<(), ProjectionError> {
        let columns = table.key_columns().count();
        // Row by row: an OR of many keys is no seek in every version of SQLite.
        let mut text = format!("DELETE FROM {} WHERE ", table.name);
        for (at, column) in table.key_columns().enumerate() {
            let _ = write!(text, "{}{} = ?", if at > 0 { " AND " } else { "" }, column.name);
        }
        let mut statement = self.prepare(&text)?;
        for key in keys.chunks_exact(columns) {
            for (at, value) in key.iter().enumerate() {
                statement.raw_bind_parameter(at + 1, value).map_err(failure)?;
            }
            statement.raw_execute().map_err(failure)?;
        }
        Ok(())
    }

    fn clear(&mut self, table: &'static Table) -> Result<(), ProjectionError> {
        self.prepare(&format!("DELETE FROM {}", table.name))?.execute([]).map_err(failure)?;
        Ok(())
    }
}

/// Our statements are well formed; what SQLite does not take is one beyond its own limits, such as
/// those of joins and of expressions.
fn too_large(error: rusqlite::Error) -> ProjectionError {
    match error.sqlite_error_code() {
        Some(ErrorCode::Unknown | ErrorCode::TooBig) => {
            tracing::warn!("a search is too large for SQLite");
            ProjectionError::TooCostly("the search asks for too much at once; ask for less".to_owned())
        }
        _ => failure(error),
    }
}
