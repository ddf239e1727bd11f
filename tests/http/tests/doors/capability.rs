//! The CapabilityStatement is true: what it claims is done here, what it does not claim is refused.

use std::collections::BTreeMap;
use std::fs;

use vpr_http_tests::{
    Client, Database, Json, Server, assert_outcome, fhir_set, json_files, on_both_databases, parse, program,
};

use crate::server;

on_both_databases! {
    what_is_claimed_is_done,
    what_is_not_claimed_for_the_whole_server_is_refused,
    the_document_of_the_routes_is_the_one_that_the_program_prints,
}

fn codes(value: &Json) -> Vec<String> {
    let mut codes: Vec<String> =
        value["interaction"].items().iter().map(|each| each["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    codes
}

/// An example of each type, from the specification. Those that break it are no examples.
fn examples() -> BTreeMap<String, Json> {
    let mut examples = BTreeMap::new();
    let Some(folder) = fhir_set("r4-spec-examples") else { return examples };
    for file in json_files(&folder) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let small = fs::metadata(&file).unwrap().len() < 200_000;
        let broken = [
            "DeviceUseStatement-example.json",
            "EventDefinition-example.json",
            "MedicationRequest-medrx0301.json",
        ];
        if small && !broken.contains(&name) {
            let json = parse(&fs::read_to_string(&file).unwrap()).unwrap();
            examples.entry(json["resourceType"].as_str().unwrap().to_owned()).or_insert(json);
        }
    }
    examples
}

/// Does every interaction that is claimed for one type, with a resource of it.
fn do_all(client: &mut Client, kind: &str, example: &Json) {
    let mut resource = example.without_version();
    resource.set("id", Json::Text("claimed".to_owned()));
    let path = format!("/fhir/{kind}/claimed");
    let check = |what: &str, answer: vpr_http_tests::Response, status: u16| {
        assert_eq!(answer.status, status, "{what} {kind}: {}", answer.text());
    };
    check("validate", client.post(&format!("/fhir/{kind}/$validate"), resource.to_string()).send(), 200);
    check("create", client.post(&format!("/fhir/{kind}"), resource.to_string()).send(), 201);
    check("update as create", client.put(&path, resource.to_string()).send(), 201);
    resource.set("language", Json::Text("nb".to_owned()));
    let updated = client.put(&path, resource.to_string()).send();
    assert_eq!((updated.status, updated.version()), (200, Some(2)), "update {kind}: {}", updated.text());
    check("read", client.get(&path).send(), 200);
    check("conditional read", client.get(&path).header("if-none-match", "W/\"2\"").send(), 304);
    check("vread of an old version", client.get(&format!("{path}/_history/1")).send(), 200);
    check("history-instance", client.get(&format!("{path}/_history")).send(), 200);
    check("history-type", client.get(&format!("/fhir/{kind}/_history?_count=1")).send(), 200);
    let found = client.get(&format!("/fhir/{kind}?_id=claimed")).send();
    check("search-type", found.clone(), 200);
    assert_eq!(found.json()["total"].as_count(), Some(1), "search-type {kind}: {}", found.text());
    let query = format!("/fhir/{kind}?_id=claimed");
    check("conditional update", client.put(&query, resource.to_string()).send(), 200);
    let same = client.post(&format!("/fhir/{kind}"), resource.to_string());
    check("conditional create", same.header("if-none-exist", "_id=claimed").send(), 200);
    check("conditional delete of nothing", client.delete(&format!("/fhir/{kind}?_id=absent")).send(), 204);
    check("delete", client.delete(&path).send(), 204);
    check("read", client.get(&path).send(), 410);
}

fn what_is_claimed_is_done(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let statement = client.get("/fhir/metadata").send().json();
    assert!(
        statement["resourceType"] == "CapabilityStatement" && statement["fhirVersion"] == "4.0.1",
        "{statement}"
    );
    assert!(statement["kind"] == "instance" && statement["status"] == "active", "{statement}");
    assert!(statement["implementation"]["url"] == server.base().as_str(), "{}", statement["implementation"]);
    let version = program().arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    assert!(statement["software"]["version"] == version.trim().rsplit(' ').next().unwrap(), "{version}");
    for format in statement["format"].items() {
        let format = format.as_str().unwrap().replace('+', "%2B");
        assert_eq!(client.get(&format!("/fhir/metadata?_format={format}")).send().status, 200, "{format}");
    }
    let rest = &statement["rest"][0];
    assert_eq!(codes(rest), ["batch", "history-system", "search-system", "transaction"]);
    let examples = examples();
    let mut done = 0;
    let all = rest["resource"].items();
    for resource in all {
        let kind = resource["type"].as_str().unwrap();
        let claimed = codes(resource);
        let wanted = [
            "create",
            "delete",
            "history-instance",
            "history-type",
            "read",
            "search-type",
            "update",
            "vread",
        ];
        assert_eq!(claimed, wanted, "{kind}");
        // Each is asked for in the tests of searches.
        assert!(resource["searchParam"].items().len() >= 6, "{kind}");
        // An update without If-Match is accepted, so the claim may not be `versioned-update`
        // (http://hl7.org/fhir/versioning-policy).
        assert!(resource["versioning"] == "versioned", "{}", resource["versioning"]);
        assert_eq!(resource["readHistory"], Json::Bool(true));
        assert_eq!(resource["updateCreate"], Json::Bool(true));
        assert_eq!(resource["conditionalCreate"], Json::Bool(true));
        assert_eq!(resource["conditionalUpdate"], Json::Bool(true));
        assert!(resource["conditionalRead"] == "full-support" && resource["conditionalDelete"] == "single");
        match examples.get(kind) {
            Some(example) => {
                do_all(&mut client, kind, example);
                done += 1;
            }
            None => {
                assert_outcome(kind, &client.get(&format!("/fhir/{kind}/absent")).send(), 404);
                assert_eq!(client.delete(&format!("/fhir/{kind}/absent")).send().status, 204, "{kind}");
                let body = format!(r#"{{"resourceType":"{kind}"}}"#);
                assert_eq!(
                    client.post(&format!("/fhir/{kind}/$validate"), body).send().status,
                    200,
                    "{kind}"
                );
            }
        }
        refuses_the_rest(&mut client, kind);
    }
    // R4 has 148 resource types that can be used; Parameters has no endpoint.
    assert!(all.len() >= 145, "{}", all.len());
    database.publish(
        "capability",
        &[format!(
            "CapabilityStatement: {} types; every claimed interaction done on the {done} that there are examples of; what is not claimed refused on all",
            all.len()
        )],
    );
    server.stop();
}

/// What is not claimed answers 501 with an OperationOutcome.
fn refuses_the_rest(client: &mut Client, kind: &str) {
    let everything = if kind == "Patient" { "$everything-else" } else { "$everything" };
    for (method, path) in [
        ("GET", format!("/fhir/{kind}?_text=x")),
        ("GET", format!("/fhir/{kind}?_filter=x")),
        ("PATCH", format!("/fhir/{kind}/1")),
        ("PATCH", format!("/fhir/{kind}?identifier=x")),
        ("GET", format!("/fhir/{kind}/1/{everything}")),
        ("POST", format!("/fhir/{kind}/1/$meta-add")),
        ("POST", format!("/fhir/{kind}/$import")),
    ] {
        // Binary and Bundle have no narrative, and so no `_text`.
        if path.contains("_text") && matches!(kind, "Binary" | "Bundle") {
            continue;
        }
        let mut request = client.request(method, &path);
        if method != "GET" {
            request = request.header("content-type", "application/fhir+json").body("{}");
        }
        let errors = assert_outcome(&format!("{method} {path}"), &request.send(), 501);
        assert_eq!(errors[0].code, "not-supported", "{method} {path}");
    }
}

fn what_is_not_claimed_for_the_whole_server_is_refused(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    for path in ["/fhir/$export", "/fhir/$versions"] {
        let answer = client.get(path).send();
        assert!(matches!(answer.status, 404 | 501), "{path}: {}", answer.status);
        assert_outcome(path, &answer, answer.status);
    }
    assert_outcome("other modes", &client.get("/fhir/metadata?mode=terminology").send(), 501);
    server.stop();
}

fn the_document_of_the_routes_is_the_one_that_the_program_prints(database: &Database) {
    let printed = program().arg("openapi").output().unwrap();
    assert!(printed.status.success());
    let document = parse(&String::from_utf8(printed.stdout).unwrap()).unwrap();
    let (_folder, server) = server(database);
    let mut client = server.client();
    let mut probed = 0;
    for (path, methods) in document["paths"].members() {
        for (method, _) in methods
            .members()
            .iter()
            .filter(|(name, _)| ["get", "put", "post", "delete", "patch"].contains(&name.as_str()))
        {
            let filled = path
                .replace("{tenant}", "default")
                .replace("{type}", "Patient")
                .replace("{id}", "absent")
                .replace("{version}", "1")
                .replace("{member}", "Observation");
            let form = filled.ends_with("_search");
            let (content_type, body) = match form {
                true => ("application/x-www-form-urlencoded", "_count=1"),
                false => ("application/fhir+json", "{}"),
            };
            let answer = client
                .request(&method.to_uppercase(), &filled)
                .header("content-type", content_type)
                .body(body)
                .send();
            assert!(!form || answer.status == 200, "{filled}: {}", answer.text());
            assert_ne!(answer.status, 405, "{method} {path} is documented and not served");
            if answer.status == 404 {
                let there_is_nothing =
                    answer.json()["issue"][0]["details"]["text"].as_str().unwrap().to_owned();
                assert!(
                    !there_is_nothing.contains("at this address"),
                    "{method} {path} is documented and not served"
                );
            }
            probed += 1;
        }
    }
    assert!(probed > 10, "{probed}");
    alive(&server);
    server.stop();
}

fn alive(server: &Server) {
    assert_eq!(server.client().get("/ready").send().status, 200);
}
