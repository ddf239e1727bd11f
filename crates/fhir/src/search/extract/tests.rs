use vpr_codec::{Json, Limits};
use vpr_types::Instant;

use super::plan::{FaultKind, Plan};
use super::{extract, extractor};
use crate::ResourceType;
use crate::search::{Extracted, KeyValue, QuantityKey, ReferenceKey, Span, Token};

mod amounts;
mod composites;
mod dates;
mod definitions;
mod references;
mod texts;
mod tokens;

fn extracted(resource: &str) -> Extracted {
    let json = Json::parse(resource.to_owned(), &Limits::default()).unwrap();
    extract(json.root())
}

/// The keys of one parameter, written out.
fn said(resource: &str, parameter: &str) -> Vec<String> {
    let keys = extracted(resource).keys.into_iter();
    keys.filter(|key| key.parameter.code() == parameter).map(|key| shown(&key.value)).collect()
}

#[track_caller]
fn says(resource: &str, parameter: &str, expected: &[&str]) {
    assert_eq!(said(resource, parameter), expected, "{parameter} of {resource}");
}

fn shown(value: &KeyValue) -> String {
    match value {
        KeyValue::Token(token) => shown_token(token),
        KeyValue::Reference(reference) => shown_reference(reference),
        KeyValue::Date(span) => {
            let end = |end: i64| match end {
                i64::MIN | i64::MAX => "*".to_owned(),
                end => Instant(end).to_micros_text().replace("T00:00:00.000000Z", "").replace(".000000Z", ""),
            };
            format!("{}..{}", end(span.low), end(span.high))
        }
        KeyValue::Number(span) => shown_span(*span),
        KeyValue::Quantity(QuantityKey { value, system, code, unit, canonical }) => {
            let parts = [system, code, unit].map(|part| part.as_deref().unwrap_or("-"));
            let canonical = canonical
                .as_ref()
                .map_or(String::new(), |(span, unit)| format!(" = {} {unit}", shown_span(*span)));
            format!("{} {}{canonical}", shown_span(*value), parts.join("|"))
        }
        KeyValue::String(text) | KeyValue::Uri(text) => text.clone(),
        KeyValue::Composite(parts) => parts.iter().map(shown).collect::<Vec<_>>().join(" $ "),
    }
}

fn shown_span(span: Span<f64>) -> String {
    if span.low == span.high { span.low.to_string() } else { format!("{}..{}", span.low, span.high) }
}

fn shown_token(token: &Token) -> String {
    format!("{}|{}", token.system.as_deref().unwrap_or_default(), token.code.as_deref().unwrap_or_default())
}

fn shown_reference(reference: &ReferenceKey) -> String {
    match reference {
        ReferenceKey::Local { resource, id, version: None } => format!("{resource}/{id}"),
        ReferenceKey::Local { resource, id, version: Some(version) } => {
            format!("{resource}/{id} at {version}")
        }
        ReferenceKey::Absolute(text) => format!("<{text}>"),
        ReferenceKey::Canonical { url, version: None } => format!("canonical {url}"),
        ReferenceKey::Canonical { url, version: Some(version) } => format!("canonical {url} at {version}"),
        ReferenceKey::Identifier { resource: None, token } => format!("identifier {}", shown_token(token)),
        ReferenceKey::Identifier { resource: Some(resource), token } => {
            format!("identifier of {resource} {}", shown_token(token))
        }
    }
}
