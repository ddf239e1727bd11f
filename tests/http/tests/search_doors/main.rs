//! Search through the public door: what is refused and how, pages, scopes, what the CapabilityStatement
//! claims, and what stays out of logs.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bad_input;
mod claims;
mod conditional;
mod operating;
mod pages;
mod privacy;
mod scopes;

use vpr_http_tests::{Client, Database, Json, Response, Server, bundle, entry, observation, patient};

const FORM: &str = "application/x-www-form-urlencoded";

/// A server in a folder of its own.
fn server(database: &Database, environment: &[(&str, &str)]) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = database.start_with(&folder.path().join("data"), environment);
    (folder, server)
}

/// Patients `p0`, `p1` … with an Observation `o0`, `o1` … each.
fn fill(client: &mut Client, base: &str, patients: usize) {
    let entries: Vec<String> = (0..patients)
        .flat_map(|n| {
            let (id, other) = (format!("p{n}"), format!("o{n}"));
            [
                entry("PUT", &format!("Patient/{id}"), "", Some(&patient(&id, &format!("Berg{n}")))),
                entry(
                    "PUT",
                    &format!("Observation/{other}"),
                    "",
                    Some(&observation(&other, &format!("Patient/{id}"), "weight")),
                ),
            ]
        })
        .collect();
    let done = client.post(base, bundle("transaction", &entries)).send();
    assert_eq!(done.status, 200, "{}", done.text());
}

/// A search that must succeed.
fn search(client: &mut Client, path: &str) -> Json {
    let answer = client.get(path).send();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let found = answer.json();
    assert!(found["resourceType"] == "Bundle" && found["type"] == "searchset", "{path}: {found}");
    found
}

/// A search by form.
fn post_search(client: &mut Client, path: &str, form: &str) -> Response {
    client.request("POST", path).header("content-type", FORM).body(form).send()
}

/// `Type/id` of the matches, in their order.
fn matches(found: &Json) -> Vec<String> {
    let of_mode = found["entry"].items().iter().filter(|entry| entry["search"]["mode"] == "match");
    of_mode
        .map(|entry| {
            let resource = &entry["resource"];
            format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap())
        })
        .collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

/// The URL of a link.
fn link(found: &Json, relation: &str) -> Option<String> {
    let links = found["link"].items();
    let found = links.iter().find(|link| link["relation"] == relation)?;
    found["url"].as_str().map(str::to_owned)
}

/// The path and query of a URL of this server.
fn path(url: &str) -> &str {
    &url[url.find("/fhir").or_else(|| url.find("/t/")).unwrap()..]
}
