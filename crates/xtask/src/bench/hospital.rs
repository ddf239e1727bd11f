//! Resources to search in: patients with 230 resources each, all alike in size and spread.

use serde_json::{Value, json};

use super::load::Request;
use super::resources::scatter;

/// Resources of one patient, the patient included.
const EACH: u64 = 230;
const ENCOUNTERS: u64 = 30;
const OBSERVATIONS: u64 = 150;
const CONDITIONS: u64 = 29;
const CODES: u64 = 13;
const DAYS: u64 = 3_650;

/// A population of a fixed size; everything in it follows from its number.
pub(super) struct Hospital {
    patients: u64,
}

impl Hospital {
    /// About `resources` resources.
    pub(super) fn of(resources: u64) -> Self {
        Self { patients: (resources / EACH).max(1) }
    }

    /// How many bundles carry it.
    pub(super) fn bundles(&self) -> u64 {
        self.patients
    }

    fn chosen(&self, n: u64) -> u64 {
        scatter(n) % self.patients
    }

    /// The id of some patient.
    pub(super) fn patient(&self, n: u64) -> String {
        format!("p{}", self.chosen(n))
    }

    /// The family name of some patient; nobody else has it.
    pub(super) fn family(&self, n: u64) -> String {
        family(self.chosen(n))
    }

    /// A code that a thirteenth of all observations have.
    pub(super) fn code(&self, n: u64) -> String {
        code(scatter(n) % CODES)
    }

    /// A code that observations of three patients have.
    pub(super) fn rare_code(&self, n: u64) -> String {
        rare(self.chosen(n))
    }

    /// A month.
    pub(super) fn month(&self, n: u64) -> String {
        format!("20{:02}-{:02}", 15 + scatter(n) % 10, 1 + scatter(n + 1) % 12)
    }
}

fn family(patient: u64) -> String {
    format!("Family{:06}", scatter(patient) % 1_000_000 * 10 + patient % 10)
}

fn code(n: u64) -> String {
    format!("{}-{}", 8_000 + n, n % 10)
}

fn rare(patient: u64) -> String {
    format!("rare-{}", patient / 3)
}

fn day(n: u64) -> String {
    let days = scatter(n) % DAYS;
    let (year, rest) = (2015 + days / 365, days % 365);
    format!("{year}-{:02}-{:02}T{:02}:15:00Z", 1 + rest / 31 % 12, 1 + rest % 28, n % 24)
}

/// One patient's bundle.
pub(super) fn request(all: &Hospital, patient: u64) -> Request {
    let _ = all;
    let mut entries = vec![put(
        &format!("Patient/p{patient}"),
        json!({
            "resourceType": "Patient", "id": format!("p{patient}"), "active": true,
            "identifier": [{ "system": "urn:oid:2.999.7", "value": patient.to_string() }],
            "name": [{ "family": family(patient), "given": ["Jo", "Lee"] }],
            "gender": if patient.is_multiple_of(2) { "female" } else { "male" },
            "birthDate": format!("19{:02}-0{}-1{}", patient % 90 + 10, patient % 9 + 1, patient % 10)
        }),
    )];
    let subject = json!({ "reference": format!("Patient/p{patient}") });
    for n in 0..ENCOUNTERS {
        let id = format!("p{patient}-e{n}");
        entries.push(put(
            &format!("Encounter/{id}"),
            json!({
                "resourceType": "Encounter", "id": id, "status": "finished", "subject": subject,
                "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB" },
                "period": { "start": day(patient * 977 + n), "end": day(patient * 977 + n) }
            }),
        ));
    }
    for n in 0..OBSERVATIONS {
        let id = format!("p{patient}-o{n}");
        let number = patient * 1_009 + n;
        let code = if n == 0 { rare(patient) } else { code(n % CODES) };
        entries.push(put(&format!("Observation/{id}"), json!({
            "resourceType": "Observation", "id": id, "status": "final", "subject": subject,
            "category": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs" }] }],
            "code": { "coding": [{ "system": "http://loinc.org", "code": code }], "text": "A measurement" },
            "encounter": { "reference": format!("Encounter/p{patient}-e{}", n % ENCOUNTERS) },
            "effectiveDateTime": day(number), "issued": day(number),
            "valueQuantity": { "value": number % 200, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]" }
        })));
    }
    for n in 0..CONDITIONS {
        let id = format!("p{patient}-c{n}");
        entries.push(put(&format!("Condition/{id}"), json!({
            "resourceType": "Condition", "id": id, "subject": subject,
            "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active" }] },
            "code": { "coding": [{ "system": "http://snomed.info/sct", "code": (44_000 + scatter(patient + n) % 300).to_string() }] },
            "onsetDateTime": day(patient * 31 + n)
        })));
    }
    for n in 0..EACH - 1 - ENCOUNTERS - OBSERVATIONS - CONDITIONS {
        let id = format!("p{patient}-r{n}");
        entries.push(put(&format!("Procedure/{id}"), json!({
            "resourceType": "Procedure", "id": id, "status": "completed", "subject": subject,
            "code": { "coding": [{ "system": "http://snomed.info/sct", "code": (70_000 + scatter(n) % 50).to_string() }] },
            "performedDateTime": day(patient * 37 + n)
        })));
    }
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
    Request {
        method: "POST",
        path: "/fhir".into(),
        headers: "content-type: application/fhir+json\r\n".into(),
        body: bundle.to_string().into_bytes(),
        status: 200,
        operations: EACH,
    }
}

fn put(url: &str, resource: Value) -> Value {
    json!({ "resource": resource, "request": { "method": "PUT", "url": url } })
}
