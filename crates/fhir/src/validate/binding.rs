//! Required bindings (R4 §4.1.5.1), and the maximum of weaker ones.

use vpr_codec::Value;

use super::walk::Walk;
use crate::codes::IssueType;
use crate::definitions::{Binding, Membership, Strength, ValueSet};

/// The value set that codes must be from, if there is one.
fn obligatory(binding: Binding) -> Option<ValueSet> {
    match binding.strength() {
        Strength::Required => binding.value_set(),
        _ => binding.maximum(),
    }
}

const UCUM: &str = "http://unitsofmeasure.org";

/// Whether a code is in a value set; `system` is what a Coding says.
fn is_member(value_set: ValueSet, system: Option<&str>, code: &str) -> bool {
    match value_set.membership() {
        Membership::Unknown => true,
        Membership::Enumerated => value_set.contains(system, code),
        Membership::Language => is_language(code),
        Membership::MediaType => is_media_type(code),
        Membership::Unit => system.is_none_or(|system| system == UCUM),
    }
}

impl<'v> Walk<'v> {
    /// A code, uri or string that is bound.
    #[inline]
    pub(super) fn bound_code(&mut self, binding: Binding, value: Value<'v>) {
        let Some(value_set) = obligatory(binding) else { return };
        let code = value.as_str().unwrap_or_default();
        if !is_member(value_set, None, &code) {
            let text = format!("the code is not of {}", value_set.url());
            self.issues.error(value, IssueType::CodeInvalid, text);
        }
    }

    /// A Coding or Quantity that is bound.
    pub(super) fn bound_coding(&mut self, binding: Binding, coding: Value<'v>) {
        let Some(value_set) = obligatory(binding) else { return };
        if coding.get("code").is_some() && !coding_is_member(value_set, coding) {
            let text = format!("the code is not of {}", value_set.url());
            self.issues.error(coding, IssueType::CodeInvalid, text);
        }
    }

    /// A CodeableConcept that is bound: one of its codings must be of the value set.
    pub(super) fn bound_concept(&mut self, binding: Binding, concept: Value<'v>) {
        let Some(value_set) = obligatory(binding) else { return };
        if value_set.membership() == Membership::Unknown {
            return;
        }
        let mut codings = concept.get("coding").into_iter().flat_map(Value::items);
        if !codings.any(|coding| coding_is_member(value_set, coding)) && concept.get("extension").is_none() {
            let text = format!("a coding of {} is required", value_set.url());
            self.issues.error(concept, IssueType::CodeInvalid, text);
        }
    }
}

fn coding_is_member(value_set: ValueSet, coding: Value<'_>) -> bool {
    let text = |name| coding.get(name).and_then(Value::as_str);
    let (system, code) = (text("system"), text("code"));
    code.is_some_and(|code| is_member(value_set, Some(system.as_deref().unwrap_or_default()), &code))
}

/// The form of a language tag (BCP 47): parts of 1 to 8 letters and digits, the first only letters.
fn is_language(code: &str) -> bool {
    let mut parts = code.split('-');
    let first = parts.next().unwrap_or_default();
    (1..=8).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// The form of a media type (BCP 13): `type/subtype`, then parameters; or one of the short names that
/// the standard uses beside them (R4 §3.1.0.1.11, `CapabilityStatement.format`).
fn is_media_type(code: &str) -> bool {
    if matches!(code, "xml" | "json" | "ttl") {
        return true;
    }
    let (name, parameters) = code.split_once(';').unwrap_or((code, ""));
    let Some((kind, subtype)) = name.trim_end().split_once('/') else { return false };
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&byte))
    };
    is_token(kind) && is_token(subtype) && parameters.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_and_media_types_have_a_form() {
        for good in ["en", "nb-NO", "zh-Hant-TW", "x-klingon", "de-CH-1996"] {
            assert!(is_language(good), "{good}");
        }
        for bad in ["", "en_US", "e1", "en-", "-en", "en US", "abcdefghi", "English (US)"] {
            assert!(!is_language(bad), "{bad}");
        }
        for good in [
            "text/plain",
            "application/fhir+json",
            "text/plain; charset=UTF-8",
            "image/*",
            "application/vnd.a.b",
        ] {
            assert!(is_media_type(good), "{good}");
        }
        for bad in ["", "text", "text/", "/plain", "text/pl ain", "a/b/c", "text plain"] {
            assert!(!is_media_type(bad), "{bad}");
        }
    }
}
