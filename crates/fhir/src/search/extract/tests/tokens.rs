use super::says;

#[test]
fn a_code_has_the_system_of_its_binding() {
    let patient = r#"{"resourceType":"Patient","gender":"female","active":true}"#;
    says(patient, "gender", &["http://hl7.org/fhir/administrative-gender|female"]);
    says(patient, "active", &["|true"]);
    says(r#"{"resourceType":"Patient","gender":"unheard-of"}"#, "gender", &["|unheard-of"]);
    let structure = r#"{"resourceType":"StructureDefinition","type":"Patient","kind":"resource"}"#;
    says(structure, "kind", &["http://hl7.org/fhir/structure-definition-kind|resource"]);
    // `StructureDefinition.type` is a uri.
    says(structure, "type", &["Patient"]);
    let document = r#"{"resourceType":"DocumentReference","content":[{"attachment":
        {"contentType":"application/pdf","language":"de-AT"}}]}"#;
    says(document, "contenttype", &["urn:ietf:bcp:13|application/pdf"]);
    // The binding of a language is preferred, not required.
    says(document, "language", &["|de-AT"]);
}

#[test]
fn each_code_of_a_repeating_element_is_a_key() {
    let search =
        r#"{"resourceType":"SearchParameter","base":["Patient","Observation","Patient"],"code":"x"}"#;
    let expected =
        ["http://hl7.org/fhir/resource-types|Patient", "http://hl7.org/fhir/resource-types|Observation"];
    says(search, "base", &expected);
    says(search, "code", &["|x"]);
}

#[test]
fn codings_and_concepts_give_their_codings() {
    let observation = r#"{"resourceType":"Observation",
        "meta":{"tag":[{"system":"http://t","code":"a"},{"code":"b"},{"system":"http://t"},{"display":"c"}]},
        "code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"},
            {"system":"http://loinc.org","code":"8867-4"},{"code":"hr"}],"text":"pulse"},
        "category":[{"coding":[{"system":"http://c","code":"vital-signs"}]},{"text":"only text"}],
        "component":[{"code":{"coding":[{"system":"http://x","code":"k"}]}}]}"#;
    says(observation, "_tag", &["http://t|a", "|b", "http://t|"]);
    says(observation, "code", &["http://loinc.org|8867-4", "|hr"]);
    says(observation, "category", &["http://c|vital-signs"]);
    says(observation, "combo-code", &["http://loinc.org|8867-4", "|hr", "http://x|k"]);
}

#[test]
fn identifiers_and_contact_points_give_their_values() {
    let patient = r#"{"resourceType":"Patient","identifier":[{"system":"http://mrn","value":"00 1/A"},
            {"value":"bare"},{"system":"http://empty"},{"use":"old"}],
        "telecom":[{"system":"phone","value":"+43 1 234"},{"system":"email","value":"A@b.example"},
            {"system":"phone"},{"value":"neither"}]}"#;
    says(patient, "identifier", &["http://mrn|00 1/A", "|bare", "http://empty|"]);
    says(patient, "telecom", &["|+43 1 234", "|A@b.example", "|neither"]);
    says(patient, "phone", &["|+43 1 234"]);
    says(patient, "email", &["|A@b.example"]);
}

#[test]
fn whether_somebody_died_is_always_said() {
    let deceased = |rest: &str| format!(r#"{{"resourceType":"Patient"{rest}}}"#);
    says(&deceased(""), "deceased", &["|false"]);
    says(&deceased(r#","deceasedBoolean":false"#), "deceased", &["|false"]);
    says(&deceased(r#","deceasedBoolean":true"#), "deceased", &["|true"]);
    says(&deceased(r#","deceasedDateTime":"2020""#), "deceased", &["|true"]);
}

#[test]
fn a_choice_gives_what_its_type_allows() {
    let group = r#"{"resourceType":"Group","type":"person","actual":true,"characteristic":[
        {"code":{"coding":[{"code":"a"}]},"valueBoolean":false},
        {"code":{"coding":[{"code":"b"}]},"valueCodeableConcept":{"coding":[{"system":"s","code":"v"}]}},
        {"code":{"coding":[{"code":"c"}]},"valueQuantity":{"value":3}}]}"#;
    says(group, "value", &["|false", "s|v"]);
    says(group, "characteristic", &["|a", "|b", "|c"]);
}

#[test]
fn escapes_mean_what_they_stand_for() {
    let patient =
        "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"a\\u002fb\",\"value\":\"\\\"q\\\"\"}]}";
    says(patient, "identifier", &["a/b|\"q\""]);
}
