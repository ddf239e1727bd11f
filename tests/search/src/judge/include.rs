//! What comes with the matches of a page (R4 §3.1.1.5.4).

use std::collections::BTreeSet;

use super::value::{Reference, Value};
use super::{Flaw, Judge};
use crate::definitions::{Kind, definitions};
use crate::query::{Inclusion, Search};

impl Judge<'_> {
    /// The documents that come with these matches.
    #[must_use]
    pub fn included(&self, search: &Search, matches: &[usize]) -> BTreeSet<usize> {
        let matches: BTreeSet<usize> = matches.iter().copied().collect();
        let mut included = BTreeSet::new();
        let (mut from, mut first) = (matches.clone(), true);
        while !from.is_empty() {
            let mut next = BTreeSet::new();
            for inclusion in &search.inclusions {
                let follows = first || inclusion.iterate || self.has(Flaw::IterateAlways);
                if follows && (first || !self.has(Flaw::IterateOnce)) {
                    next.extend(self.step(inclusion, &from));
                }
            }
            from = next.into_iter().filter(|at| !matches.contains(at) && !included.contains(at)).collect();
            included.extend(&from);
            first = false;
        }
        included
    }

    fn step(&self, inclusion: &Inclusion, from: &BTreeSet<usize>) -> BTreeSet<usize> {
        let documents = self.world.documents();
        if !inclusion.reverse {
            let sources = from.iter().filter(|at| documents[**at].type_name == inclusion.source);
            return sources.flat_map(|at| self.targets(inclusion, *at)).collect();
        }
        if self.has(Flaw::ReverseIncludeLost) {
            return BTreeSet::new();
        }
        let points_there =
            |at: &usize| self.targets(inclusion, *at).iter().any(|target| from.contains(target));
        let sources = (0..documents.len()).filter(|at| documents[*at].type_name == inclusion.source);
        sources.filter(points_there).collect()
    }

    /// The documents that one refers to as the inclusion says.
    fn targets(&self, inclusion: &Inclusion, at: usize) -> Vec<usize> {
        let references = definitions()
            .parameters(&inclusion.source)
            .filter(|parameter| parameter.kind == Kind::Reference)
            .filter(|parameter| inclusion.parameter.as_ref().is_none_or(|code| code == parameter.code));
        let mut found = Vec::new();
        for parameter in references {
            for value in &self.values(at, parameter.code).values {
                let Value::Reference(Reference::Local(type_name, id, _)) = value else { continue };
                let wanted = inclusion.target.as_ref().is_none_or(|target| target == type_name);
                if wanted || self.has(Flaw::IncludeTargetIgnored) {
                    found.extend(self.world.place(&format!("{type_name}/{id}")));
                }
            }
        }
        found
    }
}
