//! Numbers (R4 §3.1.1.4.6) and quantities (R4 §3.1.1.4.11).

use vpr_codec::Value;

use super::datatype::{around, text_of};
use crate::search::{KeyValue, QuantityKey, Span, UCUM, canonical_span};

const CURRENCY: &str = "urn:iso:std:iso:4217";

/// An `integer` or `decimal`.
pub(super) fn number(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    if let Some(value) = decimal(element) {
        take(KeyValue::Number(point(value)));
    }
}

/// A `Range`, open where it has no low or no high.
pub(super) fn number_range(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    let end = |name| element.get(name)?.get("value").and_then(decimal);
    if let Some(span) = between(end("low"), end("high")) {
        take(KeyValue::Number(span));
    }
}

/// A `Quantity` or one of its kinds. A comparator opens one end.
pub(super) fn quantity(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    let Some(value) = element.get("value").and_then(decimal) else { return };
    let span = match element.get("comparator").and_then(text_of).as_deref() {
        Some("<" | "<=") => Span { low: f64::NEG_INFINITY, high: value },
        Some(">" | ">=") => Span { low: value, high: f64::INFINITY },
        _ => point(value),
    };
    take(KeyValue::Quantity(Unit::of(element).key(span)));
}

/// A `Range`. Its ends stand in one unit, or in units that have one canonical unit.
pub(super) fn quantity_range(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    let end = |name| {
        let end = element.get(name)?;
        Some((end.get("value").and_then(decimal)?, Unit::of(end)))
    };
    let key = match (end("low"), end("high")) {
        (None, None) => return,
        (Some((low, unit)), None) => unit.key(Span { low, high: f64::INFINITY }),
        (None, Some((high, unit))) => unit.key(Span { low: f64::NEG_INFINITY, high }),
        (Some((low, unit)), Some((high, other))) if unit == other => {
            unit.key(around(point(low), point(high)))
        }
        (Some((low, unit)), Some((high, other))) => {
            let (low, high) = (unit.key(point(low)).canonical, other.key(point(high)).canonical);
            let (Some((low, unit)), Some((high, other))) = (low, high) else { return };
            if unit != other {
                return;
            }
            let (system, code) = (Some(UCUM.to_owned()), Some(unit));
            Unit { system, code, unit: None }.key(around(low, high))
        }
    };
    take(KeyValue::Quantity(key));
}

/// A `Money`: its currency is the code.
pub(super) fn money(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    let Some(value) = element.get("value").and_then(decimal) else { return };
    let code = element.get("currency").and_then(text_of).map(|code| code.into_owned());
    let system = code.as_ref().map(|_| CURRENCY.to_owned());
    take(KeyValue::Quantity(Unit { system, code, unit: None }.key(point(value))));
}

/// A `SampledData`: from its smallest to its largest sample, in the unit of its origin. Samples
/// below or above the limits of detection open an end.
pub(super) fn sampled_data(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    let Some(origin) = element.get("origin") else { return };
    let zero = origin.get("value").and_then(decimal).unwrap_or(0.0);
    let factor = element.get("factor").and_then(decimal).unwrap_or(1.0);
    let data = element.get("data").and_then(text_of).unwrap_or_default();
    let samples = data.split_ascii_whitespace().filter_map(|sample| match sample {
        "L" => Some(f64::NEG_INFINITY),
        "U" => Some(f64::INFINITY),
        sample => finite(sample).map(|sample| zero + sample * factor),
    });
    let span = samples.filter(|sample| !sample.is_nan()).map(point).reduce(around);
    if let Some(span) = span.filter(|span| span.low != f64::INFINITY && span.high != f64::NEG_INFINITY) {
        take(KeyValue::Quantity(Unit::of(origin).key(span)));
    }
}

fn decimal(value: Value<'_>) -> Option<f64> {
    finite(value.number_text()?)
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

fn point(value: f64) -> Span<f64> {
    Span { low: value, high: value }
}

fn between(low: Option<f64>, high: Option<f64>) -> Option<Span<f64>> {
    match (low, high) {
        (None, None) => None,
        (Some(low), Some(high)) => Some(around(point(low), point(high))),
        (low, high) => {
            Some(Span { low: low.unwrap_or(f64::NEG_INFINITY), high: high.unwrap_or(f64::INFINITY) })
        }
    }
}

#[derive(PartialEq)]
struct Unit {
    system: Option<String>,
    code: Option<String>,
    unit: Option<String>,
}

impl Unit {
    fn of(quantity: Value<'_>) -> Self {
        let text = |name| quantity.get(name).and_then(text_of).map(|text| text.into_owned());
        Self { system: text("system"), code: text("code"), unit: text("unit") }
    }

    fn key(self, value: Span<f64>) -> QuantityKey {
        let is_ucum = self.system.as_deref() == Some(UCUM);
        let canonical = self.code.as_deref().filter(|_| is_ucum).and_then(|code| canonical_span(value, code));
        QuantityKey { value, system: self.system, code: self.code, unit: self.unit, canonical }
    }
}
