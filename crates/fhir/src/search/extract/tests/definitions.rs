use std::collections::BTreeSet;

use super::{FaultKind, Plan, ResourceType, extractor};
use crate::definitions::SearchParameter;

/// Where R4's own expressions do not fit its definitions: the one that is read as it is meant.
const WRONG: [(&str, FaultKind); 1] = [("Observation-code-value-date", FaultKind::NeverOfType("DateTime"))];

/// Types at the end of an expression whose values give no keys: the other types of a choice do, and
/// R4 §3.1.1.4 names no way to compare these.
const WITHOUT_KEYS: [(&str, &str); 8] = [
    ("CarePlan-activity-date", "string"),
    ("Consent-source-reference", "Attachment"),
    ("Group-characteristic-value", "Quantity"),
    ("Group-characteristic-value", "Range"),
    ("Group-characteristic-value", "Reference"),
    ("clinical-date", "Age"),
    ("clinical-date", "Range"),
    ("clinical-date", "string"),
];

fn name(parameter: SearchParameter) -> &'static str {
    parameter.url().rsplit('/').next().unwrap_or_default()
}

#[test]
fn every_expression_of_the_standard_is_compiled() {
    let mut wrong = BTreeSet::new();
    let mut without_keys = BTreeSet::new();
    for fault in ResourceType::all().flat_map(|resource| &Plan::of(resource).faults) {
        match fault.kind {
            FaultKind::NoKeys(its_type) => drop(without_keys.insert((name(fault.parameter), its_type))),
            kind => drop(wrong.insert((name(fault.parameter), format!("{kind:?}")))),
        }
    }
    let expected: BTreeSet<_> = WRONG.iter().map(|(name, kind)| (*name, format!("{kind:?}"))).collect();
    assert_eq!(wrong, expected);
    assert_eq!(without_keys.into_iter().collect::<Vec<_>>(), WITHOUT_KEYS);
}

#[test]
fn every_parameter_with_keys_can_give_some_in_every_type_it_is_defined_on() {
    let mut without = BTreeSet::new();
    for resource in ResourceType::all() {
        let reached = Plan::of(resource).parameters();
        for parameter in resource.search_parameters().filter(|each| !reached.contains(each)) {
            without.insert((name(parameter), parameter.value_type().code()));
        }
    }
    let expected = [
        ("DomainResource-text", "string"),
        ("Location-near", "special"),
        ("Resource-content", "string"),
        ("Resource-id", "token"),
        ("Resource-lastUpdated", "date"),
        ("Resource-query", "token"),
    ];
    assert_eq!(without.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn the_extractor_has_a_lasting_number() {
    assert_eq!(extractor(), extractor());
    // It changes whenever keys may change; then stored keys are made again.
    assert_eq!(format!("{:016x}", extractor()), "fc2393a9b6bd9df6");
}
