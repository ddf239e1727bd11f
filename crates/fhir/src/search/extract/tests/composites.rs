use super::super::run::COMBINATIONS_MAX;
use super::{extracted, said, says};

#[test]
fn the_parts_of_one_element_belong_together() {
    let pressure = r#"{"resourceType":"Observation",
        "code":{"coding":[{"system":"l","code":"bp"},{"code":"panel"}]},"component":[
        {"code":{"coding":[{"system":"l","code":"sys"}]},"valueQuantity":{"value":120,"unit":"mmHg"}},
        {"code":{"coding":[{"system":"l","code":"dia"}]},"valueQuantity":{"value":80,"unit":"mmHg"}},
        {"code":{"coding":[{"system":"l","code":"pos"}]},"valueCodeableConcept":{"coding":[{"code":"sitting"}]}}]}"#;
    let quantities = ["l|sys $ 120 -|-|mmHg", "l|dia $ 80 -|-|mmHg"];
    says(pressure, "component-code-value-quantity", &quantities);
    says(pressure, "combo-code-value-quantity", &quantities);
    says(pressure, "component-code-value-concept", &["l|pos $ |sitting"]);
    says(pressure, "code-value-quantity", &[]);
}

#[test]
fn every_combination_of_values_is_a_key() {
    let observation = r#"{"resourceType":"Observation","code":{"coding":[{"code":"a"},{"code":"b"}]},
        "valueCodeableConcept":{"coding":[{"code":"x"},{"code":"y"}]}}"#;
    let expected = ["|a $ |x", "|b $ |x", "|a $ |y", "|b $ |y"];
    says(observation, "code-value-concept", &expected);
    says(observation, "combo-code-value-concept", &expected);
    let dated = r#"{"resourceType":"Observation","code":{"coding":[{"code":"a"}]},"valueDateTime":"2020"}"#;
    says(dated, "code-value-date", &["|a $ 2020-01-01..2021-01-01"]);
}

#[test]
fn combinations_have_a_limit() {
    let codings = |count: usize| {
        let codings: Vec<_> = (0..count).map(|at| format!(r#"{{"code":"{at}"}}"#)).collect();
        codings.join(",")
    };
    let observation = format!(
        r#"{{"resourceType":"Observation","code":{{"coding":[{0}]}},"valueCodeableConcept":{{"coding":[{0}]}}}}"#,
        codings(200)
    );
    assert_eq!(said(&observation, "code-value-concept").len(), COMBINATIONS_MAX);
    assert_eq!(said(&observation, "code").len(), 200);
}

#[test]
fn parts_may_stand_elsewhere_in_the_resource() {
    let sequence = r#"{"resourceType":"MolecularSequence",
        "referenceSeq":{"chromosome":{"coding":[{"code":"7"}]},"referenceSeqId":{"coding":[{"code":"NC"}]},
            "windowStart":1,"windowEnd":9},
        "variant":[{"start":2,"end":3},{"start":4,"end":5},{"start":6}]}"#;
    says(sequence, "chromosome-variant-coordinate", &["|7 $ 2 $ 3", "|7 $ 4 $ 5"]);
    says(sequence, "referenceseqid-window-coordinate", &["|NC $ 1 $ 9"]);
}

#[test]
fn a_relationship_is_a_code_and_a_document() {
    let document = r#"{"resourceType":"DocumentReference","relatesTo":[
        {"code":"replaces","target":{"reference":"DocumentReference/1"}},
        {"code":"appends","target":{"reference":"DocumentReference/2"}}]}"#;
    says(
        document,
        "relationship",
        &[
            "http://hl7.org/fhir/document-relationship-type|replaces $ DocumentReference/1",
            "http://hl7.org/fhir/document-relationship-type|appends $ DocumentReference/2",
        ],
    );
}

#[test]
fn contexts_of_use_combine_with_ranges() {
    let questionnaire = r#"{"resourceType":"Questionnaire","useContext":[
        {"code":{"system":"u","code":"age"},"valueRange":{"low":{"value":10,"unit":"y"}}},
        {"code":{"system":"u","code":"focus"},"valueCodeableConcept":{"coding":[{"code":"x"}]}}]}"#;
    says(questionnaire, "context-type-quantity", &["u|age $ 10..inf -|-|y"]);
    says(questionnaire, "context-type-value", &["u|focus $ |x"]);
}

#[test]
fn what_is_no_resource_says_nothing() {
    for text in ["[]", "{}", "1", r#"{"resourceType":"Nothing","id":"a"}"#] {
        let nothing = extracted(text);
        assert!(nothing.keys.is_empty() && nothing.compartments.is_empty(), "{text}");
    }
    let odd = r#"{"resourceType":"Observation","code":[[{"coding":7}]],"subject":"Patient/1","status":{},
        "component":{"code":{"coding":{"code":"not a list"}}},"valueQuantity":[{"value":1}]}"#;
    assert!(said(odd, "subject").is_empty());
    assert!(said(odd, "code").is_empty());
    assert_eq!(said(odd, "value-quantity"), ["1 -|-|-"]);
}
