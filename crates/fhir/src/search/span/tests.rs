use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

fn micros(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

#[test]
fn a_date_covers_what_was_written() {
    let cases = [
        ("1970", "1970-01-01T00:00:00Z", "1971-01-01T00:00:00Z"),
        ("0001", "0001-01-01T00:00:00Z", "0002-01-01T00:00:00Z"),
        ("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("2023-12", "2023-12-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("1900-02-28", "1900-02-28T00:00:00Z", "1900-03-01T00:00:00Z"),
        ("2013-01-14T10:00", "2013-01-14T10:00:00Z", "2013-01-14T10:01:00Z"),
        ("2013-01-14T10:00Z", "2013-01-14T10:00:00Z", "2013-01-14T10:01:00Z"),
        ("2013-01-14T10:00+02:00", "2013-01-14T08:00:00Z", "2013-01-14T08:01:00Z"),
        ("2013-01-14T10:00:05", "2013-01-14T10:00:05Z", "2013-01-14T10:00:06Z"),
        ("2013-01-14T00:30:00+01:30", "2013-01-13T23:00:00Z", "2013-01-13T23:00:01Z"),
        ("2013-01-14T10:00:00-14:00", "2013-01-15T00:00:00Z", "2013-01-15T00:00:01Z"),
        ("2013-01-14T10:00:00.123Z", "2013-01-14T10:00:00.123Z", "2013-01-14T10:00:00.124Z"),
        ("2013-01-14T10:00:00.1Z", "2013-01-14T10:00:00.1Z", "2013-01-14T10:00:00.2Z"),
        ("2013-01-14T10:00:00.123456Z", "2013-01-14T10:00:00.123456Z", "2013-01-14T10:00:00.123457Z"),
        ("2013-01-14T10:00:00.1234569Z", "2013-01-14T10:00:00.123456Z", "2013-01-14T10:00:00.123457Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"),
    ];
    for (text, low, high) in cases {
        assert_eq!(date_span(text), Some(Span { low: micros(low), high: micros(high) }), "{text}");
    }
    let last = Span { low: micros("9999-01-01T00:00:00Z"), high: micros("9999-01-01T00:00:00Z") + 365 * DAY };
    assert_eq!(date_span("9999"), Some(last));
}

#[test]
fn what_is_no_date_covers_nothing() {
    for text in [
        "",
        "2",
        "202",
        "0000",
        "20233",
        "2023-",
        "2023-1",
        "2023-13",
        "2023-00",
        "2023-02-29",
        "2023-04-31",
        "2023-01-00",
        "2023-01-01T",
        "2023-01-01T10",
        "2023-01-01T24:00",
        "2023-01-01T10:60",
        "2023-01-01T10:00:61",
        "2023-01-01T10:00:00.Z",
        "2023-01-01T10:00:00z",
        "2023-01-01t10:00:00Z",
        "2023-01-01 10:00:00Z",
        "2023-01-01T10:00:00+2:00",
        "2023-01-01T10:00:00+0200",
        "2023-01-01T10:00:00+02:000",
        "2023-01-01T10:00:00+14:01",
        "2023-01-01T10:00:00+02:60",
        "2023-01-01Z",
        "2023-01Z",
        "2é23",
        "-2023",
        " 2023",
        "2023 ",
    ] {
        assert_eq!(date_span(text), None, "{text}");
    }
}

#[test]
fn a_number_covers_what_rounds_to_it() {
    let cases = [
        ("100", 100.0, 99.5, 100.5),
        ("100.00", 100.0, 99.995, 100.005),
        ("1e2", 100.0, 95.0, 105.0),
        ("1.0e2", 100.0, 95.0, 105.0),
        ("1.00e2", 100.0, 99.5, 100.5),
        ("12E1", 120.0, 115.0, 125.0),
        ("5.4", 5.4, 5.35, 5.45),
        ("5.40e-3", 5.4e-3, 5.395e-3, 5.405e-3),
        ("-5.4", -5.4, -5.45, -5.35),
        ("+5.4", 5.4, 5.35, 5.45),
        ("0", 0.0, -0.5, 0.5),
        ("0.0", 0.0, -0.05, 0.05),
        ("-0", 0.0, -0.5, 0.5),
        ("1", 1.0, 0.5, 1.5),
        ("10", 10.0, 9.5, 10.5),
        ("007", 7.0, 6.5, 7.5),
        (".5", 0.5, 0.45, 0.55),
        ("1e-2", 0.01, 0.0095, 0.0105),
        ("1000000", 1e6, 999_999.5, 1_000_000.5),
    ];
    for (text, exact, low, high) in cases {
        assert_eq!(number(text), Some((exact, Span { low, high })), "{text}");
    }
    for text in
        ["", "-", "+", ".", "5.", "1e", "1e+", "e2", "1.2.3", "1,5", "--1", "0x1", "NaN", "inf", "1e400"]
    {
        assert_eq!(number(text), None, "{text}");
    }
    assert_eq!(number("1e99999999999"), None);
}

#[test]
fn digits_beyond_the_precision_of_a_float_still_find_their_number() {
    let (exact, span) = number("0.1000000000000000000000000000000000001").unwrap();
    assert!(span.low <= exact && exact < span.high);
    assert_eq!(exact, 0.1);
}

proptest! {
    #[test]
    fn an_instant_is_where_another_reader_puts_it(
        day in 0..3_650_000_i32, second in 0..86_400_i32, offset in -840..=840_i32, millis in 0..1000_i32,
    ) {
        let day = date(1, 1, 1).checked_add(jiff::Span::new().days(day.min(3_650_000))).unwrap();
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
        let text = format!("{day}T{hour:02}:{minute:02}:{second:02}.{millis:03}{sign}{hours:02}:{minutes:02}");
        let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(offset * 60).unwrap());
        let local = day.at(hour as i8, minute as i8, second as i8, millis * 1_000_000);
        let Ok(moment) = zone.to_timestamp(local) else { return Ok(()) };
        let span = date_span(&text).unwrap();
        prop_assert_eq!(span, Span { low: moment.as_microsecond(), high: moment.as_microsecond() + 1000 });
    }

    #[test]
    fn what_is_written_longer_lies_within(
        year in 1..=9999, month in 1..=12, day in 1..=28, hour in 0..24, minute in 0..60, second in 0..60,
    ) {
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        let spans = [4, 7, 10, 16, 19].map(|length| date_span(&text[..length]).unwrap());
        for pair in spans.windows(2) {
            prop_assert!(pair[0].low <= pair[1].low && pair[1].high <= pair[0].high && pair[1].low < pair[1].high);
        }
    }

    #[test]
    fn any_text_is_read_without_harm(text in "\\PC*") {
        let _ = date_span(&text);
        let _ = number(&text);
    }

    #[test]
    fn the_numbers_of_an_implied_span_are_those_that_round_to_it(
        mantissa in -1_000_000_i64..1_000_000, places in 0..6_usize, other in -1_000_000_i64..1_000_000,
    ) {
        // In whole tenths of the last digit's unit, where all of this is exact.
        let decimal = |value: i64, places: usize| {
            let digits = format!("{:0width$}", value.unsigned_abs(), width = places + 1);
            let (whole, fraction) = digits.split_at(digits.len() - places);
            let sign = if value < 0 { "-" } else { "" };
            if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
        };
        let (exact, span) = number(&decimal(mantissa, places)).unwrap();
        prop_assert!(span.low <= exact && exact < span.high);
        let other = mantissa * 10 + other % 12;
        let value: f64 = decimal(other, places + 1).parse().unwrap();
        let rounds = (mantissa * 10 - 5..mantissa * 10 + 5).contains(&other);
        prop_assert_eq!(span.low <= value && value < span.high, rounds);
    }
}
