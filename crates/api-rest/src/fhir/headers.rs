//! The headers that decide how an interaction is done.

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};
use vpr_api_shared::parse_date;
use vpr_service::{
    Failure, Handling, IdempotencyKey, Prefer, ReadConditions, Tags, WriteConditions, WriteOptions,
};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// What decides whether a read is answered in full.
pub(crate) fn read_conditions(headers: &HeaderMap) -> Result<ReadConditions, Failure> {
    // A date that is none is ignored (RFC 9110 §13.1.3).
    let since = headers.get(IF_MODIFIED_SINCE).and_then(|value| parse_date(value.to_str().ok()?));
    Ok(ReadConditions { if_none_match: tags(headers, &IF_NONE_MATCH)?, if_modified_since: since })
}

/// What must hold for a write.
pub(crate) fn write_conditions(headers: &HeaderMap) -> Result<WriteConditions, Failure> {
    let conditions = WriteConditions {
        if_match: tags(headers, &IF_MATCH)?,
        if_none_match: tags(headers, &IF_NONE_MATCH)?,
    };
    if conditions.if_match.is_some() && conditions.if_none_match.is_some() {
        return Err(Failure::malformed("If-Match and If-None-Match cannot be combined"));
    }
    Ok(conditions)
}

/// How a write is done and answered.
pub(crate) fn write_options(headers: &HeaderMap) -> Result<WriteOptions, Failure> {
    let key = match text(headers, &IDEMPOTENCY_KEY)? {
        None => None,
        Some(text) => Some(IdempotencyKey::new(&text).ok_or_else(|| {
            Failure::malformed("the Idempotency-Key is not 1 to 255 printable ASCII characters")
        })?),
    };
    Ok(WriteOptions { prefer: prefer(headers)?, key })
}

/// `If-None-Exist` of a create: the search, without a question mark (FHIR R4 §3.1.0.8.1).
pub(crate) fn if_none_exist(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    if headers.contains_key(IF_MATCH) || headers.contains_key(IF_NONE_MATCH) {
        return Err(Failure::malformed("a create has no version for If-Match or If-None-Match"));
    }
    let mut lines = headers.get_all(IF_NONE_EXIST).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let criteria = line.to_str().ok().map(|text| text.trim().trim_start_matches('?'));
    match criteria.filter(|criteria| !criteria.is_empty() && lines.next().is_none()) {
        Some(criteria) => Ok(Some(criteria.to_owned())),
        None => Err(Failure::malformed("the header if-none-exist is malformed: it holds one search")),
    }
}

/// Refuses preconditions that the interaction has no version for.
pub(crate) fn no_versions(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key(IF_MATCH) || headers.contains_key(IF_NONE_MATCH) {
        let text = "If-Match and If-None-Match are not supported for a conditional delete";
        return Err(Failure::not_supported(text));
    }
    Ok(())
}

/// `Prefer: handling=…` (FHIR R4 §3.1.1.2). Ones that are not understood are ignored as RFC 7240 says.
pub(crate) fn handling(headers: &HeaderMap) -> Result<Option<Handling>, Failure> {
    let Some(text) = text(headers, &PREFER)? else { return Ok(None) };
    Ok(preferences(&text, "handling").find_map(|value| match value {
        "strict" => Some(Handling::Strict),
        "lenient" => Some(Handling::Lenient),
        _ => None,
    }))
}

/// `Prefer: return=…` (RFC 7240 §4.2, FHIR R4 §3.1.0.1.9). Other preferences, and ones that are
/// not understood, are ignored as the RFC says.
fn prefer(headers: &HeaderMap) -> Result<Prefer, Failure> {
    let Some(text) = text(headers, &PREFER)? else { return Ok(Prefer::Unsaid) };
    Ok(match preferences(&text, "return").next() {
        Some("minimal") => Prefer::Minimal,
        Some("representation") => Prefer::Representation,
        Some("OperationOutcome") => Prefer::OperationOutcome,
        _ => Prefer::Unsaid,
    })
}

/// The values of the preference `name`, in their order.
fn preferences<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    text.split([',', ';']).filter_map(move |preference| {
        let (each, value) = preference.split_once('=').unwrap_or((preference, ""));
        each.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Failure> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    Tags::parse(&text).map(Some).map_err(|error| Failure::malformed(format!("{name} {error}")))
}

/// A list header, its lines joined (RFC 9110 §5.3).
fn text(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Failure> {
    let mut joined: Option<String> = None;
    for value in headers.get_all(name) {
        let value =
            value.to_str().map_err(|_| Failure::malformed(format!("the header {name} is malformed")))?;
        joined = Some(joined.map_or_else(|| value.to_owned(), |before| format!("{before}, {value}")));
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use vpr_types::Version;

    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn preferences_are_read_and_others_ignored() {
        for (value, wanted) in [
            ("return=minimal", Prefer::Minimal),
            ("return=representation", Prefer::Representation),
            ("Return=\"OperationOutcome\"", Prefer::OperationOutcome),
            ("handling=strict; return=minimal", Prefer::Minimal),
            ("respond-async, return=minimal", Prefer::Minimal),
            ("return=everything", Prefer::Unsaid),
            ("handling=lenient", Prefer::Unsaid),
            ("", Prefer::Unsaid),
        ] {
            assert_eq!(prefer(&headers(&[("prefer", value)])), Ok(wanted), "{value}");
        }
    }

    #[test]
    fn preconditions_are_lists_over_several_lines() {
        let two = headers(&[("if-match", "W/\"1\""), ("if-match", "\"2\"")]);
        let conditions = write_conditions(&two).unwrap();
        assert_eq!(conditions.if_match, Some(Tags::Listed(vec![Version(1), Version(2)])));
        assert!(write_conditions(&headers(&[("if-match", "1")])).is_err());
        assert!(write_conditions(&headers(&[("if-match", "\"1\""), ("if-none-match", "*")])).is_err());
        let since =
            read_conditions(&headers(&[("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")])).unwrap();
        assert_eq!(since.if_modified_since, Some(784_111_777));
        assert_eq!(
            read_conditions(&headers(&[("if-modified-since", "then")])).unwrap(),
            ReadConditions::default()
        );
        assert!(read_conditions(&headers(&[("if-none-match", "x")])).is_err());
    }

    #[test]
    fn a_search_is_handled_as_preferred() {
        for (value, wanted) in [
            ("handling=strict", Some(Handling::Strict)),
            ("Handling=\"lenient\"", Some(Handling::Lenient)),
            ("return=minimal; handling=lenient", Some(Handling::Lenient)),
            ("respond-async, handling=strict", Some(Handling::Strict)),
            ("handling=odd", None),
            ("return=minimal", None),
        ] {
            assert_eq!(handling(&headers(&[("prefer", value)])), Ok(wanted), "{value}");
        }
        assert_eq!(handling(&headers(&[])), Ok(None));
    }

    #[test]
    fn a_create_has_one_search_and_no_version() {
        let of = |all: &[(&'static str, &'static str)]| {
            if_none_exist(&headers(all)).map_err(|failure| failure.kind.status())
        };
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&[("if-none-exist", "identifier=x")]), Ok(Some("identifier=x".to_owned())));
        assert_eq!(of(&[("if-none-exist", " ?identifier=x&a=b ")]), Ok(Some("identifier=x&a=b".to_owned())));
        for empty in ["", "?", " "] {
            assert_eq!(of(&[("if-none-exist", empty)]), Err(400), "{empty:?}");
        }
        assert_eq!(of(&[("if-none-exist", "a=b"), ("if-none-exist", "a=c")]), Err(400));
        assert_eq!(of(&[("if-match", "\"1\"")]), Err(400));
        assert_eq!(of(&[("if-none-match", "*")]), Err(400));
    }
}
