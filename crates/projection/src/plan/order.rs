//! The order of matches, and places in it.

use std::cmp::Ordering;

use vpr_fhir::ResourceType;
use vpr_fhir::definitions::{SearchParameter, SearchParameterType};
use vpr_fhir::search::{SortBy, SortKey};

use super::{Planner, Types, all, any, never};
use crate::rows::{Aspect, applies, integer_key, pk, pk_base};
use crate::schema::SORTK;
use crate::sql::{Sql, Value};
use crate::{Position, ProjectionError};

/// `_sort`. Missing values are last in both directions; ties stand in the order of arrival, or
/// against it when the last key descends or there is none: what came last is first then.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    keys: Vec<SortKey>,
}

/// A match's place: its sort values as bytes that compare like them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowKey {
    pub(crate) values: Vec<Option<Vec<u8>>>,
    pub(crate) rid: i64,
}

/// What stands in a statement for a sort key.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) sql: Sql,
    pub(super) nullable: bool,
}

/// A place to go on from.
#[derive(Debug, Clone)]
pub(super) struct From {
    pub(super) values: Vec<Option<Value>>,
    pub(super) rid: i64,
}

impl Order {
    /// Of a query's `_sort`.
    pub(crate) fn new(sort: &[SortKey]) -> Self {
        // What follows `_id` in one type, or repeats a key, decides nothing; a few keys are plenty.
        Self { keys: sort.to_vec() }
    }

    pub(super) fn keys(&self) -> &[SortKey] {
        &self.keys
    }

    pub(super) fn first(&self) -> Option<&SortKey> {
        self.keys.first()
    }

    /// Whether nothing but the order of arrival was asked for.
    pub(crate) fn is_arrival(&self) -> bool {
        self.keys.is_empty()
    }

    fn ties_descend(&self) -> bool {
        self.keys.last().is_none_or(|key| key.descending)
    }

    /// Whether an index has the first key's order, for the types.
    pub(crate) fn can_walk(&self, types: &[ResourceType]) -> bool {
        match self.first().map(|first| &first.by) {
            None | Some(SortBy::LastUpdated | SortBy::Id) => true,
            Some(SortBy::Parameter(parameter)) => {
                types.len() == 1 && applies(*parameter, types[0]) && is_walked(*parameter)
            }
        }
    }

    /// A row's place.
    pub(crate) fn key(&self, rid: i64, values: &[Value]) -> RowKey {
        let bytes = |value: &Value| match value {
            Value::Null => None,
            Value::Int(number) => Some(integer_key(*number)),
            Value::Text(text) => Some(text.clone().into_bytes()),
            Value::Bytes(bytes) => Some(bytes.clone()),
        };
        RowKey { values: values.iter().map(bytes).collect(), rid }
    }

    /// Which of two places is first, looking forward.
    pub(crate) fn compare(&self, one: &RowKey, other: &RowKey) -> Ordering {
        for ((a, b), key) in one.values.iter().zip(&other.values).zip(&self.keys) {
            let ordering = match (a, b) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(a), Some(b)) if key.descending => b.cmp(a),
                (Some(a), Some(b)) => a.cmp(b),
            };
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        if self.ties_descend() { other.rid.cmp(&one.rid) } else { one.rid.cmp(&other.rid) }
    }

    /// Reads a position.
    pub(super) fn from(&self, position: &Position) -> Result<From, ProjectionError> {
        if position.values.len() != self.keys.len() {
            return Err(ProjectionError::BadPosition);
        }
        let mut values = Vec::with_capacity(self.keys.len());
        for (value, key) in position.values.iter().zip(&self.keys) {
            values.push(match (value, &key.by) {
                (None, SortBy::Parameter(_)) => None,
                (Some(bytes), SortBy::Parameter(_)) => Some(Value::Bytes(bytes.clone())),
                (Some(bytes), SortBy::LastUpdated) => {
                    let bytes: [u8; 8] =
                        bytes.as_slice().try_into().map_err(|_| ProjectionError::BadPosition)?;
                    Some(Value::Int(i64::from_be_bytes(bytes) ^ i64::MIN))
                }
                (Some(bytes), SortBy::Id) => {
                    let text = String::from_utf8(bytes.clone());
                    Some(Value::Text(text.map_err(|_| ProjectionError::BadPosition)?))
                }
                (None, _) => return Err(ProjectionError::BadPosition),
            });
        }
        Ok(From { values, rid: position.rid })
    }

    /// `ORDER BY …` over the columns `v0`, `v1` … and `rid`.
    pub(super) fn by(&self, columns: &[Column], rid: &str, backwards: bool) -> Sql {
        let mut sql = Sql::new(" ORDER BY ");
        for ((at, key), column) in self.keys.iter().enumerate().zip(columns) {
            let direction = if key.descending == backwards { "ASC" } else { "DESC" };
            sql.push(&format!("v{at} {direction}"));
            if column.nullable {
                sql.push(if backwards { " NULLS FIRST" } else { " NULLS LAST" });
            }
            sql.push(", ");
        }
        let direction = if self.ties_descend() == backwards { "ASC" } else { "DESC" };
        sql.push(rid).push(" ").push(direction);
        sql
    }

    /// What stands after the place, or before it.
    pub(super) fn beyond(&self, from: &From, columns: &[Column], rid: &str, backwards: bool) -> Sql {
        let rid_beyond = if self.ties_descend() == backwards { ">" } else { "<" };
        if let ([key], [column], [Some(value)]) = (&self.keys[..], columns, &from.values[..])
            && !column.nullable
        {
            // One range of the index.
            let beyond = if key.descending == backwards { ">" } else { "<" };
            let mut sql = Sql::new("(");
            sql.append(&column.sql).push(&format!(", {rid}) {beyond} (")).bind(value.clone());
            sql.push(", ").bind(from.rid).push(")");
            return sql;
        }
        let mut alternatives = Vec::new();
        let mut equal: Vec<Sql> = Vec::new();
        for ((key, column), value) in self.keys.iter().zip(columns).zip(&from.values) {
            let mut parts = equal.clone();
            parts.push(past(column, value.as_ref(), key.descending, backwards));
            alternatives.push(all(&parts));
            equal.push(same(column, value.as_ref()));
        }
        let mut last = Sql::new(rid);
        last.push(&format!(" {rid_beyond} ")).bind(from.rid);
        equal.push(last);
        alternatives.push(all(&equal));
        any(&alternatives)
    }

    /// What the first key alone says about what stands beyond: a range for the index.
    pub(super) fn first_beyond(&self, from: &From, column: &Column, backwards: bool) -> Option<Sql> {
        let value = from.values.first()?.clone()?;
        let beyond = if self.first()?.descending == backwards { " >= " } else { " <= " };
        let mut sql = column.sql.clone();
        sql.push(beyond).bind(value);
        (!column.nullable).then_some(sql)
    }

    /// The column of a key, for a row `r` of the types.
    pub(super) fn column(&self, planner: &Planner<'_>, key: &SortKey, types: Types<'_>) -> Column {
        match &key.by {
            SortBy::LastUpdated => Column { sql: Sql::new("r.last_updated"), nullable: false },
            SortBy::Id => Column { sql: Sql::new("r.fid"), nullable: false },
            SortBy::Parameter(parameter) => {
                let parts: Vec<Sql> = planner
                    .moment
                    .parts(&SORTK)
                    .into_iter()
                    .map(|part| {
                        let mut sql = Sql::new("(SELECT ");
                        // An empty end is the beginning again.
                        sql.push(match end(key) {
                            "hi" => "CASE WHEN LENGTH(s.hi) = 0 THEN s.lo ELSE s.hi END",
                            _ => "s.lo",
                        });
                        sql.push(" FROM ").push(part.name);
                        sql.push(" s WHERE s.rid = r.rid AND s.pk = ");
                        match types {
                            Types::One(one) => sql.bind(pk(one, *parameter, Aspect::Value)),
                            Types::Many(_) => {
                                sql.push("r.type + ").number(pk_base(*parameter, Aspect::Value))
                            }
                        };
                        sql.append(&part.counts("s")).push(")");
                        sql
                    })
                    .collect();
                let sql = match &parts[..] {
                    [one] => one.clone(),
                    more => {
                        let mut sql = Sql::new("COALESCE(");
                        sql.append(&Sql::join(more, ", ", "NULL")).push(")");
                        sql
                    }
                };
                Column { sql, nullable: true }
            }
        }
    }
}

/// The column of `sortk` that a key sorts by.
pub(super) fn end(key: &SortKey) -> &'static str {
    if key.descending { "hi" } else { "lo" }
}

fn is_walked(parameter: SearchParameter) -> bool {
    matches!(parameter.value_type(), SearchParameterType::Date | SearchParameterType::String)
}

fn same(column: &Column, value: Option<&Value>) -> Sql {
    let mut sql = column.sql.clone();
    match value {
        Some(value) => sql.push(" = ").bind(value.clone()),
        None => sql.push(" IS NULL"),
    };
    sql
}

fn past(column: &Column, value: Option<&Value>, descending: bool, backwards: bool) -> Sql {
    let Some(value) = value else {
        if !backwards {
            return never();
        }
        let mut sql = column.sql.clone();
        sql.push(" IS NOT NULL");
        return sql;
    };
    let mut sql = column.sql.clone();
    sql.push(if descending == backwards { " > " } else { " < " }).bind(value.clone());
    if column.nullable && !backwards {
        let mut missing = column.sql.clone();
        missing.push(" IS NULL");
        return any(&[sql, missing]);
    }
    sql
}
