//! Dates and times as spans of microseconds since 1970 in UTC, the end excluded.

/// From `low` up to, not including, `high`; open ends are the ends of `i64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first microsecond.
    pub low: i64,
    /// The first one after it.
    pub high: i64,
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

impl Span {
    /// All of time.
    pub const ALWAYS: Self = Self { low: i64::MIN, high: i64::MAX };

    /// What a date, dateTime or instant of R4 covers, by its written precision; seconds may be left
    /// out. What has no zone is UTC.
    ///
    /// # Panics
    /// When it is none of these.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
        let parts: Vec<i64> = date.split('-').map(|part| part.parse().unwrap()).collect();
        let Some(time) = time else {
            let (low, high) = match parts[..] {
                [year] => (days(year, 1, 1), days(year + 1, 1, 1)),
                [year, 12] => (days(year, 12, 1), days(year + 1, 1, 1)),
                [year, month] => (days(year, month, 1), days(year, month + 1, 1)),
                [year, month, day] => (days(year, month, day), days(year, month, day) + 1),
                _ => panic!("no date: {text}"),
            };
            return Self { low: low * DAY, high: high * DAY };
        };
        let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at(zone);
        let mut low = days(parts[0], parts[1], parts[2]) * DAY - offset(zone) * 60 * SECOND;
        let mut width = 60 * SECOND;
        for (at, part) in clock.split(':').enumerate() {
            let (whole, fraction) = part.split_once('.').unwrap_or((part, ""));
            low += whole.parse::<i64>().unwrap() * [3600, 60, 1][at] * SECOND;
            if at == 2 {
                width = SECOND / 10_i64.pow(u32::try_from(fraction.len()).unwrap());
                low += fraction.parse::<i64>().unwrap_or(0) * if fraction.is_empty() { 0 } else { width };
            }
        }
        Self { low, high: low + width }
    }

    /// Whether all of `other` lies within.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    /// Whether the two share a moment.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.low < other.high && other.low < self.high
    }

    /// The least span with both in it.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// The minutes of a zone.
fn offset(zone: &str) -> i64 {
    let Some((hours, minutes)) = zone.get(1..).and_then(|rest| rest.split_once(':')) else { return 0 };
    let minutes = hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap();
    if zone.starts_with('-') { -minutes } else { minutes }
}

/// Days since 1970-01-01 in the Gregorian calendar, by counting.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let is_leap = |year: i64| year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
    let year_days = |year: i64| if is_leap(year) { 366 } else { 365 };
    let years: i64 = match year >= 1970 {
        true => (1970..year).map(year_days).sum(),
        false => -(year..1970).map(year_days).sum::<i64>(),
    };
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    years + months.iter().take(usize::try_from(month - 1).unwrap()).sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_zones_decide() {
        let at = |text: &str| Span::of(text).low;
        assert_eq!(at("1970-01-01T00:00:00Z"), 0);
        // 1,700,000,000 s after 1970 was 2023-11-14T22:13:20Z.
        assert_eq!(at("2023-11-14T22:13:20Z"), 1_700_000_000 * SECOND);
        assert_eq!(at("2023-11-15T00:13:20+02:00"), 1_700_000_000 * SECOND);
        assert_eq!(at("2023-11-14T16:43:20-05:30"), 1_700_000_000 * SECOND);
        assert_eq!(at("1969-12-31"), -DAY);
        assert_eq!(at("2000-03-01") - at("2000-02-28"), 2 * DAY);
        assert_eq!(at("1900-03-01") - at("1900-02-28"), DAY);
        let width = |text: &str| Span::of(text).high - Span::of(text).low;
        assert_eq!(width("2024"), 366 * DAY);
        assert_eq!(width("2023-12"), 31 * DAY);
        assert_eq!(width("2023-12-31"), DAY);
        assert_eq!(width("2023-12-31T10:00Z"), 60 * SECOND);
        assert_eq!(width("2023-12-31T10:00:00"), SECOND);
        assert_eq!(width("2023-12-31T10:00:00.250Z"), 1_000);
        assert_eq!(at("2023-12-31T10:00:00.250Z") - at("2023-12-31T10:00Z"), 250_000);
        assert!(Span::of("2023").contains(Span::of("2023-12-31T23:59:59Z")));
        assert!(!Span::of("2023").contains(Span::of("2023-12-31T23:59:59-01:00")));
    }
}
