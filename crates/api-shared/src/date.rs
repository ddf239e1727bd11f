//! Dates as HTTP writes them (RFC 9110 §5.6.7).

use std::time::{Duration, UNIX_EPOCH};

use vpr_types::Instant;

/// An instant, to the second, rounded down: `Sun, 06 Nov 1994 08:49:37 GMT`. Years from 1970 to 9999.
#[must_use]
pub fn format_date(instant: Instant) -> String {
    let seconds = u64::try_from(instant.seconds()).unwrap_or(0).min(253_402_300_799);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Seconds since the epoch of a date in any of HTTP's three forms; `None` for anything else, which
/// a recipient ignores (RFC 9110 §13.1.3).
#[must_use]
pub fn parse_date(text: &str) -> Option<i64> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_standard() {
        // The three spellings of one instant in RFC 9110 §5.6.7.
        for text in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(parse_date(text), Some(784_111_777), "{text}");
        }
        assert_eq!(format_date(Instant(784_111_777_999_999)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(format_date(Instant(-1)), "Thu, 01 Jan 1970 00:00:00 GMT");
        for bad in ["", "yesterday", "2026-11-22T00:00:00Z", "Sun, 06 Nov 1994 08:49:37 CET"] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
    }
}
