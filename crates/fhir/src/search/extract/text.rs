//! Strings (R4 §3.1.1.4.8) and URIs (R4 §3.1.1.4.9).

use vpr_codec::Value;

use super::datatype::{each, text_of};
use crate::search::KeyValue;

/// A `string` or `markdown`.
pub(super) fn text(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    if let Some(text) = text_of(element) {
        take(KeyValue::String(text.into_owned()));
    }
}

/// Every part of a `HumanName`.
pub(super) fn human_name(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    parts(element, &["text", "family", "given", "prefix", "suffix"], take);
}

/// Every part of an `Address`.
pub(super) fn address(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    parts(element, &["text", "line", "city", "district", "state", "postalCode", "country"], take);
}

fn parts(element: Value<'_>, names: &[&str], take: &mut dyn FnMut(KeyValue)) {
    for (name, value) in element.members() {
        if names.contains(&name.as_ref()) {
            each(value).for_each(|part| text(part, take));
        }
    }
}

/// A `uri`, as written.
pub(super) fn uri(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    if let Some(text) = text_of(element) {
        take(KeyValue::Uri(text.into_owned()));
    }
}

/// A `canonical` for a parameter of type uri: as written, and without the version, so that both a
/// caller who names the version and one who does not find it.
pub(super) fn canonical(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    uri(element, take);
    if let Some((url, _)) = text_of(element).as_deref().and_then(|text| text.split_once('|')) {
        take(KeyValue::Uri(url.to_owned()));
    }
}
