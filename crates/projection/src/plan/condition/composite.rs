use vpr_fhir::definitions::SearchParameter;
use vpr_fhir::search::Test;

use super::super::comparison::{self, filled};
use super::super::text::{self, Stored};
use super::super::{Planner, Subject, all, any};
use crate::ProjectionError;
use crate::rows::{Aspect, CompositeShape, Slot};
use crate::schema::COMP;
use crate::sql::Sql;

/// One way in which a composite passes: conditions on a row `k` of `comp`.
#[derive(Clone, Default)]
pub(in crate::plan) struct Way {
    /// `h`; without it all of the parameter's rows are looked at.
    hash: Option<i64>,
    rest: Vec<Sql>,
}

/// A composite of more ways is refused.
const WAYS_MAX: usize = 256;

impl Way {
    /// What must hold of the row.
    pub(in crate::plan) fn sql(&self) -> Sql {
        let hash = self.hash.map(|hash| filled("k.h = ?", &[hash]));
        let parts: Vec<Sql> = hash.into_iter().chain(self.rest.iter().cloned()).collect();
        all(&parts)
    }

    fn and(&self, other: &Self) -> Self {
        let rest = self.rest.iter().chain(&other.rest).cloned().collect();
        Self { hash: self.hash.or(other.hash), rest }
    }

    /// A hash in the column of the first or second part that has one, and what else must hold.
    fn hashed(at: usize, hash: Option<i64>, rest: impl IntoIterator<Item = Sql>) -> Self {
        let second = hash.filter(|_| at == 1).map(|hash| filled("k.s2 = ?", &[hash]));
        Self { hash: hash.filter(|_| at == 0), rest: second.into_iter().chain(rest).collect() }
    }
}

impl Planner<'_> {
    pub(super) fn composite(
        &self,
        parameter: SearchParameter,
        asked: &[Vec<Test>],
        of: &Subject<'_>,
    ) -> Result<Sql, ProjectionError> {
        let pk = of.pk(parameter, Aspect::Value);
        let mut parts = Vec::new();
        for way in self.ways(parameter, asked)? {
            if way.hash.is_some() {
                parts.push(self.exists(&COMP, &|sql| {
                    sql.append(&pk).push(" AND ").append(&way.sql());
                    sql.push(" AND k.rid = ").push(&of.rid);
                }));
            } else {
                parts.extend(self.among(&COMP, parameter, Aspect::Value, &way.sql(), of));
            }
        }
        Ok(any(&parts))
    }

    /// The ways in which a composite passes.
    pub(in crate::plan) fn ways(
        &self,
        parameter: SearchParameter,
        asked: &[Vec<Test>],
    ) -> Result<Vec<Way>, ProjectionError> {
        let Some(CompositeShape(slots)) = CompositeShape::of(parameter) else { return Ok(Vec::new()) };
        let mut all_ways = Vec::new();
        for tests in asked.iter().filter(|tests| tests.len() == slots.len()) {
            let mut ways = vec![Way::default()];
            for (test, slot) in tests.iter().zip(&slots) {
                let more = self.ways_of_part(test, *slot)?;
                ways = ways.iter().flat_map(|way| more.iter().map(|other| way.and(other))).collect();
                if ways.len() + all_ways.len() > WAYS_MAX {
                    return Err(ProjectionError::TooCostly(
                        "too many alternatives of a composite".to_owned(),
                    ));
                }
            }
            all_ways.extend(ways);
        }
        Ok(all_ways)
    }

    fn ways_of_part(&self, test: &Test, slot: Slot) -> Result<Vec<Way>, ProjectionError> {
        let rest = |rest| Way { hash: None, rest: vec![rest] };
        let columns = |at: usize| if at == 0 { ("k.lo", "k.hi") } else { ("k.lo2", "k.hi2") };
        Ok(match (test, slot) {
            (Test::Token(asked), Slot::Token(at)) => {
                let system = if at == 0 { "k.s1 = ?" } else { "k.exact = ?" };
                let ways = asked.iter().map(|each| {
                    let (hc, hs) = self.key.token(each);
                    Way::hashed(at, hc, hs.map(|hs| filled(system, &[hs])))
                });
                ways.collect()
            }
            (Test::Date(asked), Slot::Span(at)) => {
                let (lo, hi) = columns(at);
                asked.iter().map(|each| rest(comparison::dates(each, lo, hi))).collect()
            }
            (Test::Number(asked), Slot::Span(at)) => {
                let (lo, hi) = columns(at);
                asked.iter().map(|each| rest(comparison::numbers(each, lo, hi))).collect()
            }
            (Test::Quantity(asked), Slot::Quantity(at, hashed)) => {
                let (lo, hi) = columns(at);
                let mut ways = Vec::new();
                for each in asked {
                    let units = comparison::units(self.key, each)?.into_iter();
                    ways.extend(units.map(|(unit, value)| {
                        let value = comparison::numbers(&value, lo, hi);
                        match (unit, hashed) {
                            // As written, under whatever name of its unit.
                            (0, 1) => Way { hash: None, rest: vec![Sql::new("k.s2 >= 0"), value] },
                            _ => Way::hashed(hashed, Some(unit), [value]),
                        }
                    }));
                }
                ways
            }
            (Test::Reference(asked), Slot::Hash(at)) => {
                let hashes = asked.iter().map(|each| self.key.part_of_reference_test(each));
                hashes.map(|hash| Way::hashed(at, Some(hash), [])).collect()
            }
            (Test::String(how, asked), Slot::Text) => asked
                .iter()
                .map(|each| rest(text::string(self.key, self.dialect, Stored::Whole, *how, each).sql))
                .collect(),
            (Test::Uri(how, asked), Slot::Text) => {
                let tests = asked
                    .iter()
                    .flat_map(|each| text::uri(self.key, self.dialect, Stored::Whole, *how, each));
                tests.map(|test| rest(test.sql)).collect()
            }
            _ => Vec::new(),
        })
    }
}
