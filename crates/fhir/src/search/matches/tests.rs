//! Keys made by hand against filters made by hand, at every boundary; then whole searches.

mod amounts;
mod laws;
mod others;
mod searches;

use super::*;
use crate::definitions::{Comparator, SearchParameter};
use crate::search::{
    Compared, CompartmentOf, Key, KeyValue, QuantityKey, ReferenceKey, ReferenceTest, StringMatch, Test,
    Token, TokenTest, UriMatch,
};

fn kind(name: &str) -> ResourceType {
    ResourceType::parse(name).unwrap()
}

fn parameter(of: &str, code: &str) -> SearchParameter {
    kind(of).search_parameter(code).unwrap()
}

/// Any parameter: what a test looks at are the values.
fn subject() -> SearchParameter {
    parameter("Observation", "subject")
}

fn extracted(values: Vec<KeyValue>) -> Extracted {
    let keys = values.into_iter().map(|value| Key { parameter: subject(), value }).collect();
    Extracted { keys, ..Extracted::default() }
}

fn facts(extracted: &Extracted) -> Facts<'_> {
    Facts { resource: kind("Observation"), id: "o-1", last_updated: Instant(1_000), extracted }
}

/// Whether an Observation with these values of [`subject`] passes the test.
fn passes(values: &[KeyValue], test: Test) -> bool {
    let filter = Filter::Parameter { parameter: subject(), test };
    matches(&filter, &facts(&extracted(values.to_vec()))).unwrap()
}

const COMPARATORS: &str = "eq ne gt lt ge le sa eb ap";

/// The comparators that hold, in the order of the standard.
fn holding(holds: impl Fn(Comparator) -> bool) -> String {
    let found: Vec<_> = Comparator::ALL.iter().filter(|each| holds(**each)).map(|each| each.code()).collect();
    assert!(found.iter().all(|each| COMPARATORS.contains(each)));
    found.join(" ")
}
