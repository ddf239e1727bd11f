use vpr_codec::{Json, Limits};
use vpr_types::limits::{ISSUES_MAX, JSON_DEPTH_MAX};

use super::*;
use crate::Severity;

/// What is found, as `severity code expression`, in the order of the text.
fn found(text: &str) -> Vec<String> {
    let json = Json::parse(text, &Limits::default()).unwrap();
    let issues = validate(json.root(), &ValidateOptions::default());
    let line =
        |issue: &Issue| format!("{} {} {}", issue.severity.code(), issue.code.code(), issue.expression);
    issues.iter().map(line).collect()
}

fn check(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        let expected: Vec<_> = expected
            .iter()
            .map(
                |line| if line.starts_with("warning") { (*line).to_owned() } else { format!("error {line}") },
            )
            .collect();
        assert_eq!(found(text), expected, "{text}");
    }
}

/// A Patient with these members.
macro_rules! patient {
    ($members:literal) => {
        concat!(r#"{"resourceType":"Patient","#, $members, "}")
    };
}

/// An Observation with what is required and these members.
macro_rules! observation {
    ($members:literal) => {
        concat!(r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"#, $members, "}")
    };
}

#[test]
fn good_resources_have_no_issues() {
    check(&[
        (r#"{"resourceType":"Patient"}"#, &[]),
        (
            patient!(
                r#""name":[{"given":["a",null],"_given":[null,{"extension":[{"url":"http://a","valueString":"x"}]}]}]"#
            ),
            &[],
        ),
        (patient!(r#""_birthDate":{"extension":[{"url":"http://a","valueCode":"x"}]}"#), &[]),
        (
            patient!(
                r#""deceasedBoolean":true,"_deceasedBoolean":{"id":"a","extension":[{"url":"http://a","valueCode":"x"}]}"#
            ),
            &[],
        ),
        (patient!(r#""extension":[{"url":"http://a","extension":[{"url":"part","valueString":"x"}]}]"#), &[]),
        (patient!(r#""name":[{"_given":[{"extension":[{"url":"http://a","valueString":"x"}]}]}]"#), &[]),
        (
            observation!(
                r##""subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]"##
            ),
            &[],
        ),
        (
            observation!(
                r##""contained":[{"resourceType":"Provenance","id":"p","target":[{"reference":"#"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}]"##
            ),
            &[],
        ),
        (observation!(r#""subject":{"reference":"urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9"}"#), &[]),
        (observation!(r#""subject":{"identifier":{"value":"x"},"type":"Patient"}"#), &[]),
        (observation!(r#""valueQuantity":{"value":1.0,"comparator":"<"}"#), &[]),
    ]);
}

#[test]
fn structure_is_that_of_the_definitions() {
    check(&[
        (r#"[]"#, &["structure Resource"]),
        (r#"{}"#, &["structure Resource"]),
        (r#"{"resourceType":1}"#, &["structure Resource.resourceType"]),
        (r#"{"resourceType":"Resource"}"#, &["structure Resource.resourceType"]),
        (r#"{"resourceType":"HumanName"}"#, &["structure Resource.resourceType"]),
        (patient!(r#""nam":[]"#), &["structure Patient.nam"]),
        (patient!(r#""name":{"family":"x"}"#), &["structure Patient.name"]),
        (patient!(r#""name":[]"#), &["structure Patient.name"]),
        (patient!(r#""name":["x"]"#), &["structure Patient.name[0]"]),
        (patient!(r#""name":[null]"#), &["structure Patient.name[0]"]),
        (patient!(r#""name":[[]]"#), &["structure Patient.name[0]"]),
        (patient!(r#""active":[true]"#), &["structure Patient.active"]),
        (patient!(r#""active":null"#), &["structure Patient.active"]),
        (patient!(r#""active":"true""#), &["structure Patient.active"]),
        (patient!(r#""maritalStatus":"M""#), &["structure Patient.maritalStatus"]),
        (patient!(r#""maritalStatus":null"#), &["structure Patient.maritalStatus"]),
        (patient!(r#""maritalStatus":{}"#), &["invariant Patient.maritalStatus"]),
        (patient!(r#""maritalStatus":{"id":"a"}"#), &["invariant Patient.maritalStatus"]),
        (patient!(r#""name":[{"given":"a"}]"#), &["structure Patient.name[0].given"]),
        (patient!(r#""name":[{"given":["a",null]}]"#), &["structure Patient.name[0].given[1]"]),
        (patient!(r#""name":[{"given":[[]]}]"#), &["structure Patient.name[0].given[0]"]),
        (patient!(r#""fhir_comments":["x"]"#), &["structure Patient.fhir_comments"]),
        (
            patient!(r#""name":[{"resourceType":"HumanName","family":"a"}]"#),
            &["structure Patient.name[0].resourceType"],
        ),
        (patient!(r#""deceasedBoolean":true,"deceasedDateTime":"2020""#), &["structure Patient.deceased"]),
        (
            patient!(
                r#""deceasedBoolean":true,"_deceasedDateTime":{"extension":[{"url":"http://a","valueCode":"x"}]}"#
            ),
            &["structure Patient.deceased"],
        ),
        (patient!(r#""deceasedString":"x""#), &["structure Patient.deceasedString"]),
        (patient!(r#""deceased":true"#), &["structure Patient.deceased"]),
        (
            r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient"}},{"resource":{"resourceType":"Patient","x":1}}]}"#,
            &["structure Bundle.entry[1].resource.x"],
        ),
        (
            r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":[]}]}"#,
            &["structure Bundle.entry[0].resource"],
        ),
        (
            r#"{"resourceType":"Parameters","parameter":[{"name":"x","resource":{"id":"a"}}]}"#,
            &["structure Parameters.parameter[0].resource"],
        ),
    ]);
}

#[test]
fn extensions_of_primitives_match_their_values() {
    check(&[
        (patient!(r#""_name":[{"id":"a"}]"#), &["structure Patient.name"]),
        (patient!(r#""_nothing":{"id":"a"}"#), &["structure Patient._nothing"]),
        (patient!(r#""_id":{"extension":[{"url":"http://a","valueCode":"x"}]}"#), &["structure Patient.id"]),
        (patient!(r#""_birthDate":[{"id":"a"}]"#), &["structure Patient.birthDate"]),
        (patient!(r#""_birthDate":{}"#), &["invariant Patient.birthDate"]),
        (patient!(r#""_birthDate":{"id":"a"}"#), &["invariant Patient.birthDate"]),
        (patient!(r#""_birthDate":{"value":"2020"}"#), &["structure Patient.birthDate.value"]),
        (patient!(r#""_birthDate":null"#), &["structure Patient.birthDate"]),
        (
            patient!(r#""birthDate":null,"_birthDate":{"extension":[{"url":"http://a","valueCode":"x"}]}"#),
            &["structure Patient.birthDate"],
        ),
        (
            patient!(
                r#""name":[{"given":["a"],"_given":[null,{"extension":[{"url":"http://a","valueCode":"x"}]}]}]"#
            ),
            &["structure Patient.name[0].given"],
        ),
        (
            patient!(
                r#""name":[{"given":[null,"b"],"_given":[{"extension":[{"url":"http://a","valueCode":"x"}]}]}]"#
            ),
            &["warning structure Patient.name[0].given"],
        ),
        (patient!(r#""name":[{"given":["a"],"_given":{"id":"x"}}]"#), &["structure Patient.name[0].given"]),
        (patient!(r#""name":[{"_given":[null]}]"#), &["structure Patient.name[0].given[0]"]),
        (
            patient!(
                r#""name":[{"given":[null,"b"],"_given":[null,{"extension":[{"url":"http://a","valueCode":"x"}]}]}]"#
            ),
            &["structure Patient.name[0].given[0]"],
        ),
        (patient!(r#""name":[{"given":["a"],"_given":[]}]"#), &["structure Patient.name[0].given"]),
        (patient!(r#""name":[{"given":["a"],"_given":[1]}]"#), &["structure Patient.name[0].given[0]"]),
    ]);
}

#[test]
fn what_is_required_must_be_there() {
    check(&[
        (r#"{"resourceType":"Observation"}"#, &["required Observation", "required Observation"]),
        (
            r#"{"resourceType":"Observation","_status":{"extension":[{"url":"http://a","valueCode":"x"}]},"code":{"text":"x"}}"#,
            &[],
        ),
        (patient!(r#""link":[{"type":"refer"}]"#), &["required Patient.link[0]"]),
        (
            r#"{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"reference":"Patient/a"}}"#,
            &["required MedicationRequest"],
        ),
        (patient!(r#""extension":[{"valueString":"x"}]"#), &["required Patient.extension[0]"]),
        (
            patient!(r#""contained":[{"resourceType":"Basic","code":{"text":"x"}}]"#),
            &["required Patient.contained[0]"],
        ),
    ]);
    let json = Json::parse(r#"{"resourceType":"MedicationRequest"}"#, &Limits::default()).unwrap();
    let issues = validate(json.root(), &ValidateOptions::default());
    let texts: Vec<_> = issues.iter().map(|issue| issue.text.as_str()).collect();
    assert!(texts.contains(&"the required element 'medication[x]' is missing"), "{texts:?}");
}

#[test]
fn primitives_have_the_forms_of_the_standard() {
    check(&[
        (patient!(r#""birthDate":"2023-02-30""#), &["value Patient.birthDate"]),
        (patient!(r#""id":"a_b""#), &["value Patient.id"]),
        (patient!(r#""language":"""#), &["value Patient.language"]),
        (patient!(r#""name":[{"given":["a",""]}]"#), &["value Patient.name[0].given[1]"]),
        (patient!(r#""name":[{"text":" "}]"#), &["warning value Patient.name[0].text"]),
        (patient!(r#""multipleBirthInteger":1.0"#), &["value Patient.multipleBirth"]),
        (patient!(r#""multipleBirthInteger":"1""#), &["structure Patient.multipleBirth"]),
        (patient!(r#""telecom":[{"rank":0}]"#), &["value Patient.telecom[0].rank"]),
        (patient!(r#""implicitRules":"a b""#), &["value Patient.implicitRules"]),
        (patient!(r#""text":{"status":"generated","div":"<p>a</p>"}"#), &["invariant Patient.text.div"]),
        (
            patient!(
                r#""text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>a</script></div>"}"#
            ),
            &["invariant Patient.text.div"],
        ),
    ]);
    let long = "x".repeat(1024 * 1024 + 1);
    let text = format!(r#"{{"resourceType":"Patient","name":[{{"text":"{long}"}}]}}"#);
    assert_eq!(found(&text), ["error too-long Patient.name[0].text"]);
}

#[test]
fn required_bindings_are_checked() {
    check(&[
        (patient!(r#""gender":"F""#), &["code-invalid Patient.gender"]),
        (patient!(r#""language":"en_US""#), &["code-invalid Patient.language"]),
        (patient!(r#""photo":[{"contentType":"image"}]"#), &["code-invalid Patient.photo[0].contentType"]),
        (
            observation!(r#""valueQuantity":{"value":1,"comparator":"="}"#),
            &["code-invalid Observation.value.comparator"],
        ),
        (
            r#"{"resourceType":"Condition","subject":{"reference":"Patient/a"},"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}}"#,
            &[],
        ),
        (
            r#"{"resourceType":"Condition","subject":{"reference":"Patient/a"},"clinicalStatus":{"coding":[{"system":"http://other","code":"x"},{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}}"#,
            &[],
        ),
        (
            r#"{"resourceType":"Condition","subject":{"reference":"Patient/a"},"clinicalStatus":{"coding":[{"system":"http://other","code":"active"}]}}"#,
            &["code-invalid Condition.clinicalStatus"],
        ),
        (
            r#"{"resourceType":"Condition","subject":{"reference":"Patient/a"},"clinicalStatus":{"coding":[{"code":"active"}]}}"#,
            &["code-invalid Condition.clinicalStatus"],
        ),
        (
            r#"{"resourceType":"Condition","subject":{"reference":"Patient/a"},"clinicalStatus":{"text":"active"}}"#,
            &["code-invalid Condition.clinicalStatus"],
        ),
        (r#"{"resourceType":"Bundle","type":"transactions"}"#, &["code-invalid Bundle.type"]),
    ]);
}

#[test]
fn extensions_have_a_url_and_one_content() {
    check(&[
        (patient!(r#""extension":[{"url":"http://a"}]"#), &["invariant Patient.extension[0]"]),
        (
            patient!(
                r#""extension":[{"url":"http://a","valueString":"x","extension":[{"url":"b","valueString":"x"}]}]"#
            ),
            &["invariant Patient.extension[0]"],
        ),
        (patient!(r#""extension":[{"url":"a","valueString":"x"}]"#), &["extension Patient.extension[0].url"]),
        (
            patient!(r#""modifierExtension":[{"url":"a","valueString":"x"}]"#),
            &["extension Patient.modifierExtension[0].url"],
        ),
        (
            patient!(r#""extension":[{"url":"http://a","valueString":"x","valueCode":"y"}]"#),
            &["structure Patient.extension[0].value"],
        ),
        (
            patient!(r#""extension":[{"url":"http://a","valuePopulation":{"id":"x"}}]"#),
            &["invariant Patient.extension[0]", "structure Patient.extension[0].valuePopulation"],
        ),
    ]);
}

#[test]
fn references_have_a_form_and_an_allowed_target() {
    check(&[
        (
            observation!(r#""subject":{"reference":"Organization/a"}"#),
            &["structure Observation.subject.reference"],
        ),
        (
            observation!(r#""subject":{"reference":"https://a.example/Organization/a"}"#),
            &["structure Observation.subject.reference"],
        ),
        (observation!(r#""subject":{"reference":"somebody"}"#), &["value Observation.subject.reference"]),
        (observation!(r#""subject":{"reference":"Patient/a_b"}"#), &["value Observation.subject.reference"]),
        (
            observation!(r#""subject":{"reference":"Patient?identifier=a"}"#),
            &["not-supported Observation.subject.reference"],
        ),
        (observation!(r#""subject":{"type":"Patient"}"#), &["invariant Observation.subject"]),
        (
            observation!(r#""subject":{"type":"Person","display":"x"}"#),
            &["structure Observation.subject.type"],
        ),
        (
            observation!(r#""subject":{"type":"Nobody","display":"x"}"#),
            &["code-invalid Observation.subject.type"],
        ),
        (
            observation!(r#""subject":{"type":"Group","reference":"Patient/a"}"#),
            &["structure Observation.subject.type"],
        ),
        (observation!(r##""subject":{"reference":"#p"}"##), &["not-found Observation.subject.reference"]),
        (observation!(r##""subject":{"reference":"#"}"##), &["not-found Observation.subject.reference"]),
        (
            observation!(
                r##""subject":{"reference":"#p"},"contained":[{"resourceType":"Organization","id":"p"}]"##
            ),
            &["structure Observation.subject.reference"],
        ),
    ]);
    let text = observation!(
        r#""subject":{"reference":"Practitioner?identifier=a"},"performer":[{"reference":"Practitioner?identifier=a"}]"#
    );
    let json = Json::parse(text, &Limits::default()).unwrap();
    let issues = validate(json.root(), &ValidateOptions { conditional_references: true });
    let places: Vec<_> = issues.iter().map(|issue| issue.expression.as_str()).collect();
    assert_eq!(places, ["Observation.subject.reference"]);
}

#[test]
fn contained_resources_follow_their_rules() {
    check(&[
        (
            patient!(r#""contained":[{"resourceType":"Organization","id":"o"}]"#),
            &["invariant Patient.contained[0]"],
        ),
        (
            patient!(
                r##""managingOrganization":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","contained":[{"resourceType":"Basic","id":"b"}]}]"##
            ),
            &["invariant Patient.contained[0].contained[0]"],
        ),
        (
            patient!(
                r##""managingOrganization":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","meta":{"versionId":"1","lastUpdated":"2020-01-01T00:00:00Z","security":[{"code":"x"}]}}]"##
            ),
            &[
                "invariant Patient.contained[0].meta.versionId",
                "invariant Patient.contained[0].meta.lastUpdated",
                "invariant Patient.contained[0].meta.security",
            ],
        ),
        (
            patient!(
                r##""managingOrganization":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o"},{"resourceType":"Organization","id":"o"}]"##
            ),
            &["duplicate Patient.contained[1]"],
        ),
        (
            r##"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}]}},
                {"resource":{"resourceType":"Patient","managingOrganization":{"reference":"#o"}}}]}"##,
            &[
                "invariant Bundle.entry[0].resource.contained[0]",
                "not-found Bundle.entry[1].resource.managingOrganization.reference",
            ],
        ),
        (
            r##"{"resourceType":"PlanDefinition","status":"draft","action":[{"definitionCanonical":"#a"}],"contained":[{"resourceType":"Library","id":"a","status":"draft","type":{"text":"x"}}]}"##,
            &[],
        ),
    ]);
}

#[test]
fn a_simple_quantity_has_no_comparator() {
    let text = r#"{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"reference":"Patient/a"},
        "medicationCodeableConcept":{"text":"x"},"dispenseRequest":{"quantity":{"value":1,"comparator":"<"}}}"#;
    assert_eq!(found(text), ["error invariant MedicationRequest.dispenseRequest.quantity.comparator"]);
}

#[test]
fn issues_name_the_line_and_never_the_content() {
    let text = "{\"resourceType\":\"Patient\",\n  \"birthDate\":\"Secret\",\n\n  \"name\":[{\"é\":1,\"Secret\":\"Secret\"}],\"gender\":\"secret\"}";
    let json = Json::parse(text, &Limits::default()).unwrap();
    let issues = validate(json.root(), &ValidateOptions::default());
    let places: Vec<_> = issues.iter().map(|issue| (issue.line, issue.column)).collect();
    assert_eq!(places, [(2, 15), (4, 16), (4, 27), (4, 47)]);
    assert!(issues.iter().all(Issue::is_error));
    assert!(!issues[0].text.contains("Secret"));
    assert_eq!(issues[2].text, "'Secret' is not an element of HumanName");
    let long = format!("{{\"resourceType\":\"Patient\",\"{}\\n\":1}}", "x".repeat(100));
    let json = Json::parse(long, &Limits::default()).unwrap();
    let issues = validate(json.root(), &ValidateOptions::default());
    assert!(issues[0].text.len() < 120 && !issues[0].text.contains('\n'));
}

#[test]
fn no_more_than_the_limit_of_issues_is_listed() {
    let many = |count: usize| {
        let names = vec!["{}"; count].join(",");
        let text = format!(r#"{{"resourceType":"Patient","name":[{names}]}}"#);
        let json = Json::parse(text, &Limits::default()).unwrap();
        validate(json.root(), &ValidateOptions::default())
    };
    assert_eq!(many(ISSUES_MAX).len(), ISSUES_MAX);
    assert_eq!(many(ISSUES_MAX)[ISSUES_MAX - 1].code, crate::IssueType::Invariant);
    let cut = many(ISSUES_MAX + 50);
    assert_eq!(cut.len(), ISSUES_MAX);
    let last = &cut[ISSUES_MAX - 1];
    assert_eq!((last.severity, last.code), (Severity::Error, crate::IssueType::Incomplete));
    assert_eq!(last.text, "51 more issues are not listed");
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| {
        let open = r#"{"url":"a","extension":["#.repeat(depth);
        let close = "]}".repeat(depth);
        format!(
            r#"{{"resourceType":"Patient","extension":[{{"url":"http://a","extension":[{open}{{"url":"a","valueCode":"x"}}{close}]}}]}}"#
        )
    };
    let limits = Limits { depth_max: 100_000, ..Limits::default() };
    for (depth, expected) in [(10, 0), (JSON_DEPTH_MAX * 2, 1), (20_000, 1)] {
        let json = Json::parse(nested(depth), &limits).unwrap();
        let issues = validate(json.root(), &ValidateOptions::default());
        assert_eq!(issues.len(), expected, "{depth}");
        assert!(issues.iter().all(|issue| issue.code == crate::IssueType::TooCostly));
    }
}
