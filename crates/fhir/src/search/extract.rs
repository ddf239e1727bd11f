//! What a resource says for each search parameter.

mod expression;
mod route;

mod plan;
mod run;

mod datatype;

mod amount;
mod date;
mod reference;
mod text;
mod token;

mod once;
mod version;

#[cfg(test)]
mod tests;

use vpr_codec::Value;

use self::plan::Plan;
use super::{Extracted, Filter, Key, KeyValue, ReferenceKey};
use crate::ResourceType;
use crate::definitions::{Compartment, SearchParameter};
use crate::edits::Edits;
use crate::home::home;
use crate::listing::listing;
use crate::reference::resource_type;

pub use self::version::extractor;

/// The keys of a resource for the search parameters of its type, its compartments, and what a list
/// shows of it.
///
/// References to this server are taken to be relative already. Content that is not as the
/// definitions say gives no keys, and neither do references to contained resources, concepts without
/// a coding, and quantities without a value. `_id` and `_lastUpdated` are facts of the version;
/// `_content`, `_text`, `_query` and `near` are answered otherwise or not at all.
/// An unknown resource type gives nothing.
#[must_use]
pub fn extract(resource: Value<'_>) -> Extracted {
    let Some(its_type) = resource_type(resource) else { return Extracted::default() };
    let plan = Plan::of(its_type);
    let keys = once::each_once(run::keys(plan, resource, None));
    let compartments = compartments(plan, its_type, resource, &keys);
    let patient = if never_in_patients_compartment(its_type) {
        home(resource, &Edits::default()).patient
    } else {
        None
    };
    Extracted { keys, compartments, patient, listing: listing(resource) }
}

/// As much of [`extract`] as tells whether the resource fulfills `filters`.
#[must_use]
pub fn extract_for(resource: Value<'_>, filters: &[Filter]) -> Extracted {
    let mut wanted = Vec::new();
    // Compartments come from keys of parameters that nobody named.
    if !filters.iter().all(|filter| looks_at(filter, &mut wanted)) {
        return extract(resource);
    }
    let Some(its_type) = resource_type(resource) else { return Extracted::default() };
    let keys = once::each_once(run::keys(Plan::of(its_type), resource, Some(&wanted)));
    Extracted { keys, ..Extracted::default() }
}

/// Collects the parameters that a filter looks at; false: it looks at more than parameters.
fn looks_at(filter: &Filter, wanted: &mut Vec<SearchParameter>) -> bool {
    match filter {
        Filter::Parameter { parameter, .. } | Filter::Missing { parameter, .. } => wanted.push(*parameter),
        Filter::Not(inner) => return looks_at(inner, wanted),
        Filter::All(filters) | Filter::Any(filters) => {
            return filters.iter().all(|filter| looks_at(filter, wanted));
        }
        Filter::InCompartment(_) => return false,
        Filter::Id(_)
        | Filter::LastUpdated(_)
        | Filter::Type(_)
        | Filter::Chain { .. }
        | Filter::Has { .. } => {}
    }
    true
}

fn never_in_patients_compartment(its_type: ResourceType) -> bool {
    let patients = Compartment::parse("Patient");
    its_type.name() != "Patient"
        && patients.is_none_or(|compartment| compartment.parameters(its_type).is_empty())
}

/// The compartments (R4 §2.2) that references place the resource in, and its own.
fn compartments(
    plan: &Plan,
    its_type: ResourceType,
    resource: Value<'_>,
    keys: &[Key],
) -> Vec<(ResourceType, String)> {
    let mut found = Vec::new();
    if plan.owns_compartment
        && let Some(id) = resource.get("id").and_then(Value::as_str)
    {
        found.push((its_type, id.into_owned()));
    }
    for key in keys {
        let KeyValue::Reference(ReferenceKey::Local { resource: owner, id, .. }) = &key.value else {
            continue;
        };
        let places = plan.placements.contains(&(key.parameter, *owner));
        if places && !found.iter().any(|(known, its_id)| known == owner && its_id == id) {
            found.push((*owner, id.clone()));
        }
    }
    found
}
