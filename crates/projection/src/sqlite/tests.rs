//! What SQLite does with the plans: every table is reached through an index.

use std::sync::Arc;

use vpr_fhir::ResourceType;
use vpr_fhir::definitions::{Comparator, SearchParameter};
use vpr_fhir::search::{
    Compared, CompartmentOf, Extracted, Filter, Include, Key, KeyValue, QuantityKey, QuantityTest, Query,
    ReferenceKey, ReferenceTest, Scope, SortBy, SortKey, Span, StringMatch, Test, Token, TokenTest, UriMatch,
};
use vpr_types::{Instant, ObjectId, Seq, TenantName, Version};

use super::Sqlite;
use crate::database::Backend;
use crate::explain::Recording;
use crate::tenant::Tenant;
use crate::{
    AppliedChange, AppliedDocument, AppliedOperation, Epoch, Limits, PageRequest, Position, apply, meta,
    search,
};

fn kind(name: &str) -> ResourceType {
    ResourceType::parse(name).unwrap()
}

fn parameter(resource: &str, code: &str) -> SearchParameter {
    kind(resource).search_parameter(code).unwrap()
}

struct Filled {
    sqlite: Sqlite,
    name: TenantName,
    _folder: tempfile::TempDir,
}

fn token(code: String) -> Token {
    Token { system: Some("http://a".to_owned()), code: Some(code) }
}

fn observation(number: i64) -> Extracted {
    let says = |code, value| Key { parameter: parameter("Observation", code), value };
    let patient = |id| ReferenceKey::Local { resource: kind("Patient"), id, version: None };
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let value = number as f64;
    let quantity = QuantityKey {
        value: Span { low: value, high: value },
        system: None,
        code: Some("cm".to_owned()),
        unit: None,
        canonical: None,
    };
    Extracted {
        keys: vec![
            says("code", KeyValue::Token(token((number % 50).to_string()))),
            says("status", KeyValue::Token(token("final".to_owned()))),
            says("date", KeyValue::Date(Span { low: number, high: number + 1 })),
            says("subject", KeyValue::Reference(patient((number % 40).to_string()))),
            says("value-string", KeyValue::String(format!("text {number}"))),
            says("_profile", KeyValue::Uri(format!("http://p/{}", number % 7))),
            says("value-quantity", KeyValue::Quantity(quantity.clone())),
            says(
                "code-value-quantity",
                KeyValue::Composite(vec![
                    KeyValue::Token(token((number % 50).to_string())),
                    KeyValue::Quantity(quantity),
                ]),
            ),
        ],
        compartments: vec![(kind("Patient"), (number % 40).to_string())],
        ..Extracted::default()
    }
}

fn patient(number: i64) -> Extracted {
    let says = |code, value| Key { parameter: parameter("Patient", code), value };
    let keys = vec![
        says("gender", KeyValue::Token(token((number % 2).to_string()))),
        says("family", KeyValue::String(format!("Name{number}"))),
        says("birthdate", KeyValue::Date(Span { low: number, high: number + 1 })),
    ];
    Extracted { keys, compartments: vec![(kind("Patient"), number.to_string())], ..Extracted::default() }
}

fn document(resource: &str, number: i64, version: u32, says: Extracted) -> AppliedDocument {
    AppliedDocument {
        resource: kind(resource),
        id: number.to_string(),
        version: Version(version),
        operation: if version == 1 { AppliedOperation::Create } else { AppliedOperation::Update },
        object: Some(ObjectId([0; 20])),
        commit: ObjectId([version as u8; 20]),
        extracted: Some(Arc::new(says)),
    }
}

/// 4000 Observations of 40 Patients; then everything changes a little.
fn filled() -> Filled {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits::default();
    let sqlite = Sqlite::open(folder.path().to_owned(), limits.search_time_max).unwrap();
    let name = TenantName::new("test").unwrap();
    sqlite.open_tenant(&name).unwrap();
    let epoch = Epoch { id: [0; 8], secret: [0; 32] };
    let tenant = Tenant::new([3; 32], epoch, 0);
    sqlite.write(&name, &mut |database| meta::begin(database, &[3; 32], &epoch)).unwrap();
    let change = |seq: u64, documents| AppliedChange {
        seq: Seq(seq),
        time: Instant(i64::try_from(seq).unwrap() * 1000),
        author: String::new(),
        documents,
    };
    let mut first: Vec<_> = (0..40).map(|number| document("Patient", number, 1, patient(number))).collect();
    first.extend((0..4000).map(|number| document("Observation", number, 1, observation(number))));
    let mut second: Vec<_> =
        (0..40).map(|number| document("Patient", number, 2, patient(number + 1))).collect();
    second.extend((0..400).map(|number| document("Observation", number, 2, observation(number + 1))));
    apply::apply(&sqlite, &name, &tenant, &[change(1, first), change(2, second)], &limits).unwrap();
    Filled { sqlite, name, _folder: folder }
}

impl Filled {
    /// All steps of the statements of a query that finds something.
    fn plans(&self, query: &Query, request: &PageRequest, driven: usize) -> Vec<(String, Vec<String>)> {
        let mut plans = Vec::new();
        // One that has not counted anything yet.
        let tenant = Tenant::new([3; 32], Epoch { id: [0; 8], secret: [0; 32] }, 0);
        let limits = Limits { rows_driven_max: driven, ..Limits::default() };
        self.sqlite
            .read(&self.name, &mut |database| {
                let mut recording = Recording::new(database);
                let page = search::search(&mut recording, &tenant, query, None, request, &limits)?;
                assert!(!page.hits.is_empty(), "{query:?}");
                plans = recording.statements.into_iter().map(|asked| (asked.text, asked.steps)).collect();
                Ok(())
            })
            .unwrap();
        plans
    }
}

fn shapes() -> Vec<(&'static str, Vec<Filter>)> {
    let observation = |code, test| Filter::Parameter { parameter: parameter("Observation", code), test };
    let code = || observation("code", Test::Token(vec![TokenTest::Code("7".to_owned())]));
    let wide = || observation("status", Test::Token(vec![TokenTest::Code("final".to_owned())]));
    let subject = |id: &str| {
        let reference = ReferenceTest::Local { resource: kind("Patient"), id: id.to_owned(), version: None };
        observation("subject", Test::Reference(vec![reference]))
    };
    let date = |comparator| {
        let span = Span { low: 100, high: 200 };
        observation("date", Test::Date(vec![Compared { comparator, span, exact: 0.0 }]))
    };
    let number = Compared { comparator: Comparator::Gt, span: Span { low: 3.0, high: 4.0 }, exact: 3.5 };
    let quantity = QuantityTest { value: number, system: None, code: Some("cm".to_owned()), canonical: None };
    let male = || Filter::Parameter {
        parameter: parameter("Patient", "gender"),
        test: Test::Token(vec![TokenTest::Code("1".to_owned())]),
    };
    let chain = Filter::Chain {
        parameter: parameter("Observation", "subject"),
        target: kind("Patient"),
        filter: Box::new(Filter::Any(vec![male(), Filter::Id(vec!["7".to_owned()])])),
    };
    let compartment = CompartmentOf { owner: kind("Patient"), id: "7".to_owned() };
    vec![
        ("all", vec![]),
        ("token", vec![code()]),
        ("reference", vec![subject("7")]),
        ("reference and token", vec![subject("7"), wide()]),
        (
            "any type",
            vec![observation("subject", Test::Reference(vec![ReferenceTest::AnyType("7".to_owned())]))],
        ),
        ("date eq", vec![date(Comparator::Eq)]),
        ("date ge", vec![date(Comparator::Ge)]),
        ("date lt", vec![date(Comparator::Lt)]),
        ("date and token", vec![date(Comparator::Ge), wide()]),
        (
            "string",
            vec![observation("value-string", Test::String(StringMatch::Begins, vec!["text 1".to_owned()]))],
        ),
        (
            "exact",
            vec![observation("value-string", Test::String(StringMatch::Exact, vec!["text 1".to_owned()]))],
        ),
        ("uri", vec![observation("_profile", Test::Uri(UriMatch::Below, vec!["http://p".to_owned()]))]),
        ("quantity", vec![observation("value-quantity", Test::Quantity(vec![quantity.clone()]))]),
        (
            "composite",
            vec![observation(
                "code-value-quantity",
                Test::Composite(vec![vec![
                    Test::Token(vec![TokenTest::Code("7".to_owned())]),
                    Test::Quantity(vec![quantity]),
                ]]),
            )],
        ),
        ("not", vec![Filter::Not(Box::new(code()))]),
        (
            "missing",
            vec![Filter::Missing { parameter: parameter("Observation", "encounter"), missing: true }],
        ),
        ("chain", vec![chain.clone()]),
        ("chain and token", vec![chain, code()]),
        ("compartment", vec![Filter::InCompartment(compartment)]),
        ("id", vec![Filter::Id(vec!["7".to_owned(), "8".to_owned()])]),
        ("either", vec![Filter::Any(vec![code(), subject("3")])]),
    ]
}

/// What a statement may read from one end to the other: lists that are part of it, and small tables.
fn may_be_scanned(step: &str) -> bool {
    let scanned = step.strip_prefix("SCAN ").unwrap_or_default();
    ["json_each", "c", "w", "u", "g", "d", "kinds", "CONSTANT ROW"].iter().any(|each| {
        scanned == *each || scanned.starts_with(&format!("{each} ")) || scanned.starts_with("(subquery")
    })
}

#[test]
fn every_table_is_reached_through_an_index() {
    let filled = filled();
    let sorts = [
        vec![],
        vec![SortKey { by: SortBy::Parameter(parameter("Observation", "date")), descending: true }],
        vec![SortKey { by: SortBy::Parameter(parameter("Observation", "date")), descending: false }],
        vec![SortKey { by: SortBy::Id, descending: false }],
    ];
    let mut seen = 0;
    for (name, filters) in shapes() {
        for sort in &sorts {
            for at in [None, Some(Seq(1))] {
                for driven in [0, 4000] {
                    let query = Query {
                        scope: Scope::Types(vec![kind("Observation")]),
                        filters: filters.clone(),
                        sort: sort.clone(),
                        ..Query::default()
                    };
                    let request = PageRequest { at, from: None, limit: 5, total: true };
                    for (text, steps) in filled.plans(&query, &request, driven) {
                        for step in steps.iter().map(|step| step.trim_start()) {
                            seen += 1;
                            let found = !step.starts_with("SCAN ") || may_be_scanned(step);
                            assert!(found, "{name} {sort:?} {at:?} {driven}: {step}\n{text}\n{steps:#?}");
                            let made = step.contains("AUTOMATIC");
                            assert!(!made, "{name} {sort:?} {at:?} {driven}: {step}\n{text}\n{steps:#?}");
                        }
                    }
                }
            }
        }
    }
    assert!(seen > 1000);
}

/// The steps of the statement that finds the page.
fn page_steps(plans: &[(String, Vec<String>)]) -> &[String] {
    &plans.iter().find(|(text, _)| text.starts_with("SELECT r.rid, r.type")).unwrap().1
}

#[test]
fn a_walk_follows_its_index_and_sorts_nothing() {
    let filled = filled();
    let wide = Filter::Parameter {
        parameter: parameter("Observation", "status"),
        test: Test::Token(vec![TokenTest::Code("final".to_owned())]),
    };
    let date = |descending| SortKey { by: SortBy::Parameter(parameter("Observation", "date")), descending };
    let middle = |values: &[Vec<u8>], backwards| Position {
        values: values.iter().cloned().map(Some).collect(),
        rid: 2000,
        backwards,
    };
    let unordered = Filter::Not(Box::new(wide.clone()));
    let unordered = Filter::Not(Box::new(unordered));
    let last_updated = SortKey { by: SortBy::LastUpdated, descending: true };
    for (sort, filter, index, value) in [
        (vec![], &wide, "k USING PRIMARY KEY (pk=? AND hc=?", vec![]),
        (vec![], &unordered, "res_rid", vec![]),
        (vec![last_updated], &wide, "res_time", vec![crate::rows::integer_key(1000)]),
        (vec![SortKey { by: SortBy::Id, descending: false }], &wide, "res_fid", vec![b"1".to_vec()]),
        (vec![date(false)], &wide, "sortk_lo", vec![crate::rows::integer_key(500)]),
        (vec![date(true)], &wide, "sortk_hi", vec![crate::rows::integer_key(500)]),
    ] {
        for from in [None, Some(middle(&value, false)), Some(middle(&value, true))] {
            let query = Query {
                scope: Scope::Types(vec![kind("Observation")]),
                filters: vec![filter.clone()],
                sort: sort.clone(),
                ..Query::default()
            };
            let request = PageRequest { at: None, from: from.clone(), limit: 5, total: false };
            let plans = filled.plans(&query, &request, 10);
            let steps = page_steps(&plans);
            assert!(steps[0].contains(index), "{sort:?} {steps:#?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{sort:?} {from:?} {steps:#?}");
        }
    }
}

#[test]
fn the_narrow_filter_drives_wherever_it_stands() {
    let filled = filled();
    let subject = Filter::Parameter {
        parameter: parameter("Observation", "subject"),
        test: Test::Reference(vec![ReferenceTest::Local {
            resource: kind("Patient"),
            id: "7".to_owned(),
            version: None,
        }]),
    };
    let wide = Filter::Parameter {
        parameter: parameter("Observation", "status"),
        test: Test::Token(vec![TokenTest::Code("final".to_owned())]),
    };
    for filters in [vec![wide.clone(), subject.clone()], vec![subject, wide]] {
        let query = Query { scope: Scope::Types(vec![kind("Observation")]), filters, ..Query::default() };
        let request = PageRequest { limit: 5, ..PageRequest::default() };
        let plans = filled.plans(&query, &request, 4000);
        let steps = page_steps(&plans);
        assert!(steps[0].contains("SEARCH k USING PRIMARY KEY (pk=? AND tgt=?"), "{steps:#?}");
    }
}

#[test]
fn what_is_included_is_reached_through_an_index() {
    let filled = filled();
    let include = |source: &str, code| Include {
        source: kind(source),
        parameter: Some(parameter(source, code)),
        target: None,
        iterate: false,
    };
    let query = Query {
        scope: Scope::Types(vec![kind("Observation")]),
        includes: vec![include("Observation", "subject")],
        reverse_includes: vec![include("Observation", "subject")],
        ..Query::default()
    };
    let request = PageRequest { limit: 5, ..PageRequest::default() };
    let plans = filled.plans(&query, &request, 4000);
    let includes: Vec<_> =
        plans.iter().filter(|(text, _)| text.starts_with("SELECT DISTINCT r.rid")).collect();
    assert_eq!(includes.len(), 2);
    for (text, steps) in includes {
        let good = |step: &str| !step.starts_with("SCAN ") || may_be_scanned(step);
        assert!(steps.iter().all(|step| good(step.trim_start())), "{text} {steps:#?}");
    }
}
