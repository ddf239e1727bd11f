//! Dates (R4 §3.1.1.4.7).

use vpr_codec::Value;

use super::datatype::{around, each};
use crate::search::{KeyValue, Span, date_span};

/// A `date`, `dateTime` or `instant`.
pub(super) fn date(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    if let Some(span) = written(element) {
        take(KeyValue::Date(span));
    }
}

/// A `Period`, open where it has no start or no end.
pub(super) fn period(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    if let Some(span) = period_span(element) {
        take(KeyValue::Date(span));
    }
}

/// The outer limits of a `Timing`: of its events and of the period that bounds it.
pub(super) fn timing(element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
    let events = element.get("event").into_iter().flat_map(each).filter_map(written);
    let bounds = element.get("repeat").and_then(|repeat| repeat.get("boundsPeriod")).and_then(period_span);
    if let Some(span) = events.chain(bounds).reduce(around) {
        take(KeyValue::Date(span));
    }
}

fn written(element: Value<'_>) -> Option<Span<i64>> {
    date_span(&element.as_str()?)
}

fn period_span(element: Value<'_>) -> Option<Span<i64>> {
    match (element.get("start").and_then(written), element.get("end").and_then(written)) {
        (None, None) => None,
        (Some(start), None) => Some(Span { low: start.low, high: i64::MAX }),
        (None, Some(end)) => Some(Span { low: i64::MIN, high: end.high }),
        // One that ends before it starts still covers something. Else the end is that of what was
        // written as its end, also where the start is less precise and reaches beyond it.
        (Some(start), Some(end)) if end.high <= start.low => Some(around(start, end)),
        (Some(start), Some(end)) => Some(Span { low: start.low, high: end.high }),
    }
}
