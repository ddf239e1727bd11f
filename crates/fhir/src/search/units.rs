use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use octofhir_ucum::{Number, evaluate, get_canonical_units, parse_expression};

use super::Span;

/// The system of UCUM codes.
pub const UCUM: &str = "http://unitsofmeasure.org";

/// Longer codes have no canonical form here.
const CODE_BYTES_MAX: usize = 200;

/// So many codes are remembered; others are worked out each time.
const KNOWN_MAX: usize = 2048;

/// Powers of ten that an `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// `value` of the unit is `value × factor + offset` of the canonical one.
struct Canonical {
    factor: Number,
    offset: Number,
    unit: String,
}

/// `digits × 10^exponent`
#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    /// The shortest decimal that reads as `value`.
    fn of(value: f64) -> Option<Self> {
        let mut text = Short::new();
        write!(text, "{value:e}").ok()?;
        let (mantissa, exponent) = text.as_str()?.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let sign = if value < 0.0 { -1 } else { 1 };
        let digit = |sum: i128, byte: u8| sum * 10 + i128::from(byte - b'0');
        let digits = whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit).fold(0, digit);
        let exponent = exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
        Some(Self { digits: sign * digits, exponent })
    }

    fn of_number(number: Number) -> Self {
        let (digits, exponent) = number.to_integer_and_exponent();
        Self { digits, exponent }
    }

    fn times(self, other: Self) -> Option<Self> {
        let digits = self.digits.checked_mul(other.digits)?;
        Some(Self { digits, exponent: self.exponent.checked_add(other.exponent)? })
    }

    fn plus(self, other: Self) -> Option<Self> {
        if other.digits == 0 {
            return Some(self);
        }
        let exponent = self.exponent.min(other.exponent);
        let at = |one: Self| {
            let power = u32::try_from(one.exponent.checked_sub(exponent)?).ok()?;
            one.digits.checked_mul(10_i128.checked_pow(power)?)
        };
        Some(Self { digits: at(self)?.checked_add(at(other)?)?, exponent })
    }

    /// The nearest `f64`.
    fn nearest(self) -> Option<f64> {
        let power = POWERS.get(self.exponent.unsigned_abs() as usize);
        match power {
            // One operation on two exact numbers rounds once.
            Some(power) if self.digits.unsigned_abs() < 1 << 53 => {
                let digits = self.digits as f64;
                Some(if self.exponent < 0 { digits / power } else { digits * power })
            }
            _ => {
                let mut text = Short::new();
                write!(text, "{}e{}", self.digits, self.exponent).ok()?;
                text.as_str()?.parse().ok()
            }
        }
    }
}

/// Room for the text of a number.
struct Short {
    bytes: [u8; 64],
    length: usize,
}

impl Short {
    fn new() -> Self {
        Self { bytes: [0; 64], length: 0 }
    }

    fn as_str(&self) -> Option<&str> {
        str::from_utf8(&self.bytes[..self.length]).ok()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
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
        let (factor, offset) = (Decimal::of_number(self.factor), Decimal::of_number(self.offset));
        let short = Decimal::of(value).and_then(|value| value.times(factor)?.plus(offset)?.nearest());
        short.or_else(|| self.convert_any(value)).filter(|value| value.is_finite())
    }

    /// The same for numbers of any length.
    fn convert_any(&self, value: f64) -> Option<f64> {
        let exact = Number::from_f64(value)?.checked_mul(self.factor)?.checked_add(self.offset)?;
        Some(exact.to_f64())
    }
}

/// A memo of what [`Canonical::of`] gave.
static KNOWN: LazyLock<RwLock<HashMap<String, Option<Arc<Canonical>>>>> = LazyLock::new(RwLock::default);

fn canonical(code: &str) -> Option<Arc<Canonical>> {
    // What is an annotation alone (`{score}`) counts as 1 to UCUM, but scores are no percentages.
    let is_annotation = code.starts_with('{') && code.ends_with('}');
    if code.len() > CODE_BYTES_MAX || is_annotation {
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
/// `None` for what is no UCUM code, for units on a scale that is not linear (`[pH]`, `dB`) and for
/// annotations alone (`{score}`), whose amounts compare only with the same unit.
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
    use proptest::prelude::*;

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
            &[(12.0, "%"), (0.12, "1")],
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
        for code in
            ["", "no unit", "mgs", "{score}", "[pH]", "dB", "tablets", "kg kg", &"m.".repeat(5000), "(("]
        {
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

    proptest! {
        #[test]
        fn both_ways_to_convert_agree(
            digits in -1_000_000_000_000_000_i64..1_000_000_000_000_000, exponent in -12..6_i32,
            code in prop::sample::select(vec!["mg", "umol/L", "[degF]", "Cel", "mm[Hg]", "[lb_av]", "a", "%", "Ym3"]),
        ) {
            let value: f64 = format!("{digits}e{exponent}").parse().unwrap();
            let canonical = Canonical::of(code).unwrap();
            prop_assert_eq!(canonical.convert(value), canonical.convert_any(value));
            let Decimal { digits, exponent } = Decimal::of(value).unwrap();
            prop_assert_eq!(format!("{digits}e{exponent}").parse::<f64>(), Ok(value));
        }
    }
}
