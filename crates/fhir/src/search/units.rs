use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use octofhir_ucum::{Number, evaluate, get_canonical_units, parse_expression};

use super::Span;

/// The system of UCUM codes.
pub const UCUM: &str = "http://unitsofmeasure.org";

/// Longer codes have no canonical form here.
const CODE_BYTES_MAX: usize = 200;

/// So many codes are remembered; others are worked out each time.
const KNOWN_MAX: usize = 2048;

/// `value` of the unit is `value × factor + offset` of the canonical one.
struct Canonical {
    factor: Number,
    offset: Number,
    unit: String,
}

impl Canonical {
    fn of(code: &str) -> Option<Self> {
        // Looking for corrections of what is no unit would cost milliseconds: ask the cheap way first.
        evaluate(&parse_expression(code).ok()?).ok()?;
        let found = get_canonical_units(code).ok()?;
        Some(Self { factor: found.factor, offset: found.offset, unit: found.unit })
    }

    /// Rounded once, from the exact product: equal amounts in different units come out equal.
    fn convert(&self, value: f64) -> Option<f64> {
        if value.is_infinite() {
            return Some(value);
        }
        let exact = Number::from_f64(value)?.checked_mul(self.factor)?.checked_add(self.offset)?;
        Some(exact.to_f64()).filter(|value| value.is_finite())
    }
}

/// A memo of what [`Canonical::of`] gave.
static KNOWN: LazyLock<RwLock<HashMap<String, Option<Arc<Canonical>>>>> = LazyLock::new(RwLock::default);

fn canonical(code: &str) -> Option<Arc<Canonical>> {
    if code.len() > CODE_BYTES_MAX {
        return None;
    }
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(code) {
        return known.clone();
    }
    let found = Canonical::of(code).map(Arc::new);
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() < KNOWN_MAX {
        known.insert(code.to_owned(), found.clone());
    }
    found
}

/// An amount in the canonical unit of a UCUM code, with that unit (`g.m-3`): base units without
/// prefixes, so that amounts of one dimension compare whatever they were written in.
///
/// `None` for what is no UCUM code, and for units on a scale that is not linear (`[pH]`, `dB`),
/// whose amounts compare only with the same unit.
#[must_use]
pub fn canonical_quantity(value: f64, code: &str) -> Option<(f64, String)> {
    let canonical = canonical(code)?;
    Some((canonical.convert(value)?, canonical.unit.clone()))
}

/// [`canonical_quantity`] of both ends; open ends stay open.
#[must_use]
pub fn canonical_span(span: Span<f64>, code: &str) -> Option<(Span<f64>, String)> {
    let canonical = canonical(code)?;
    let low = canonical.convert(span.low)?;
    let high = if span.high == span.low { low } else { canonical.convert(span.high)? };
    Some((Span { low, high }, canonical.unit.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_amounts_are_equal_numbers() {
        let same: [&[(f64, &str)]; 8] = [
            &[(5.4, "mg"), (0.0054, "g"), (5400.0, "ug"), (5.4e-6, "kg")],
            &[(6.3, "mmol/L"), (0.0063, "mol/L"), (6.3, "mol/m3"), (6300.0, "umol/L")],
            &[(1.0, "h"), (60.0, "min"), (3600.0, "s")],
            &[(120.0, "mm[Hg]"), (12.0, "cm[Hg]")],
            &[(37.0, "Cel"), (310.15, "K")],
            &[(98.6, "[degF]"), (37.0, "Cel")],
            &[(0.3, "m"), (30.0, "cm"), (300.0, "mm")],
            &[(12.0, "%"), (0.12, "1"), (0.12, "{ratio}")],
        ];
        for amounts in same {
            let first = canonical_quantity(amounts[0].0, amounts[0].1).unwrap();
            for (value, code) in amounts {
                assert_eq!(canonical_quantity(*value, code).unwrap(), first, "{value} {code}");
            }
        }
        assert_eq!(canonical_quantity(5.4, "mg"), Some((0.0054, "g".to_owned())));
        assert_eq!(canonical_quantity(1.5, "km/h").unwrap().1, "m.s-1");
        assert_ne!(canonical_quantity(1.0, "[iU]").unwrap().1, canonical_quantity(1.0, "1").unwrap().1);
    }

    #[test]
    fn what_has_no_linear_canonical_unit_has_none() {
        for code in ["", "no unit", "mgs", "[pH]", "dB", "tablets", "kg kg", &"m.".repeat(5000), "(("] {
            assert_eq!(canonical_quantity(1.0, code), None, "{code}");
        }
        assert_eq!(canonical_quantity(f64::NAN, "g"), None);
    }

    #[test]
    fn open_ends_stay_open() {
        let span = Span { low: f64::NEG_INFINITY, high: 2.0 };
        let expected = Span { low: f64::NEG_INFINITY, high: 0.002 };
        assert_eq!(canonical_span(span, "mg"), Some((expected, "g".to_owned())));
        let point = Span { low: 0.0, high: 0.0 };
        assert_eq!(canonical_span(point, "Cel").unwrap().0, Span { low: 273.15, high: 273.15 });
    }
}
