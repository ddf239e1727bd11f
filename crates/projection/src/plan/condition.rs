//! A filter as a condition on one resource.

mod composite;

use std::collections::BTreeMap;

use vpr_fhir::definitions::SearchParameter;
use vpr_fhir::search::{Compared, CompartmentOf, Filter, ReferenceTest, Span, Test, TokenTest};

use super::comparison::{self, filled};
use super::text::{self, Stored, TextTest};
use super::{Planner, Subject, Types, all, any, apart, never, numbers};
use crate::ProjectionError;
use crate::rows::{Aspect, applies, has_system_rows, pk, pk_base, type_number};
use crate::schema::{CMPT, REF, REF_REV, RES, SORTK, SPN, STR, TOK, Table, state};
use crate::sql::{Dialect, Sql};

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

    fn test(
        &self,
        parameter: SearchParameter,
        test: &Test,
        of: &Subject<'_>,
    ) -> Result<Sql, ProjectionError> {
        let value = of.pk(parameter, Aspect::Value);
        Ok(match test {
            Test::Token(asked) => self.token(parameter, Aspect::Value, asked, of),
            Test::Date(asked) => self.spans(&value, of, 0, &|lo, hi| {
                any(&asked.iter().map(|each| comparison::dates(each, lo, hi)).collect::<Vec<_>>())
            }),
            Test::Number(asked) => self.spans(&value, of, 0, &|lo, hi| {
                any(&asked.iter().map(|each| comparison::numbers(each, lo, hi)).collect::<Vec<_>>())
            }),
            Test::Quantity(asked) => {
                let mut parts = Vec::new();
                for each in asked {
                    for (unit, value_asked) in comparison::units(self.key, each)? {
                        parts.push(
                            self.spans(&value, of, unit, &|lo, hi| comparison::numbers(&value_asked, lo, hi)),
                        );
                    }
                }
                any(&parts)
            }
            Test::Reference(asked) => {
                let parts: Vec<Sql> = asked
                    .iter()
                    .map(|each| match each {
                        ReferenceTest::Identifier(token) => {
                            self.token(parameter, Aspect::Identifier, std::slice::from_ref(token), of)
                        }
                        other => self.exists(&REF, &|sql| {
                            sql.append(&value).push(" AND ").append(&self.target(parameter, other));
                            sql.push(" AND k.rid = ").push(&of.rid);
                        }),
                    })
                    .collect();
                any(&parts)
            }
            Test::String(how, asked) => {
                let tests =
                    asked.iter().map(|each| text::string(self.key, self.dialect, Stored::Cut, *how, each));
                self.text(parameter, tests, of)
            }
            Test::Uri(how, asked) => {
                let tests =
                    asked.iter().flat_map(|each| text::uri(self.key, self.dialect, Stored::Cut, *how, each));
                self.text(parameter, tests, of)
            }
            Test::Composite(asked) => self.composite(parameter, asked, of)?,
        })
    }

    fn token(
        &self,
        parameter: SearchParameter,
        aspect: Aspect,
        asked: &[TokenTest],
        of: &Subject<'_>,
    ) -> Sql {
        let mut parts = Vec::new();
        for code in token_conditions(self, parameter, aspect, asked) {
            if code.is_seek {
                parts.push(self.exists(&TOK, &|sql| {
                    sql.append(&of.pk(parameter, aspect)).push(" AND ").append(&code.sql);
                    sql.push(" AND k.rid = ").push(&of.rid);
                }));
            } else {
                parts.extend(self.among(&TOK, parameter, aspect, &code.sql, of));
            }
        }
        any(&parts)
    }

    /// The subject is among the resources of which the table has a row `k` that fulfills; they are
    /// found once for all subjects.
    pub(super) fn among(
        &self,
        table: &'static Table,
        parameter: SearchParameter,
        aspect: Aspect,
        fulfills: &Sql,
        of: &Subject<'_>,
    ) -> Vec<Sql> {
        let parts = self.moment.parts(table).into_iter();
        parts
            .map(|part| {
                let mut sql = Sql::new(&of.rid_alone(self.dialect));
                sql.push(" IN (SELECT k.rid FROM ").push(part.name).push(" k WHERE ");
                sql.append(&pks(parameter, aspect, &of.types)).push(" AND ").append(fulfills);
                sql.append(&part.counts("k")).push(")");
                if self.dialect == Dialect::Postgres {
                    // A set that is made once; bare, it may become a join that reads it again and again.
                    sql.push(" IS TRUE");
                }
                sql
            })
            .collect()
    }

    fn spans(&self, pk: &Sql, of: &Subject<'_>, unit: i64, passes: &dyn Fn(&str, &str) -> Sql) -> Sql {
        self.exists(&SPN, &|sql| {
            sql.push("k.rid = ").push(&of.rid).push(" AND ").append(pk);
            sql.append(&filled(" AND k.unit = ? AND ", &[unit])).append(&passes("k.lo", "k.hi"));
        })
    }

    /// Whole texts are one seek; for others all that pass are found once.
    fn text(
        &self,
        parameter: SearchParameter,
        tests: impl Iterator<Item = TextTest>,
        of: &Subject<'_>,
    ) -> Sql {
        let (whole, partial): (Vec<_>, Vec<_>) = tests.partition(|test| test.whole);
        let mut parts: Vec<Sql> = whole
            .iter()
            .map(|test| {
                self.exists(&STR, &|sql| {
                    sql.append(&of.pk(parameter, Aspect::Value)).push(" AND ").append(&test.sql);
                    sql.push(" AND k.rid = ").push(&of.rid);
                })
            })
            .collect();
        for test in partial {
            parts.extend(self.among(&STR, parameter, Aspect::Value, &test.sql, of));
        }
        any(&parts)
    }

    /// `k.tgt` is what is asked for.
    pub(super) fn target(&self, parameter: SearchParameter, asked: &ReferenceTest) -> Sql {
        let hash = |hash: i64| filled("k.tgt = ?", &[hash]);
        match asked {
            ReferenceTest::Local { resource, id, version: Some(version) } => {
                hash(self.key.version(resource.name(), id, version))
            }
            ReferenceTest::Local { resource, id, version: None } => {
                let mut sql = Sql::new("k.tgt = ");
                sql.append(&rid_of(type_number(*resource), id));
                sql
            }
            ReferenceTest::AnyType(id) => {
                let mut targets: Vec<i64> = parameter.targets().map(type_number).collect();
                if targets.is_empty() {
                    targets = vpr_fhir::ResourceType::all().map(type_number).collect();
                }
                let mut rids = Sql::new("(SELECT rid FROM res WHERE type IN (");
                rids.append(&numbers(targets.into_iter())).push(") AND fid = ").bind(id.as_str()).push(")");
                let mut sql = Sql::new("k.tgt ");
                match self.dialect {
                    Dialect::Sqlite => sql.push("IN ").append(&rids),
                    // An array is made first, and then looked up.
                    Dialect::Postgres => sql.push("= ANY (ARRAY").append(&rids).push(")"),
                };
                sql
            }
            ReferenceTest::Absolute(url) => hash(self.key.url(url)),
            ReferenceTest::Canonical { url, version: None } => hash(self.key.canonical(url)),
            ReferenceTest::Canonical { url, version: Some(version) } => {
                hash(self.key.url_and_version(url, version))
            }
            ReferenceTest::Identifier(_) => never(),
        }
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

/// What must hold of a row `k` of `tok`.
pub(super) struct TokenCondition {
    pub(super) sql: Sql,
    /// Whether the test of one resource is one seek.
    is_seek: bool,
}

/// `k.hc`, `k.hs` of what is asked for, the codes of each system together.
pub(super) fn token_conditions(
    planner: &Planner<'_>,
    parameter: SearchParameter,
    aspect: Aspect,
    asked: &[TokenTest],
) -> Vec<TokenCondition> {
    let mut by_system: BTreeMap<Option<i64>, Vec<i64>> = BTreeMap::new();
    let mut all = Vec::new();
    for each in asked {
        match (planner.key.token(each), each) {
            (_, TokenTest::System(system)) if has_system_rows(parameter, aspect) => {
                by_system.entry(Some(0)).or_default().push(planner.key.system_alone(system));
            }
            ((Some(hc), hs), _) => by_system.entry(hs).or_default().push(hc),
            ((None, hs), _) => {
                let sql = filled("k.hs = ?", &[hs.unwrap_or_default()]);
                all.push(TokenCondition { sql, is_seek: false });
            }
        }
    }
    for (hs, codes) in by_system {
        let mut sql = match codes[..] {
            [one] => filled("k.hc = ?", &[one]),
            _ => filled(&format!("k.hc IN ({})", vec!["?"; codes.len()].join(", ")), &codes),
        };
        if let Some(hs) = hs {
            sql.append(&filled(" AND k.hs = ?", &[hs]));
        }
        all.push(TokenCondition { sql, is_seek: true });
    }
    all
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
