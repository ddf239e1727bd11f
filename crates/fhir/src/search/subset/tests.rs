use std::collections::BTreeSet;

use vpr_codec::{Json, Limits};

use super::*;
use crate::{Edits, ResourceType, canonical, render};

const TAG: &str =
    r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}"#;

/// What is left of a text; `TAG` in the expectation stands for the tag.
fn left(text: &str, summary: Summary, elements: &str) -> String {
    let json = Json::parse(text, &Limits::default()).unwrap();
    let elements: Vec<_> = elements.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    String::from_utf8(subset(json.root(), summary, &elements, Style::Compact)).unwrap().replace(TAG, "TAG")
}

const PATIENT: &str = concat!(
    r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"1","tag":[{"code":"x"}]},"language":"de","#,
    r#""text":{"status":"generated","div":"<div/>"},"contained":[{"resourceType":"Basic"}],"#,
    r#""extension":[{"url":"u","valueString":"e"}],"modifierExtension":[{"url":"m","valueString":"n"}],"#,
    r#""active":true,"name":[{"id":"n","extension":[{"url":"x"}],"family":"F","_family":{"id":"f"}}],"#,
    r#""_birthDate":{"extension":[{"url":"absent"}]},"photo":[{"title":"t"}],"#,
    r#""communication":[{"language":{"text":"de"},"preferred":true}]}"#
);

#[test]
fn nothing_asked_for_leaves_everything() {
    assert_eq!(left(PATIENT, Summary::False, ""), PATIENT);
    assert_eq!(left(PATIENT, Summary::Count, ""), PATIENT);
    assert_eq!(left("[1]", Summary::True, "x"), "[1]");
    assert_eq!(
        left(r#"{"resourceType":"Nonsense","a":1}"#, Summary::True, ""),
        r#"{"resourceType":"Nonsense","a":1}"#
    );
}

#[test]
fn each_summary_leaves_what_the_standard_says() {
    let head = r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"1","tag":[{"code":"x"},TAG]}"#;
    let modifiers = r#""modifierExtension":[{"url":"m","valueString":"n"}],"active":true"#;
    assert_eq!(
        left(PATIENT, Summary::True, ""),
        format!(
            r#"{head},{modifiers},"name":[{{"family":"F","_family":{{"id":"f"}}}}],"_birthDate":{{"extension":[{{"url":"absent"}}]}}}}"#
        )
    );
    assert_eq!(
        left(PATIENT, Summary::Text, ""),
        format!(r#"{head},"text":{{"status":"generated","div":"<div/>"}},{modifiers}}}"#)
    );
    let text = r#""text":{"status":"generated","div":"<div/>"},"#;
    let without = PATIENT.replace(text, "").replace(r#"{"code":"x"}]"#, r#"{"code":"x"},TAG]"#);
    assert_eq!(left(PATIENT, Summary::Data, ""), without);
}

#[test]
fn elements_stay_whole_with_what_is_mandatory_and_what_modifies() {
    let head = r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"1","tag":[{"code":"x"},TAG]}"#;
    let modifiers = r#""modifierExtension":[{"url":"m","valueString":"n"}],"active":true"#;
    assert_eq!(
        left(PATIENT, Summary::False, "communication,birthDate"),
        format!(
            r#"{head},{modifiers},"_birthDate":{{"extension":[{{"url":"absent"}}]}},"communication":[{{"language":{{"text":"de"}},"preferred":true}}]}}"#
        )
    );
    assert_eq!(left(PATIENT, Summary::True, "communication"), format!("{head},{modifiers}}}"));
    assert_eq!(
        left(PATIENT, Summary::Data, "text,extension"),
        format!(r#"{head},"extension":[{{"url":"u","valueString":"e"}}],{modifiers}}}"#)
    );
    let observation = r#"{"resourceType":"Observation","status":"final","code":{"text":"c"},
        "effectiveDateTime":"2024","valueQuantity":{"value":1.00},"note":[{"text":"n"}]}"#;
    assert_eq!(
        left(observation, Summary::False, "value"),
        r#"{"resourceType":"Observation","meta":{"tag":[TAG]},"status":"final","code":{"text":"c"},"valueQuantity":{"value":1.00}}"#
    );
}

#[test]
fn a_summary_reaches_into_what_it_shows() {
    let observation = r#"{"resourceType":"Observation","status":"final","code":{"text":"c"},
        "subject":{"id":"i","reference":"Patient/1"},
        "component":[{"id":"a","modifierExtension":[{"url":"m","valueString":"n"}],
            "code":{"coding":[{"id":"k","system":"s","code":"d","userSelected":true}],"text":"x"},
            "valueSampledData":{"origin":{"value":1},"period":10,"dimensions":1,"data":"1 2"},
            "dataAbsentReason":{"text":"r"}}]}"#;
    assert_eq!(
        left(observation, Summary::True, ""),
        concat!(
            r#"{"resourceType":"Observation","meta":{"tag":[TAG]},"status":"final","code":{"text":"c"},"#,
            r#""subject":{"reference":"Patient/1"},"component":[{"modifierExtension":[{"url":"m","valueString":"n"}],"#,
            r#""code":{"coding":[{"system":"s","code":"d","userSelected":true}],"text":"x"},"#,
            r#""valueSampledData":{"origin":{"value":1},"period":10,"dimensions":1}}]}"#
        )
    );
}

#[test]
fn the_tag_comes_once_and_in_its_place() {
    let tagged = format!(r#"{{"resourceType":"Basic","meta":{{"tag":[{TAG}]}},"code":{{"text":"c"}}}}"#);
    assert_eq!(left(&tagged, Summary::Data, ""), tagged.replace(TAG, "TAG"));
    assert_eq!(
        left(r#"{"resourceType":"Basic"}"#, Summary::Data, ""),
        r#"{"resourceType":"Basic","meta":{"tag":[TAG]}}"#
    );
    assert_eq!(
        left(r#"{"resourceType":"Basic","id":"b","meta":{"source":"s"}}"#, Summary::Data, ""),
        r#"{"resourceType":"Basic","id":"b","meta":{"source":"s","tag":[TAG]}}"#
    );
}

#[test]
fn a_stored_resource_stays_one_that_can_be_rendered() {
    let json = Json::parse(PATIENT, &Limits::default()).unwrap();
    let stored = canonical(json.root(), &Edits::default());
    let json = Json::parse(stored, &Limits::default()).unwrap();
    for (summary, elements) in [
        (Summary::True, vec![]),
        (Summary::Text, vec![]),
        (Summary::Data, vec![]),
        (Summary::False, vec!["name".to_owned()]),
    ] {
        let part = subset(json.root(), summary, &elements, Style::Canonical);
        let again = Json::parse(part.clone(), &Limits::default()).unwrap();
        assert_eq!(canonical(again.root(), &Edits::default()), part);
        let sent = render(&part, 3, "2024-01-01T00:00:00.000Z", Style::Compact);
        let sent = Json::parse(sent, &Limits::default()).unwrap();
        let meta = sent.root().get("meta").unwrap();
        assert_eq!(meta.get("versionId").unwrap().as_str().unwrap(), "3");
        assert_eq!(meta.get("tag").unwrap().len(), 2);
    }
}

#[test]
fn a_bundle_keeps_its_resources_whole() {
    let bundle = r#"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"u","resource":{"resourceType":"Patient","photo":[{"title":"t"}]}}]}"#;
    assert_eq!(
        left(bundle, Summary::True, ""),
        bundle.replace(r#""Bundle","#, r#""Bundle","meta":{"tag":[TAG]},"#)
    );
}

#[test]
fn every_type_that_a_summary_shows_shows_something() {
    // Else whole values would come where a part is meant.
    let mut bare = BTreeSet::new();
    for resource in ResourceType::all() {
        for element in resource.definition().elements().filter(|each| each.is_summary()) {
            for member in element.members().filter(|member| has_summary(member.value_type())) {
                let its_type = member.value_type();
                if !its_type.elements().any(|each| is_kept(each) || each.is_summary()) {
                    bare.insert(its_type.name());
                }
            }
        }
    }
    assert_eq!(bare.into_iter().collect::<Vec<_>>(), Vec::<&str>::new());
}
