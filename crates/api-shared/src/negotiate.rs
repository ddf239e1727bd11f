//! Which formats come in and go out (FHIR R4 §3.1.0.1.10 to 12, RFC 9110 §12.5.1).

/// FHIR's media type for JSON.
pub const FHIR_JSON: &str = "application/fhir+json";

/// The media type of a form (FHIR R4 §3.1.1.1).
pub const FORM: &str = "application/x-www-form-urlencoded";

const PLAIN_JSON: &str = "application/json";

/// What the caller and this server have in common is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAcceptable {
    /// `_format` names a format that is not built.
    #[error("_format names a format that is not supported; json is")]
    Format,
    /// `Accept` leaves no format that is built.
    #[error("Accept leaves no supported format; application/fhir+json is")]
    Accept,
    /// Another FHIR version is asked for.
    #[error("only fhirVersion=4.0 is supported")]
    FhirVersion,
}

/// A body in a format that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedMediaType {
    /// No `Content-Type`.
    #[error("the body has no Content-Type; application/fhir+json is supported")]
    Missing,
    /// Another media type.
    #[error("the Content-Type is not supported; application/fhir+json is")]
    Type,
    /// A search whose body is no form.
    #[error("the Content-Type is not supported; application/x-www-form-urlencoded is")]
    Form,
    /// Another character set.
    #[error("only charset=utf-8 is supported")]
    Charset,
    /// Another FHIR version.
    #[error("only fhirVersion=4.0 is supported")]
    FhirVersion,
}

/// Finds out whether JSON may be answered. `format` is the decoded `_format` parameter, which wins
/// over `accept`; neither means that anything goes.
///
/// # Errors
/// [`NotAcceptable`] when nothing that is built is wanted.
pub fn negotiate(format: Option<&str>, accept: Option<&str>) -> Result<(), NotAcceptable> {
    if let Some(format) = format {
        return check_format(format);
    }
    match accept.map(str::trim) {
        None | Some("" | "*/*" | FHIR_JSON | PLAIN_JSON) => Ok(()),
        Some(accept) => check_accept(accept),
    }
}

fn check_format(format: &str) -> Result<(), NotAcceptable> {
    let (media_type, parameters) = split_parameters(format);
    // A plus sign that nobody escaped arrives as a space.
    let media_type = media_type.replace(' ', "+").to_ascii_lowercase();
    match media_type.as_str() {
        "json" | FHIR_JSON | PLAIN_JSON | "text/json" => {}
        _ => return Err(NotAcceptable::Format),
    }
    if supported_version(parameters) { Ok(()) } else { Err(NotAcceptable::FhirVersion) }
}

fn check_accept(accept: &str) -> Result<(), NotAcceptable> {
    let mut best = [(0, 0); 2];
    let mut other_version = false;
    for range in split_quoted(accept, ',') {
        let (media_type, parameters) = split_parameters(range);
        let quality = match parameter(parameters, "q") {
            None => 1000,
            Some(text) => parse_quality(text).unwrap_or(0),
        };
        let media_type = media_type.to_ascii_lowercase();
        for (ours, best) in [FHIR_JSON, PLAIN_JSON].into_iter().zip(&mut best) {
            let specificity = match media_type.as_str() {
                same if same == ours => 3,
                "text/json" if ours == PLAIN_JSON => 3,
                "application/*" => 2,
                "*/*" => 1,
                _ => continue,
            };
            if !supported_version(parameters) || !is_utf8(parameters) {
                other_version |= !supported_version(parameters) && quality > 0;
            } else if specificity > best.0 {
                *best = (specificity, quality);
            } else if specificity == best.0 {
                best.1 = best.1.max(quality);
            }
        }
    }
    match best.iter().any(|(_, quality)| *quality > 0) {
        true => Ok(()),
        false if other_version => Err(NotAcceptable::FhirVersion),
        false => Err(NotAcceptable::Accept),
    }
}

/// Checks the format of a request body.
///
/// # Errors
/// [`UnsupportedMediaType`] unless it is FHIR R4 as JSON in UTF-8.
pub fn check_content_type(content_type: Option<&str>) -> Result<(), UnsupportedMediaType> {
    let content_type = content_type.ok_or(UnsupportedMediaType::Missing)?;
    if content_type == FHIR_JSON {
        return Ok(());
    }
    let (media_type, parameters) = split_parameters(content_type);
    if ![FHIR_JSON, PLAIN_JSON].iter().any(|ours| media_type.eq_ignore_ascii_case(ours)) {
        return Err(UnsupportedMediaType::Type);
    }
    if !is_utf8(parameters) {
        return Err(UnsupportedMediaType::Charset);
    }
    if supported_version(parameters) { Ok(()) } else { Err(UnsupportedMediaType::FhirVersion) }
}

/// Checks the format of a form of query parameters.
///
/// # Errors
/// [`UnsupportedMediaType`] unless it is a URL-encoded form in UTF-8.
pub fn check_form_type(content_type: Option<&str>) -> Result<(), UnsupportedMediaType> {
    let content_type = content_type.ok_or(UnsupportedMediaType::Form)?;
    let (media_type, parameters) = split_parameters(content_type);
    if !media_type.eq_ignore_ascii_case(FORM) {
        return Err(UnsupportedMediaType::Form);
    }
    if is_utf8(parameters) { Ok(()) } else { Err(UnsupportedMediaType::Charset) }
}

/// Whether an `Accept-Encoding` takes gzip (RFC 9110 §12.5.3).
#[must_use]
pub fn accepts_gzip(accept_encoding: Option<&str>) -> bool {
    let mut wildcard = false;
    for coding in accept_encoding.unwrap_or_default().split(',') {
        let (name, parameters) = split_parameters(coding);
        let wanted = parameter(parameters, "q").is_none_or(|q| parse_quality(q).is_some_and(|q| q > 0));
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            return wanted;
        }
        wildcard |= name == "*" && wanted;
    }
    wildcard
}

fn split_parameters(text: &str) -> (&str, &str) {
    let (value, parameters) = text.split_once(';').unwrap_or((text, ""));
    (value.trim(), parameters)
}

/// Splits at `separator` outside of quoted strings.
fn split_quoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    split_quoted(parameters, ';').find_map(|each| {
        let (key, value) = each.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

fn supported_version(parameters: &str) -> bool {
    parameter(parameters, "fhirVersion").is_none_or(|version| matches!(version, "4.0" | "4.0.1"))
}

fn is_utf8(parameters: &str) -> bool {
    parameter(parameters, "charset").is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"))
}

/// A quality value in thousandths (RFC 9110 §12.4.2).
fn parse_quality(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_is_read_with_quality_and_specificity() {
        use NotAcceptable::{Accept, FhirVersion};
        for (accept, wanted) in [
            ("*/*", Ok(())),
            ("application/fhir+json", Ok(())),
            ("Application/FHIR+JSON", Ok(())),
            ("application/json", Ok(())),
            ("text/json", Ok(())),
            ("application/*", Ok(())),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Ok(())),
            ("application/fhir+xml;q=1.0, application/fhir+json;q=0.1", Ok(())),
            ("application/fhir+json; fhirVersion=4.0", Ok(())),
            ("application/fhir+json; charset=\"UTF-8\"", Ok(())),
            ("application/fhir+json;profile=\"http://a,b;c\"", Ok(())),
            ("application/fhir+xml", Err(Accept)),
            ("text/html", Err(Accept)),
            ("application/fhir+json;q=0", Err(Accept)),
            ("*/*;q=0", Err(Accept)),
            ("application/json;q=0, application/fhir+json;q=0, */*", Err(Accept)),
            ("application/fhir+json;q=0, */*", Ok(())),
            ("application/fhir+json;q=2", Err(Accept)),
            ("application/fhir+json; charset=latin1", Err(Accept)),
            ("application/fhir+json; fhirVersion=3.0", Err(FhirVersion)),
            ("application/fhir+json; fhirVersion=5.0, application/json", Ok(())),
        ] {
            assert_eq!(negotiate(None, Some(accept)), wanted, "{accept}");
        }
        assert_eq!(negotiate(None, None), Ok(()));
    }

    #[test]
    fn format_wins_over_accept() {
        for (format, wanted) in [
            ("json", Ok(())),
            ("application/fhir+json", Ok(())),
            ("application/fhir json", Ok(())),
            ("application/json", Ok(())),
            ("text/json", Ok(())),
            ("application/fhir+json; fhirVersion=4.0", Ok(())),
            ("application/fhir+json; fhirVersion=4.3", Err(NotAcceptable::FhirVersion)),
            ("xml", Err(NotAcceptable::Format)),
            ("application/fhir+xml", Err(NotAcceptable::Format)),
            ("html", Err(NotAcceptable::Format)),
            ("", Err(NotAcceptable::Format)),
        ] {
            assert_eq!(negotiate(Some(format), Some("text/html")), wanted, "{format}");
        }
    }

    #[test]
    fn bodies_are_fhir_json_in_utf8() {
        use UnsupportedMediaType::{Charset, FhirVersion, Missing, Type};
        for (content_type, wanted) in [
            (Some("application/fhir+json"), Ok(())),
            (Some("application/fhir+json; charset=utf-8"), Ok(())),
            (Some("application/json;charset=UTF-8"), Ok(())),
            (Some("application/fhir+json;fhirVersion=4.0"), Ok(())),
            (Some("application/fhir+json;fhirVersion=3.0"), Err(FhirVersion)),
            (Some("application/json;charset=iso-8859-1"), Err(Charset)),
            (Some("application/fhir+xml"), Err(Type)),
            (Some("application/x-www-form-urlencoded"), Err(Type)),
            (Some("text/plain"), Err(Type)),
            (Some(""), Err(Type)),
            (None, Err(Missing)),
        ] {
            assert_eq!(check_content_type(content_type), wanted, "{content_type:?}");
        }
    }

    #[test]
    fn the_parameters_of_a_search_are_a_form() {
        use UnsupportedMediaType::{Charset, Form};
        for (content_type, wanted) in [
            (Some("application/x-www-form-urlencoded"), Ok(())),
            (Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8"), Ok(())),
            (Some("application/x-www-form-urlencoded; charset=latin1"), Err(Charset)),
            (Some("application/fhir+json"), Err(Form)),
            (Some("multipart/form-data; boundary=x"), Err(Form)),
            (Some(""), Err(Form)),
            (None, Err(Form)),
        ] {
            assert_eq!(check_form_type(content_type), wanted, "{content_type:?}");
        }
    }

    #[test]
    fn gzip_goes_to_those_who_take_it() {
        for (accept, wanted) in [
            (None, false),
            (Some(""), false),
            (Some("gzip"), true),
            (Some("deflate, GZIP;q=0.5"), true),
            (Some("gzip;q=0"), false),
            (Some("*"), true),
            (Some("*, gzip;q=0"), false),
            (Some("br, identity"), false),
        ] {
            assert_eq!(accepts_gzip(accept), wanted, "{accept:?}");
        }
    }
}
