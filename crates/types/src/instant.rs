use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A point in time: microseconds since 1970-01-01T00:00:00Z. Kept to the microsecond, served to
/// the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Instant(pub i64);

impl Instant {
    /// As FHIR's `instant` with milliseconds, UTC: `2026-11-22T17:40:00.123Z`.
    #[must_use]
    pub fn to_millis_text(self) -> String {
        self.format(self.0.div_euclid(1000) * 1000, 3)
    }

    /// Exact to the microsecond, UTC: `2026-11-22T17:40:00.123456Z`.
    #[must_use]
    pub fn to_micros_text(self) -> String {
        self.format(self.0, 6)
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Reads an RFC 3339 instant.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(|t| Self(t.as_microsecond()))
    }

    fn format(self, micros: i64, digits: u8) -> String {
        Timestamp::from_microsecond(micros)
            .map_or_else(|_| format!("@{}us", self.0), |t| format!("{t:.*}", usize::from(digits)))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_micros_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_utc_and_reads_back() {
        let t = Instant(1_795_369_200_123_456);
        assert_eq!(t.to_micros_text(), "2026-11-22T17:40:00.123456Z");
        assert_eq!(t.to_millis_text(), "2026-11-22T17:40:00.123Z");
        assert_eq!(Instant::parse(&t.to_micros_text()), Some(t));
        assert_eq!(Instant(-1).to_millis_text(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Instant(0).to_micros_text(), "1970-01-01T00:00:00.000000Z");
    }
}
