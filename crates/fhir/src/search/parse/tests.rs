//! What is written and how it is understood, case by case.

mod controls;
mod criteria;
mod faults;
mod laws;
mod limits;
mod values;

use super::*;
use crate::IssueType;
use crate::search::{Compared, Filter, ReferenceTest, Span, Test, TokenTest};

/// The base URL of the server in these tests.
const BASE: &str = "http://example.org/fhir";

/// 2024-07-01T00:00:00Z
const NOW: Instant = Instant(1_719_792_000_000_000);

fn options(lenient: bool) -> ParseOptions<'static> {
    ParseOptions { lenient, base: BASE, now: NOW, limits: SearchLimits::default() }
}

/// Types, separated by commas; `*` for all.
fn scope(types: &str) -> Scope {
    match types {
        "*" => Scope::All,
        names => Scope::Types(names.split(',').map(|name| ResourceType::parse(name).unwrap()).collect()),
    }
}

/// The pairs of a query whose values need no percent escapes.
fn pairs(query: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

fn read(types: &str, query: &str) -> Result<Query, Vec<SearchFault>> {
    parse(scope(types), &pairs(query), &options(false))
}

#[track_caller]
fn good(types: &str, query: &str) -> Query {
    read(types, query).unwrap_or_else(|faults| panic!("{query}: {faults:?}"))
}

/// The faults, as `Kind: text`.
fn faults(types: &str, query: &str) -> Vec<String> {
    match read(types, query) {
        Ok(found) => panic!("{query} was accepted: {found:?}"),
        Err(faults) => faults.iter().map(|each| format!("{:?}: {}", each.kind, each.text)).collect(),
    }
}

/// Checks `types?query` against the filters as [`show`] tells them, joined by ` & `.
#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    for (types, query, expected) in cases {
        let query_read = good(types, query);
        let shown: Vec<_> = query_read.filters.iter().map(show).collect();
        assert_eq!(shown.join(" & "), *expected, "{types}?{query}");
        assert_eq!(query_read.used, pairs(query), "{types}?{query}");
    }
}

/// A filter in short.
fn show(filter: &Filter) -> String {
    let all = |filters: &[Filter]| filters.iter().map(show).collect::<Vec<_>>();
    match filter {
        Filter::Id(ids) => format!("_id in {ids:?}"),
        Filter::LastUpdated(dates) => format!("_lastUpdated {}", show_dates(dates)),
        Filter::Parameter { parameter, test } => format!("{} {}", parameter.code(), show_test(test)),
        Filter::Missing { parameter, missing: true } => format!("no {}", parameter.code()),
        Filter::Missing { parameter, missing: false } => format!("some {}", parameter.code()),
        Filter::Not(inner) => format!("not({})", show(inner)),
        Filter::All(filters) => format!("all({})", all(filters).join(", ")),
        Filter::Any(filters) => format!("any({})", all(filters).join(", ")),
        Filter::Chain { parameter, target, filter } => {
            format!("{}->{target}({})", parameter.code(), show(filter))
        }
        Filter::Has { source, parameter, filter } => {
            format!("{source}.{}<-({})", parameter.code(), show(filter))
        }
        Filter::Type(resource) => format!("is {resource}"),
        Filter::InCompartment(of) => format!("in {}/{}", of.owner, of.id),
    }
}

fn show_test(test: &Test) -> String {
    match test {
        Test::Token(tokens) => tokens.iter().map(show_token).collect::<Vec<_>>().join(" or "),
        Test::String(matched, texts) => format!("{matched:?} {texts:?}"),
        Test::Date(dates) => show_dates(dates),
        Test::Number(numbers) => numbers.iter().map(show_number).collect::<Vec<_>>().join(" or "),
        Test::Quantity(quantities) => {
            let each = |quantity: &crate::search::QuantityTest| {
                let system = quantity.system.as_deref().unwrap_or("-");
                let code = quantity.code.as_deref().unwrap_or("-");
                let canonical = quantity.canonical.as_ref();
                let canonical = canonical.map(|(value, unit)| format!(" = {} {unit}", show_number(value)));
                format!("{} {system} {code}{}", show_number(&quantity.value), canonical.unwrap_or_default())
            };
            quantities.iter().map(each).collect::<Vec<_>>().join(" or ")
        }
        Test::Reference(references) => {
            let version = |version: &Option<String>| match version {
                Some(version) => format!("|{version}"),
                None => String::new(),
            };
            let each = |reference: &ReferenceTest| match reference {
                ReferenceTest::Local { resource, id, version: of } => {
                    format!("{resource}/{id}{}", version(of))
                }
                ReferenceTest::AnyType(id) => format!("?/{id}"),
                ReferenceTest::Absolute(url) => format!("<{url}>"),
                ReferenceTest::Canonical { url, version: of } => format!("canonical {url}{}", version(of)),
                ReferenceTest::Identifier(token) => format!("identifier {}", show_token(token)),
            };
            references.iter().map(each).collect::<Vec<_>>().join(" or ")
        }
        Test::Uri(matched, uris) => format!("{matched:?} {uris:?}"),
        Test::Composite(alternatives) => {
            let each = |parts: &Vec<Test>| parts.iter().map(show_test).collect::<Vec<_>>().join(" $ ");
            alternatives.iter().map(each).collect::<Vec<_>>().join(" or ")
        }
    }
}

fn show_token(token: &TokenTest) -> String {
    match token {
        TokenTest::Code(code) => code.clone(),
        TokenTest::SystemAndCode(system, code) => format!("{system}|{code}"),
        TokenTest::CodeWithoutSystem(code) => format!("|{code}"),
        TokenTest::System(system) => format!("{system}|"),
    }
}

fn show_number(number: &Compared<Span<f64>>) -> String {
    let Span { low, high } = number.span;
    format!("{} {} [{low}, {high})", number.comparator.code(), number.exact)
}

fn show_dates(dates: &[Compared<Span<i64>>]) -> String {
    let each = |date: &Compared<Span<i64>>| {
        let (low, high) = (Instant(date.span.low), Instant(date.span.high));
        format!("{} [{}, {})", date.comparator.code(), low.to_millis_text(), high.to_millis_text())
    };
    dates.iter().map(each).collect::<Vec<_>>().join(" or ")
}
