//! Query strings, as URLs and Bundle entries carry them.

use crate::conditions::parse_version;
use crate::failure::{Failure, FailureKind};
use crate::history::HistoryQuery;
use crate::period::Period;
use vpr_fhir::IssueType;

/// The pairs of a query string, percent-decoded, in their order (WHATWG URL
/// `application/x-www-form-urlencoded`, as FHIR R4 §3.1.1.1 asks).
///
/// # Errors
/// [`Failure`] when an escape is broken or the text is no UTF-8.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, Failure> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String, Failure> {
    if !text.contains(['%', '+']) {
        return Ok(text.to_owned());
    }
    let broken = || Failure::malformed("a percent escape in the URL is broken");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        (bytes, rest) = match first {
            b'+' => {
                bytes.push(b' ');
                (bytes, after)
            }
            b'%' => {
                let digit = |at: usize| after.get(at).and_then(|b| char::from(*b).to_digit(16));
                let (high, low) = (digit(0).ok_or_else(broken)?, digit(1).ok_or_else(broken)?);
                bytes.push(u8::try_from(high * 16 + low).map_err(|_| broken())?);
                (bytes, after.get(2..).unwrap_or_default())
            }
            other => {
                bytes.push(*other);
                (bytes, after)
            }
        };
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// Refuses a parameter that a route does not take. Nothing is ignored: a mistyped parameter that
/// is dropped silently shows the wrong data to somebody who trusts it.
#[must_use]
pub fn unknown_parameter(name: &str, not_built: &[&str]) -> Failure {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    if not_built.contains(&name) {
        return Failure::not_supported(format!("the parameter '{shown}' is not supported"));
    }
    Failure::new(
        FailureKind::Malformed,
        IssueType::Invalid,
        format!("the parameter '{shown}' is not known here"),
    )
}

impl HistoryQuery {
    /// Takes a parameter of a history; `false` if it is none.
    ///
    /// # Errors
    /// [`Failure`] when it is one and its value is wrong, or it comes twice.
    pub fn take(&mut self, name: &str, value: &str) -> Result<bool, Failure> {
        let wrong = |what: &str| {
            Failure::new(FailureKind::Malformed, IssueType::Value, format!("{name} is no {what}"))
        };
        // A plus sign that nobody escaped arrives as a space.
        let date = || Period::parse(&value.replace(' ', "+"));
        let again = match name {
            "_count" => self.count.replace(Self::parse_count(value)?).is_some(),
            "_before" => {
                let before = parse_version(value).ok_or_else(|| wrong("version"))?;
                self.before.replace(before).is_some()
            }
            "_cursor" => self.cursor.replace(value.to_owned()).is_some(),
            "_since" => {
                let since = date().ok_or_else(|| wrong("instant"))?.start;
                self.written(name, value);
                self.since.replace(since).is_some()
            }
            "_at" => {
                let at = date().ok_or_else(|| wrong("date or instant"))?;
                self.written(name, value);
                self.at.replace(at).is_some()
            }
            _ => return Ok(false),
        };
        if again { Err(Failure::malformed(format!("{name} is given twice"))) } else { Ok(true) }
    }

    fn written(&mut self, name: &str, value: &str) {
        if !self.as_written.is_empty() {
            self.as_written.push('&');
        }
        // Only digits and these signs passed the parser.
        self.as_written.push_str(&format!("{name}={}", value.replace([' ', '+'], "%2B").replace(':', "%3A")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_as_forms() {
        let decoded = |query: &str| pairs(query).map_err(|failure| failure.kind.status());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(decoded(""), Ok(vec![]));
        assert_eq!(
            decoded("a=1&&b=x%20y+z&c&=d"),
            Ok(vec![pair("a", "1"), pair("b", "x y z"), pair("c", ""), pair("", "d")])
        );
        assert_eq!(decoded("a%3D=%C3%A9"), Ok(vec![pair("a=", "é")]));
        for broken in ["a=%", "a=%2", "a=%zz", "a=%ff", "%C3=1"] {
            assert_eq!(decoded(broken), Err(400), "{broken}");
        }
    }

    #[test]
    fn history_parameters_are_read_once_each() {
        let mut query = HistoryQuery::default();
        for (name, value) in
            [("_count", "5"), ("_before", "7"), ("_since", "2024-01-01T00:00:00 01:00"), ("_at", "2024")]
        {
            assert_eq!(query.take(name, value), Ok(true), "{name}");
            assert_eq!(
                query.clone().take(name, value).map_err(|f| f.kind.status()),
                Err(400),
                "{name} twice"
            );
        }
        assert_eq!(query.take("_sort", "x"), Ok(false));
        assert_eq!(query.as_written, "_since=2024-01-01T00%3A00%3A00%2B01%3A00&_at=2024");
        for (name, value) in
            [("_count", "-1"), ("_count", "x"), ("_before", "0"), ("_since", "x"), ("_at", "")]
        {
            assert!(HistoryQuery::default().take(name, value).is_err(), "{name}={value}");
        }
    }
}
