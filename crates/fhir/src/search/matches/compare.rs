use crate::definitions::Comparator;
use crate::search::{Compared, Span};

/// A date of the resource with one that is asked for; the ends are excluded.
pub(super) fn dates(asked: &Compared<Span<i64>>, value: Span<i64>) -> bool {
    let written = asked.span;
    let contained = written.low <= value.low && value.high <= written.high;
    let above = value.high > written.high;
    let below = value.low < written.low;
    match asked.comparator {
        Comparator::Eq => contained,
        Comparator::Ne => !contained,
        Comparator::Gt => above,
        Comparator::Lt => below,
        Comparator::Ge => above || contained,
        Comparator::Le => below || contained,
        Comparator::Sa => value.low >= written.high,
        Comparator::Eb => value.high <= written.low,
        Comparator::Ap => value.low < written.high && value.high > written.low,
    }
}

/// A number of the resource, its end included, with one that is asked for, its end excluded.
pub(super) fn numbers(asked: &Compared<Span<f64>>, value: Span<f64>) -> bool {
    let (written, exact) = (asked.span, asked.exact);
    let contained = written.low <= value.low && value.high < written.high;
    match asked.comparator {
        Comparator::Eq => contained,
        Comparator::Ne => !contained,
        Comparator::Gt => value.high > exact,
        Comparator::Ge => value.high >= exact,
        Comparator::Lt => value.low < exact,
        Comparator::Le => value.low <= exact,
        Comparator::Sa => value.low > exact,
        Comparator::Eb => value.high < exact,
        Comparator::Ap => value.low < written.high && value.high >= written.low,
    }
}

/// Whether a URI is a path prefix of another (R4 §3.1.1.4.9): equal to it, or the other goes on
/// with `/`. A `/` at the prefix's own end does not count.
#[must_use]
pub fn is_path_prefix(prefix: &str, text: &str) -> bool {
    let path = prefix.strip_suffix('/').unwrap_or(prefix);
    prefix == text || text.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
