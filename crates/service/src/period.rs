use vpr_types::Instant;

/// A span of time: from `start` up to and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub start: Instant,
    /// The first moment after it.
    pub end: Instant,
}

impl Period {
    /// What a FHIR `date`, `dateTime` or `instant` covers (FHIR R4 §2.24.0.1): a year, month, day,
    /// minute, second or millisecond. Without a time zone, UTC. A time may have no seconds, as
    /// clients write them in searches.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
        let parts: Vec<&str> = date.split('-').collect();
        let digits = |text: &str, length| {
            (text.len() == length && text.bytes().all(|b| b.is_ascii_digit()))
                .then(|| text.parse::<i64>().ok())?
        };
        let year = digits(parts.first()?, 4).filter(|year| (1..=9998).contains(year))?;
        let month = parts.get(1).map(|month| digits(month, 2).filter(|month| (1..=12).contains(month)));
        let day = parts.get(2).map(|day| digits(day, 2));
        let midnight = |year, month, day| Instant::parse(&format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
        let period = |start, end| Some(Self { start, end });
        match (month, day, parts.len(), time) {
            (None, None, 1, None) => period(midnight(year, 1, 1)?, midnight(year + 1, 1, 1)?),
            (Some(month), None, 2, None) => {
                let month = month?;
                let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                period(midnight(year, month, 1)?, midnight(next_year, next, 1)?)
            }
            (Some(month), Some(day), 3, time) => {
                let start = midnight(year, month?, day?)?;
                match time {
                    None => period(start, Instant(start.0 + 24 * 3600 * 1_000_000)),
                    Some(time) => Self::parse_time(date, time),
                }
            }
            _ => None,
        }
    }

    fn parse_time(date: &str, time: &str) -> Option<Self> {
        let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at(zone_at);
        let zone = match zone {
            "" | "Z" => "Z",
            _ if zone.len() == 6 && zone.as_bytes()[3] == b':' => zone,
            _ => return None,
        };
        let (clock, length) = match clock.len() {
            5 => (format!("{clock}:00"), 60_000_000),
            8 => (clock.to_owned(), 1_000_000),
            10.. if clock.as_bytes()[8] == b'.' => (clock.to_owned(), 1_000),
            _ => return None,
        };
        let start = Instant::parse(&format!("{date}T{clock}{zone}"))?;
        Some(Self { start, end: Instant(start.0.checked_add(length)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_covers_what_it_leaves_open() {
        for (text, start, end) in [
            ("2024", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
            ("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2024-12", "2024-12-01T00:00:00Z", "2025-01-01T00:00:00Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2024-02-29T10:20", "2024-02-29T10:20:00Z", "2024-02-29T10:21:00Z"),
            ("2024-02-29T10:20Z", "2024-02-29T10:20:00Z", "2024-02-29T10:21:00Z"),
            ("2024-02-29T10:20:30+01:00", "2024-02-29T09:20:30Z", "2024-02-29T09:20:31Z"),
            ("2024-02-29T10:20:30.5-02:00", "2024-02-29T12:20:30.500Z", "2024-02-29T12:20:30.501Z"),
        ] {
            let period = Period::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(Some(period.start), Instant::parse(start), "{text}");
            assert_eq!(Some(period.end), Instant::parse(end), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "24",
            "2024-",
            "2024-13",
            "2024-00",
            "2024-1",
            "2023-02-29",
            "2024-02-30",
            "2024-02-29T",
            "2024-02T10:20",
            "2024-02-29T10",
            "2024-02-29T25:00",
            "2024-02-29T10:20:30+1",
            "2024-02-29T10:20:30é",
            "today",
            "2024-02-29-01",
            "+024-01",
            "2024-02-29 10:20",
        ] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }
}
