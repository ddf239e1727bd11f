//! What operators ask of records: the same answers from a running server and without one.

use serde_json::json;

use crate::harness::{Place, Server, bare, find};

/// A server with one patient of three versions, an observation, and an organization.
fn filled(place: &Place) -> Server {
    let server = Server::start(place);
    let patient = |city: &str| json!({"resourceType": "Patient", "id": "1", "address": [{"city": city}]});
    for (city, status) in [("Böckenau", 201), ("Lårvika", 200), ("Úzká", 200)] {
        assert_eq!(server.fhir("PUT", "Patient/1", Some(&patient(city))).0, status);
    }
    let observation = json!({
        "resourceType": "Observation", "id": "o", "status": "final",
        "code": {"text": "weight"}, "subject": {"reference": "Patient/1"}, "valueDecimal": null
    });
    let mut observation = observation;
    observation.as_object_mut().unwrap().remove("valueDecimal");
    assert_eq!(server.fhir("PUT", "Observation/o", Some(&observation)).0, 201);
    assert_eq!(server.fhir("DELETE", "Observation/o", None).0 / 100, 2);
    let organization = json!({"resourceType": "Organization", "id": "h", "name": "Hôpital"});
    assert_eq!(server.fhir("PUT", "Organization/h", Some(&organization)).0, 201);
    server
}

/// Every question, with its answer.
fn answers(place: &Place) -> Vec<String> {
    let list = place.run(&["list"]);
    let uuid = list.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    vec![
        list,
        place.run(&["log", "Patient/1"]),
        place.run(&["log", "--part", "demographics", "--limit", "1", "--full", &uuid]),
        place.run(&["log", "registry"]),
        place.run(&["show", "Patient/1", "Patient/1"]),
        place.run(&["show", &uuid, "Patient/1@1"]),
        place.run(&["show", "registry", "Organization/h"]),
        place.run(&["diff", "Patient/1", "Patient/1", "1", "3"]),
        place.run(&["diff", "Patient/1", "Observation/o", "1", "2"]),
        place.run(&["tenant", "list"]),
        place.run(&["verify"]),
    ]
}

#[test]
fn the_answers_are_the_same_with_and_without_a_server() {
    let place = Place::new();
    let server = filled(&place);
    let serving = answers(&place);
    assert_eq!(server.end("TERM"), Some(0));
    let stopped = answers(&place);
    assert_eq!(serving, stopped);
    let [list, log, full, registry, newest, first, organization, diff, gone, tenants, verify] =
        <[String; 11]>::try_from(stopped).unwrap();

    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(lines[1].contains("Patient/1") && lines[2].starts_with("registry"), "{list}");
    // Three versions of the patient, and the observation's coming and going.
    assert_eq!(log.lines().count(), 5, "{log}");
    let seqs: Vec<u64> = log.lines().map(|l| l.split_whitespace().next().unwrap().parse().unwrap()).collect();
    assert!(seqs.is_sorted_by(|a, b| a > b), "newest first: {log}");
    assert!(full.contains("VPR-Digest: sha256:") && full.matches("commit ").count() == 1, "{full}");
    let registry_lines: Vec<&str> = registry.lines().collect();
    // The tenant itself was the first thing that came into its registry.
    assert_eq!(registry_lines.len(), 2, "{registry}");
    assert!(registry_lines[0].ends_with("create Organization/h"), "{registry}");
    assert!(newest.contains("Úzká") && first.contains("Böckenau") && organization.contains("Hôpital"));
    assert!(
        diff.contains("-      \"city\": \"Böckenau\"") && diff.contains("+      \"city\": \"Úzká\""),
        "{diff}"
    );
    assert!(gone.lines().skip(3).all(|line| line.starts_with('-')), "{gone}");
    assert!(tenants.contains("default"), "{tenants}");
    assert!(verify.contains("everything is as it was written"), "{verify}");
    for text in [&log, &full, &registry, &list] {
        for word in ["Böckenau", "Úzká", "Hôpital"] {
            assert!(!text.contains(word), "content of a resource in what lists only ids: {text}");
        }
    }
}

#[test]
fn what_is_not_there_is_named_and_refused() {
    let place = Place::new();
    let _server = filled(&place);
    assert!(place.fail(&["show", "Patient/1", "Organization/h"], 1).contains("not in this record"));
    assert!(place.fail(&["show", "registry", "Patient/1"], 1).contains("not in this record"));
    assert!(place.fail(&["show", "Patient/1", "Patient/1@9"], 1).contains("no version 9"));
    assert!(place.fail(&["show", "Patient/1", "Observation/o"], 1).contains("deletion"));
    place.fail(&["log", "Patient/none"], 1);
    place.fail(&["show", "Patient/1", "nonsense"], 2);
    place.fail(&["log", "../../etc"], 1);
    place.fail(&["log", "a b"], 2);
    place.fail(&["log", "--part", "nonsense", "Patient/1"], 2);
    place.fail(&["list", "--tenant", "other"], 1);
}

#[test]
fn tenants_are_created_once_and_keep_to_themselves() {
    let place = Place::new();
    place.run(&["tenant", "create", "north"]);
    let server = filled(&place);
    place.run(&["tenant", "create", "south"]);
    assert!(place.fail(&["tenant", "create", "south"], 1).contains("south"));
    let tenants = place.run(&["tenant", "list"]);
    for name in ["default", "north", "south"] {
        assert!(tenants.lines().any(|line| line.starts_with(name)), "{tenants}");
    }
    let north = place.run(&["list", "--tenant", "north"]);
    assert!(!north.contains("Patient/1"), "{north}");
    drop(server);
    let production =
        bare(&["list"]).env("VPR_DATA_DIR", place.data()).env("ENV", "production").output().unwrap();
    assert_eq!(production.status.code(), Some(2), "no tenant is a default in production");
}

#[test]
fn damage_is_found_named_and_the_exit_status() {
    let place = Place::new();
    assert_eq!(filled(&place).end("TERM"), Some(0));
    place.run(&["verify"]);
    let packs = find(&place.data(), &["-name", "*.pack", "-path", "*/demographics/*"]);
    let pack = packs.lines().next().expect("a repository has a pack");
    let mut bytes = std::fs::read(pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    let mut permissions = std::fs::metadata(pack).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    std::fs::set_permissions(pack, permissions).unwrap();
    std::fs::write(pack, bytes).unwrap();
    let text = place.fail(&["verify"], 1);
    assert!(text.contains("damage") && text.contains("demographics"), "{text}");
}
