//! Where FHIR servers are known to go wrong: each defect is a test here, on both databases, named
//! after what holds instead.

#![allow(clippy::unwrap_used)]

mod bundles;
mod chains;
mod index;
mod pages;
mod parameters;
mod statistics;
mod values;

use vpr_http_tests::{Client, Database, Json, Server, bundle, entry, parse};

/// A server in a folder of its own.
fn server(database: &Database) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = database.start(&folder.path().join("data"));
    (folder, server)
}

/// Puts resources under their ids, many at a time.
fn put_all(client: &mut Client, base: &str, kind: &str, resources: &[String]) {
    for some in resources.chunks(250) {
        let entries: Vec<String> = some.iter().map(|resource| put(resource)).collect();
        let done = client.post(base, bundle(kind, &entries)).send();
        assert_eq!(done.status, 200, "{}", done.text());
        let done = done.json();
        for entry in done["entry"].items() {
            assert!(entry["response"]["status"].as_str().unwrap().starts_with('2'), "{entry}");
        }
    }
}

/// The entry that puts a resource under its id.
fn put(resource: &str) -> String {
    let read = parse(resource).unwrap();
    let text = |name: &str| read[name].as_str().unwrap().to_owned();
    entry("PUT", &format!("{}/{}", text("resourceType"), text("id")), "", Some(resource))
}

/// A search that must succeed.
fn search(client: &mut Client, path: &str) -> Json {
    let path = path.replace('|', "%7C").replace('$', "%24").replace(' ', "%20");
    let answer = client.get(&path).send();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

/// The ids in entries of that mode, in their order.
fn ids(found: &Json, mode: &str) -> Vec<String> {
    let of_mode = found["entry"].items().iter().filter(|entry| entry["search"]["mode"] == mode);
    of_mode.map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()).collect()
}

/// The path and query of a link.
fn link(found: &Json, relation: &str) -> Option<String> {
    let found = found["link"].items().iter().find(|link| link["relation"] == relation)?;
    let url = found["url"].as_str().unwrap();
    Some(url[url.find("/fhir").or_else(|| url.find("/t/")).unwrap()..].to_owned())
}

/// The matches of all pages in their order; `between` comes before each further page.
fn all_pages(client: &mut Client, path: &str, mut between: impl FnMut(usize)) -> Vec<String> {
    let mut found = search(client, path);
    let mut seen = ids(&found, "match");
    let mut pages = 1;
    while let Some(next) = link(&found, "next") {
        between(pages);
        found = search(client, &next);
        seen.extend(ids(&found, "match"));
        pages += 1;
    }
    seen
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
