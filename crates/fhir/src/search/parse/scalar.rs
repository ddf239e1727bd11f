//! Numbers and dates with their prefixes (R4 §3.1.1.4.5).

use vpr_types::Instant;

use crate::definitions::Comparator;
use crate::search::{Compared, Span, date_span, number};

/// The prefix and what follows; without one it is `eq`.
fn prefix(text: &str) -> (Comparator, &str) {
    let found = text.get(..2).and_then(Comparator::parse);
    match (found, text.get(2..)) {
        (Some(comparator), Some(rest)) => (comparator, rest),
        _ => (Comparator::Eq, text),
    }
}

/// A number with its prefix. `ap` widens by a tenth of the number, both ends within.
pub(super) fn compared_number(text: &str) -> Option<Compared<Span<f64>>> {
    let (comparator, text) = prefix(text);
    let (exact, mut span) = number(text)?;
    if comparator == Comparator::Ap {
        let tenth = exact.abs() / 10.0;
        span = Span { low: span.low.min(exact - tenth), high: span.high.max((exact + tenth).next_up()) };
    }
    Some(Compared { comparator, span, exact })
}

/// A date with its prefix. `ap` widens by a tenth of the time between now and the date.
pub(super) fn compared_date(text: &str, now: Instant) -> Option<Compared<Span<i64>>> {
    let (comparator, text) = prefix(text);
    // A plus sign that nobody escaped arrives as a space.
    let mut span = match text.contains(' ') {
        true => date_span(&text.replace(' ', "+"))?,
        false => date_span(text)?,
    };
    if comparator == Comparator::Ap {
        let ahead = span.low.saturating_sub(now.0);
        let behind = now.0.saturating_sub(span.high);
        let tenth = ahead.max(behind).max(0) / 10;
        span = Span { low: span.low.saturating_sub(tenth), high: span.high.saturating_add(tenth) };
    }
    Some(Compared { comparator, span, exact: 0.0 })
}
