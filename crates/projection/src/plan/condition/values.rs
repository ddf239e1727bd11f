//! A test of a parameter's values as a condition.

use std::collections::BTreeMap;

use vpr_fhir::definitions::SearchParameter;
use vpr_fhir::search::{ReferenceTest, Test, TokenTest};

use super::super::comparison::{self, filled};
use super::super::text::{self, Stored, TextTest};
use super::super::{Planner, Subject, any, never, numbers};
use super::{pks, rid_of};
use crate::ProjectionError;
use crate::rows::{Aspect, has_system_rows, type_number};
use crate::schema::{REF, SPN, STR, TOK, Table};
use crate::sql::{Dialect, Sql};

impl Planner<'_> {
    pub(super) fn test(
        &self,
        parameter: SearchParameter,
        test: &Test,
        of: &Subject<'_>,
    ) -> Result<Sql, ProjectionError> {
        let value = of.pk(parameter, Aspect::Value);
        Ok(match test {
            Test::Token(asked) => self.token(parameter, Aspect::Value, asked, of),
            Test::Date(asked) => self.spans(&value, of, None, &|lo, hi| {
                any(&asked.iter().map(|each| comparison::dates(each, lo, hi)).collect::<Vec<_>>())
            }),
            Test::Number(asked) => self.spans(&value, of, None, &|lo, hi| {
                any(&asked.iter().map(|each| comparison::numbers(each, lo, hi)).collect::<Vec<_>>())
            }),
            Test::Quantity(asked) => {
                let mut parts = Vec::new();
                for each in asked {
                    for (unit, value_asked) in comparison::units(self.key, each)? {
                        parts.push(self.spans(&value, of, Some(unit), &|lo, hi| {
                            comparison::numbers(&value_asked, lo, hi)
                        }));
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
    pub(in crate::plan) fn among(
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

    fn spans(
        &self,
        pk: &Sql,
        of: &Subject<'_>,
        unit: Option<i64>,
        passes: &dyn Fn(&str, &str) -> Sql,
    ) -> Sql {
        self.exists(&SPN, &|sql| {
            sql.push("k.rid = ").push(&of.rid).push(" AND ").append(pk);
            match unit {
                // As written, under whatever name of its unit.
                Some(0) => sql.push(" AND k.unit >= 0 AND "),
                unit => sql.append(&filled(" AND k.unit = ? AND ", &[unit.unwrap_or(0)])),
            };
            sql.append(&passes("k.lo", "k.hi"));
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
    pub(in crate::plan) fn target(&self, parameter: SearchParameter, asked: &ReferenceTest) -> Sql {
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

/// What must hold of a row `k` of `tok`.
pub(in crate::plan) struct TokenCondition {
    pub(in crate::plan) sql: Sql,
    /// Whether the test of one resource is one seek.
    is_seek: bool,
    /// Whether it is about one code: its rows stand together, in the order of arrival.
    pub(in crate::plan) is_one_code: bool,
    /// Whether it names the system: a resource has one such row then.
    pub(in crate::plan) has_system: bool,
}

/// `k.hc`, `k.hs` of what is asked for, the codes of each system together.
pub(in crate::plan) fn token_conditions(
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
                all.push(TokenCondition { sql, is_seek: false, is_one_code: false, has_system: true });
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
        let (is_one_code, has_system) = (codes.len() == 1, hs.is_some());
        all.push(TokenCondition { sql, is_seek: true, is_one_code, has_system });
    }
    all
}
