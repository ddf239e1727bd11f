//! Whether one resource fulfills a [`Filter`], decided from its own keys.

mod compare;
mod reach;
mod test;

#[cfg(test)]
mod tests;

use vpr_types::Instant;

use super::{Extracted, Filter, Span};
use crate::ResourceType;

pub use compare::is_path_prefix;

/// What is known of one version of a resource.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Its type.
    pub resource: ResourceType,
    /// Its id.
    pub id: &'a str,
    /// When the version was committed.
    pub last_updated: Instant,
    /// What it says to searches.
    pub extracted: &'a Extracted,
}

/// Whether the resource fulfills the filter; `None` when that depends on other resources (chains and
/// `_has`), which [`Filter::is_local`] tells beforehand.
#[must_use]
pub fn matches(filter: &Filter, facts: &Facts<'_>) -> Option<bool> {
    match filter {
        Filter::Id(ids) => Some(ids.iter().any(|id| id == facts.id)),
        Filter::LastUpdated(alternatives) => {
            let at = facts.last_updated.0;
            let version = Span { low: at, high: at.saturating_add(1) };
            Some(alternatives.iter().any(|asked| compare::dates(asked, version)))
        }
        Filter::Parameter { parameter, test } => {
            let mut keys = facts.extracted.keys.iter().filter(|key| key.parameter == *parameter);
            Some(keys.any(|key| test::passes(test, &key.value)))
        }
        Filter::Missing { parameter, missing } => {
            let present = facts.extracted.keys.iter().any(|key| key.parameter == *parameter);
            Some(present != *missing)
        }
        Filter::Not(inner) => matches(inner, facts).map(|fulfilled| !fulfilled),
        Filter::All(all) => decide(all, facts, false),
        Filter::Any(any) => decide(any, facts, true),
        Filter::Chain { .. } | Filter::Has { .. } => None,
        Filter::Type(resource) => Some(facts.resource == *resource),
        Filter::InCompartment(compartment) => Some(
            facts
                .extracted
                .compartments
                .iter()
                .any(|(owner, id)| *owner == compartment.owner && *id == compartment.id),
        ),
    }
}

/// One filter that gives `decisive` decides; else one that is not known leaves all unknown.
fn decide(filters: &[Filter], facts: &Facts<'_>, decisive: bool) -> Option<bool> {
    let mut known = true;
    for filter in filters {
        match matches(filter, facts) {
            Some(found) if found == decisive => return Some(decisive),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decisive)
}
