//! Each key once.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::search::{Key, KeyValue, Span};

/// Up to so many keys are compared one with the other.
const COMPARED_MAX: usize = 32;

/// Drops repetitions, keeping the order within each parameter.
pub(super) fn each_once(mut keys: Vec<Key>) -> Vec<Key> {
    if keys.len() <= COMPARED_MAX {
        drop_compared(&mut keys);
        return keys;
    }
    keys.sort_by_key(|key| key.parameter);
    let mut first = 0;
    let mut repeated = Vec::new();
    for group in keys.chunk_by(|one, next| one.parameter == next.parameter) {
        if group.len() > 1 {
            mark(group, first, &mut repeated);
        }
        first += group.len();
    }
    if !repeated.is_empty() {
        repeated.sort_unstable();
        let mut place = 0..;
        keys.retain(|_| place.next().is_some_and(|at| repeated.binary_search(&at).is_err()));
    }
    keys
}

fn drop_compared(keys: &mut Vec<Key>) {
    let mut at = 1;
    while at < keys.len() {
        if keys[..at].contains(&keys[at]) {
            keys.remove(at);
        } else {
            at += 1;
        }
    }
}

/// Adds the places of keys that occur earlier in the group, which begins at `first`.
fn mark(group: &[Key], first: usize, repeated: &mut Vec<usize>) {
    if group.len() <= COMPARED_MAX {
        let is_repeated = |at: &usize| group[..*at].contains(&group[*at]);
        repeated.extend((1..group.len()).filter(is_repeated).map(|at| first + at));
        return;
    }
    let mut known: HashMap<u64, Vec<usize>> = HashMap::with_capacity(group.len());
    for (at, key) in group.iter().enumerate() {
        let mut hasher = DefaultHasher::new();
        hash(&key.value, &mut hasher);
        let alike = known.entry(hasher.finish()).or_default();
        if alike.iter().any(|earlier| group[*earlier] == *key) {
            repeated.push(first + at);
        } else {
            alike.push(at);
        }
    }
}

/// Equal values have equal hashes.
fn hash(value: &KeyValue, hasher: &mut DefaultHasher) {
    match value {
        KeyValue::Token(token) => token.hash(hasher),
        KeyValue::Reference(reference) => reference.hash(hasher),
        KeyValue::Date(span) => (span.low, span.high).hash(hasher),
        KeyValue::Number(span) => hash_span(*span, hasher),
        KeyValue::Quantity(quantity) => {
            hash_span(quantity.value, hasher);
            (&quantity.system, &quantity.code, &quantity.unit).hash(hasher);
        }
        KeyValue::String(text) | KeyValue::Uri(text) => text.hash(hasher),
        KeyValue::Composite(parts) => parts.iter().for_each(|part| hash(part, hasher)),
    }
}

fn hash_span(span: Span<f64>, hasher: &mut DefaultHasher) {
    // Adding zero makes one of the two zeros.
    ((span.low + 0.0).to_bits(), (span.high + 0.0).to_bits()).hash(hasher);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::SearchParameter;

    fn key(parameter: u16, value: KeyValue) -> Key {
        Key { parameter: SearchParameter(parameter), value }
    }

    #[test]
    fn repetitions_go_and_the_first_stays() {
        let text = |text: &str| KeyValue::String(text.to_owned());
        for count in [3, 10, 200] {
            let mut keys = Vec::new();
            for round in 0..2 {
                for at in 0..count {
                    keys.push(key(7, text(&at.to_string())));
                    keys.push(key(3, KeyValue::Number(Span { low: f64::from(at), high: f64::from(at) })));
                    keys.push(key(3, KeyValue::Number(Span { low: -0.0, high: 0.0 })));
                    keys.push(key(9, KeyValue::Composite(vec![text("x"), text(&(at + round).to_string())])));
                }
            }
            let kept = each_once(keys);
            let of = |parameter: u16| {
                let of: Vec<_> =
                    kept.iter().filter(|key| key.parameter == SearchParameter(parameter)).collect();
                of
            };
            assert_eq!(of(7).len(), count as usize);
            assert_eq!(of(7)[2].value, text("2"));
            assert_eq!(of(3).len(), count as usize);
            assert_eq!(of(9).len(), count as usize + 1);
        }
        assert_eq!(each_once(Vec::new()), []);
    }
}
