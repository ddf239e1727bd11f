use proptest::prelude::*;
use serde_json::{Value as Tree, json};
use vpr_codec::{Json, Limits};

use super::*;
use crate::ResourceType;
use crate::definitions::Type;

fn of(tree: &Tree) -> Listing {
    listing(Json::parse(tree.to_string(), &Limits::default()).unwrap().root())
}

fn check(tree: &Tree, title: &str, snippet: &str, flags: &[&str]) {
    let found = of(tree);
    assert_eq!((found.title.as_str(), found.snippet.as_str()), (title, snippet), "{tree}");
    assert_eq!(found.flags.words().collect::<Vec<_>>(), flags, "{tree}");
}

#[test]
fn people_are_called_by_their_proper_names() {
    let name = json!([
        {"use": "maiden", "family": "Alt"},
        {"use": "usual", "given": ["Bibi"]},
        {"use": "official", "prefix": ["Dr."], "given": ["Barbara", "Eva"], "family": "Neu", "suffix": ["MD"]},
    ]);
    let patient = json!({"resourceType": "Patient", "id": "1", "text": {"div": "<div>never</div>"}, "active": false,
        "name": name, "birthDate": "1970-03-04", "gender": "female", "deceasedBoolean": false});
    check(&patient, "Dr. Barbara Eva Neu MD", "female, born 1970-03-04", &["inactive"]);
    let patient = json!({"resourceType": "Patient", "name": [{"use": "old", "text": "Old"}, {"text": "New  One\n"}],
        "deceasedDateTime": "2020-01-01T10:00:00Z"});
    check(&patient, "New One", "deceased 2020-01-01", &[]);
    let only = json!({"resourceType": "Practitioner", "name": [{"use": "old", "family": "Only"}]});
    check(&only, "Only", "", &[]);
    check(&json!({"resourceType": "Organization", "name": "Ward 3"}), "Ward 3", "", &[]);
}

#[test]
fn observations_show_value_unit_and_day() {
    let coded = |code: Tree, rest: Tree| {
        let mut tree = json!({"resourceType": "Observation", "status": "final", "code": code,
            "effectiveDateTime": "2024-05-06T07:08:09+02:00", "issued": "2024-05-07T00:00:00Z"});
        tree.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        tree
    };
    let glucose = json!({"coding": [{"code": "2339-0"}, {"display": "Glucose"}]});
    let value = json!({"valueQuantity": {"value": 6.30, "comparator": "<", "unit": "mmol/L", "code": "x"}});
    check(&coded(glucose.clone(), value), "Glucose", "<6.3 mmol/L, 2024-05-06", &["final"]);
    let pressure = json!({"component": [
        {"code": {"text": "Systolic"}, "valueQuantity": {"value": 120, "unit": "mm[Hg]"}},
        {"code": {"text": "Diastolic"}, "valueQuantity": {"value": 80, "unit": "mm[Hg]"}},
    ], "status": "corrected"});
    let wanted = "Systolic 120 mm[Hg], Diastolic 80 mm[Hg], 2024-05-06";
    check(
        &coded(json!({"text": "Blood pressure"}), pressure),
        "Blood pressure",
        wanted,
        &["final", "amended"],
    );
    let absent = json!({"status": "preliminary", "dataAbsentReason": {"coding": [{"code": "error"}]}});
    check(&coded(json!({"coding": [{"code": "1-2"}]}), absent), "1-2", "error, 2024-05-06", &["preliminary"]);
}

#[test]
fn every_kind_has_its_own_first_element() {
    let concept = |text: &str| json!({"coding": [{"system": "s", "code": "c", "display": text}]});
    for (tree, title, snippet, flags) in [
        (
            json!({"resourceType": "Condition", "code": concept("Asthma"), "clinicalStatus": concept("Active"),
                "verificationStatus": {"coding": [{"code": "provisional"}]}, "onsetDateTime": "2011"}),
            "Asthma",
            "Active, since 2011",
            &["preliminary"][..],
        ),
        (
            json!({"resourceType": "Condition", "code": concept("Asthma"), "onsetAge": {"value": 7, "unit": "a"},
                "verificationStatus": {"coding": [{"code": "refuted"}]}, "recordedDate": "2024-01-01"}),
            "Asthma",
            "since 7 a, 2024-01-01",
            &["refuted"],
        ),
        (
            json!({"resourceType": "Encounter", "status": "cancelled", "class": {"code": "AMB", "display": "ambulatory"},
                "period": {"start": "2020-01-01T08:00:00Z", "end": "2020-01-02T08:00:00Z"}}),
            "ambulatory",
            "2020-01-01–2020-01-02",
            &["not-done"],
        ),
        (
            json!({"resourceType": "DocumentReference", "status": "superseded", "docStatus": "final",
                "type": concept("Letter"), "description": "Letter of the ward", "authenticator": {"display": "A"},
                "securityLabel": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}]}),
            "Letter of the ward",
            "",
            &["final", "signed", "superseded", "confidential"],
        ),
        (
            json!({"resourceType": "Composition", "status": "final", "title": "Discharge", "type": concept("x"),
                "confidentiality": "V", "date": "2024-02", "attester": [{"mode": "personal"}, {"mode": "legal"}]}),
            "Discharge",
            "2024-02",
            &["final", "signed", "confidential"],
        ),
        (
            json!({"resourceType": "MedicationRequest", "status": "draft", "doNotPerform": true,
                "medicationReference": {"reference": "Medication/1", "display": "Aspirin"},
                "dosageInstruction": [{"text": "never again"}], "authoredOn": "2024-01-02"}),
            "Aspirin",
            "never again, 2024-01-02",
            &["draft", "do-not-perform"],
        ),
        (
            json!({"resourceType": "Immunization", "status": "entered-in-error", "vaccineCode": concept("MMR"),
                "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]},
                "modifierExtension": [{"url": "u"}], "occurrenceString": "1999 Tuesday"}),
            "MMR",
            "1999 Tuesday",
            &["entered-in-error", "test-data", "modified"],
        ),
        (
            json!({"resourceType": "Claim", "type": concept("oral"), "total": {"value": 12.50, "currency": "EUR"},
                "billablePeriod": {"start": "2020"}}),
            "oral",
            "12.5 EUR, 2020–",
            &[],
        ),
    ] {
        check(&tree, title, snippet, flags);
    }
}

#[test]
fn labels_of_other_systems_say_nothing() {
    let label = |system: &str, code: &str| {
        of(&json!({"resourceType": "Basic", "meta": {"security": [{"system": system, "code": code}]}})).flags
    };
    let confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    assert_eq!(label(confidentiality, "R"), Flags::CONFIDENTIAL);
    assert_eq!(label(confidentiality, "N"), Flags::default());
    assert_eq!(label("http://a.example", "R"), Flags::default());
}

#[test]
fn long_text_is_cut_between_characters() {
    let long = "ä€".repeat(200);
    let found = of(&json!({"resourceType": "Observation", "code": {"text": long}, "valueString": long,
        "effectiveDateTime": "2020"}));
    for (text, most) in [(&found.title, TITLE_BYTES_MAX), (&found.snippet, SNIPPET_BYTES_MAX)] {
        assert!(text.len() <= most && text.len() > most - 6 && text.ends_with('…'), "{text}");
    }
    let fits = "x".repeat(TITLE_BYTES_MAX);
    assert_eq!(of(&json!({"resourceType": "Basic", "code": {"text": fits}})).title, fits);
    let turned = "a\u{202e}b\u{1b}[31m\tc\u{feff}";
    assert_eq!(of(&json!({"resourceType": "Basic", "code": {"text": turned}})).title, "ab [31m c");
}

#[test]
fn codes_of_states_are_those_of_the_standard() {
    let codes_of = |names: &[&str]| {
        let members = ResourceType::all().flat_map(|each| each.definition().members());
        let wanted = members.filter(|member| names.contains(&member.name()));
        let sets = wanted.filter_map(|member| member.binding()?.value_set());
        sets.flat_map(|set| set.codes()).map(|(code, _)| code).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(Type::all().count() > 100);
    let status = codes_of(&["status", "docStatus"]);
    for (code, _) in flags::STATUS {
        assert!(status.contains(code), "{code}");
    }
    let verification = codes_of(&["verificationStatus"]);
    for (code, _) in flags::VERIFICATION {
        assert!(verification.contains(code), "{code}");
    }
}

#[test]
fn bits_are_one_each_and_read_back() {
    let mut all = 0;
    for (flag, word) in Flags::ALL {
        assert!(flag.bits().is_power_of_two() && all & flag.bits() == 0, "{word}");
        all |= flag.bits();
        assert_eq!(Flags::of_bits(flag.bits()), *flag);
    }
    assert_eq!(Flags::of_bits(u32::MAX).bits(), all);
    assert_eq!(Flags::of_bits(u32::MAX).words().count(), Flags::ALL.len());
}

/// Trees of the names that are looked at, and of others, with anything below them.
fn anything() -> impl Strategy<Value = Tree> {
    let text =
        prop_oneof!["\\PC{0,60}", ".{0,8}", Just("official".to_owned()), Just("2020-01-01T".to_owned())];
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::from),
        any::<f64>().prop_map(Tree::from),
        text.prop_map(Tree::from),
    ];
    let name = prop::sample::select(
        "name code text coding display value valueQuantity unit comparator low high numerator denominator \
         start end given family prefix use component meta security status verificationStatus attester mode \
         birthDate deceasedBoolean period onsetAge onsetString title type description content system x"
            .split(' ')
            .collect::<Vec<_>>(),
    );
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::from),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|members| Tree::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_gives_a_bounded_line(mut tree in anything(), at in 0..ResourceType::COUNT) {
        if let Some(members) = tree.as_object_mut() {
            let name = ResourceType::all().nth(at).unwrap().name();
            members.insert("resourceType".to_owned(), Tree::from(name));
        }
        let found = of(&tree);
        prop_assert!(found.title.len() <= TITLE_BYTES_MAX && found.snippet.len() <= SNIPPET_BYTES_MAX);
        for text in [&found.title, &found.snippet] {
            prop_assert!(!text.chars().any(char::is_control), "{:?}", text);
            prop_assert_eq!(text.trim(), text);
            prop_assert!(!text.contains("  "), "{:?}", text);
        }
        prop_assert_eq!(of(&tree), found);
    }
}
