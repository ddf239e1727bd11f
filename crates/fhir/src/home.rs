//! Where a resource lives: in a part of one patient's record, or in the registry.

mod table;

use vpr_codec::Value;
use vpr_types::Part;

use crate::ResourceType;
use crate::edits::Edits;
use crate::reference::{ReferenceKind, resource_type};

/// Where a resource lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The part; [`Part::Registry`] exactly when there is no patient.
    pub part: Part,
    /// The id of the one Patient it belongs to.
    pub patient: Option<String>,
}

impl Home {
    const REGISTRY: Self = Self { part: Part::Registry, patient: None };
}

/// The part a resource type belongs to when it has exactly one patient, and the paths that lead to
/// its patients (empty: always the registry; `id`: it is itself the patient).
#[must_use]
pub fn part_and_paths(resource: ResourceType) -> (Part, &'static [&'static str]) {
    table::HOMES
        .binary_search_by(|(name, ..)| (*name).cmp(resource.name()))
        .map_or((Part::Registry, &[]), |found| (table::HOMES[found].1, table::HOMES[found].2))
}

/// Decides where a resource lives as it stands after `edits`.
///
/// Exactly one patient, named by a relative reference, gives that patient's record; none, several,
/// or one that no relative reference names (an identifier, an absolute URL, a contained resource,
/// a `urn:`) gives the registry. A caller that knows its own base turns absolute references to it
/// into relative ones with [`Edits::links`] first.
#[must_use]
pub fn home(root: Value<'_>, edits: &Edits<'_>) -> Home {
    let Some(resource) = resource_type(root) else { return Home::REGISTRY };
    let (part, paths) = part_and_paths(resource);
    if paths == ["id"] {
        let own = root.get("id").and_then(Value::as_str);
        let patient = edits.id.map(str::to_owned).or_else(|| own.map(|id| id.into_owned()));
        return patient.map_or(Home::REGISTRY, |id| Home { part, patient: Some(id) });
    }
    let mut patient = None;
    for path in paths {
        for reference in at_path(root, path) {
            match patient_of(root, reference, edits) {
                Patient::No => {}
                Patient::Unresolved => return Home::REGISTRY,
                Patient::Is(id) if patient.as_ref().is_none_or(|known| *known == id) => patient = Some(id),
                Patient::Is(_) => return Home::REGISTRY,
            }
        }
    }
    patient.map_or(Home::REGISTRY, |id| Home { part, patient: Some(id) })
}

enum Patient {
    No,
    Is(String),
    Unresolved,
}

fn patient_of(root: Value<'_>, reference: Value<'_>, edits: &Edits<'_>) -> Patient {
    let says_patient = reference.get("type").and_then(Value::as_str).is_some_and(|name| name == "Patient");
    let Some(text) = reference.get("reference").and_then(Value::as_str) else {
        // Nothing but a display names nobody.
        return if says_patient || reference.get("identifier").is_some() && !says_other(reference) {
            Patient::Unresolved
        } else {
            Patient::No
        };
    };
    let text = edits.link(&text);
    let is_patient = |resource: ResourceType| resource.name() == "Patient";
    match ReferenceKind::of(&text) {
        ReferenceKind::Relative(target) if is_patient(target.resource) => Patient::Is(target.id.to_owned()),
        ReferenceKind::Relative(_) => Patient::No,
        ReferenceKind::Contained(id) => {
            let contained = root.get("contained").into_iter().flat_map(Value::items);
            let found = contained
                .into_iter()
                .find(|each| each.get("id").and_then(Value::as_str).as_deref() == Some(id));
            let other = found.and_then(resource_type).is_some_and(|resource| !is_patient(resource));
            if other { Patient::No } else { Patient::Unresolved }
        }
        kind => match kind.resource_type() {
            Some(resource) if !is_patient(resource) => Patient::No,
            _ if says_other(reference) => Patient::No,
            _ => Patient::Unresolved,
        },
    }
}

/// Whether the reference says that it points at something other than a Patient.
fn says_other(reference: Value<'_>) -> bool {
    reference.get("type").and_then(Value::as_str).is_some_and(|name| name != "Patient")
}

/// The values at a path of member names, through arrays.
fn at_path<'a>(root: Value<'a>, path: &str) -> Vec<Value<'a>> {
    path.split('.').fold(vec![root], |values, name| {
        values
            .into_iter()
            .filter_map(|value| value.get(name))
            .flat_map(|value| value.items().chain((!value.is_array()).then_some(value)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use vpr_codec::{Json, Limits};

    use super::*;

    fn lives(text: &str, edits: &Edits<'_>) -> String {
        let json = Json::parse(text, &Limits::default()).unwrap();
        let home = home(json.root(), edits);
        assert_eq!(home.part == Part::Registry, home.patient.is_none());
        home.patient.map_or_else(|| home.part.to_string(), |id| format!("{}/{id}", home.part))
    }

    #[test]
    fn exactly_one_patient_gives_its_record() {
        let cases = [
            (r#"{"resourceType":"Patient","id":"a"}"#, "demographics/a"),
            (r#"{"resourceType":"Patient"}"#, "registry"),
            (r#"{"resourceType":"RelatedPerson","patient":{"reference":"Patient/a"}}"#, "demographics/a"),
            (r#"{"resourceType":"Observation","subject":{"reference":"Patient/a"}}"#, "clinical/a"),
            (
                r#"{"resourceType":"Observation","subject":{"reference":"Patient/a/_history/2"}}"#,
                "clinical/a",
            ),
            (r#"{"resourceType":"Observation","subject":{"reference":"Group/a"}}"#, "registry"),
            (r#"{"resourceType":"Observation","subject":{"reference":"Device/a"}}"#, "registry"),
            (r#"{"resourceType":"Observation"}"#, "registry"),
            (r#"{"resourceType":"Observation","subject":{"display":"somebody"}}"#, "registry"),
            (r#"{"resourceType":"Observation","subject":{"identifier":{"value":"x"}}}"#, "registry"),
            (
                r#"{"resourceType":"Observation","subject":{"reference":"https://a.example/Patient/a"}}"#,
                "registry",
            ),
            (
                r##"{"resourceType":"Observation","subject":{"reference":"#a"},"contained":[{"resourceType":"Patient","id":"a"}]}"##,
                "registry",
            ),
            (r#"{"resourceType":"Task","for":{"reference":"Patient/a"}}"#, "coordination/a"),
            (r#"{"resourceType":"Coverage","beneficiary":{"reference":"Patient/a"}}"#, "coordination/a"),
            (
                r#"{"resourceType":"Account","subject":[{"reference":"Patient/a"},{"reference":"Patient/a"}]}"#,
                "coordination/a",
            ),
            (
                r#"{"resourceType":"Account","subject":[{"reference":"Patient/a"},{"reference":"Patient/b"}]}"#,
                "registry",
            ),
            (
                r#"{"resourceType":"Account","subject":[{"reference":"Patient/a"},{"identifier":{"value":"x"}}]}"#,
                "registry",
            ),
            (
                r#"{"resourceType":"Account","subject":[{"reference":"Patient/a"},{"type":"Device","identifier":{"value":"x"}}]}"#,
                "coordination/a",
            ),
            (
                r#"{"resourceType":"Appointment","participant":[{"actor":{"reference":"Practitioner/p"}},{"status":"x"},{"actor":{"reference":"Patient/a"}}]}"#,
                "coordination/a",
            ),
            (
                r#"{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/b"}},{"actor":{"reference":"Patient/a"}}]}"#,
                "registry",
            ),
            (
                r##"{"resourceType":"Appointment","contained":[{"resourceType":"Practitioner","id":"p"}],
                    "participant":[{"actor":{"reference":"#p"}},{"actor":{"reference":"Patient/a"}}]}"##,
                "coordination/a",
            ),
            (r#"{"resourceType":"Organization","id":"o"}"#, "registry"),
            (r#"{"resourceType":"Group","member":[{"entity":{"reference":"Patient/a"}}]}"#, "registry"),
            (r#"{"resourceType":"Nonsense"}"#, "registry"),
            ("[]", "registry"),
        ];
        for (text, expected) in cases {
            assert_eq!(lives(text, &Edits::default()), expected, "{text}");
        }
    }

    #[test]
    fn edits_decide_as_they_will_be_written() {
        let links = HashMap::from([("urn:uuid:1".to_owned(), "Patient/n".to_owned())]);
        let edits = Edits { id: Some("n"), links: Some(&links) };
        assert_eq!(lives(r#"{"resourceType":"Patient","id":"o"}"#, &edits), "demographics/n");
        let text = r#"{"resourceType":"Observation","subject":{"reference":"urn:uuid:1"}}"#;
        assert_eq!(lives(text, &edits), "clinical/n");
        assert_eq!(lives(text, &Edits::default()), "registry");
    }
}
