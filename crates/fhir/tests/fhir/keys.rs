//! Search keys of every example of the R4 specification.

use std::collections::BTreeMap;
use std::fs;

use vpr_codec::{Json, Limits};
use vpr_fhir::definitions::{SearchParameter, SearchParameterType};
use vpr_fhir::search::{Extracted, Key, KeyValue, extract};
use vpr_fhir::{Edits, ResourceType, canonical};

use crate::data::{fhir_set, json_files};
use crate::oracle;

/// How many keys the examples give for each type of parameter; a change of these is a change of what
/// searches find.
const KEYS: [(&str, usize); 8] = [
    ("composite", 155),
    ("date", 386),
    ("number", 45),
    ("quantity", 48),
    ("reference", 1549),
    ("string", 709),
    ("token", 2686),
    ("uri", 176),
];

#[test]
fn the_examples_of_the_specification_give_the_keys_that_they_should() {
    let Some(folder) = fhir_set("r4-spec-examples") else { return };
    let mut of_type: BTreeMap<&str, usize> = BTreeMap::new();
    let mut of_parameter: BTreeMap<SearchParameter, usize> = BTreeMap::new();
    let mut compartments = 0;
    for path in json_files(&folder) {
        let source = fs::read_to_string(&path).unwrap();
        let json = Json::parse(source, &Limits::default()).unwrap();
        let Some(resource) = json.root().get("resourceType").and_then(|name| name.as_str()) else { continue };
        let resource = ResourceType::parse(&resource).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let found = extract(json.root());
        for (at, key) in found.keys.iter().enumerate() {
            assert_eq!(resource.search_parameter(key.parameter.code()), Some(key.parameter), "{name}");
            assert!(fits(key.parameter, &key.value), "{name}: {key:?}");
            assert!(at > 300 || !found.keys[..at].contains(key), "{name}: {key:?} occurs twice");
            *of_type.entry(key.parameter.value_type().code()).or_default() += 1;
            *of_parameter.entry(key.parameter).or_default() += 1;
        }
        compartments += found.compartments.len();
        let stored = Json::parse(canonical(json.root(), &Edits::default()), &Limits::default()).unwrap();
        assert!(same(&found, &extract(stored.root())), "{name}: the stored form gives other keys");
        let reversed = Json::parse(oracle::reversed(json.root()), &Limits::default()).unwrap();
        assert!(same(&found, &extract(reversed.root())), "{name}: the order of members counts");
    }
    for (parameter, count) in &of_parameter {
        println!("{count:6} {} {}", parameter.value_type().code(), parameter.url());
    }
    println!("{compartments} compartments; {} of 1375 parameters have keys", of_parameter.len());
    assert_eq!(of_type.into_iter().collect::<Vec<_>>(), KEYS);
    assert_eq!((of_parameter.len(), compartments), (755, 442));
}

/// Whether the value is one of the parameter's type and in order.
pub(crate) fn fits(parameter: SearchParameter, value: &KeyValue) -> bool {
    use SearchParameterType as Kind;
    match (parameter.value_type(), value) {
        (Kind::Token, KeyValue::Token(token)) => token.system.is_some() || token.code.is_some(),
        (Kind::Reference, KeyValue::Reference(_)) => true,
        (Kind::Date, KeyValue::Date(span)) => span.low < span.high,
        (Kind::Number, KeyValue::Number(span)) => span.low <= span.high,
        (Kind::Quantity, KeyValue::Quantity(quantity)) => {
            let canonical = quantity.canonical.as_ref();
            quantity.value.low <= quantity.value.high
                && canonical.is_none_or(|(span, _)| span.low <= span.high)
        }
        (Kind::String, KeyValue::String(text)) | (Kind::Uri, KeyValue::Uri(text)) => !text.is_empty(),
        (Kind::Composite, KeyValue::Composite(parts)) => {
            let components = parameter.components();
            components.len() == parts.len()
                && components.zip(parts).all(|((part, _), value)| fits(part, value))
        }
        _ => false,
    }
}

/// Whether both say the same, in whatever order.
pub(crate) fn same(one: &Extracted, other: &Extracted) -> bool {
    let sorted = |keys: &[Key]| {
        let mut sorted: Vec<_> = keys.iter().map(|key| format!("{key:?}")).collect();
        sorted.sort();
        sorted
    };
    let places = |of: &Extracted| of.compartments.iter().cloned().collect::<std::collections::BTreeSet<_>>();
    sorted(&one.keys) == sorted(&other.keys) && places(one) == places(other)
}
