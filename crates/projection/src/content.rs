//! What two projections must agree on.

use std::collections::HashMap;

use vpr_types::Seq;

use crate::database::Database;
use crate::rows::type_of;
use crate::schema::{INDEX_TABLES, Table};
use crate::sql::{Sql, Value};
use crate::{ProjectionError, meta};

/// What a tenant's tables say, without rids: lines in sorted order. Hashes stay hashes, so only
/// projections of one tenant can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The last seq applied.
    pub seq: Seq,
    /// One line for each row that counts now, and for each version.
    pub lines: Vec<String>,
}

/// Reads everything.
pub(crate) fn content(database: &mut dyn Database) -> Result<Content, ProjectionError> {
    let seq = Seq(meta::get_seq(database, meta::name::APPLIED)?.cast_unsigned());
    let names = names(database)?;
    let mut lines = Vec::new();
    for table in INDEX_TABLES.iter().map(|(live, _)| *live).chain([&crate::schema::HIST]) {
        for row in database.query(&Sql::new(&select(table)).finish(database.dialect()))? {
            // What was only referred to says nothing.
            if table.name == "res" && row.get(3) == Some(&Value::Int(crate::schema::state::UNSEEN)) {
                continue;
            }
            lines.push(line(table, &row, &names));
        }
    }
    lines.sort_unstable();
    Ok(Content { seq, lines })
}

fn select(table: &Table) -> String {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    format!("SELECT {} FROM {}", columns.join(", "), table.name)
}

fn names(database: &mut dyn Database) -> Result<HashMap<i64, String>, ProjectionError> {
    let sql = Sql::new("SELECT rid, type, fid FROM res");
    let mut names = HashMap::new();
    for row in database.query(&sql.finish(database.dialect()))? {
        if let [Value::Int(rid), Value::Int(resource), Value::Text(id)] = &row[..] {
            let resource = type_of(*resource).map_or("?", vpr_fhir::ResourceType::name);
            names.insert(*rid, format!("{resource}/{id}"));
        }
    }
    Ok(names)
}

fn line(table: &Table, row: &[Value], names: &HashMap<i64, String>) -> String {
    let mut line = table.name.to_owned();
    for (column, value) in table.columns.iter().zip(row) {
        line.push(' ');
        line.push_str(column.name);
        line.push('=');
        match value {
            Value::Int(rid) if matches!(column.name, "rid" | "owner" | "tgt") && *rid > 0 => {
                line.push_str(names.get(rid).map_or("?", String::as_str));
            }
            Value::Int(number) => line.push_str(&number.to_string()),
            Value::Text(text) => line.push_str(&format!("{text:?}")),
            Value::Bytes(bytes) => bytes.iter().for_each(|byte| line.push_str(&format!("{byte:02x}"))),
            Value::Null => line.push('-'),
        }
    }
    line
}
