//! What must hold of any parameters given to the reader of searches. Both the fuzz target and the
//! crate's own mutation test run this.

use std::sync::LazyLock;

use vpr_codec::{Json, Limits, Style};
use vpr_fhir::ResourceType;
use vpr_fhir::search::{
    Extracted, Facts, FaultKind, Filter, ParseOptions, Query, Scope, SearchFault, SearchLimits, Summary,
    extract, matches, parse, subset,
};
use vpr_types::Instant;

/// What searches are asked of.
const PATIENT: &str = r#"{"resourceType":"Patient","id":"1","meta":{"tag":[{"system":"http://t","code":"x"}]},
    "text":{"status":"generated","div":"<div/>"},"identifier":[{"system":"http://m","value":"a,b|c"}],"active":true,
    "name":[{"family":"Müller","given":["Eve"]}],"gender":"female","birthDate":"1970-02",
    "generalPractitioner":[{"reference":"Practitioner/1"}],"link":[{"other":{"reference":"Patient/2"},"type":"seealso"}]}"#;

static RESOURCE: LazyLock<(Json, Extracted)> = LazyLock::new(|| {
    let json = Json::parse(PATIENT, &Limits::default()).expect("the sample is JSON");
    let extracted = extract(json.root());
    (json, extracted)
});

/// The first byte says which types are searched, the rest is `name=value&…`. Panics if the reader
/// does not do what it promises.
pub(crate) fn check(data: &[u8]) {
    let Some((first, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let pairs: Vec<(String, String)> = text
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let scope = scope(*first);
    let strict = read(&scope, &pairs, false);
    let lenient = read(&scope, &pairs, true);
    match (&strict, &lenient) {
        (Ok(strict), lenient) => {
            assert_eq!(Ok(strict), lenient.as_ref(), "lenient handling takes what strict handling takes");
            check_query(&scope, strict, &pairs);
        }
        (Err(faults), lenient) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| !fault.text.is_empty() && fault.text.len() < 1000));
            assert!(
                faults.iter().all(|fault| fault.kind != FaultKind::Empty && fault.code == fault.kind.code())
            );
            if let Ok(lenient) = lenient {
                assert!(!lenient.ignored.is_empty(), "what strict handling refuses is told");
                check_query(&scope, lenient, &pairs);
            }
        }
    }
}

fn read(scope: &Scope, pairs: &[(String, String)], lenient: bool) -> Result<Query, Vec<SearchFault>> {
    let options = ParseOptions {
        lenient,
        base: "http://example.org/fhir",
        now: Instant(1_719_792_000_000_000),
        limits: SearchLimits::default(),
    };
    parse(scope.clone(), pairs, &options)
}

fn scope(choice: u8) -> Scope {
    let types: &[&str] = match choice % 6 {
        0 => return Scope::All,
        1 | 2 => &["Patient"],
        3 => &["Observation"],
        4 => &["Patient", "Organization"],
        _ => &["ValueSet", "CodeSystem"],
    };
    Scope::Types(types.iter().filter_map(|name| ResourceType::parse(name)).collect())
}

fn check_query(scope: &Scope, query: &Query, pairs: &[(String, String)]) {
    let passed = pairs.iter().filter(|(name, _)| name == "_format" || name == "_pretty").count();
    let left_out = pairs.len() - query.used.len() - passed;
    // Each fault is told once, however often it was made.
    let told = query.ignored.len();
    assert!(told <= left_out && (told > 0) == (left_out > 0), "each parameter is accounted for");
    let again = read(scope, &query.used, false).expect("what was used is a query");
    assert!(again.ignored.is_empty());
    assert_eq!(
        (&again.filters, &again.sort, &again.elements),
        (&query.filters, &query.sort, &query.elements)
    );
    assert_eq!((&again.includes, &again.scope), (&query.includes, &query.scope));
    for filter in &query.filters {
        check_filter(filter);
    }
    check_subset(query.summary, &query.elements);
}

fn check_filter(filter: &Filter) {
    let (json, extracted) = &*RESOURCE;
    let resource = json.root().get("resourceType").and_then(|name| ResourceType::parse(&name.as_str()?));
    let resource = resource.expect("the sample has a type");
    let facts = Facts { resource, id: "1", last_updated: Instant(1), extracted };
    let found = matches(filter, &facts);
    assert!(found.is_some() || !filter.is_local(), "one resource decides what is local");
    assert_eq!(filter.is_local(), filter.touches().is_empty());
    let not = Filter::Not(Box::new(filter.clone()));
    assert_eq!(matches(&not, &facts), found.map(|found| !found));
}

fn check_subset(summary: Summary, elements: &[String]) {
    let whole = RESOURCE.0.root();
    let part = Json::parse(subset(whole, summary, elements, Style::Compact), &Limits::default());
    let part = part.expect("a part of a resource is JSON");
    let narrowed = !elements.is_empty() || !matches!(summary, Summary::False | Summary::Count);
    let tags = part.root().get("meta").and_then(|meta| meta.get("tag")).map_or(0, |tags| tags.len());
    assert_eq!(tags, if narrowed { 2 } else { 1 }, "a part is tagged");
    for (name, member) in part.root().members() {
        let original = whole.get(&name).expect("nothing is added");
        assert!(name == "meta" || member.raw().len() <= original.raw().len());
    }
}
