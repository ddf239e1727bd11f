use std::fmt::Write as _;

use super::{Column, Index, Kind, Table, tables};
use crate::sql::Dialect;

/// The statements that make all tables, as the migration `0001` has them.
fn migration(dialect: Dialect) -> String {
    let mut all = String::from(
        "-- The index tables of one tenant. Generated from crates/projection/src/schema.rs; a test compares.\n",
    );
    for table in tables() {
        all.push('\n');
        create_table(&mut all, table, dialect);
        for index in table.indexes {
            create_index(&mut all, table, index);
        }
    }
    all
}

fn create_table(out: &mut String, table: &Table, dialect: Dialect) {
    let _ = writeln!(out, "CREATE TABLE {} (", table.name);
    for column in table.columns {
        let null = if column.nullable { "" } else { " NOT NULL" };
        let _ = writeln!(out, "    {} {}{null},", column.name, column_type(column, dialect));
    }
    let key: Vec<&str> = table.key_columns().map(|column| column.name).collect();
    let suffix = if dialect == Dialect::Sqlite && !table.rowid { " WITHOUT ROWID" } else { "" };
    let _ = writeln!(out, "    PRIMARY KEY ({})\n){suffix};", key.join(", "));
}

fn create_index(out: &mut String, table: &Table, index: &Index) {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let filter = index.filter.map(|filter| format!(" WHERE {filter}")).unwrap_or_default();
    let columns = index.columns.join(", ");
    let _ = writeln!(out, "CREATE {unique}INDEX {} ON {} ({columns}){filter};", index.name, table.name);
}

fn column_type(column: &Column, dialect: Dialect) -> &'static str {
    match (dialect, column.kind) {
        (Dialect::Sqlite, Kind::Small | Kind::Int | Kind::Big) => "INTEGER",
        (Dialect::Sqlite, Kind::Text) => "TEXT",
        (Dialect::Sqlite, Kind::Bytes) => "BLOB",
        (Dialect::Postgres, Kind::Small) => "smallint",
        (Dialect::Postgres, Kind::Int) => "integer",
        (Dialect::Postgres, Kind::Big) => "bigint",
        (Dialect::Postgres, Kind::Text) => "text COLLATE \"C\"",
        (Dialect::Postgres, Kind::Bytes) => "bytea",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_those_of_the_declared_tables() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        for (dialect, folder) in [(Dialect::Sqlite, "sqlite"), (Dialect::Postgres, "postgres")] {
            let path = format!("{root}/{folder}/0001_index.sql");
            let declared = migration(dialect);
            if std::env::var_os("VPR_WRITE_MIGRATIONS").is_some() {
                std::fs::write(&path, &declared).unwrap();
            }
            let file = std::fs::read_to_string(&path).unwrap();
            assert!(file == declared, "{path} differs; write it anew with VPR_WRITE_MIGRATIONS=1");
        }
    }

    #[test]
    fn every_index_column_is_a_column() {
        for table in tables() {
            for column in table.indexes.iter().flat_map(|index| index.columns) {
                assert!(table.columns.iter().any(|each| each.name == *column), "{} {column}", table.name);
            }
        }
    }
}
