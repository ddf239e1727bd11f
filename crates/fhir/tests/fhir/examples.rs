//! Every example of the R4 specification.

use std::fs;

use vpr_codec::{Json, Limits, Style};
use vpr_fhir::{Edits, ValidateOptions, canonical, render, validate};

use crate::data::{fhir_set, json_files};
use crate::oracle;

/// Examples that break the specification they illustrate: the file, the place and code of each
/// error, and why it is one. Each was looked up in the definitions of R4 (4.0.1).
const WRONG: [(&str, &str, &str); 9] = [
    // DeviceUseStatement.reasonReference allows Condition, Observation, DiagnosticReport,
    // DocumentReference and Media; the example refers to a Procedure.
    ("DeviceUseStatement-example.json", "DeviceUseStatement.reasonReference[0].reference", "structure"),
    // txt-2: the narrative's div holds nothing but white space.
    ("EventDefinition-example.json", "EventDefinition.text.div", "invariant"),
    // ImplementationGuide.name and .status are 1..1; the publisher's own guide has neither.
    ("ImplementationGuide-fhir.json", "ImplementationGuide", "required"),
    ("ImplementationGuide-fhir.json", "ImplementationGuide", "required"),
    // The id in the reference has 67 characters where `id` allows 64.
    (
        "ImplementationGuide-fhir.json",
        "ImplementationGuide.manifest.resource[11904].reference.reference",
        "value",
    ),
    // MedicationRequest.dispenseRequest.performer allows Organization; the example names a Practitioner.
    (
        "MedicationRequest-medrx0301.json",
        "MedicationRequest.dispenseRequest.performer.reference",
        "structure",
    ),
    ("ig-r4.json", "ImplementationGuide", "required"),
    ("ig-r4.json", "ImplementationGuide", "required"),
    ("ig-r4.json", "ImplementationGuide.manifest.resource[11904].reference.reference", "value"),
];

#[test]
fn the_examples_of_the_specification_are_valid_and_kept_whole() {
    let Some(folder) = fhir_set("r4-spec-examples") else { return };
    let mut wrong = Vec::new();
    let mut read = 0;
    for path in json_files(&folder) {
        let source = fs::read_to_string(&path).unwrap();
        let json = Json::parse(source.clone(), &Limits::default()).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        if json.root().get("resourceType").is_none() {
            continue;
        }
        read += 1;
        for issue in
            validate(json.root(), &ValidateOptions::default()).iter().filter(|issue| issue.is_error())
        {
            wrong.push((name.to_owned(), issue.expression.clone(), issue.code.code()));
        }
        let form = canonical(json.root(), &Edits::default());
        let text = String::from_utf8(form.clone()).unwrap();
        assert!(oracle::content(&text) == oracle::content_without_version(&source), "{name}");
        let again = Json::parse(oracle::reversed(json.root()), &Limits::default()).unwrap();
        assert!(canonical(again.root(), &Edits::default()) == form, "{name}");
        let sent = render(&form, 7, "2026-11-22T17:40:00.123Z", Style::Compact);
        let sent = Json::parse(sent, &Limits::default()).unwrap();
        assert!(canonical(sent.root(), &Edits::default()) == form, "{name}");
    }
    let wrong: Vec<_> =
        wrong.iter().map(|(name, place, code)| (name.as_str(), place.as_str(), *code)).collect();
    assert_eq!(wrong, WRONG);
    assert!(read > 450, "{read}");
}
