use vpr_fhir::definitions::{SearchParameter, SearchParameterType};
use vpr_fhir::search::{KeyValue, fold};

use super::hash::IndexKey;
use super::{Entry, expand};

/// What a part of a composite says, one of the ways in which it can be asked for.
#[derive(Debug, Clone, Default)]
struct Variant {
    /// Code, unit or target.
    hash: Option<i64>,
    /// A token's system.
    system: Option<i64>,
    span: Option<(i64, i64)>,
    text: Option<(String, i64)>,
}

/// Where in a row of `comp` a part is compared. The first part that has a hash (a code, a unit, a
/// target) has it in `h`, the second one in `s2`; a token's system stands beside, in `s1` or, of the
/// second one, in `exact`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A token, the first (0) or second (1) part that has a hash.
    Token(usize),
    /// A reference, likewise.
    Hash(usize),
    /// A number or date in `lo`, `hi` (0) or `lo2`, `hi2` (1).
    Span(usize),
    /// A quantity: where its value stands, and which part that has a hash its unit is.
    Quantity(usize, usize),
    /// Text in `norm` and `exact`.
    Text,
}

/// Where the parts of a composite parameter are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompositeShape(pub(crate) Vec<Slot>);

impl CompositeShape {
    /// Of a composite parameter; `None` when a row has no room for it (no parameter of R4).
    pub(crate) fn of(parameter: SearchParameter) -> Option<Self> {
        let (mut hashes, mut spans, mut texts) = (0, 0, 0);
        let next = |count: &mut usize| {
            *count += 1;
            *count - 1
        };
        let slots: Vec<Slot> = parameter
            .components()
            .map(|(part, _)| match part.value_type() {
                SearchParameterType::Token => Slot::Token(next(&mut hashes)),
                SearchParameterType::Number | SearchParameterType::Date => Slot::Span(next(&mut spans)),
                SearchParameterType::Quantity => Slot::Quantity(next(&mut spans), next(&mut hashes)),
                SearchParameterType::String | SearchParameterType::Uri => {
                    next(&mut texts);
                    Slot::Text
                }
                _ => Slot::Hash(next(&mut hashes)),
            })
            .collect();
        let exact = texts + usize::from(slots.contains(&Slot::Token(1)));
        (hashes <= 2 && spans <= 2 && exact <= 1).then_some(Self(slots))
    }
}

/// The rows of a composite, without the resource: one for each way to ask for it.
pub(super) fn rows(key: &IndexKey, pk: i64, parts: &[KeyValue]) -> Vec<Entry> {
    let mut combinations: Vec<Vec<Variant>> = vec![Vec::new()];
    for part in parts {
        let mut variants = variants(key, part);
        // Where the unit comes second, whoever asks for any unit asks for all that are not canonical.
        let second = combinations.iter().flatten().any(|before| before.hash.is_some());
        if second && matches!(part, KeyValue::Quantity(_)) && variants.iter().any(|each| each.hash > Some(0))
        {
            variants.retain(|each| each.hash != Some(0));
        }
        combinations = combinations
            .into_iter()
            .flat_map(|before| {
                variants.iter().map(move |variant| {
                    let mut longer = before.clone();
                    longer.push(variant.clone());
                    longer
                })
            })
            .collect();
    }
    combinations.iter().map(|parts| row(pk, parts)).collect()
}

fn row(pk: i64, parts: &[Variant]) -> Entry {
    let (mut lo, mut hi, mut hashes, mut systems) = ([0; 2], [0; 2], [0; 2], [0; 2]);
    for (at, (low, high)) in parts.iter().filter_map(|part| part.span).take(2).enumerate() {
        (lo[at], hi[at]) = (low, high);
    }
    let hashed = parts.iter().filter_map(|part| Some((part.hash?, part.system)));
    for (at, (hash, system)) in hashed.take(2).enumerate() {
        (hashes[at], systems[at]) = (hash, system.unwrap_or_default());
    }
    let (norm, exact) =
        parts.iter().find_map(|part| part.text.clone()).unwrap_or((String::new(), systems[1]));
    Entry::Composite { pk, h: hashes[0], lo, hi, s: [systems[0], hashes[1]], exact, norm }
}

fn variants(key: &IndexKey, part: &KeyValue) -> Vec<Variant> {
    match part {
        KeyValue::Token(token) => {
            let (hc, hs) = expand::token(key, token);
            vec![Variant { hash: Some(hc), system: Some(hs), ..Variant::default() }]
        }
        KeyValue::Reference(reference) => {
            let hashes = key.parts_of_reference(reference).into_iter();
            hashes.map(|hash| Variant { hash: Some(hash), ..Variant::default() }).collect()
        }
        KeyValue::Date(span) => {
            vec![Variant { span: Some((span.low, span.high)), ..Variant::default() }]
        }
        KeyValue::Number(span) => {
            vec![Variant { span: Some(expand::numbers(*span)), ..Variant::default() }]
        }
        KeyValue::Quantity(quantity) => expand::units(key, quantity)
            .into_iter()
            .map(|(unit, span)| Variant { hash: Some(unit), span: Some(span), ..Variant::default() })
            .collect(),
        KeyValue::String(text) => {
            vec![Variant { text: Some((fold(text), key.text(text))), ..Variant::default() }]
        }
        KeyValue::Uri(uri) => {
            vec![Variant { text: Some((uri.clone(), key.text(uri))), ..Variant::default() }]
        }
        KeyValue::Composite(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_composite_of_the_standard_fits_into_a_row() {
        for parameter in SearchParameter::all() {
            if parameter.value_type() == SearchParameterType::Composite {
                assert!(CompositeShape::of(parameter).is_some(), "{parameter:?}");
            }
        }
    }

    #[test]
    fn long_text_of_a_composite_is_kept_whole() {
        let key = IndexKey::new(&[0; 32]);
        let long = "x".repeat(500);
        let rows = rows(&key, 1, &[KeyValue::String(long.clone())]);
        assert!(matches!(&rows[..], [Entry::Composite { norm, .. }] if *norm == long));
        assert!(super::super::cut(&long).0.len() < long.len());
    }
}
