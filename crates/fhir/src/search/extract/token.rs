//! Tokens (R4 §3.1.1.4.10).

use vpr_codec::{Kind, Value};

use super::datatype::{CodeSystem, text_of};
use crate::search::{KeyValue, Token};

/// A `code` in the system of its binding.
pub(super) fn code(element: Value<'_>, system: CodeSystem, take: &mut dyn FnMut(KeyValue)) {
    if let Some(code) = text_of(element) {
        let system = system.system(&code).map(str::to_owned);
        take(KeyValue::Token(Token { system, code: Some(code.into_owned()) }));
    }
}

/// A `Coding`.
pub(super) fn coding(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    pair(element, "code", take);
}

/// A `CodeableConcept`: each of its codings.
pub(super) fn concept(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    for each in element.get("coding").into_iter().flat_map(Value::items) {
        coding(each, take);
    }
}

/// An `Identifier`.
pub(super) fn identifier(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    pair(element, "value", take);
}

/// A `ContactPoint`: its value, whatever the system.
pub(super) fn contact_point(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    if let Some(value) = element.get("value") {
        plain(value, take);
    }
}

/// A boolean or text.
pub(super) fn plain(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    let code = match element.kind() {
        Kind::Bool => Some(element.raw().to_owned()),
        _ => text_of(element).map(|text| text.into_owned()),
    };
    if code.is_some() {
        take(KeyValue::Token(Token { system: None, code }));
    }
}

fn pair(element: Value<'_>, code: &str, take: &mut dyn FnMut(KeyValue)) {
    if let Some(token) = token(element, code) {
        take(KeyValue::Token(token));
    }
}

/// The member `system` with the member named `code`; `None` without either.
pub(super) fn token(element: Value<'_>, code: &str) -> Option<Token> {
    let text = |name| element.get(name).and_then(text_of).map(|text| text.into_owned());
    let token = Token { system: text("system"), code: text(code) };
    (token.system.is_some() || token.code.is_some()).then_some(token)
}
