use std::collections::BTreeMap;

use vpr_fhir::ResourceType;
use vpr_fhir::definitions::SearchParameter;
use vpr_fhir::search::{Extracted, Key, KeyValue, QuantityKey, ReferenceKey, Span, Token, fold};

use super::dictionary::{Aspect, has_system_rows, pk};
use super::entry::Entry;
use super::hash::{IndexKey, UnitName};
use super::order::{cut, float, float_key, integer_key, text_key};

/// Gives the rid of a resource by type and id.
pub(crate) type RidOf<'a> = dyn FnMut(ResourceType, &str) -> i64 + 'a;

/// What a resource says, as entries: sorted, each once.
pub(crate) fn expand(
    key: &IndexKey,
    resource: ResourceType,
    extracted: &Extracted,
    rid_of: &mut RidOf<'_>,
) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(extracted.keys.len() * 3);
    let mut sorts: BTreeMap<i64, (Vec<u8>, Vec<u8>, bool)> = BTreeMap::new();
    for Key { parameter, value } in &extracted.keys {
        let number = pk(resource, *parameter, Aspect::Value);
        if let KeyValue::Reference(ReferenceKey::Identifier { token, .. }) = value {
            let pk = pk(resource, *parameter, Aspect::Identifier);
            let tokens = tokens(key, *parameter, Aspect::Identifier, token);
            entries.extend(tokens.map(|(hc, hs)| Entry::Token { pk, hc, hs }));
        }
        if let KeyValue::Token(token) = value {
            let tokens = tokens(key, *parameter, Aspect::Value, token);
            entries.extend(tokens.map(|(hc, hs)| Entry::Token { pk: number, hc, hs }));
        } else {
            push_value(key, number, value, rid_of, &mut entries);
        }
        if matches!(value, KeyValue::Composite(_)) {
            // Nothing is sorted by composites, and nobody asks whether one is missing.
            continue;
        }
        let (lo, hi, walk) = sort_values(value);
        match sorts.entry(number) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert((lo, hi, walk));
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let (smallest, largest, _) = place.get_mut();
                if lo < *smallest {
                    *smallest = lo;
                }
                if hi > *largest {
                    *largest = hi;
                }
            }
        }
    }
    entries.extend(sorts.into_iter().map(|(pk, (lo, hi, walk))| {
        // An empty end is the beginning again, but in the order that an index is walked in.
        let hi = if walk || hi != lo { hi } else { Vec::new() };
        Entry::Sort { pk, lo, hi, walk }
    }));
    for_each_owner(extracted, &mut |owner, id| {
        entries.push(Entry::Compartment { owner: rid_of(owner, id) });
    });
    entries.sort_unstable();
    entries.dedup();
    without_doubles(&mut entries);
    entries
}

/// The same amount once with a unit and once without is one row of `num`.
fn without_doubles(entries: &mut Vec<Entry>) {
    let plain = |entry: &Entry| match entry {
        Entry::Amount { pk, lo, hi } => Some(Entry::Number { pk: *pk, unit: 0, lo: *lo, hi: *hi }),
        _ => None,
    };
    let is_double = |entry: &Entry| plain(entry).is_some_and(|plain| entries.binary_search(&plain).is_ok());
    let doubles: Vec<bool> = entries.iter().map(is_double).collect();
    let mut doubles = doubles.into_iter();
    entries.retain(|_| !doubles.next().unwrap_or(false));
}

/// Calls `each` with every resource that is referred to or owns a compartment.
pub(crate) fn reference_targets<'a>(extracted: &'a Extracted, each: &mut dyn FnMut(ResourceType, &'a str)) {
    for key in &extracted.keys {
        if let KeyValue::Reference(ReferenceKey::Local { resource, id, .. }) = &key.value {
            each(*resource, id);
        }
    }
    for_each_owner(extracted, each);
}

/// Calls `each` with the owners of the compartments, and with the patient in whose record a resource
/// lives that is never in a patient's compartment: no search reaches rows of such a type by owner.
fn for_each_owner<'a>(extracted: &'a Extracted, each: &mut dyn FnMut(ResourceType, &'a str)) {
    for (owner, id) in &extracted.compartments {
        each(*owner, id);
    }
    if let Some((patients, id)) = ResourceType::parse("Patient").zip(extracted.patient.as_deref()) {
        each(patients, id);
    }
}

fn push_value(key: &IndexKey, pk: i64, value: &KeyValue, rid_of: &mut RidOf<'_>, out: &mut Vec<Entry>) {
    match value {
        KeyValue::Token(_) => {}
        KeyValue::Reference(reference) => {
            let targets = targets(key, reference, rid_of);
            out.extend(targets.into_iter().map(|tgt| Entry::Reference { pk, tgt }));
        }
        KeyValue::Date(Span { low, high }) => out.push(Entry::Date { pk, lo: *low, hi: *high }),
        KeyValue::Number(span) => {
            let (lo, hi) = numbers(*span);
            out.push(Entry::Number { pk, unit: 0, lo, hi });
        }
        KeyValue::Quantity(quantity) => {
            let rows = units(key, quantity);
            let named = is_unit_named(&rows);
            out.extend(rows.into_iter().map(|(unit, (lo, hi))| match unit {
                0 if named => Entry::Amount { pk, lo, hi },
                unit => Entry::Number { pk, unit, lo, hi },
            }));
        }
        KeyValue::String(text) => out.push(text_entry(key, pk, &fold(text), text)),
        KeyValue::Uri(uri) => out.push(text_entry(key, pk, uri, uri)),
        KeyValue::Composite(parts) => out.extend(super::composite::rows(key, pk, parts)),
    }
}

fn text_entry(key: &IndexKey, pk: i64, norm: &str, written: &str) -> Entry {
    let (norm, rest) = cut(norm);
    Entry::Text { pk, norm: norm.to_owned(), exact: key.text(written), rest: rest.to_owned() }
}

/// `hc` and `hs` of a token.
pub(super) fn token(key: &IndexKey, token: &Token) -> (i64, i64) {
    let system = token.system.as_deref();
    let code = token.code.as_deref().map(|code| key.code(code));
    let hc = code.unwrap_or_else(|| key.system_alone(system.unwrap_or_default()));
    (hc, key.system(system))
}

/// `hc` and `hs` of a token's rows.
fn tokens(
    key: &IndexKey,
    parameter: SearchParameter,
    aspect: Aspect,
    value: &Token,
) -> impl Iterator<Item = (i64, i64)> {
    let system = value.system.as_deref().filter(|_| has_system_rows(parameter, aspect));
    let alone = system.map(|system| (key.system_alone(system), 0));
    std::iter::once(token(key, value)).chain(alone)
}

/// `tgt` of a reference's rows.
fn targets(key: &IndexKey, reference: &ReferenceKey, rid_of: &mut RidOf<'_>) -> Vec<i64> {
    let mut targets = key.targets(reference);
    if let ReferenceKey::Local { resource, id, .. } = reference {
        targets.push(rid_of(*resource, id));
    }
    targets
}

/// The ends of a span of numbers.
pub(super) fn numbers(span: Span<f64>) -> (i64, i64) {
    (float(span.low), float(span.high))
}

/// `unit`, `lo` and `hi` of a quantity's rows.
///
/// A quantity that has a canonical form is compared by it by everybody who names UCUM; who asks for
/// its code or unit without a system gets at the value as written (R4 §3.1.1.4.11).
pub(super) fn units(key: &IndexKey, quantity: &QuantityKey) -> Vec<(i64, (i64, i64))> {
    let written = numbers(quantity.value);
    let mut rows = vec![(key.unit(UnitName::Any), written)];
    let (code, unit) = (quantity.code.as_deref(), quantity.unit.as_deref());
    if let Some((span, canonical)) = &quantity.canonical {
        rows.push((key.unit(UnitName::Canonical(canonical)), numbers(*span)));
        let names = code.into_iter().chain(unit).map(UnitName::UnitBesideCanonical);
        rows.extend(names.map(|name| (key.unit(name), written)));
    } else {
        let names = code.into_iter().chain(unit).map(UnitName::Code);
        let exact = quantity.system.as_deref().zip(code);
        let exact = exact.map(|(system, code)| UnitName::SystemAndCode(system, code));
        rows.extend(names.chain(exact).map(|name| (key.unit(name), written)));
    }
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Whether the value as written stands under some name of its unit: where the rows of one resource
/// are tested, any of those answers for any unit.
pub(super) fn is_unit_named(rows: &[(i64, (i64, i64))]) -> bool {
    rows.iter().any(|(unit, _)| *unit > 0)
}

/// The smallest and the largest sort value, and whether results are walked by them.
fn sort_values(value: &KeyValue) -> (Vec<u8>, Vec<u8>, bool) {
    let one = |text: &str| (text_key(text), text_key(text), false);
    match value {
        KeyValue::Token(Token { system, code }) => {
            one(&fold(code.as_deref().or(system.as_deref()).unwrap_or_default()))
        }
        KeyValue::Reference(reference) => match reference {
            ReferenceKey::Local { resource, id, .. } => one(&format!("{}/{id}", resource.name())),
            ReferenceKey::Absolute(url) | ReferenceKey::Canonical { url, .. } => one(url),
            ReferenceKey::Identifier { token, .. } => one(token.code.as_deref().unwrap_or_default()),
        },
        KeyValue::Date(span) => (integer_key(span.low), integer_key(span.high), true),
        KeyValue::Number(span) => (float_key(span.low), float_key(span.high), false),
        KeyValue::Quantity(quantity) => {
            let span = quantity.canonical.as_ref().map_or(quantity.value, |(span, _)| *span);
            (float_key(span.low), float_key(span.high), false)
        }
        KeyValue::String(text) => {
            let (lo, hi, _) = one(&fold(text));
            (lo, hi, true)
        }
        KeyValue::Uri(uri) => one(uri),
        KeyValue::Composite(_) => (Vec::new(), Vec::new(), false),
    }
}
