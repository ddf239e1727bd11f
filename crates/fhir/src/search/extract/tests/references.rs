use vpr_codec::{Json, Limits};

use super::{extracted, says};
use crate::ResourceType;

fn subject(reference: &str) -> String {
    format!(r#"{{"resourceType":"Observation","id":"o","subject":{reference}}}"#)
}

#[test]
fn each_form_of_reference_gives_its_key() {
    let cases: [(&str, &[&str]); 10] = [
        (r#"{"reference":"Patient/1"}"#, &["Patient/1"]),
        (r#"{"reference":"Patient/1/_history/2"}"#, &["Patient/1 at 2"]),
        (r#"{"reference":"https://a.example/fhir/Patient/1"}"#, &["<https://a.example/fhir/Patient/1>"]),
        (
            r#"{"reference":"urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9"}"#,
            &["<urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9>"],
        ),
        (r##"{"reference":"#p"}"##, &[]),
        (r#"{"reference":"Patient?identifier=a"}"#, &[]),
        (r#"{"reference":"nonsense"}"#, &[]),
        (r#"{"display":"somebody"}"#, &[]),
        (r#"{"identifier":{"system":"http://mrn","value":"7"}}"#, &["identifier http://mrn|7"]),
        (
            r#"{"reference":"Patient/1","type":"Patient","identifier":{"value":"7"}}"#,
            &["Patient/1", "identifier of Patient |7"],
        ),
    ];
    for (reference, expected) in cases {
        says(&subject(reference), "subject", expected);
    }
}

#[test]
fn a_reference_by_type_is_one_that_says_its_type() {
    let cases: [(&str, &[&str]); 6] = [
        (r#"{"reference":"Patient/1"}"#, &["Patient/1"]),
        (r#"{"reference":"Group/1"}"#, &[]),
        (r#"{"reference":"https://a.example/Patient/1"}"#, &["<https://a.example/Patient/1>"]),
        (
            r#"{"reference":"urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9","type":"Patient"}"#,
            &["<urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9>"],
        ),
        (r#"{"identifier":{"value":"7"}}"#, &[]),
        (r#"{"type":"Patient","identifier":{"value":"7"}}"#, &["identifier of Patient |7"]),
    ];
    for (reference, expected) in cases {
        says(&subject(reference), "patient", expected);
    }
}

#[test]
fn canonical_urls_are_split_from_their_version() {
    let plan = |urls: &str| format!(r#"{{"resourceType":"CarePlan","instantiatesCanonical":{urls}}}"#);
    says(
        &plan(r#"["http://p","http://p|2","http://p|3#part"]"#),
        "instantiates-canonical",
        &["canonical http://p", "canonical http://p at 2", "canonical http://p at 3"],
    );
    says(&plan(r##"["#contained"]"##), "instantiates-canonical", &[]);
    says(
        &plan(r#"["PlanDefinition/7"]"#),
        "instantiates-canonical",
        &["PlanDefinition/7", "canonical PlanDefinition/7"],
    );
    let map = r#"{"resourceType":"ConceptMap","sourceUri":"http://v|1","targetCanonical":"http://t"}"#;
    says(map, "source-uri", &["canonical http://v at 1"]);
    says(map, "source", &[]);
    says(map, "target", &["canonical http://t"]);
    let evidence = r#"{"resourceType":"Evidence","relatedArtifact":[
        {"type":"depends-on","resource":"http://l"},{"type":"composed-of","resource":"http://m"}]}"#;
    says(evidence, "depends-on", &["canonical http://l"]);
    says(evidence, "composed-of", &["canonical http://m"]);
    says(evidence, "successor", &[]);
}

#[test]
fn the_first_resource_of_a_bundle_is_as_if_referred_to() {
    let bundle = r#"{"resourceType":"Bundle","type":"document","entry":[
        {"resource":{"resourceType":"Composition","id":"c"}},{"resource":{"resourceType":"Patient","id":"p"}}]}"#;
    says(bundle, "composition", &["Composition/c"]);
    let empty = r#"{"resourceType":"Bundle","entry":[{"fullUrl":"urn:x"},
        {"resource":{"resourceType":"Composition","id":"c"}}]}"#;
    says(empty, "composition", &[]);
}

fn compartments(resource: &str) -> Vec<String> {
    let found = extracted(resource).compartments.into_iter();
    let mut found: Vec<_> = found.map(|(owner, id)| format!("{owner}/{id}")).collect();
    found.sort();
    found
}

#[test]
fn references_place_a_resource_in_compartments() {
    let observation = r#"{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/1"},
        "performer":[{"reference":"Patient/1"},{"reference":"Patient/2"},{"reference":"Practitioner/3"},
            {"reference":"Organization/4"}],"encounter":{"reference":"Encounter/5/_history/1"},
        "device":{"reference":"Device/6"},"focus":[{"reference":"Patient/7"}]}"#;
    assert_eq!(
        compartments(observation),
        ["Device/6", "Encounter/5", "Patient/1", "Patient/2", "Practitioner/3",]
    );
    let elsewhere = subject(r#"{"reference":"https://a.example/Patient/1"}"#);
    assert!(compartments(&elsewhere).is_empty());
}

#[test]
fn an_owner_is_in_its_own_compartment() {
    assert_eq!(compartments(r#"{"resourceType":"Patient","id":"a"}"#), ["Patient/a"]);
    let linked = r#"{"resourceType":"Patient","id":"a","link":[{"other":{"reference":"Patient/b"},"type":"seealso"}]}"#;
    assert_eq!(compartments(linked), ["Patient/a", "Patient/b"]);
    assert!(compartments(r#"{"resourceType":"Patient"}"#).is_empty());
    for owner in ["Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"] {
        assert!(ResourceType::parse(owner).is_some());
        let own = format!(r#"{{"resourceType":"{owner}","id":"x"}}"#);
        assert_eq!(compartments(&own), [format!("{owner}/x")]);
    }
    assert!(compartments(r#"{"resourceType":"Organization","id":"x"}"#).is_empty());
}

/// A resource whose only content is a reference to `Patient/a` at the path of its home.
fn at_home(resource: ResourceType, path: &str) -> String {
    let mut its_type = Some(resource.definition());
    let (mut before, mut behind) = (String::new(), String::new());
    for name in path.split('.') {
        let member = its_type.and_then(|known| known.member(name)).unwrap();
        let (open, close) = if member.repeats() { ("[", "]") } else { ("", "") };
        before.push_str(&format!(r#""{name}":{open}{{"#));
        behind.insert_str(0, &format!("}}{close}"));
        its_type = Some(member.value_type());
    }
    format!(r#"{{"resourceType":"{resource}",{before}"reference":"Patient/a"{behind}}}"#)
}

#[test]
fn what_lives_in_a_record_is_in_its_compartment_or_names_its_patient() {
    let mut beside = Vec::new();
    for resource in ResourceType::all() {
        let (_, paths) = crate::part_and_paths(resource);
        for path in paths.iter().filter(|path| **path != "id") {
            let text = at_home(resource, path);
            let json = Json::parse(text.clone(), &Limits::default()).unwrap();
            assert_eq!(
                crate::home(json.root(), &crate::Edits::default()).patient.as_deref(),
                Some("a"),
                "{text}"
            );
            let said = extracted(&text);
            let within = said.compartments.iter().any(|(owner, id)| owner.name() == "Patient" && id == "a");
            assert!(within != (said.patient.as_deref() == Some("a")), "{text}");
            beside.extend(said.patient.map(|_| resource.name()));
        }
    }
    assert!(beside.contains(&"Task") && !beside.contains(&"Observation"), "{beside:?}");
}
