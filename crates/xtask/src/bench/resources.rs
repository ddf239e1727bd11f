//! Made-up resources of the size that real ones have. No patient was asked.

use serde_json::{Value, json};

/// A number from a number, evenly spread: the same run sends the same resources.
pub(super) fn scatter(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A Patient, about 0.7 KB.
pub(super) fn patient(n: u64) -> Value {
    json!({
        "resourceType": "Patient",
        "active": true,
        "identifier": [{
            "use": "official",
            "system": "urn:oid:2.16.840.1.113883.19.5",
            "value": format!("B{n:08}")
        }],
        "name": [{ "use": "official", "family": format!("Bench{n}"), "given": ["Avery", "Jo"] }],
        "gender": if n.is_multiple_of(2) { "female" } else { "male" },
        "birthDate": format!("{}-{:02}-{:02}", 1930 + n % 80, 1 + n % 12, 1 + n % 28),
        "telecom": [{ "system": "phone", "value": format!("555-{:04}", n % 10_000), "use": "home" }],
        "address": [{
            "line": [format!("{} Sample Street", n % 900)], "city": "Exampleton", "postalCode": "00000",
            "country": "XX"
        }]
    })
}

/// A blood pressure of `subject`, about 1.4 KB: near the mean of what a simulated hospital writes.
pub(super) fn observation(subject: &str, n: u64) -> Value {
    let systolic = 100 + scatter(n) % 60;
    let diastolic = 60 + scatter(n + 1) % 40;
    let minute = n % 60;
    let quantity = |value: u64| json!({ "value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]" });
    let loinc = |code: &str, display: &str| json!({ "coding": [{ "system": "http://loinc.org", "code": code, "display": display }], "text": display });
    json!({
        "resourceType": "Observation",
        "identifier": [{ "system": "urn:ietf:rfc:3986", "value": format!("urn:example:observation:{n:016x}") }],
        "status": "final",
        "category": [{
            "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "vital-signs",
                "display": "Vital Signs"
            }]
        }],
        "code": loinc("85354-9", "Blood pressure panel with all children optional"),
        "subject": { "reference": subject },
        "effectiveDateTime": format!("2024-{:02}-{:02}T10:{minute:02}:00Z", 1 + n % 12, 1 + n % 28),
        "issued": format!("2024-{:02}-{:02}T10:{minute:02}:30.000Z", 1 + n % 12, 1 + n % 28),
        "interpretation": [{
            "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
                "code": "N",
                "display": "Normal"
            }]
        }],
        "bodySite": {
            "coding": [{ "system": "http://snomed.info/sct", "code": "368209003", "display": "Right arm" }]
        },
        "component": [
            { "code": loinc("8480-6", "Systolic blood pressure"), "valueQuantity": quantity(systolic) },
            { "code": loinc("8462-4", "Diastolic blood pressure"), "valueQuantity": quantity(diastolic) }
        ],
        "note": [{ "text": format!("Measured while seated, after five minutes of rest. Series {n}.") }]
    })
}

/// A transaction of `entries` entries: one new Patient, and Observations that refer to it.
pub(super) fn transaction(entries: u64, n: u64) -> Value {
    let subject = format!("urn:uuid:00000000-0000-4000-8000-{:012x}", n & 0xffff_ffff_ffff);
    let mut all = vec![json!({
        "fullUrl": subject, "resource": patient(n), "request": { "method": "POST", "url": "Patient" }
    })];
    all.extend((1..entries).map(|entry| {
        json!({
            "resource": observation(&subject, n.wrapping_mul(1_000).wrapping_add(entry)),
            "request": { "method": "POST", "url": "Observation" }
        })
    }));
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": all })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_that_the_report_states() {
        let bytes = observation("Patient/00000000-0000-4000-8000-000000000000", 7).to_string().len();
        assert!((1_300..1_600).contains(&bytes), "{bytes}");
        assert_eq!(transaction(200, 1)["entry"].as_array().map(Vec::len), Some(200));
    }
}
