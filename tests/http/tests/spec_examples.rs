//! S4: every example of the R4 specification, through the front door and back.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;

use vpr_http_tests::{
    Client, Database, Json, Response, StandardOrder, assert_outcome, fhir_set, json_files, on_both_databases,
    parse, repositories,
};

on_both_databases! {
    every_example_comes_back_as_it_was_sent_in_the_standards_order,
}

/// Examples that break the specification that they illustrate: file, status, the place of the
/// error. Each was looked up in the StructureDefinitions of R4 (4.0.1).
const WRONG: [(&str, u16, &str); 5] = [
    // reasonReference: Reference(Condition | Observation | DiagnosticReport | DocumentReference |
    // Media); the example refers to Procedure/example.
    ("DeviceUseStatement-example.json", 400, "DeviceUseStatement.reasonReference[0].reference"),
    // txt-2: the narrative shall have some non-whitespace content; the div holds a line break.
    ("EventDefinition-example.json", 422, "EventDefinition.text.div"),
    // ImplementationGuide.name and .status are 1..1; the publisher's own guide has neither, and one
    // of its references has an id of 67 characters where `id` allows 64.
    ("ImplementationGuide-fhir.json", 400, "ImplementationGuide"),
    // dispenseRequest.performer: Reference(Organization); the example names Practitioner/f001.
    ("MedicationRequest-medrx0301.json", 400, "MedicationRequest.dispenseRequest.performer.reference"),
    // The same guide once more.
    ("ig-r4.json", 400, "ImplementationGuide"),
];

/// An example on its way.
struct Example {
    file: String,
    source: String,
    /// `Type/id`
    name: String,
    content: Json,
}

fn examples() -> Option<Vec<Example>> {
    let folder = fhir_set("r4-spec-examples")?;
    let read = |path: std::path::PathBuf| {
        let source = fs::read_to_string(&path).unwrap();
        let content = parse(&source).unwrap();
        let name = ["resourceType", "id"].map(|name| content[name].as_str().unwrap().to_owned()).join("/");
        Example { file: path.file_name().unwrap().to_str().unwrap().to_owned(), source, name, content }
    };
    Some(json_files(&folder).into_iter().map(read).collect())
}

/// What differs between what was sent and what came back, order of members aside.
fn difference(sent: &Json, came: &Json, place: &str) -> Option<String> {
    match (sent, came) {
        (Json::Object(a), Json::Object(b)) => {
            let missing = a.iter().find(|(name, _)| came.get(name).is_none());
            let added = b.iter().find(|(name, _)| sent.get(name).is_none());
            if let Some((name, _)) = missing.or(added) {
                return Some(format!("{place}.{name} is on one side only"));
            }
            a.iter()
                .find_map(|(name, value)| difference(value, &came[name.as_str()], &format!("{place}.{name}")))
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(at, (a, b))| difference(a, b, &format!("{place}[{at}]")))
        }
        _ => (sent != came).then(|| format!("{place}: {sent} became {came}")),
    }
}

/// Checks one answer, a resource that is to stand under `name` (`Type/id`), against what was sent.
fn check(example: &Example, name: &str, came: &Json, version: Option<u32>, order: Option<&StandardOrder>) {
    let file = &example.file;
    let mut sent = example.content.without_version();
    sent.set("id", Json::Text(name.split_once('/').unwrap().1.to_owned()));
    assert_eq!(difference(&sent, &came.without_version(), ""), None, "{file}");
    if let Some(version) = version {
        assert!(came["meta"]["versionId"] == version.to_string().as_str(), "{file}: {}", came["meta"]);
        assert!(came["meta"]["lastUpdated"].as_str().is_some_and(|time| time.ends_with('Z')), "{file}");
    }
    if let Some(order) = order {
        let violations = order.violations(came);
        assert!(violations.is_empty(), "{file}: {violations:?}");
    }
}

/// Checks the answer to a write and what is read afterwards; gives the name of what was written.
fn written(
    client: &mut Client,
    base: &str,
    example: &Example,
    answer: &Response,
    order: Option<&StandardOrder>,
) -> String {
    let location = answer.header("location").unwrap().rsplit_once("/_history/").unwrap().0;
    let name = location.strip_prefix(&format!("{base}/")).unwrap().to_owned();
    let version = answer.version();
    check(example, &name, &answer.json(), version, order);
    for path in [format!("/fhir/{name}"), format!("/fhir/{name}/_history/{}", version.unwrap())] {
        let read = client.get(&path).send();
        assert_eq!((read.status, read.version()), (200, version), "{path}");
        check(example, &name, &read.json(), version, order);
    }
    name
}

fn every_example_comes_back_as_it_was_sent_in_the_standards_order(database: &Database) {
    let Some(examples) = examples() else { return };
    let order = fhir_set("r4-spec-conformance").map(|folder| StandardOrder::read(&folder));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = database.start(&data);
    let mut client = server.client();
    let mut refused = Vec::new();
    let mut stored: BTreeMap<String, &Example> = BTreeMap::new();
    for example in &examples {
        let put = client.put(&format!("/fhir/{}", example.name), example.source.as_str()).send();
        if !matches!(put.status, 200 | 201) {
            let errors = assert_outcome(&example.file, &put, put.status);
            refused.push((example.file.clone(), put.status, errors[0].place.clone()));
            continue;
        }
        let name = written(&mut client, &server.base(), example, &put, order.as_ref());
        assert_eq!(name, example.name, "{}", example.file);
        stored.insert(name, example);
        // And once more under an id that the server draws: everything but the id is the same.
        let kind = example.name.split_once('/').unwrap().0;
        let post = client.post(&format!("/fhir/{kind}"), example.source.as_str()).send();
        assert_eq!(post.status, 201, "{}: {}", example.file, post.text());
        let drawn = written(&mut client, &server.base(), example, &post, order.as_ref());
        assert!(stored.insert(drawn, example).is_none(), "{}", example.file);
    }
    let refused: Vec<_> =
        refused.iter().map(|(name, status, at)| (name.as_str(), *status, at.as_str())).collect();
    assert_eq!(refused, WRONG);
    server.stop();
    let mut in_git = 0;
    for repository in repositories(&data, "default") {
        assert_eq!(repository.fsck(), None);
        for (name, text) in repository.documents() {
            let example = stored.get(&name).unwrap_or_else(|| panic!("nobody sent {name}"));
            assert!(text.starts_with("{\n  \"resourceType\": \""), "{name} is not indented by two");
            check(example, &name, &parse(&text).unwrap(), None, order.as_ref());
            in_git += 1;
        }
    }
    assert_eq!(in_git, stored.len());
    let types: std::collections::BTreeSet<_> =
        stored.keys().filter_map(|name| name.split('/').next()).collect();
    database.publish(
        "S4",
        &[format!(
            "S4 R4 specification examples: {} of {} accepted ({} resource types) and read back equal, numbers as written, \
             in the standard's order, from HTTP and from stock git; {} refused, each for an error of its own",
            examples.len() - refused.len(),
            examples.len(),
            types.len(),
            refused.len()
        )],
    );
    assert!(examples.len() > 450);
}

#[test]
fn the_oracle_sees_what_is_changed_or_out_of_order() {
    let sent = parse(
        r#"{"resourceType":"Patient","id":"1","name":[{"given":["a","b"]}],"multipleBirthInteger":10}"#,
    )
    .unwrap();
    let same = |text: &str| difference(&sent, &parse(text).unwrap(), "");
    let reordered =
        r#"{"id":"1","multipleBirthInteger":10,"resourceType":"Patient","name":[{"given":["a","b"]}]}"#;
    assert_eq!(same(reordered), None);
    for changed in [
        r#"{"resourceType":"Patient","id":"1","name":[{"given":["b","a"]}],"multipleBirthInteger":10}"#,
        r#"{"resourceType":"Patient","id":"1","name":[{"given":["a","b"]}],"multipleBirthInteger":10.0}"#,
        r#"{"resourceType":"Patient","id":"1","name":[{"given":["a","b"]}]}"#,
        r#"{"resourceType":"Patient","id":"1","name":[{"given":["a","b"],"x":1}],"multipleBirthInteger":10}"#,
    ] {
        assert!(same(changed).is_some(), "{changed}");
    }
    let Some(folder) = fhir_set("r4-spec-conformance") else { return };
    let order = StandardOrder::read(&folder);
    let wrong = |text: &str| order.violations(&parse(text).unwrap()).len();
    assert_eq!(wrong(r#"{"resourceType":"Patient","id":"1","birthDate":"2000","_birthDate":{"id":"x"}}"#), 0);
    assert_eq!(wrong(r#"{"id":"1","resourceType":"Patient"}"#), 1);
    assert_eq!(wrong(r#"{"resourceType":"Patient","birthDate":"2000","id":"1"}"#), 1);
    assert_eq!(wrong(r#"{"resourceType":"Patient","_birthDate":{"id":"x"},"birthDate":"2000"}"#), 1);
    assert_eq!(wrong(r#"{"resourceType":"Patient","contact":[{"name":{"family":"x","text":"y"}}]}"#), 1);
    assert_eq!(wrong(r#"{"resourceType":"Patient","unknown":1}"#), 1);
    assert_eq!(wrong(r#"{"resourceType":"Patient","contained":[{"id":"a","resourceType":"Group"}]}"#), 1);
}
