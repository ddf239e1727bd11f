//! A filter as what finds the resources that pass it.

use vpr_fhir::definitions::{Comparator, SearchParameter};
use vpr_fhir::search::{Filter, ReferenceTest, StringMatch, Test, UriMatch};

use super::comparison::{self, filled};
use super::condition::{list, owner, pks, token_conditions};
use super::text::{self, Stored};
use super::{Planner, Subject, Types, apart, looked_up, never};
use crate::ProjectionError;
use crate::rows::{Aspect, pk, type_number};
use crate::schema::{CMPT, COMP, NUM, REF, REF_REV, RES, STR, TOK, Table, state};
use crate::sql::Sql;

/// Statements that give the rids of resources that pass a filter, some perhaps twice.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// `SELECT … AS rid FROM …`
    pub(crate) selects: Vec<Sql>,
    /// How narrow it is likely to be; smaller is narrower. Decides nothing but the order of counting.
    pub(crate) rank: u8,
    /// Whether all that it gives passes the filter.
    pub(crate) exact: bool,
    /// Whether all that it gives is there and of the types.
    pub(crate) checked: bool,
    /// The same as one statement that gives each rid once, in the order of arrival as its index is
    /// walked, where there is such an index.
    pub(crate) walk: Option<Sql>,
}

impl Source {
    fn new(selects: Vec<Sql>, rank: u8) -> Self {
        Self { selects, rank, exact: true, checked: true, walk: None }
    }

    /// The index has it in the order of arrival, if so it is and there is but one statement; what is
    /// `once` makes it give each rid once.
    fn walked(mut self, in_order: bool, once: &str) -> Self {
        if let ([select], true) = (&self.selects[..], in_order) {
            let mut walk = select.clone();
            walk.push(once);
            self.walk = Some(walk);
        }
        self
    }

    /// All of it as one statement.
    pub(crate) fn union(&self) -> Sql {
        Sql::join(&self.selects, " UNION ALL ", "SELECT rid FROM res WHERE 1 = 0")
    }

    /// How many rows it gives, counted no further than `cap`.
    pub(crate) fn count(&self, cap: i64) -> Sql {
        let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 FROM (");
        sql.append(&self.union()).push(") w LIMIT ").bind(cap).push(") c");
        sql
    }
}

impl Planner<'_> {
    /// What finds the resources of these types that pass; `None` where no index does.
    pub(crate) fn source(
        &self,
        filter: &Filter,
        types: Types<'_>,
    ) -> Result<Option<Source>, ProjectionError> {
        Ok(match filter {
            Filter::Id(ids) => {
                let mut sql = types.is("k.type");
                sql.push(" AND ").append(&list("k.fid", ids)).push(" AND k.state = ").number(state::LIVE);
                Some(Source::new(self.selects(&RES, "k.rid", &sql), 0))
            }
            Filter::Parameter { parameter, test } => self.source_of_test(*parameter, test, &types)?,
            Filter::InCompartment(compartment) => {
                let mut sql = Sql::new("k.owner = ");
                sql.append(&owner(compartment)).push(" AND ").append(&types.is("k.type"));
                let source = Source::new(self.selects(&CMPT, "k.rid", &sql), 3);
                Some(source.walked(matches!(types, Types::One(_)), ""))
            }
            Filter::Any(filters) if filters.len() == 1 => self.source(&filters[0], types)?,
            Filter::Any(filters) => {
                let mut whole = Source::new(Vec::new(), 0);
                for filter in filters {
                    let Some(part) = self.source(filter, types)? else { return Ok(None) };
                    whole.selects.extend(part.selects);
                    whole.rank = whole.rank.max(part.rank);
                    whole.exact &= part.exact;
                    whole.checked &= part.checked;
                }
                Some(whole)
            }
            Filter::All(filters) => {
                let mut best: Option<Source> = None;
                for filter in filters {
                    let source = self.source(filter, types)?;
                    best = best.into_iter().chain(source).min_by_key(|source| source.rank);
                }
                best.map(|best| Source { exact: best.exact && filters.len() == 1, ..best })
            }
            Filter::Chain { parameter, target, filter } => {
                let inner = Subject::known("d.rid".to_owned(), *target);
                let mut on = pks_as_x(*parameter, &types);
                on.push(" AND x.tgt = d.rid");
                self.joined(filter, &inner, &REF, "x.rid", &on)?
            }
            Filter::Has { source, parameter, filter } => {
                let inner = Subject::known("d.rid".to_owned(), *source);
                let mut on = Sql::new("x.rid = d.rid AND x.tgt > 0 AND x.pk = ");
                on.bind(pk(*source, *parameter, Aspect::Value));
                let source = self.joined(filter, &inner, &REF_REV, "x.tgt", &on)?;
                source.map(|source| Source { checked: false, ..source })
            }
            Filter::LastUpdated(_) | Filter::Missing { .. } | Filter::Not(_) | Filter::Type(_) => None,
        })
    }

    /// Sources of what is at the other end of a reference, and the references to it.
    fn joined(
        &self,
        filter: &Filter,
        inner: &Subject<'_>,
        table: &'static Table,
        gives: &str,
        on: &Sql,
    ) -> Result<Option<Source>, ProjectionError> {
        let Some(found) = self.source(filter, inner.types)? else { return Ok(None) };
        let mut guards = Vec::new();
        if !found.checked {
            guards.push(self.is_there(inner));
        }
        if !found.exact {
            guards.push(self.condition(filter, inner)?);
        }
        guards.extend(self.guard(inner)?);
        let mut selects = Vec::new();
        for part in self.moment.parts(table) {
            for select in &found.selects {
                let mut sql = Sql::new("SELECT ");
                sql.push(gives).push(" AS rid FROM (").append(select).push(apart(self.dialect));
                let mut on = on.clone();
                on.append(&part.counts("x"));
                let (table, on) = looked_up(self.dialect, part.name, "x", &on);
                sql.push(") d").append(&table).push(" WHERE ").append(&on);
                for guard in &guards {
                    sql.push(" AND ").append(guard);
                }
                selects.push(sql);
            }
        }
        Ok(Some(Source::new(selects, found.rank.saturating_add(4))))
    }

    fn source_of_test(
        &self,
        parameter: SearchParameter,
        test: &Test,
        types: &Types<'_>,
    ) -> Result<Option<Source>, ProjectionError> {
        let pk = pks(parameter, Aspect::Value, types);
        let one_pk = matches!(types, Types::One(_));
        let (mut in_order, mut once) = (false, "");
        let mut selects = Vec::new();
        let mut add = |table: &'static Table, pk: &Sql, rest: &Sql| {
            let mut sql = pk.clone();
            sql.push(" AND ").append(rest);
            selects.extend(self.selects(table, "k.rid", &sql));
        };
        let rank = match test {
            Test::Token(asked) => {
                for code in token_conditions(self, parameter, Aspect::Value, asked) {
                    add(&TOK, &pk, &code.sql);
                    in_order = code.is_one_code;
                    once = if code.has_system { "" } else { FIRST_SYSTEM };
                }
                2
            }
            Test::Reference(asked) => {
                for each in asked {
                    if let ReferenceTest::Identifier(token) = each {
                        let pk = pks(parameter, Aspect::Identifier, types);
                        let asked = std::slice::from_ref(token);
                        for code in token_conditions(self, parameter, Aspect::Identifier, asked) {
                            add(&TOK, &pk, &code.sql);
                        }
                    } else {
                        add(&REF, &pk, &self.target(parameter, each));
                        in_order = !matches!(each, ReferenceTest::AnyType(_));
                    }
                }
                1
            }
            Test::Date(asked) => {
                for each in asked {
                    let Some((table, mut sql)) = comparison::date_range(each) else { return Ok(None) };
                    sql.push(" AND ").append(&comparison::dates(each, "k.lo", "k.hi"));
                    add(table, &pk, &sql);
                }
                5
            }
            Test::Number(asked) => {
                for each in asked.iter() {
                    if each.comparator == Comparator::Ne {
                        return Ok(None);
                    }
                    add(&NUM, &pk, &number(0, each));
                }
                5
            }
            Test::Quantity(asked) => {
                for each in asked {
                    for (unit, value) in comparison::units(self.key, each)? {
                        add(&NUM, &pk, &number(unit, &value));
                    }
                }
                5
            }
            Test::String(how, asked) => {
                for each in asked {
                    add(&STR, &pk, &text::string(self.key, self.dialect, Stored::Cut, *how, each).sql);
                }
                if *how == StringMatch::Exact { 2 } else { 4 }
            }
            Test::Uri(how, asked) => {
                for test in
                    asked.iter().flat_map(|each| text::uri(self.key, self.dialect, Stored::Cut, *how, each))
                {
                    add(&STR, &pk, &test.sql);
                }
                if *how == UriMatch::Equal { 2 } else { 4 }
            }
            Test::Composite(asked) => {
                for way in self.ways(parameter, asked)? {
                    add(&COMP, &pk, &way.sql());
                }
                3
            }
        };
        Ok(Some(Source::new(selects, rank).walked(one_pk && in_order, once)))
    }

    /// `SELECT <gives> AS rid` of the rows of a table at the moment.
    fn selects(&self, table: &'static Table, gives: &str, fulfills: &Sql) -> Vec<Sql> {
        let parts = self.moment.parts(table).into_iter();
        parts
            .map(|part| {
                let mut sql = Sql::new("SELECT ");
                sql.push(gives).push(" AS rid FROM ").push(part.name).push(" k WHERE ");
                sql.append(fulfills).append(&part.counts("k"));
                sql
            })
            .collect()
    }
}

/// Of the rows of one code for one resource, that of the first system.
const FIRST_SYSTEM: &str = " AND NOT EXISTS (SELECT 1 FROM tok e \
    WHERE e.pk = k.pk AND e.hc = k.hc AND e.rid = k.rid AND e.hs < k.hs)";

fn number(unit: i64, asked: &vpr_fhir::search::Compared<vpr_fhir::search::Span<f64>>) -> Sql {
    let mut sql = filled("k.unit = ? AND ", &[unit]);
    sql.append(&comparison::number_range(asked)).push(" AND ");
    sql.append(&comparison::numbers(asked, "k.lo", "k.hi"));
    sql
}

/// `x.pk` is the parameter on one of the types.
fn pks_as_x(parameter: SearchParameter, types: &Types<'_>) -> Sql {
    let having: Vec<i64> = types
        .each()
        .into_iter()
        .filter(|each| crate::rows::applies(parameter, *each))
        .map(|each| pk(each, parameter, Aspect::Value))
        .collect();
    match having[..] {
        [] => never(),
        [one] => filled("x.pk = ?", &[one]),
        _ => {
            let mut sql = Sql::new("x.pk IN (");
            sql.append(&super::numbers(having.into_iter())).push(")");
            sql
        }
    }
}

/// `Filter::Type` among the filters narrows the types.
pub(super) fn narrowed(types: &[vpr_fhir::ResourceType], filters: &[&Filter]) -> Vec<vpr_fhir::ResourceType> {
    let mut types = types.to_vec();
    for filter in filters {
        if let Filter::Type(only) = filter {
            types.retain(|each| type_number(*each) == type_number(*only));
        }
    }
    types
}
