//! The forms of primitive values (R4 §2.24.0.1).

use vpr_codec::{Kind, Value};

use super::temporal::{is_date, is_date_time, is_instant, is_time};
use super::xhtml;
use crate::codes::{IssueType, Severity};
use crate::definitions::Type;
use crate::reference::{is_id, is_urn_oid};

/// Characters of a string (R4 §2.24.0.1).
const STRING_CHARS_MAX: usize = 1024 * 1024;

/// What is wrong with a value.
pub(super) struct Fault {
    pub(super) severity: Severity,
    pub(super) code: IssueType,
    pub(super) text: &'static str,
}

const fn fault(code: IssueType, text: &'static str) -> Option<Fault> {
    Some(Fault { severity: Severity::Error, code, text })
}

/// The primitives in the order of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Primitive {
    Base64Binary,
    Boolean,
    Canonical,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
    Xhtml,
}

impl Primitive {
    const ALL: [Self; 20] = [
        Self::Base64Binary,
        Self::Boolean,
        Self::Canonical,
        Self::Code,
        Self::Date,
        Self::DateTime,
        Self::Decimal,
        Self::Id,
        Self::Instant,
        Self::Integer,
        Self::Markdown,
        Self::Oid,
        Self::PositiveInt,
        Self::String,
        Self::Time,
        Self::UnsignedInt,
        Self::Uri,
        Self::Url,
        Self::Uuid,
        Self::Xhtml,
    ];

    /// The primitive that a type is.
    #[inline]
    pub(super) fn of(its_type: Type) -> Option<Self> {
        Self::ALL.get(usize::from(its_type.0)).copied()
    }

    /// What is wrong with `value`, if something is.
    pub(super) fn fault(self, value: Value<'_>) -> Option<Fault> {
        let (expected, text) = match self {
            Self::Boolean => (Kind::Bool, "must be true or false"),
            Self::Decimal | Self::Integer | Self::PositiveInt | Self::UnsignedInt => {
                (Kind::Number, "must be a JSON number")
            }
            _ => (Kind::String, "must be a JSON string"),
        };
        match value.kind() {
            Kind::Null => {
                return fault(
                    IssueType::Structure,
                    "null may stand only in an array of primitives beside an extension",
                );
            }
            kind if kind != expected => return fault(IssueType::Structure, text),
            Kind::Number => return self.number_fault(value.number_text().unwrap_or_default()),
            Kind::Bool => return None,
            _ => {}
        }
        let text = value.as_str().unwrap_or_default();
        if text.is_empty() {
            return fault(IssueType::Value, "must not be an empty string");
        }
        self.text_fault(&text)
    }

    fn number_fault(self, text: &str) -> Option<Fault> {
        let number = text.parse::<i32>().ok();
        match self {
            Self::Integer if number.is_none() => fault(IssueType::Value, "must be a whole number of 32 bits"),
            Self::PositiveInt if number.is_none_or(|number| number < 1) => {
                fault(IssueType::Value, "must be a whole number from 1 to 2147483647")
            }
            Self::UnsignedInt if number.is_none() || text.starts_with('-') => {
                fault(IssueType::Value, "must be a whole number from 0 to 2147483647")
            }
            _ => None,
        }
    }

    fn text_fault(self, text: &str) -> Option<Fault> {
        let (good, expected) = match self {
            Self::String | Self::Markdown => return string_fault(text),
            Self::Xhtml => return xhtml::fault(text),
            Self::Base64Binary => (is_base64(text.as_bytes()), "must be base64 (RFC 4648 §4)"),
            Self::Code => (is_code(text), "must be a code: no space at either end, none doubled"),
            Self::Date => (is_date(text.as_bytes()), "must be a date: YYYY, YYYY-MM or YYYY-MM-DD"),
            Self::DateTime => (
                is_date_time(text.as_bytes()),
                "must be a dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a zone",
            ),
            Self::Instant => {
                (is_instant(text.as_bytes()), "must be an instant: YYYY-MM-DDThh:mm:ss with a zone")
            }
            Self::Time => (is_time(text.as_bytes()), "must be a time: hh:mm:ss"),
            Self::Id => (is_id(text), "must be an id: 1 to 64 of A-Z, a-z, 0-9, '-' and '.'"),
            Self::Oid => (is_urn_oid(text), "must be an OID as a URI: urn:oid:1.2.3"),
            Self::Uuid => (is_uuid(text), "must be a UUID as a URI: urn:uuid: and lower-case hexadecimal"),
            _ => (is_uri(text), "must be a URI: no whitespace"),
        };
        if good { None } else { fault(IssueType::Value, expected) }
    }
}

fn string_fault(text: &str) -> Option<Fault> {
    if text.len() > STRING_CHARS_MAX && text.chars().count() > STRING_CHARS_MAX {
        return fault(IssueType::TooLong, "must not have more than 1048576 characters");
    }
    if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
        let (severity, code) = (Severity::Warning, IssueType::Value);
        return Some(Fault { severity, code, text: "should not be only whitespace" });
    }
    if text.bytes().any(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\r' | b'\n')) {
        let (severity, code) = (Severity::Warning, IssueType::Value);
        return Some(Fault { severity, code, text: "should not have control characters" });
    }
    None
}

fn is_code(text: &str) -> bool {
    let mut spaced = true;
    for byte in text.bytes() {
        let space = byte.is_ascii_whitespace() || byte == 0x0b;
        if space && spaced {
            return false;
        }
        spaced = space;
    }
    !spaced
}

fn is_uri(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_whitespace() || byte == 0x0b)
}

fn is_uuid(text: &str) -> bool {
    crate::reference::is_urn_uuid(text) && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Groups of four with padding at the end only; whitespace may stand anywhere.
fn is_base64(text: &[u8]) -> bool {
    let (mut digits, mut padding) = (0_usize, 0_usize);
    for byte in text {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => digits += 1,
            b'=' => padding += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => return false,
        }
    }
    digits > 0 && padding <= 2 && (digits + padding) % 4 == 0
}

#[cfg(test)]
mod tests {
    use vpr_codec::{Json, Limits};

    use super::*;

    fn fault_of(primitive: Primitive, json: &str) -> Option<Severity> {
        let json = Json::parse(json, &Limits::default()).unwrap();
        primitive.fault(json.root()).map(|fault| fault.severity)
    }

    #[test]
    fn the_primitives_are_numbered_as_in_the_tables() {
        for primitive in Primitive::ALL {
            let its_type = Type::all().nth(primitive as usize).unwrap();
            assert!(format!("{primitive:?}").eq_ignore_ascii_case(its_type.name()));
            assert!(its_type.is_primitive());
            assert_eq!(Primitive::of(its_type), Some(primitive));
        }
        assert_eq!(Type::all().filter(|each| each.is_primitive()).count(), Primitive::ALL.len());
    }

    #[test]
    fn every_primitive_has_its_form() {
        use Primitive::*;
        let cases: [(Primitive, &[&str], &[&str]); 20] = [
            (Boolean, &["true", "false"], &["\"true\"", "1", "null", "[]", "{}"]),
            (
                Integer,
                &["0", "-1", "2147483647", "-2147483648"],
                &["2147483648", "-2147483649", "1.0", "1e2", "\"1\"", "true"],
            ),
            (PositiveInt, &["1", "2147483647"], &["0", "-1", "1.5", "2147483648"]),
            (UnsignedInt, &["0", "5"], &["-1", "-0", "0.0"]),
            (
                Decimal,
                &["0", "1.00", "-0.5", "1e10", "1E-3", "123456789012345678901234567890.1"],
                &["\"1.0\"", "true"],
            ),
            (String, &["\"a\"", "\" a \"", "\"a\\nb\"", "\"é\""], &["\"\"", "1", "null"]),
            (Markdown, &["\"# a\""], &["\"\"", "[]"]),
            (
                Code,
                &["\"a\"", "\"a b\"", "\"é\""],
                &["\"\"", "\" a\"", "\"a \"", "\"a  b\"", "\" \"", "\"\\t\""],
            ),
            (Id, &["\"a-B.9\""], &["\"a_b\"", "\"a b\"", "\"é\"", "\"\""]),
            (Uri, &["\"http://a\"", "\"a\"", "\"urn:oid:x\"", "\"é\""], &["\"a b\"", "\"\"", "\"a\\n\""]),
            (Url, &["\"http://a\""], &["\" http://a\""]),
            (Canonical, &["\"http://a|1\"", "\"#a\""], &["\"http://a |1\""]),
            (
                Oid,
                &["\"urn:oid:1.2.3\"", "\"urn:oid:2.0.10\""],
                &["\"1.2.3\"", "\"urn:oid:3.1\"", "\"urn:oid:1\"", "\"urn:oid:1.01\"", "\"urn:oid:1.\""],
            ),
            (
                Uuid,
                &["\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\""],
                &[
                    "\"c757873d-ec9a-4326-a141-556f43239520\"",
                    "\"urn:uuid:C757873D-EC9A-4326-A141-556F43239520\"",
                    "\"urn:uuid:1\"",
                ],
            ),
            (Date, &["\"2024-02-29\"", "\"2024\""], &["\"2023-02-30\"", "\"2023-02-30T\"", "2023"]),
            (
                DateTime,
                &["\"2024-02-29T10:00:00Z\"", "\"2024-02\""],
                &["\"2024-02-29T10:00:00\"", "\"2024-02-29T10:00Z\""],
            ),
            (Instant, &["\"2024-02-29T10:00:00.123+01:00\""], &["\"2024-02-29\""]),
            (Time, &["\"10:00:00\""], &["\"10:00\"", "\"10:00:00Z\""]),
            (
                Base64Binary,
                &["\"YQ==\"", "\"YWI=\"", "\"YWJj\"", "\"YW Jj\\n\""],
                &["\"YQ=\"", "\"YQ\"", "\"Y=Q=\"", "\"====\"", "\"YWJ-\"", "\" \""],
            ),
            (Xhtml, &["\"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">a</div>\""], &["\"a\"", "\"\""]),
        ];
        for (primitive, good, bad) in cases {
            for text in good {
                assert_eq!(fault_of(primitive, text), None, "{primitive:?} {text}");
            }
            for text in bad {
                assert_eq!(fault_of(primitive, text), Some(Severity::Error), "{primitive:?} {text}");
            }
        }
    }

    #[test]
    fn a_string_has_at_most_a_mebi_of_characters() {
        let longest = "é".repeat(STRING_CHARS_MAX);
        assert_eq!(fault_of(Primitive::String, &format!("\"{longest}\"")), None);
        assert_eq!(fault_of(Primitive::String, &format!("\"{longest}a\"")), Some(Severity::Error));
        assert_eq!(fault_of(Primitive::String, "\" \\n\""), Some(Severity::Warning));
        assert_eq!(fault_of(Primitive::String, "\"a\\u0001\""), Some(Severity::Warning));
    }
}
