use super::says;

#[test]
fn names_and_addresses_give_every_part() {
    let patient = r#"{"resourceType":"Patient",
        "name":[{"use":"official","text":"Dr Ann Lee","family":"Lee","given":["Ann","B"],"prefix":["Dr"],"suffix":["Jr"],
            "period":{"start":"2000"}},{"family":"Lee","_given":[null],"given":[null,"Cy"]}],
        "address":[{"use":"home","type":"both","text":"all of it","line":["1 Main St","Apt 2"],"city":"Graz",
            "district":"D","state":"ST","postalCode":"8010","country":"AT"}]}"#;
    says(patient, "name", &["Dr Ann Lee", "Lee", "Ann", "B", "Dr", "Jr", "Cy"]);
    says(patient, "family", &["Lee"]);
    says(patient, "given", &["Ann", "B", "Cy"]);
    says(patient, "phonetic", &["Dr Ann Lee", "Lee", "Ann", "B", "Dr", "Jr", "Cy"]);
    says(patient, "address", &["all of it", "1 Main St", "Apt 2", "Graz", "D", "ST", "8010", "AT"]);
    says(patient, "address-city", &["Graz"]);
    says(patient, "address-use", &["http://hl7.org/fhir/address-use|home"]);
}

#[test]
fn text_is_kept_as_written() {
    let observation = r#"{"resourceType":"Observation","valueString":"  Grün, ÉTÉ "}"#;
    says(observation, "value-string", &["  Grün, ÉTÉ "]);
    let concept = r#"{"resourceType":"Observation","valueCodeableConcept":{"text":"positive"}}"#;
    says(concept, "value-string", &["positive"]);
    says(concept, "value-concept", &[]);
    let plan = r#"{"resourceType":"InsurancePlan","name":"Gold","alias":["G","Au"]}"#;
    says(plan, "name", &["Gold", "G", "Au"]);
    // `description` of a `CapabilityStatement` is markdown.
    let statement = r#"{"resourceType":"CapabilityStatement","description":"**bold**"}"#;
    says(statement, "description", &["**bold**"]);
    says(r#"{"resourceType":"Patient","name":[{"family":""}]}"#, "name", &[]);
}

#[test]
fn uris_are_kept_as_written() {
    let patient = r#"{"resourceType":"Patient","meta":{"source":"urn:a:B",
        "profile":["http://p/one","http://p/two|1.0","http://p/two|2.0"]}}"#;
    says(patient, "_source", &["urn:a:B"]);
    says(patient, "_profile", &["http://p/one", "http://p/two|1.0", "http://p/two", "http://p/two|2.0"]);
    let codes = r#"{"resourceType":"CodeSystem","url":"http://c/","valueSet":"http://v"}"#;
    says(codes, "url", &["http://c/"]);
    says(codes, "supplements", &[]);
}
