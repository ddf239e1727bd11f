//! Which elements say what a resource is and what it says, in order.

use vpr_codec::Value;

use super::text::{Line, push, push_days};
use super::{SNIPPET_BYTES_MAX, TITLE_BYTES_MAX};
use crate::ResourceType;

/// Where the general order would show the wrong thing first.
const TITLES_OF: &[(&str, &[&str])] = &[
    ("Account", &["name", "type"]),
    ("Appointment", &["description", "serviceType", "appointmentType"]),
    ("Device", &["deviceName", "type", "distinctIdentifier"]),
    ("DocumentReference", &["description", "type", "category"]),
    ("Encounter", &["type", "serviceType", "class"]),
    ("Endpoint", &["name", "connectionType"]),
    ("FamilyMemberHistory", &["name", "relationship"]),
    ("Goal", &["description"]),
    ("ImagingStudy", &["description", "procedureCode", "modality"]),
    ("Media", &["content.title", "type", "modality"]),
    ("PractitionerRole", &["code", "specialty", "practitioner"]),
    ("Task", &["description", "code"]),
];

/// The first of these that says something is the title. A choice (`medication[x]`) stands with the
/// names that it has in JSON.
const TITLES: &[&str] = &[
    "title",
    "name",
    "code",
    "vaccineCode",
    "medicationCodeableConcept",
    "medicationReference",
    "type",
    "serviceType",
    "procedureCode",
    "description",
    "class",
    "topic",
    "activity",
    "category",
    "scope",
    "reason",
    "itemCodeableConcept",
    "suppliedItem.itemCodeableConcept",
    "location",
    "morphology",
    "questionnaire",
    "serviceCategory",
    "url",
];

/// Values, in the order in which a snippet shows them: each that says something, after a word where
/// the value alone would not be understood.
const VALUES: &[(&str, &str)] = &[
    ("", "valueQuantity"),
    ("", "valueCodeableConcept"),
    ("", "valueString"),
    ("", "valueBoolean"),
    ("", "valueInteger"),
    ("", "valueRange"),
    ("", "valueRatio"),
    ("", "valueTime"),
    ("", "dataAbsentReason"),
    ("", "interpretation"),
    ("", "clinicalStatus"),
    ("", "criticality"),
    ("", "lifecycleStatus"),
    ("", "gender"),
    ("", "dosageInstruction"),
    ("", "dosage"),
    ("", "conclusion"),
    ("", "outcome"),
    ("", "total"),
];

/// Dates, with the word before them. All but the last group are shown where they are; of the last,
/// which say when something was, the first alone.
const DATES: &[(&str, &[&str])] = &[
    ("born", &["birthDate"]),
    ("deceased", &["deceasedDateTime", "deceasedBoolean"]),
    ("since", &["onsetDateTime", "onsetPeriod", "onsetAge", "onsetRange", "onsetString"]),
    (
        "abated",
        &["abatementDateTime", "abatementPeriod", "abatementAge", "abatementRange", "abatementString"],
    ),
    (
        "",
        &[
            "valueDateTime",
            "effectiveDateTime",
            "effectivePeriod",
            "effectiveInstant",
            "performedDateTime",
            "performedPeriod",
            "performedString",
            "occurrenceDateTime",
            "occurrencePeriod",
            "occurrenceString",
            "period",
            "billablePeriod",
            "servicedPeriod",
            "started",
            "startDate",
            "start",
            "authoredOn",
            "dateWritten",
            "whenHandedOver",
            "date",
            "recordedDate",
            "issued",
            "sent",
            "created",
            "occurredDateTime",
            "occurredPeriod",
            "recorded",
        ],
    ),
];

/// Components of an Observation that a snippet shows.
const COMPONENTS_MAX: usize = 3;

/// What the resource is.
pub(super) fn title(its_type: ResourceType, resource: Value<'_>) -> String {
    let own = TITLES_OF.iter().find(|(name, _)| *name == its_type.name()).map(|(_, paths)| *paths);
    let mut line = Line::new(TITLE_BYTES_MAX);
    for path in own.into_iter().chain([TITLES]).flatten() {
        let value = path.split('.').try_fold(resource, |value, name| value.get(name));
        if value.is_some_and(|value| line.part("", |out| push(value, out))) {
            break;
        }
    }
    line.finish()
}

/// What the resource says.
pub(super) fn snippet(resource: Value<'_>) -> String {
    let mut line = Line::new(SNIPPET_BYTES_MAX);
    for (word, name) in VALUES {
        if let Some(value) = resource.get(name) {
            line.part(", ", |out| worded(word, out, |out| push(value, out)));
        }
    }
    if let Some(components) = resource.get("component") {
        for component in components.items().take(COMPONENTS_MAX) {
            line.part(", ", |out| component_says(component, out));
        }
    }
    for (word, names) in DATES {
        let there = names.iter().filter_map(|name| Some((*name, resource.get(name)?)));
        // That somebody is not deceased is not worth a word.
        let mut worth = there.filter(|(_, value)| value.as_bool() != Some(false));
        worth.any(|(name, value)| line.part(", ", |out| worded(word, out, |out| dated(name, value, out))));
    }
    line.finish()
}

fn worded(word: &str, out: &mut Line, fill: impl FnOnce(&mut Line) -> bool) -> bool {
    out.push(word);
    if word.is_empty() {
        return fill(out);
    }
    out.part(" ", fill)
}

/// A date or a Period by its days; an Age, a Range or a text as it is.
fn dated(name: &str, value: Value<'_>, out: &mut Line) -> bool {
    let other = ["Age", "Range", "String", "Boolean"].iter().any(|suffix| name.ends_with(suffix));
    if other { push(value, out) } else { push_days(value, out) }
}

/// `Observation.component`: what it is of, and its value.
fn component_says(component: Value<'_>, out: &mut Line) -> bool {
    let Some(code) = component.get("code") else { return false };
    if !out.part("", |out| push(code, out)) {
        return false;
    }
    let values = VALUES.iter().filter(|(_, name)| name.starts_with("value") || *name == "dataAbsentReason");
    values.filter_map(|(_, name)| component.get(name)).any(|value| out.part(" ", |out| push(value, out)))
}
