use super::Span;

#[cfg(test)]
mod tests;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;

/// What a `date`, `dateTime` or `instant` covers (R4 §3.1.1.4.7), in microseconds since 1970 in
/// UTC, the end excluded: a year, a month, a day, a second, or the fraction of one that was written.
///
/// A time may stand without seconds (it covers its minute) and without a zone (it is UTC), as
/// callers write them. A leap second is the second that follows. `None` for all else.
#[must_use]
pub fn date_span(text: &str) -> Option<Span<i64>> {
    let bytes = text.as_bytes();
    let year = digits(bytes.get(..4)?)?;
    if year == 0 {
        return None;
    }
    let Some(month) = after(bytes, 4, b'-') else {
        return (bytes.len() == 4).then(|| days(day_number(year, 1, 1), day_number(year + 1, 1, 1)));
    };
    let month = digits(month.get(..2)?).filter(|month| (1..=12).contains(month))?;
    let next = if month == 12 { day_number(year + 1, 1, 1) } else { day_number(year, month + 1, 1) };
    let first = day_number(year, month, 1);
    let Some(day) = after(bytes, 7, b'-') else {
        return (bytes.len() == 7).then(|| days(first, next));
    };
    let number = first + digits(day.get(..2)?).filter(|day| *day >= 1)? - 1;
    if number >= next {
        return None;
    }
    let Some(time) = after(bytes, 10, b'T') else {
        return (bytes.len() == 10).then(|| days(number, number + 1));
    };
    let (start, length, zone) = time_of_day(time)?;
    let low = number * DAY + start - zone_offset(zone)?;
    Some(Span { low, high: low + length })
}

fn days(first: i64, end: i64) -> Span<i64> {
    Span { low: first * DAY, high: end * DAY }
}

/// What follows `mark`, when that stands at `at`.
fn after(bytes: &[u8], at: usize, mark: u8) -> Option<&[u8]> {
    bytes.get(at..)?.strip_prefix(&[mark])
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Days from 1970-01-01 in the Gregorian calendar, of years after 0.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days_of_months = (153 * month + 2) / 5;
    year * 365 + leap_days + days_of_months + day - 1 - 719_468
}

/// Begin and length of `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f…` within the day, and what follows.
fn time_of_day(text: &[u8]) -> Option<(i64, i64, &[u8])> {
    let hour = digits(text.get(..2)?).filter(|hour| *hour < 24)?;
    let minute = digits(after(text, 2, b':')?.get(..2)?).filter(|minute| *minute < 60)?;
    let start = (hour * 60 + minute) * MINUTE;
    let Some(second) = after(text, 5, b':') else { return Some((start, MINUTE, &text[5..])) };
    let second = digits(second.get(..2)?).filter(|second| *second <= 60)?;
    let start = start + second * SECOND;
    let Some(fraction) = after(text, 8, b'.') else { return Some((start, SECOND, &text[8..])) };
    let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // What is finer than a microsecond is cut.
    let unit = 10_i64.pow(6 - count.min(6) as u32);
    let value = digits(&fraction[..count.min(6)])?;
    (count > 0).then(|| (start + value * unit, unit, &fraction[count..]))
}

/// Microseconds that a zone is ahead of UTC; nothing is UTC.
fn zone_offset(text: &[u8]) -> Option<i64> {
    let (sign, zone) = match text {
        b"" | b"Z" => return Some(0),
        [b'+', zone @ ..] => (1, zone),
        [b'-', zone @ ..] => (-1, zone),
        _ => return None,
    };
    let hours = digits(zone.get(..2)?)?;
    let minutes = digits(after(zone, 2, b':')?).filter(|minutes| *minutes < 60)?;
    let total = hours * 60 + minutes;
    (zone.len() == 5 && total <= 14 * 60).then_some(sign * total * MINUTE)
}

/// A number as written in a search: itself, and the numbers that round to it (R4 §3.1.1.4.6), from
/// half a unit of its last digit below it to half a unit above, the end excluded: `100` is
/// `[99.5, 100.5)`, `100.00` is `[99.995, 100.005)`, `1.0e2` is `[95, 105)`. A single digit with an
/// exponent counts as if `.0` followed it, because R4 says of `1e2` that it is `[95, 105)`.
///
/// The ends are worked out on the decimal digits and rounded once; they always enclose the number.
/// `None` for what is no decimal number, or too large for an `f64`.
#[must_use]
pub fn number(text: &str) -> Option<(f64, Span<f64>)> {
    let decimal = Decimal::parse(text)?;
    let exact = decimal.parse_with(&decimal.digits, 0)?;
    let mut above = decimal.digits.clone();
    above.push('5');
    let below = match decrement(&decimal.digits) {
        Some(mut digits) => {
            digits.push('5');
            decimal.parse_with(&digits, -1)?
        }
        None => -decimal.parse_with("5", -1)?,
    };
    let above = decimal.parse_with(&above, -1)?;
    let (low, high) = if decimal.negative { (above, below) } else { (below, above) };
    Some((exact, Span { low: low.min(exact), high: high.max(exact.next_up()) }))
}

/// `digits × 10^exponent`, where the last digit is the precision.
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent.parse::<i32>().ok()?)),
            None => (unsigned, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None if exponent.is_some() && mantissa.len() == 1 => (mantissa, "0"),
            None => (mantissa, ""),
        };
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent = i64::from(exponent.unwrap_or(0)) - i64::try_from(fraction.len()).ok()?;
        Some(Self { negative, digits, exponent })
    }

    /// Other digits with this sign, and the exponent moved.
    fn parse_with(&self, digits: &str, shift: i64) -> Option<f64> {
        let sign = if self.negative { "-" } else { "" };
        let text = format!("{sign}{digits}e{}", self.exponent + shift);
        text.parse::<f64>().ok().filter(|value| value.is_finite())
    }
}

/// One less; `None` below zero.
fn decrement(digits: &str) -> Option<String> {
    let last = digits.rfind(|digit| digit != '0')?;
    let mut less: Vec<u8> = digits.bytes().collect();
    less[last] -= 1;
    less[last + 1..].fill(b'9');
    String::from_utf8(less).ok()
}
