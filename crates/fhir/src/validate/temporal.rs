//! The forms of dates and times (R4 §2.24.0.1), with real calendar days.

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
pub(super) fn is_date(text: &[u8]) -> bool {
    match text.len() {
        4 => year(text).is_some(),
        7 => year_month(text).is_some(),
        _ => is_day(text),
    }
}

/// A date, or a day with time and zone.
pub(super) fn is_date_time(text: &[u8]) -> bool {
    text.len() <= 10 && is_date(text) || is_instant(text)
}

/// A day with time to at least the second, and a zone.
pub(super) fn is_instant(text: &[u8]) -> bool {
    let Some((day, [b'T', rest @ ..])) = text.split_at_checked(10) else { return false };
    is_day(day) && time(rest).is_some_and(is_zone)
}

/// `hh:mm:ss` with optional decimals, without a zone.
pub(super) fn is_time(text: &[u8]) -> bool {
    time(text).is_some_and(<[u8]>::is_empty)
}

fn two(text: &[u8]) -> Option<u8> {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0')),
        _ => None,
    }
}

fn year(text: &[u8]) -> Option<u16> {
    let (century, rest) = (two(text.get(..2)?)?, two(text.get(2..4)?)?);
    Some(u16::from(century) * 100 + u16::from(rest)).filter(|year| *year > 0)
}

fn year_month(text: &[u8]) -> Option<(u16, u8)> {
    let year = year(text)?;
    let month = two(text.get(5..7)?).filter(|month| (1..=12).contains(month))?;
    (text.get(4) == Some(&b'-')).then_some((year, month))
}

fn is_day(text: &[u8]) -> bool {
    let ([_, _, _, _, _, _, _, b'-', tens, ones], Some((year, month))) = (text, year_month(text)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    };
    two(&[*tens, *ones]).is_some_and(|day| (1..=days).contains(&day))
}

/// What follows the time.
fn time(text: &[u8]) -> Option<&[u8]> {
    let (clock, mut rest) = text.split_at_checked(8)?;
    let [h1, h2, b':', m1, m2, b':', s1, s2] = clock else { return None };
    let good = two(&[*h1, *h2])? < 24 && two(&[*m1, *m2])? < 60 && two(&[*s1, *s2])? <= 60;
    if let [b'.', decimals @ ..] = rest {
        let digits = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest = decimals.get(digits..).filter(|_| digits > 0)?;
    }
    good.then_some(rest)
}

fn is_zone(text: &[u8]) -> bool {
    match text {
        b"Z" | [b'+' | b'-', b'1', b'4', b':', b'0', b'0'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            two(&[*h1, *h2]).is_some_and(|hour| hour <= 13)
                && two(&[*m1, *m2]).is_some_and(|minute| minute < 60)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for good in
            ["0001", "2023", "2023-12", "2023-02-28", "2024-02-29", "2000-02-29", "2023-04-30", "9999-12-31"]
        {
            assert!(is_date(good.as_bytes()) && is_date_time(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "0000",
            "202",
            "20233",
            "2023-00",
            "2023-13",
            "2023-1",
            "2023-1-1",
            "2023-02-29",
            "2023-02-30",
            "1900-02-29",
            "2023-04-31",
            "2023-01-00",
            "2023-01-32",
            "2023/01/01",
            "2023-01-01T",
            "2023-01-01Z",
            "20é3",
            "2023-01-01 ",
            " 2023",
            "-2023",
            "2023-",
            "2023-01-",
        ] {
            assert!(!is_date(bad.as_bytes()) && !is_date_time(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_moment_needs_seconds_and_a_zone() {
        for good in [
            "2015-02-07T13:28:17Z",
            "2015-02-07T13:28:17.239+02:00",
            "2015-02-07T00:00:00-14:00",
            "2016-12-31T23:59:60Z",
            "2015-02-07T13:28:17.123456789012Z",
            "2015-02-07T13:28:17+13:59",
        ] {
            assert!(is_instant(good.as_bytes()) && is_date_time(good.as_bytes()), "{good}");
            assert!(!is_date(good.as_bytes()));
        }
        for bad in [
            "2015-02-07T13:28:17",
            "2015-02-07T13:28Z",
            "2015-02-07T24:00:00Z",
            "2015-02-07T13:60:00Z",
            "2015-02-07T13:28:61Z",
            "2015-02-07T13:28:17.Z",
            "2015-02-30T13:28:17Z",
            "2015-02T13:28:17Z",
            "2015-02-07t13:28:17z",
            "2015-02-07T13:28:17+14:01",
            "2015-02-07T13:28:17+15:00",
            "2015-02-07T13:28:17+2:00",
            "2015-02-07T13:28:17+0200",
            "2015-02-07 13:28:17Z",
            "2015-02-07T13:28:17ZZ",
            "2015-02-07T",
        ] {
            assert!(!is_instant(bad.as_bytes()) && !is_date_time(bad.as_bytes()), "{bad}");
        }
        assert!(!is_instant(b"2015-02-07"));
    }

    #[test]
    fn a_time_of_day_has_no_zone() {
        for good in ["00:00:00", "23:59:59.9", "12:00:60"] {
            assert!(is_time(good.as_bytes()), "{good}");
        }
        for bad in ["", "24:00:00", "12:00", "12:00:00Z", "12:00:00.", "1:00:00", "12-00-00"] {
            assert!(!is_time(bad.as_bytes()), "{bad}");
        }
    }
}
