use vpr_fhir::definitions::SearchParameter;
use vpr_fhir::search::Test;

use super::super::comparison::{self, filled};
use super::super::text::{self, Stored};
use super::super::{Planner, Subject, all, any};
use crate::ProjectionError;
use crate::rows::{Aspect, CompositeShape, Slot, combine};
use crate::schema::COMP;
use crate::sql::Sql;

/// One way in which a composite passes.
pub(in crate::plan) struct Alternative {
    /// `comp.h`
    pub(in crate::plan) hash: i64,
    /// What else must hold of the row `k`.
    pub(in crate::plan) rest: Sql,
}

/// What one part must be, one of the ways.
#[derive(Clone, Default)]
struct Way {
    hashed: Option<i64>,
    rest: Option<Sql>,
}

/// A composite of more ways is refused.
const WAYS_MAX: usize = 256;

impl Planner<'_> {
    pub(super) fn composite(
        &self,
        parameter: SearchParameter,
        asked: &[Vec<Test>],
        of: &Subject<'_>,
    ) -> Result<Sql, ProjectionError> {
        let pk = of.pk(parameter, Aspect::Value);
        let alternatives = self.alternatives(parameter, asked)?;
        let parts: Vec<Sql> = alternatives
            .iter()
            .map(|each| {
                self.exists(&COMP, &|sql| {
                    sql.append(&pk).append(&filled(" AND k.h = ? AND k.rid = ", &[each.hash]));
                    sql.push(&of.rid).push(" AND ").append(&each.rest);
                })
            })
            .collect();
        Ok(any(&parts))
    }

    /// The ways in which a composite passes.
    pub(in crate::plan) fn alternatives(
        &self,
        parameter: SearchParameter,
        asked: &[Vec<Test>],
    ) -> Result<Vec<Alternative>, ProjectionError> {
        let Some(CompositeShape(slots)) = CompositeShape::of(parameter) else { return Ok(Vec::new()) };
        let mut all_ways = Vec::new();
        for tests in asked.iter().filter(|tests| tests.len() == slots.len()) {
            let mut ways: Vec<Vec<Way>> = vec![Vec::new()];
            for (test, slot) in tests.iter().zip(&slots) {
                let more = self.ways(test, *slot)?;
                ways = ways
                    .into_iter()
                    .flat_map(|before| {
                        more.iter().map(move |way| {
                            let mut longer = before.clone();
                            longer.push(way.clone());
                            longer
                        })
                    })
                    .collect();
                if ways.len() + all_ways.len() > WAYS_MAX {
                    return Err(ProjectionError::TooCostly(
                        "too many alternatives of a composite".to_owned(),
                    ));
                }
            }
            all_ways.extend(ways);
        }
        Ok(all_ways
            .into_iter()
            .map(|parts| {
                let hashes: Vec<Option<i64>> = parts.iter().map(|part| part.hashed).collect();
                let rest: Vec<Sql> = parts.into_iter().filter_map(|part| part.rest).collect();
                Alternative { hash: combine(self.key, &hashes), rest: all(&rest) }
            })
            .collect())
    }

    fn ways(&self, test: &Test, slot: Slot) -> Result<Vec<Way>, ProjectionError> {
        let rest = |rest| Way { rest: Some(rest), ..Way::default() };
        let columns = |slot: usize| if slot == 0 { ("k.lo", "k.hi") } else { ("k.lo2", "k.hi2") };
        Ok(match (test, slot) {
            (Test::Token(asked), Slot::Token(at)) => {
                let system = if at == 0 { "k.s1 = ?" } else { "k.s2 = ?" };
                let ways = asked.iter().map(|each| {
                    let (hc, hs) = self.key.token(each);
                    Way { hashed: Some(hc), rest: hs.map(|hs| filled(system, &[hs])), ..Way::default() }
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
            (Test::Quantity(asked), Slot::Span(at)) => {
                let (lo, hi) = columns(at);
                let mut ways = Vec::new();
                for each in asked {
                    let units = comparison::units(self.key, each)?.into_iter();
                    ways.extend(units.map(|(unit, value)| Way {
                        hashed: Some(unit),
                        rest: Some(comparison::numbers(&value, lo, hi)),
                        ..Way::default()
                    }));
                }
                ways
            }
            (Test::Reference(asked), Slot::Hash) => asked
                .iter()
                .map(|each| Way { hashed: Some(self.key.part_of_reference_test(each)), ..Way::default() })
                .collect(),
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
