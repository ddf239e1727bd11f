use vpr_fhir::definitions::{SearchParameter, SearchParameterType};
use vpr_fhir::search::KeyValue;

use super::expand;
use super::hash::IndexKey;

/// What a part of a composite says, one of the ways in which it can be asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Variant {
    /// Goes into `comp.h`.
    hash: Option<i64>,
    /// A token's system.
    system: Option<i64>,
    span: Option<(i64, i64)>,
    text: Option<(String, i64)>,
}

/// Where in a row of `comp` a part is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Code in `h`, system in `s1` (0) or `s2` (1).
    Token(usize),
    /// In `h` alone.
    Hash,
    /// Unit, if any, in `h`, value in `lo`, `hi` (0) or `lo2`, `hi2` (1).
    Span(usize),
    /// In `norm` and `exact`.
    Text,
}

/// Where the parts of a composite parameter are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompositeShape(pub(crate) Vec<Slot>);

impl CompositeShape {
    /// Of a composite parameter; `None` when a row has no room for it (no parameter of R4).
    pub(crate) fn of(parameter: SearchParameter) -> Option<Self> {
        let (mut tokens, mut spans, mut texts) = (0, 0, 0);
        let slots = parameter
            .components()
            .map(|(part, _)| match part.value_type() {
                SearchParameterType::Token => {
                    tokens += 1;
                    Slot::Token(tokens - 1)
                }
                SearchParameterType::Number | SearchParameterType::Date | SearchParameterType::Quantity => {
                    spans += 1;
                    Slot::Span(spans - 1)
                }
                SearchParameterType::String | SearchParameterType::Uri => {
                    texts += 1;
                    Slot::Text
                }
                _ => Slot::Hash,
            })
            .collect();
        (tokens <= 2 && spans <= 2 && texts <= 1).then_some(Self(slots))
    }
}

/// `comp.h` of the parts' hashes, in their order; parts that have none are left out.
pub(crate) fn combine(key: &IndexKey, hashes: &[Option<i64>]) -> i64 {
    let hashes: Vec<i64> = hashes.iter().flatten().copied().collect();
    key.parts(&hashes)
}

/// The rows of a composite, without the resource: one for each way to ask for it.
pub(super) fn rows(key: &IndexKey, pk: i64, parts: &[KeyValue]) -> Vec<super::Entry> {
    let mut combinations: Vec<Vec<Variant>> = vec![Vec::new()];
    for part in parts {
        let variants = variants(key, part);
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
    combinations.iter().map(|parts| row(key, pk, parts)).collect()
}

fn row(key: &IndexKey, pk: i64, parts: &[Variant]) -> super::Entry {
    let hashes: Vec<Option<i64>> = parts.iter().map(|part| part.hash).collect();
    let (mut lo, mut hi, mut s) = ([0; 2], [0; 2], [0; 2]);
    for (at, (low, high)) in parts.iter().filter_map(|part| part.span).take(2).enumerate() {
        (lo[at], hi[at]) = (low, high);
    }
    for (at, system) in parts.iter().filter_map(|part| part.system).take(2).enumerate() {
        s[at] = system;
    }
    let (norm, exact) = parts.iter().find_map(|part| part.text.clone()).unwrap_or_default();
    super::Entry::Composite { pk, h: combine(key, &hashes), lo, hi, s, exact, norm }
}

fn variants(key: &IndexKey, part: &KeyValue) -> Vec<Variant> {
    let hash = |hash| Variant { hash: Some(hash), ..Variant::default() };
    match part {
        KeyValue::Token(token) => expand::tokens(key, token)
            .into_iter()
            .map(|(hc, hs)| Variant { hash: Some(hc), system: Some(hs), ..Variant::default() })
            .collect(),
        KeyValue::Reference(reference) => key.parts_of_reference(reference).into_iter().map(hash).collect(),
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
            let text = (vpr_fhir::search::fold(text), key.text(text));
            vec![Variant { text: Some(text), ..Variant::default() }]
        }
        KeyValue::Uri(uri) => {
            let text = (uri.clone(), key.text(uri));
            vec![Variant { text: Some(text), ..Variant::default() }]
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
        assert!(matches!(&rows[..], [super::super::Entry::Composite { norm, .. }] if *norm == long));
        assert!(super::super::cut(&long).0.len() < long.len());
    }
}
