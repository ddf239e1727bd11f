//! What the CapabilityStatement claims of searches is answered, for every type and parameter.

use vpr_http_tests::{Database, Json, on_both_databases};

use crate::server;

on_both_databases! {
    every_claimed_parameter_and_include_is_answered,
}

/// A value that a parameter of this type may have.
fn sample(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "number" | "quantity" => "1",
        "date" => "2020",
        "uri" => "http://a.example",
        "string" | "token" | "reference" => "a",
        // Its parts are not told.
        "composite" => return None,
        other => panic!("{other}"),
    })
}

fn every_claimed_parameter_and_include_is_answered(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    let statement = client.get("/fhir/metadata").send().json();
    let rest = &statement["rest"][0];
    let (mut asked, mut includes) = (0, 0);
    let text = |value: &Json, name: &str| value[name].as_str().unwrap().to_owned();
    for resource in rest["resource"].items() {
        let kind = text(resource, "type");
        let parameters = resource["searchParam"].items();
        assert!(parameters.iter().any(|each| each["name"] == "_id"), "{kind}");
        // Each alone would take a minute; they are asked in requests of some twenty.
        for chunk in parameters.chunks(20) {
            let mut query = Vec::new();
            for parameter in chunk {
                assert!(text(parameter, "definition").starts_with("http://hl7.org/fhir/SearchParameter/"));
                let name = text(parameter, "name");
                if let Some(value) = sample(&text(parameter, "type")) {
                    query.push(format!("{name}={value}"));
                    asked += 1;
                }
            }
            let path = format!("/fhir/{kind}?{}", query.join("&"));
            let answer = client.get(&path).send();
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
        for (claim, name) in [("searchInclude", "_include"), ("searchRevInclude", "_revinclude")] {
            let Some(all) = resource.get(claim) else { continue };
            for chunk in all.items().chunks(32) {
                let query: Vec<_> =
                    chunk.iter().map(|each| format!("{name}={}", each.as_str().unwrap())).collect();
                includes += query.len();
                let path = format!("/fhir/{kind}?{}", query.join("&"));
                let answer = client.get(&path).send();
                assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            }
        }
    }
    for parameter in rest["searchParam"].items() {
        let value = sample(&text(parameter, "type")).unwrap();
        let path = format!("/fhir?{}={value}", text(parameter, "name"));
        assert_eq!(client.get(&path).send().status, 200, "{path}");
    }
    assert!(asked > 2_000 && includes > 5_000, "{asked} {includes}");
    database.publish(
        "search-claims",
        &[format!(
            "CapabilityStatement: {asked} search parameters of types and {includes} includes, all answered"
        )],
    );
    server.stop();
}
