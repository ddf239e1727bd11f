//! The resources, one function each.

use serde_json::{Value, json};
use vpr_types::Instant;

use super::dice::Dice;
use super::words::{CONDITIONS, Code, FAMILY, GIVEN, MEASUREMENTS, Measurement, STREETS, TOWNS};

const SNOMED: &str = "http://snomed.info/sct";
const LOINC: &str = "http://loinc.org";
const UCUM: &str = "http://unitsofmeasure.org";

/// What the resources of one patient have in common.
#[derive(Debug)]
pub(super) struct Links {
    pub(super) patient: String,
    pub(super) practitioner: String,
    pub(super) organization: String,
}

/// A point in time, in whole minutes since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Minute(pub(super) u64);

impl Minute {
    /// As FHIR `instant` and `dateTime`, UTC.
    pub(super) fn instant(self) -> String {
        let text = Instant(i64::try_from(self.0).unwrap_or_default() * 60_000_000).to_millis_text();
        text.replace(".000Z", "Z")
    }

    /// As FHIR `date`.
    pub(super) fn date(self) -> String {
        self.instant().chars().take(10).collect()
    }

    pub(super) fn after(self, minutes: u64) -> Self {
        Self(self.0 + minutes)
    }
}

pub(super) fn organization(id: &str, name: &str) -> Value {
    json!({
        "resourceType": "Organization", "id": id, "active": true, "name": name,
        "type": [{ "coding": [coding("http://terminology.hl7.org/CodeSystem/organization-type", "prov", "Healthcare Provider")] }],
    })
}

pub(super) fn practitioner(dice: &mut Dice, id: &str) -> Value {
    let (given, gender) = *dice.pick(GIVEN);
    json!({
        "resourceType": "Practitioner", "id": id, "active": true, "gender": gender,
        "name": [{ "use": "official", "family": dice.pick(FAMILY), "given": [given], "prefix": ["Dr."] }],
    })
}

pub(super) fn patient(dice: &mut Dice, id: &str) -> Value {
    let (given, gender) = *dice.pick(GIVEN);
    // Born between 1930 and 2014.
    let born = Minute(dice.within(0, 84 * 365 * 1_440)).date();
    let year: i32 = born.get(..4).and_then(|year| year.parse().ok()).unwrap_or(1970);
    json!({
        "resourceType": "Patient", "id": id, "active": true, "gender": gender,
        "identifier": [{ "system": "urn:oid:2.999.1", "value": format!("{:08}", dice.within(0, 99_999_999)) }],
        "name": [{ "use": "official", "family": dice.pick(FAMILY), "given": [given] }],
        "birthDate": format!("{:04}{}", year - 40, birthday(&born)),
        "address": [address(dice)],
        "telecom": [{ "system": "phone", "use": "home", "value": format!("+999 {:07}", dice.within(0, 9_999_999)) }],
    })
}

/// Month and day; 29 February becomes the 28th, the year it moves to may have none.
fn birthday(date: &str) -> &str {
    match date.get(4..) {
        Some("-02-29") | None => "-02-28",
        Some(day) => day,
    }
}

pub(super) fn address(dice: &mut Dice) -> Value {
    json!({
        "use": "home", "type": "physical",
        "line": [format!("{} {}", dice.pick(STREETS), dice.within(1, 180))],
        "city": dice.pick(TOWNS), "postalCode": format!("{:05}", dice.within(10_000, 99_999)),
    })
}

pub(super) fn encounter(id: &str, links: &Links, start: Minute, end: Option<Minute>) -> Value {
    let mut period = json!({ "start": start.instant() });
    if let Some(end) = end {
        period["end"] = json!(end.instant());
    }
    json!({
        "resourceType": "Encounter", "id": id,
        "status": if end.is_some() { "finished" } else { "in-progress" },
        "class": coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB", "ambulatory"),
        "subject": reference(&links.patient),
        "participant": [{ "individual": reference(&links.practitioner) }],
        "serviceProvider": reference(&links.organization),
        "period": period,
    })
}

pub(super) fn condition(dice: &mut Dice, links: &Links, encounter: &str, at: Minute) -> Value {
    let status = if dice.chance(70) { "active" } else { "resolved" };
    let clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical";
    let verification = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
    let category = "http://terminology.hl7.org/CodeSystem/condition-category";
    let mut condition = json!({
        "resourceType": "Condition",
        "clinicalStatus": { "coding": [{ "system": clinical, "code": status }] },
        "verificationStatus": { "coding": [{ "system": verification, "code": "confirmed" }] },
        "category": [{ "coding": [coding(category, "encounter-diagnosis", "Encounter Diagnosis")] }],
        "code": concept(SNOMED, dice.pick(CONDITIONS)),
        "subject": reference(&links.patient),
        "encounter": reference(encounter),
        "onsetDateTime": at.date(),
        "recordedDate": at.instant(),
    });
    if status == "resolved" {
        // con-4: an abatement needs a clinical status that is not active.
        condition["abatementDateTime"] = json!(at.after(dice.within(3, 60) * 1_440).date());
    }
    condition
}

pub(super) fn measurement(dice: &mut Dice, links: &Links, encounter: &str, at: Minute) -> Value {
    let Measurement { code, unit, ucum, tenths, category } = dice.pick(MEASUREMENTS);
    let mut observation = observation(links, encounter, at, category, code);
    let value = dice.tenths(tenths.0, tenths.1);
    observation["valueQuantity"] = quantity(value, unit, ucum);
    observation
}

pub(super) fn blood_pressure(dice: &mut Dice, links: &Links, encounter: &str, at: Minute) -> Value {
    let panel = Code { code: "85354-9", display: "Blood pressure panel with all children optional" };
    let mut observation = observation(links, encounter, at, "vital-signs", &panel);
    let mut component = |code, display, range: (u64, u64)| {
        json!({
            "code": concept(LOINC, &Code { code, display }),
            "valueQuantity": quantity(dice.within(range.0, range.1) as f64, "mmHg", "mm[Hg]"),
        })
    };
    observation["component"] = json!([
        component("8480-6", "Systolic blood pressure", (98, 168)),
        component("8462-4", "Diastolic blood pressure", (55, 99)),
    ]);
    observation
}

fn observation(links: &Links, encounter: &str, at: Minute, category: &str, code: &Code) -> Value {
    let system = "http://terminology.hl7.org/CodeSystem/observation-category";
    json!({
        "resourceType": "Observation", "status": "final",
        "category": [{ "coding": [{ "system": system, "code": category }] }],
        "code": concept(LOINC, code),
        "subject": reference(&links.patient),
        "encounter": reference(encounter),
        "performer": [reference(&links.practitioner)],
        "effectiveDateTime": at.instant(),
        "issued": at.after(20).instant(),
    })
}

fn quantity(value: f64, unit: &str, ucum: &str) -> Value {
    json!({ "value": value, "unit": unit, "system": UCUM, "code": ucum })
}

fn concept(system: &str, code: &Code) -> Value {
    json!({ "coding": [coding(system, code.code, code.display)], "text": code.display })
}

fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

fn reference(target: &str) -> Value {
    json!({ "reference": target })
}
