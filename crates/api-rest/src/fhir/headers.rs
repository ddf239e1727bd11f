//! The headers that decide how an interaction is done.

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};
use vpr_api_shared::parse_date;
use vpr_service::{Failure, IdempotencyKey, Prefer, ReadConditions, Tags, WriteConditions, WriteOptions};

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

/// Refuses `If-None-Exist`: ignoring it would create what its sender wanted to avoid.
pub(crate) fn no_conditional_create(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key(IF_NONE_EXIST) {
        return Err(Failure::not_supported("conditional create is not supported"));
    }
    if headers.contains_key(IF_MATCH) || headers.contains_key(IF_NONE_MATCH) {
        return Err(Failure::malformed("a create has no version for If-Match or If-None-Match"));
    }
    Ok(())
}

/// `Prefer: return=…` (RFC 7240 §4.2, FHIR R4 §3.1.0.1.9). Other preferences, and ones that are
/// not understood, are ignored as the RFC says.
fn prefer(headers: &HeaderMap) -> Result<Prefer, Failure> {
    let Some(text) = text(headers, &PREFER)? else { return Ok(Prefer::Unsaid) };
    for preference in text.split([',', ';']) {
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        if !name.trim().eq_ignore_ascii_case("return") {
            continue;
        }
        return Ok(match value.trim().trim_matches('"') {
            "minimal" => Prefer::Minimal,
            "representation" => Prefer::Representation,
            "OperationOutcome" => Prefer::OperationOutcome,
            _ => Prefer::Unsaid,
        });
    }
    Ok(Prefer::Unsaid)
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
    fn what_a_create_cannot_do_is_refused() {
        let status = |all: &[(&'static str, &'static str)]| {
            no_conditional_create(&headers(all)).map_err(|failure| failure.kind.status())
        };
        assert_eq!(status(&[]), Ok(()));
        assert_eq!(status(&[("if-none-exist", "identifier=x")]), Err(501));
        assert_eq!(status(&[("if-match", "\"1\"")]), Err(400));
        assert_eq!(status(&[("if-none-match", "*")]), Err(400));
    }
}
