//! Writing values as text: dates at a chosen precision and zone, decimals.

use crate::exact::Exact;
use crate::moment::Span;

const SECOND: i64 = 1_000_000;

/// How exactly a date is written.
pub(super) const PRECISIONS: [&str; 6] = ["year", "month", "day", "minute", "second", "millisecond"];

/// A moment as a date of that precision, in a zone of so many minutes.
pub(super) fn date(moment: i64, precision: &str, zone: i64) -> String {
    let with_time = matches!(precision, "minute" | "second" | "millisecond");
    let local = if with_time { moment + zone * 60 * SECOND } else { moment };
    let (days, rest) = (local.div_euclid(86_400 * SECOND), local.rem_euclid(86_400 * SECOND));
    let (year, month, day) = civil(days);
    let mut text = match precision {
        "year" => return format!("{year:04}"),
        "month" => return format!("{year:04}-{month:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}"),
    };
    if !with_time {
        return text;
    }
    let (hour, minute) = (rest / (3600 * SECOND), rest / (60 * SECOND) % 60);
    text += &format!("T{hour:02}:{minute:02}");
    if precision != "minute" {
        text += &format!(":{:02}", rest / SECOND % 60);
    }
    if precision == "millisecond" {
        text += &format!(".{:03}", rest % SECOND / 1000);
    }
    text += &match zone {
        0 => "Z".to_owned(),
        zone => {
            let sign = if zone < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", zone.abs() / 60, zone.abs() % 60)
        }
    };
    text
}

/// Year, month and day of a number of days since 1970, by trying.
fn civil(days: i64) -> (i64, i64, i64) {
    let first_of = |year: i64, month: i64| Span::of(&format!("{year:04}-{month:02}")).low / (86_400 * SECOND);
    let mut year = 1970 + days / 366;
    if days < 0 {
        year = 1970 + days / 365 - 1;
    }
    while first_of(year + 1, 1) <= days {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| first_of(year, *month) <= days).unwrap();
    (year, month, days - first_of(year, month) + 1)
}

/// A decimal with so many places at least; `None` when it has no end within nine.
pub(super) fn decimal(number: Exact, places: u32) -> Option<String> {
    (places..=9).find_map(|places| {
        let whole = number.scaled(places)?;
        let (sign, digits) = (if whole < 0 { "-" } else { "" }, whole.unsigned_abs().to_string());
        let places = usize::try_from(places).unwrap();
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (before, after) = digits.split_at(digits.len() - places);
        Some(if places == 0 { format!("{sign}{before}") } else { format!("{sign}{before}.{after}") })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for text in ["1899-05-06", "1969-12-31", "1970-01-01", "2000-02-29", "2020-12-31", "2031-07-08"] {
            assert_eq!(date(Span::of(text).low, "day", 0), text);
        }
        let moment = Span::of("2020-02-29T23:30:00.123-01:00").low;
        assert_eq!(date(moment, "millisecond", -60), "2020-02-29T23:30:00.123-01:00");
        assert_eq!(date(moment, "second", 330), "2020-03-01T06:00:00+05:30");
        assert_eq!(date(moment, "minute", 0), "2020-03-01T00:30Z");
        assert_eq!(date(moment, "month", 0), "2020-03");
        let written = |text: &str, places| decimal(Exact::parse(text).0, places);
        assert_eq!(written("5.40", 0).unwrap(), "5.4");
        assert_eq!(written("5.4", 2).unwrap(), "5.40");
        assert_eq!(written("-0.05", 0).unwrap(), "-0.05");
        assert_eq!(written("100", 1).unwrap(), "100.0");
        assert_eq!(decimal(Exact::ratio(1, 3), 0), None);
    }
}
