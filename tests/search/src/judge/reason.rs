//! Why the judge thinks so.

use super::Judge;
use crate::query::Criterion;

impl Judge<'_> {
    /// What a condition says of a document, and from what.
    #[must_use]
    pub fn reason(&self, at: usize, criterion: &Criterion) -> String {
        let verdict = self.holds(at, criterion);
        let code = match criterion {
            Criterion::Has(code, ..) | Criterion::Missing(code, _) | Criterion::Chain(code, ..) => code,
            Criterion::Id(_) | Criterion::LastUpdated(_) | Criterion::Reverse(..) => {
                let meta = &self.world.documents()[at].content["meta"];
                return format!("{verdict:?}: {criterion:?} with meta {meta}");
            }
        };
        format!("{verdict:?}: {criterion:?} with {}", self.said(at, code))
    }

    /// What a document says to a parameter.
    #[must_use]
    pub fn said(&self, at: usize, code: &str) -> String {
        if self.parameter(at, code).is_none() {
            return format!("no parameter {code}");
        }
        format!("{:?}", self.values(at, code))
    }
}
