//! References (R4 §3.1.1.4.12).

use vpr_codec::Value;

use super::datatype::text_of;
use super::token::token;
use crate::ResourceType;
use crate::reference::{ReferenceKind, Target, is_id, resource_type};
use crate::search::{KeyValue, ReferenceKey};

/// A `Reference`: what it points at, and its identifier. One to a contained resource points at
/// nothing that can be searched for.
pub(super) fn reference(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    if let Some(text) = element.get("reference").and_then(text_of) {
        match ReferenceKind::of(&text) {
            ReferenceKind::Relative(target) => take(KeyValue::Reference(local(target))),
            ReferenceKind::Absolute { .. } | ReferenceKind::Urn(_) => {
                take(KeyValue::Reference(ReferenceKey::Absolute(text.into_owned())));
            }
            ReferenceKind::Contained(_) | ReferenceKind::Conditional { .. } | ReferenceKind::Malformed => {}
        }
    }
    if let Some(token) = element.get("identifier").and_then(|identifier| token(identifier, "value")) {
        take(KeyValue::Reference(ReferenceKey::Identifier { resource: said_type(element), token }));
    }
}

/// A `canonical` or `uri`. One in the form of a relative reference points at that resource as well.
pub(super) fn canonical(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    let Some(text) = text_of(element) else { return };
    let whole = text.split_once('#').map_or(&*text, |(whole, _)| whole);
    let (url, version) = match whole.split_once('|') {
        Some((url, version)) => (url, Some(version).filter(|version| !version.is_empty())),
        None => (whole, None),
    };
    if url.is_empty() {
        return;
    }
    if let Some(target) = Target::parse(url) {
        take(KeyValue::Reference(local(target)));
    }
    let version = version.map(str::to_owned);
    take(KeyValue::Reference(ReferenceKey::Canonical { url: url.to_owned(), version }));
}

/// A resource in its place, as if by a reference to it.
pub(super) fn resource(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    let id = element.get("id").and_then(text_of).filter(|id| is_id(id));
    if let (Some(resource), Some(id)) = (resource_type(element), id) {
        take(KeyValue::Reference(ReferenceKey::Local { resource, id: id.into_owned(), version: None }));
    }
}

/// Whether a `Reference` points at a resource of that type, as far as it says so itself: by its
/// text, or else by its `type`.
pub(super) fn refers_to(element: Value<'_>, resource: ResourceType) -> bool {
    let text = element.get("reference").and_then(text_of);
    let by_text = text.and_then(|text| ReferenceKind::of(&text).resource_type());
    by_text.or_else(|| said_type(element)) == Some(resource)
}

fn said_type(element: Value<'_>) -> Option<ResourceType> {
    ResourceType::parse(&element.get("type").and_then(text_of)?)
}

fn local(target: Target<'_>) -> ReferenceKey {
    ReferenceKey::Local {
        resource: target.resource,
        id: target.id.to_owned(),
        version: target.version.map(str::to_owned),
    }
}
