//! References between resources (R4 §2.3): their forms, and where they stand in a resource.

use std::borrow::Cow;

use vpr_codec::{Kind, Value};

use crate::definitions::{Member, Type};
use crate::generated::structures::{REFERENCE, RESOURCE};
use crate::{ResourceType, location};

/// The form of a reference's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind<'a> {
    /// `#id`: a resource contained in the same one; empty for `#`, the container itself.
    Contained(&'a str),
    /// `Type/id` or `Type/id/_history/version`, relative to the server's base.
    Relative(Target<'a>),
    /// A URL with a scheme; `target` if it ends as a relative reference does.
    Absolute {
        /// What precedes the target, without its last `/`; the whole URL if there is no target.
        base: &'a str,
        /// The resource it names, if it has the form of a RESTful URL.
        target: Option<Target<'a>>,
    },
    /// `urn:uuid:…` or `urn:oid:…`.
    Urn(&'a str),
    /// `Type?query`: a conditional reference (R4 §3.1.0.11.2), for transactions only.
    Conditional {
        /// The type that is searched.
        resource: ResourceType,
        /// What follows the `?`.
        query: &'a str,
    },
    /// None of these.
    Malformed,
}

/// The resource a RESTful reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// Its type.
    pub resource: ResourceType,
    /// Its id.
    pub id: &'a str,
    /// The version, if the reference names one.
    pub version: Option<&'a str>,
}

impl<'a> ReferenceKind<'a> {
    /// The form of `text`.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        if let Some(id) = text.strip_prefix('#') {
            return if id.is_empty() || is_id(id) { Self::Contained(id) } else { Self::Malformed };
        }
        if let Some(target) = Target::parse(text) {
            return Self::Relative(target);
        }
        if let Some((name, query)) = text.split_once('?')
            && let Some(resource) = ResourceType::parse(name)
        {
            return Self::Conditional { resource, query };
        }
        if text.starts_with("urn:") {
            let urn = is_urn_uuid(text) || is_urn_oid(text);
            return if urn { Self::Urn(text) } else { Self::Absolute { base: text, target: None } };
        }
        let Some(scheme) = text.find(':').filter(|at| is_scheme(&text[..*at])) else {
            return Self::Malformed;
        };
        if text.len() == scheme + 1 || text.contains(char::is_whitespace) {
            return Self::Malformed;
        }
        for slashes in [2, 4] {
            // The slash before `Type/id`, or before `Type/id/_history/version`.
            let Some((at, _)) = text.rmatch_indices('/').nth(slashes - 1) else { continue };
            if let Some(target) = Target::parse(&text[at + 1..]) {
                return Self::Absolute { base: &text[..at], target: Some(target) };
            }
        }
        Self::Absolute { base: text, target: None }
    }

    /// The type of what it points at, as far as the text says.
    #[must_use]
    pub fn resource_type(self) -> Option<ResourceType> {
        match self {
            Self::Relative(target) | Self::Absolute { target: Some(target), .. } => Some(target.resource),
            Self::Conditional { resource, .. } => Some(resource),
            _ => None,
        }
    }
}

impl<'a> Target<'a> {
    /// Reads `Type/id` or `Type/id/_history/version`.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('/');
        let resource = ResourceType::parse(parts.next()?)?;
        let id = parts.next().filter(|id| is_id(id))?;
        let version = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some("_history"), Some(version), None) if is_id(version) => Some(version),
            _ => return None,
        };
        Some(Self { resource, id, version })
    }
}

/// Whether `text` has the form of `id` (R4 §2.24.0.1): 1 to 64 of `[A-Za-z0-9-.]`.
#[must_use]
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

pub(crate) fn is_urn_uuid(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix("urn:uuid:") else { return false };
    uuid.len() == 36
        && uuid.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

pub(crate) fn is_urn_oid(text: &str) -> bool {
    let Some(oid) = text.strip_prefix("urn:oid:") else { return false };
    let mut parts = oid.split('.');
    let root = matches!(parts.next(), Some("0" | "1" | "2"));
    let mut rest = 0;
    root && parts.all(|part| {
        rest += 1;
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    }) && rest > 0
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// One `Reference.reference` of a resource.
#[derive(Debug, Clone)]
pub struct ReferenceUse<'a> {
    /// The text, escapes resolved.
    pub text: Cow<'a, str>,
    /// The string itself.
    pub value: Value<'a>,
    /// The definition of the element of type Reference, with the types it may point at.
    pub member: Member,
    root: Value<'a>,
}

impl ReferenceUse<'_> {
    /// The form of the text.
    #[must_use]
    pub fn kind(&self) -> ReferenceKind<'_> {
        ReferenceKind::of(&self.text)
    }

    /// Where it stands, such as `Observation.subject.reference`. Searches from the root.
    #[must_use]
    pub fn path(&self) -> String {
        location::expression(self.root, self.value)
    }
}

/// Every `Reference.reference` of a resource in one walk, in the order of the text, those of
/// extensions, contained resources and bundled resources included. Content that is not as the
/// definitions say is passed over.
#[must_use]
pub fn references<'a>(root: Value<'a>) -> Vec<ReferenceUse<'a>> {
    let mut found = Vec::new();
    // Objects yet to be walked, the next one last.
    let mut open = Vec::new();
    if let Some(resource) = resource_type(root) {
        open.push((root, resource.definition()));
    }
    while let Some((object, its_type)) = open.pop() {
        let begin = open.len();
        for (name, value) in object.members() {
            let companion = name.strip_prefix('_');
            let Some(member) = its_type.member(companion.unwrap_or(&name)) else { continue };
            let value_type = match companion {
                Some(_) => Type(crate::generated::structures::ELEMENT),
                None if member.value_type().is_primitive() => continue,
                None => member.value_type(),
            };
            for object in either(value).filter(|each| each.kind() == Kind::Object) {
                if value_type.0 == REFERENCE
                    && let Some(value) = object.get("reference")
                    && let Some(text) = value.as_str()
                {
                    found.push(ReferenceUse { text, value, member, root });
                }
                let value_type = match value_type.0 {
                    RESOURCE => resource_type(object).map(ResourceType::definition),
                    _ => Some(value_type),
                };
                open.extend(value_type.map(|value_type| (object, value_type)));
            }
        }
        open[begin..].reverse();
    }
    found.sort_by_key(|each| each.value.id());
    found
}

/// The items of an array, or the value itself.
fn either(value: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let itself = (!value.is_array()).then_some(value);
    value.items().chain(itself)
}

/// The resource type an object says it is.
pub(crate) fn resource_type(object: Value<'_>) -> Option<ResourceType> {
    ResourceType::parse(&object.get("resourceType")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use vpr_codec::{Json, Limits};

    use super::*;

    fn target<'a>(name: &str, id: &'a str, version: Option<&'a str>) -> Target<'a> {
        Target { resource: ResourceType::parse(name).unwrap(), id, version }
    }

    #[test]
    fn every_form_is_told_apart() {
        use ReferenceKind::*;
        let patient = ResourceType::parse("Patient").unwrap();
        let uuid = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9";
        let absent = |base| Absolute { base, target: None };
        let cases = [
            ("#p1", Contained("p1")),
            ("#", Contained("")),
            ("#a b", Malformed),
            ("Patient/1", Relative(target("Patient", "1", None))),
            ("Patient/1/_history/2", Relative(target("Patient", "1", Some("2")))),
            ("Patient/1/_history/", Malformed),
            ("Patient/1/2", Malformed),
            ("Patient/", Malformed),
            ("patient/1", Malformed),
            ("Nothing/1", Malformed),
            ("/Patient/1", Malformed),
            ("", Malformed),
            ("Patient/a_b", Malformed),
            ("Patient?identifier=a|b", Conditional { resource: patient, query: "identifier=a|b" }),
            ("Nothing?identifier=a", Malformed),
            (uuid, Urn(uuid)),
            ("urn:oid:1.2.3", Urn("urn:oid:1.2.3")),
            ("urn:oid:1.02", absent("urn:oid:1.02")),
            ("urn:uuid:1", absent("urn:uuid:1")),
            (
                "https://a.example/fhir/Patient/1",
                Absolute { base: "https://a.example/fhir", target: Some(target("Patient", "1", None)) },
            ),
            (
                "https://a.example/Patient/1/_history/2",
                Absolute { base: "https://a.example", target: Some(target("Patient", "1", Some("2"))) },
            ),
            ("http://a.example/x", absent("http://a.example/x")),
            ("http:", Malformed),
            ("http://a b/Patient/1", Malformed),
        ];
        for (text, expected) in cases {
            assert_eq!(ReferenceKind::of(text), expected, "{text}");
        }
        assert!(is_id(&"a".repeat(64)) && !is_id(&"a".repeat(65)) && !is_id(""));
    }

    #[test]
    fn one_walk_finds_every_reference_with_its_place() {
        let text = r##"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{
            "resourceType":"Observation","status":"final","code":{"text":"x"},
            "subject":{"reference":"Patient/1","extension":[{"url":"http://a","valueReference":{"reference":"#c"}}]},
            "_issued":{"extension":[{"url":"http://a","valueReference":{"reference":"Group/g"}}]},
            "performer":[{"display":"none"},{"reference":"Practitioner/\u0031"}],
            "contained":[{"resourceType":"Specimen","subject":{"reference":"Patient/2"}}],
            "note":[{"authorReference":{"reference":"Patient/3"},"text":"not {\"reference\":\"x\"}"}]}}]}"##;
        let json = Json::parse(text, &Limits::default()).unwrap();
        let found: Vec<_> =
            references(json.root()).iter().map(|each| format!("{} {}", each.path(), each.text)).collect();
        let at = "Bundle.entry[0].resource";
        let expected = [
            format!("{at}.subject.reference Patient/1"),
            format!("{at}.subject.extension[0].value.reference #c"),
            format!("{at}.issued.extension[0].value.reference Group/g"),
            format!("{at}.performer[1].reference Practitioner/1"),
            format!("{at}.contained[0].subject.reference Patient/2"),
            format!("{at}.note[0].author.reference Patient/3"),
        ];
        assert_eq!(found, expected);
        let uses = references(json.root());
        assert_eq!(uses[0].member.name(), "subject");
        assert_eq!(uses[5].kind(), ReferenceKind::Relative(target("Patient", "3", None)));
    }
}
