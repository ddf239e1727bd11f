//! From a query to statements.
//!
//! A filter becomes SQL in two ways: as a *condition* on a resource that something else found, one
//! seek in an index ([`Planner::condition`]), and as a *source* of the resources that pass it
//! ([`Planner::source`]). Which filter drives is decided here, from counts that were just taken,
//! never by the database's statistics; the text forces it.

mod comparison;
mod condition;
mod include;
mod moment;
mod order;
mod page;
mod source;
mod text;
mod total;

use vpr_fhir::ResourceType;
use vpr_fhir::search::Filter;

use crate::rows::{IndexKey, type_number};
use crate::sql::{Dialect, Sql};

pub(crate) use include::{Direction, Following};
pub(crate) use moment::Moment;
pub(crate) use order::{Order, RowKey};
pub(crate) use page::Sought;
pub(crate) use source::Source;

/// What all parts of a plan share.
#[derive(Clone, Copy)]
pub(crate) struct Planner<'a> {
    /// The tenant's hashes.
    pub(crate) key: &'a IndexKey,
    /// The database.
    pub(crate) dialect: Dialect,
    /// The moment that the result set stands at.
    pub(crate) moment: Moment,
    /// What must hold of every resource that is passed through.
    pub(crate) access: Option<&'a Filter>,
}

/// The resource that a condition is about.
#[derive(Debug, Clone)]
pub(crate) struct Subject<'a> {
    /// An expression: its rid.
    rid: String,
    /// The alias of its row of `res` or `old_res`, where there is one.
    row: Option<&'static str>,
    types: Types<'a>,
}

/// Which types it may be of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Types<'a> {
    /// This one.
    One(ResourceType),
    /// One of these; the row knows.
    Many(&'a [ResourceType]),
}

impl<'a> Types<'a> {
    /// Of a list that is not empty.
    pub(crate) fn of(types: &'a [ResourceType]) -> Self {
        match types {
            [one] => Self::One(*one),
            many => Self::Many(many),
        }
    }

    fn each(&self) -> Vec<ResourceType> {
        match self {
            Self::One(one) => vec![*one],
            Self::Many(many) => many.to_vec(),
        }
    }

    /// `<column> = …` or `<column> IN (…)`.
    fn is(&self, column: &str) -> Sql {
        let mut sql = Sql::new(column);
        match self {
            Self::One(one) => {
                sql.push(" = ").bind(type_number(*one));
            }
            Self::Many(many) => {
                sql.push(" IN (").append(&numbers(many.iter().map(|each| type_number(*each)))).push(")");
            }
        }
        sql
    }
}

impl<'a> Subject<'a> {
    /// A row of `res` or `old_res` under the alias.
    pub(crate) fn row(alias: &'static str, types: Types<'a>) -> Self {
        Self { rid: format!("{alias}.rid"), row: Some(alias), types }
    }

    /// A row of `res` that was looked up by a rid: what needs no more than that is asked before.
    fn found(rid: &str, row: &'static str, types: Types<'a>) -> Self {
        Self { rid: rid.to_owned(), row: Some(row), types }
    }

    /// A resource of which the rid is known.
    fn known(rid: String, resource: ResourceType) -> Self {
        Self { rid, row: None, types: Types::One(resource) }
    }
}

/// Numbers that the program itself made, with commas.
fn numbers(all: impl Iterator<Item = i64>) -> Sql {
    let text: Vec<String> = all.map(|number| number.to_string()).collect();
    Sql::new(&text.join(", "))
}

/// Ends a subquery that Postgres is to run by itself where it stands: it may join any other one in
/// an order and by a method of its own choice, which is right only as long as its statistics are.
pub(crate) fn apart(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "",
        Dialect::Postgres => " OFFSET 0",
    }
}

/// Joins a table in which the rows are looked up by `on`, for each row of the tables before it and
/// never the other way round: what stands after `FROM`, and what after `WHERE`.
fn looked_up(dialect: Dialect, table: &str, alias: &str, on: &Sql) -> (Sql, Sql) {
    match dialect {
        Dialect::Sqlite => (Sql::new(&format!(" CROSS JOIN {table} {alias}")), on.clone()),
        Dialect::Postgres => {
            let mut tables = Sql::new(&format!(" CROSS JOIN LATERAL (SELECT * FROM {table} {alias} WHERE "));
            tables.append(on).push(apart(dialect)).push(&format!(") {alias}"));
            (tables, all(&[]))
        }
    }
}

/// Never holds.
fn never() -> Sql {
    Sql::new("1 = 0")
}

/// One of them holds.
fn any(parts: &[Sql]) -> Sql {
    match parts {
        [one] => one.clone(),
        [] => never(),
        many => {
            let mut sql = Sql::new("(");
            sql.append(&Sql::join(many, " OR ", "")).push(")");
            sql
        }
    }
}

/// All of them hold.
fn all(parts: &[Sql]) -> Sql {
    match parts {
        [one] => one.clone(),
        [] => Sql::new("1 = 1"),
        many => {
            let mut sql = Sql::new("(");
            sql.append(&Sql::join(many, " AND ", "")).push(")");
            sql
        }
    }
}
