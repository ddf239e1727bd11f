use vpr_types::limits::SEARCH_COUNT_MAX;

use super::*;
use crate::search::{Include, SortBy, SortKey, Total};

#[test]
fn what_is_given_back_and_how() {
    let query = good(
        "Observation",
        "_count=50&_total=accurate&_summary=data&_elements=code,value[x],valueQuantity,status,code\
         &_contained=false&_containedType=container&_format=json&_pretty=true&_sort=status,-date,_id,-_lastUpdated",
    );
    assert_eq!((query.count, query.total, query.summary), (Some(50), Total::Accurate, Summary::Data));
    assert_eq!(query.elements, ["code", "value", "status"]);
    let observation = ResourceType::parse("Observation").unwrap();
    let by = |code: &str| SortBy::Parameter(observation.search_parameter(code).unwrap());
    let key = |by, descending| SortKey { by, descending };
    assert_eq!(
        query.sort,
        [
            key(by("status"), false),
            key(by("date"), true),
            key(SortBy::Id, false),
            key(SortBy::LastUpdated, true)
        ]
    );
    let used: Vec<_> = query.used.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(used, ["_count", "_total", "_summary", "_elements", "_contained", "_containedType", "_sort"]);
    assert!(query.filters.is_empty() && query.ignored.is_empty());
}

#[test]
fn wrong_ways_to_say_it() {
    for (query, kind) in [
        ("_count=-1", FaultKind::BadValue),
        ("_count=ten", FaultKind::BadValue),
        ("_count=+5", FaultKind::BadValue),
        ("_count=1.5", FaultKind::BadValue),
        ("_count=1&_count=1", FaultKind::Repeated),
        ("_total=all", FaultKind::BadValue),
        ("_summary=yes", FaultKind::BadValue),
        ("_summary=true,false", FaultKind::BadValue),
        ("_elements=nonsense", FaultKind::BadValue),
        ("_elements=code,,status", FaultKind::BadValue),
        ("_contained=true", FaultKind::NotSupported),
        ("_contained=x", FaultKind::BadValue),
        ("_containedType=contained", FaultKind::NotSupported),
        ("_containedType=x", FaultKind::BadValue),
        ("_sort=nonsense", FaultKind::Unknown),
        ("_sort=date:desc", FaultKind::Unknown),
        ("_sort=date,,status", FaultKind::Unknown),
        ("_sort=--date", FaultKind::Unknown),
        ("_sort=_score", FaultKind::NotSupported),
        ("_sort=_text", FaultKind::NotSupported),
        ("_sort=code-value-quantity", FaultKind::NotSupported),
        ("_sort=date&_sort=status", FaultKind::Repeated),
        ("_content=x", FaultKind::NotSupported),
        ("_text=x", FaultKind::NotSupported),
        ("_query=x", FaultKind::NotSupported),
        ("_list=x", FaultKind::NotSupported),
        ("_filter=x", FaultKind::NotSupported),
        ("_type=Patient", FaultKind::BadValue),
        ("nonsense=x", FaultKind::Unknown),
        ("Status=final", FaultKind::Unknown),
        ("=x", FaultKind::Unknown),
    ] {
        let found = read("Observation", query).unwrap_err();
        assert_eq!(found.len(), 1, "{query}: {found:?}");
        assert_eq!(found[0].kind, kind, "{query}: {found:?}");
        assert_eq!(found[0].code, kind.code());
    }
    assert_eq!(read("Location", "near=1|2|3|km").unwrap_err()[0].kind, FaultKind::NotSupported);
    assert_eq!(read("Patient,Organization", "_sort=active").unwrap_err()[0].kind, FaultKind::NotSupported);
}

#[test]
fn a_large_count_is_served_as_the_largest() {
    let max = SEARCH_COUNT_MAX;
    for (value, expected) in [("0", 0), ("7", 7), ("1000", max), ("1001", max), ("99999999999", max)] {
        assert_eq!(good("Patient", &format!("_count={value}")).count, Some(expected));
    }
    assert_eq!(good("Patient", "").count, None);
    assert_eq!(faults("Patient", "_count=1000000000000000000000").len(), 1);
}

#[test]
fn types_narrow_the_scope_before_anything_else_is_read() {
    assert_eq!(
        good("*", "patient=1&_type=Condition,Procedure,Condition").scope,
        scope("Condition,Procedure")
    );
    assert_eq!(good("Patient", "_type=Patient").scope, scope("Patient"));
    assert_eq!(good("*", "_id=1").scope, Scope::All);
    for (query, expected) in [
        ("_type=Patients", vec!["BadValue: the value of '_type' is no resource type"]),
        ("_type=Patient,x&gender=male", vec!["BadValue: alternative 2 of '_type' is no resource type"]),
        ("_type=Patient&_type=Patient", vec!["Repeated: '_type' is given twice"]),
        (
            "_type=x&_count=y",
            vec![
                "BadValue: the value of '_type' is no resource type",
                "BadValue: the value of '_count' is no count",
            ],
        ),
    ] {
        assert_eq!(faults("*", query), expected, "{query}");
    }
}

#[test]
fn includes_follow_references() {
    let kind = |name: &str| ResourceType::parse(name).unwrap();
    let include = |source: &str, parameter: Option<&str>, target: Option<&str>, iterate| Include {
        source: kind(source),
        parameter: parameter.map(|code| kind(source).search_parameter(code).unwrap()),
        target: target.map(kind),
        iterate,
    };
    let query = good(
        "MedicationDispense",
        "_include=MedicationDispense:prescription&_include:iterate=MedicationRequest:requester:Practitioner\
         &_include=MedicationDispense:*&_revinclude=Provenance:target&_revinclude:iterate=Observation:subject\
         &_revinclude=Provenance:*:MedicationDispense",
    );
    assert_eq!(
        query.includes,
        [
            include("MedicationDispense", Some("prescription"), None, false),
            include("MedicationRequest", Some("requester"), Some("Practitioner"), true),
            include("MedicationDispense", None, None, false),
        ]
    );
    assert_eq!(
        query.reverse_includes,
        [
            include("Provenance", Some("target"), None, false),
            include("Observation", Some("subject"), None, true),
            include("Provenance", None, Some("MedicationDispense"), false),
        ]
    );
    for (query, kind) in [
        ("_include=MedicationDispense", FaultKind::BadValue),
        ("_include=*", FaultKind::BadValue),
        ("_include=MedicationDispense:subject:Patient:x", FaultKind::BadValue),
        ("_include=Medicine:subject", FaultKind::BadValue),
        ("_include=MedicationDispense:subject:Patients", FaultKind::BadValue),
        ("_include=MedicationDispense:subject:Organization", FaultKind::BadValue),
        ("_include=MedicationDispense:status", FaultKind::Unknown),
        ("_include=MedicationDispense:nonsense", FaultKind::Unknown),
        ("_include=MedicationRequest:subject", FaultKind::BadValue),
        ("_revinclude=Observation:encounter", FaultKind::BadValue),
        ("_revinclude=Provenance:target:Patient", FaultKind::BadValue),
        ("_include:recurse=MedicationDispense:subject", FaultKind::BadModifier),
        ("_include=MedicationDispense:subject&_summary=text", FaultKind::BadValue),
        ("_revinclude:iterate=QuestionnaireResponse:questionnaire", FaultKind::NotSupported),
    ] {
        let found = read("MedicationDispense", query).unwrap_err();
        assert_eq!((found.len(), found[0].kind), (1, kind), "{query}: {found:?}");
    }
}
