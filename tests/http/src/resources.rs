//! The resources that tests write.

use crate::Client;

/// A Patient with that id and family name.
#[must_use]
pub fn patient(id: &str, family: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","active":true,"name":[{{"family":"{family}","given":["A","B"]}}],"birthDate":"1970-01-01"}}"#
    )
}

/// An Observation with that id about that patient. An empty id is left out.
#[must_use]
pub fn observation(id: &str, patient: &str, note: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!(r#""id":"{id}","#) };
    format!(
        r#"{{"resourceType":"Observation",{id}"status":"final","code":{{"text":"{note}"}},"subject":{{"reference":"{patient}"}},"valueQuantity":{{"value":1.00,"unit":"mg"}}}}"#
    )
}

/// A Bundle of that type with these entries.
#[must_use]
pub fn bundle(kind: &str, entries: &[String]) -> String {
    format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(","))
}

/// An entry of a Bundle: the method, the URL, further members of `request` (each begun with a
/// comma), and the resource if there is one.
#[must_use]
pub fn entry(method: &str, url: &str, more: &str, resource: Option<&str>) -> String {
    let resource = resource.map(|resource| format!(r#""resource":{resource},"#)).unwrap_or_default();
    format!(r#"{{{resource}"request":{{"method":"{method}","url":"{url}"{more}}}}}"#)
}

/// Stores a resource of that name (`Patient/a`) with these further members.
///
/// # Panics
/// When it is refused.
pub fn put(client: &mut Client, name: &str, rest: &str) {
    let (kind, id) = name.split_once('/').unwrap();
    let body = format!(r#"{{"resourceType":"{kind}","id":"{id}",{rest}}}"#);
    let done = client.put(&format!("/fhir/{name}"), body).send();
    assert!(matches!(done.status, 200 | 201), "{name}: {}", done.text());
}

/// Stores Patients `p0`, `p1` … named Berg, with an Observation `o0`, `o1` … each, all at once.
///
/// # Panics
/// When they are refused.
pub fn fill(client: &mut Client, patients: usize) {
    let entries: Vec<String> = (0..patients)
        .flat_map(|number| {
            let (id, other) = (format!("p{number}"), format!("o{number}"));
            let about = observation(&other, &format!("Patient/{id}"), "weight");
            [
                entry("PUT", &format!("Patient/{id}"), "", Some(&patient(&id, "Berg"))),
                entry("PUT", &format!("Observation/{other}"), "", Some(&about)),
            ]
        })
        .collect();
    let done = client.post("/fhir", bundle("transaction", &entries)).send();
    assert_eq!(done.status, 200, "{}", done.text());
}
