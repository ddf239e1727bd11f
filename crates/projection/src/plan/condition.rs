//! A filter as a condition on one resource.

mod composite;
mod values;

use vpr_fhir::definitions::SearchParameter;
use vpr_fhir::search::{Compared, CompartmentOf, Filter, Span};

use super::comparison::{self, filled};
use super::{Planner, Subject, Types, all, any, apart, never, numbers};
use crate::ProjectionError;
use crate::rows::{Aspect, applies, pk, pk_base, type_number};
use crate::schema::{CMPT, REF, REF_REV, RES, SORTK, Table, state};
use crate::sql::{Dialect, Sql};

pub(super) use values::token_conditions;

impl Planner<'_> {
    /// A Boolean expression: whether the filter holds of the subject. Never unknown.
    pub(crate) fn condition(&self, filter: &Filter, of: &Subject<'_>) -> Result<Sql, ProjectionError> {
        Ok(match filter {
            Filter::Id(ids) => self.on_row(of, |row| list(&format!("{row}.fid"), ids)),
            Filter::LastUpdated(asked) => self.on_row(of, |row| last_updated(asked, row)),
            Filter::Parameter { parameter, test } => match of.types {
                Types::One(one) if !applies(*parameter, one) => never(),
                _ => self.test(*parameter, test, of)?,
            },
            Filter::Missing { parameter, missing } => {
                let exists = self.exists(&SORTK, &|sql| {
                    sql.push("k.rid = ").push(&of.rid).push(" AND ");
                    sql.append(&of.pk(*parameter, Aspect::Value));
                });
                if *missing { not(&exists) } else { exists }
            }
            Filter::Not(inner) => not(&self.condition(inner, of)?),
            Filter::All(filters) => all(&self.conditions(filters, of)?),
            Filter::Any(filters) => any(&self.conditions(filters, of)?),
            Filter::Chain { parameter, target, filter } => {
                let inner = Subject::known(self.inner_alias(of, "tgt"), *target);
                let guard = self.passes(filter, &inner)?;
                self.exists_as(&REF_REV, &inner, &|sql, alias| {
                    sql.push(alias).push(".rid = ").push(&of.rid).push(" AND ");
                    sql.append(&of.pk_as(alias, *parameter, Aspect::Value));
                    sql.push(" AND ").append(&self.is_there(&inner)).push(" AND ").append(&guard);
                })
            }
            Filter::Has { source, parameter, filter } => {
                let inner = Subject::known(self.inner_alias(of, "rid"), *source);
                let guard = self.passes(filter, &inner)?;
                self.exists_as(&REF, &inner, &|sql, alias| {
                    sql.push(alias).push(".pk = ").bind(pk(*source, *parameter, Aspect::Value));
                    sql.push(" AND ").push(alias).push(".tgt = ").push(&of.rid);
                    sql.push(" AND ").append(&guard);
                })
            }
            Filter::Type(resource) => match of.types {
                Types::One(one) if one == *resource => Sql::new("1 = 1"),
                Types::One(_) => never(),
                Types::Many(_) => self.on_row(of, |row| {
                    let mut sql = Sql::new(row);
                    sql.push(".type = ").bind(type_number(*resource));
                    sql
                }),
            },
            Filter::InCompartment(compartment) => self.exists(&CMPT, &|sql| {
                sql.push("k.owner = ").append(&owner(compartment)).push(" AND k.type = ");
                match of.types {
                    Types::One(one) => sql.bind(type_number(one)),
                    Types::Many(_) => sql.push(of.row.unwrap_or("r")).push(".type"),
                };
                sql.push(" AND k.rid = ").push(&of.rid);
            }),
        })
    }

    fn conditions(&self, filters: &[Filter], of: &Subject<'_>) -> Result<Vec<Sql>, ProjectionError> {
        filters.iter().map(|filter| self.condition(filter, of)).collect()
    }

    /// The filter and what access demands.
    pub(super) fn passes(&self, filter: &Filter, of: &Subject<'_>) -> Result<Sql, ProjectionError> {
        let mut parts = vec![self.condition(filter, of)?];
        parts.extend(self.guard(of)?);
        Ok(all(&parts))
    }

    /// What access demands.
    pub(super) fn guard(&self, of: &Subject<'_>) -> Result<Option<Sql>, ProjectionError> {
        let free = Self { access: None, ..*self };
        self.access.map(|access| free.condition(access, of)).transpose()
    }

    /// The subject is a resource of its type at the moment.
    pub(super) fn is_there(&self, of: &Subject<'_>) -> Sql {
        self.on_row(of, |_| Sql::new("1 = 1"))
    }

    /// Something about the subject's row of `res`.
    fn on_row(&self, of: &Subject<'_>, what: impl Fn(&str) -> Sql) -> Sql {
        if let Some(row) = of.row {
            return what(row);
        }
        self.exists(&RES, &|sql| {
            sql.push("k.rid = ").push(&of.rid).push(" AND k.state = ").number(state::LIVE);
            sql.push(" AND ").append(&of.types.is("k.type")).push(" AND ").append(&what("k"));
        })
    }

    /// Whether the table has a row `k` that fulfills what is pushed, at the moment.
    pub(super) fn exists(&self, table: &'static Table, fulfills: &dyn Fn(&mut Sql)) -> Sql {
        self.exists_in(table, "k", &|sql, _| fulfills(sql))
    }

    /// The same with the alias that `inner` names.
    fn exists_as(
        &self,
        table: &'static Table,
        inner: &Subject<'_>,
        fulfills: &dyn Fn(&mut Sql, &str),
    ) -> Sql {
        let alias = inner.rid.split('.').next().unwrap_or("x");
        self.exists_in(table, alias, fulfills)
    }

    fn exists_in(&self, table: &'static Table, alias: &str, fulfills: &dyn Fn(&mut Sql, &str)) -> Sql {
        let parts: Vec<Sql> = self
            .moment
            .parts(table)
            .into_iter()
            .map(|part| {
                let mut sql = Sql::new("EXISTS (SELECT 1 FROM ");
                sql.push(part.name).push(" ").push(alias).push(" WHERE ");
                fulfills(&mut sql, alias);
                sql.append(&part.counts(alias)).push(match self.dialect {
                    // Else it becomes one more table of the join around it, of which there may be 64.
                    Dialect::Sqlite => " LIMIT 1",
                    Dialect::Postgres => apart(self.dialect),
                });
                sql.push(")");
                sql
            })
            .collect();
        any(&parts)
    }

    /// A column of a row inside, under an alias that differs from those around it.
    fn inner_alias(&self, of: &Subject<'_>, column: &str) -> String {
        let depth = of.rid.strip_prefix('x').and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
        format!("x{}.{column}", depth.map_or(0, |depth| depth + 1))
    }
}

impl Subject<'_> {
    /// `k.pk` is the parameter on the subject's type.
    fn pk(&self, parameter: SearchParameter, aspect: Aspect) -> Sql {
        self.pk_as("k", parameter, aspect)
    }

    fn pk_as(&self, alias: &str, parameter: SearchParameter, aspect: Aspect) -> Sql {
        let mut sql = Sql::new(alias);
        sql.push(".pk = ");
        match self.types {
            Types::One(one) => sql.bind(pk(one, parameter, aspect)),
            Types::Many(_) => {
                sql.push(self.row.unwrap_or("r")).push(".type + ").number(pk_base(parameter, aspect))
            }
        };
        sql
    }

    /// The rid, so that SQLite does not begin with what it is compared with.
    fn rid_alone(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Sqlite => format!("+{}", self.rid),
            Dialect::Postgres => self.rid.clone(),
        }
    }
}

/// `k.pk` is the parameter on one of the types that have it.
pub(super) fn pks(parameter: SearchParameter, aspect: Aspect, types: &Types<'_>) -> Sql {
    let having: Vec<i64> = types
        .each()
        .into_iter()
        .filter(|each| applies(parameter, *each))
        .map(|each| pk(each, parameter, aspect))
        .collect();
    match having[..] {
        [] => never(),
        [one] => filled("k.pk = ?", &[one]),
        _ => {
            let mut sql = Sql::new("k.pk IN (");
            sql.append(&numbers(having.into_iter())).push(")");
            sql
        }
    }
}

/// The rid of a resource; nothing where it was never heard of.
pub(super) fn rid_of(resource: i64, id: &str) -> Sql {
    let mut sql = filled("(SELECT rid FROM res WHERE type = ? AND fid = ", &[resource]);
    sql.bind(id).push(")");
    sql
}

/// The rid of a compartment's owner.
pub(super) fn owner(compartment: &CompartmentOf) -> Sql {
    rid_of(type_number(compartment.owner), &compartment.id)
}

/// The version's time is one of these; a version's time is one microsecond.
pub(super) fn last_updated(asked: &[Compared<Span<i64>>], row: &str) -> Sql {
    let (lo, hi) = (format!("{row}.last_updated"), format!("({row}.last_updated + 1)"));
    any(&asked.iter().map(|each| comparison::dates(each, &lo, &hi)).collect::<Vec<_>>())
}

/// `<column> IN (…)`.
pub(super) fn list(column: &str, ids: &[String]) -> Sql {
    if ids.is_empty() {
        return never();
    }
    let mut sql = Sql::new(column);
    sql.push(" IN (");
    for (at, id) in ids.iter().enumerate() {
        if at > 0 {
            sql.push(", ");
        }
        sql.bind(id.as_str());
    }
    sql.push(")");
    sql
}

fn not(inner: &Sql) -> Sql {
    let mut sql = Sql::new("NOT (");
    sql.append(inner).push(")");
    sql
}
