//! The versions of one resource, on pages.

use serde_json::{Value, json};
use vpr_types::limits::{HISTORY_COUNT_DEFAULT, HISTORY_COUNT_MAX};

use crate::app::{App, delete, get, patient_with, put};

async fn with_versions(app: &App, versions: usize) {
    for version in 1..=versions {
        let mut body = patient_with("p");
        body["name"][0]["family"] = format!("v{version}").into();
        let reply = app.send(put("/fhir/Patient/p", &body)).await;
        assert_eq!(reply.header("etag"), format!("W/\"{version}\""));
    }
}

fn etags(page: &Value) -> Vec<String> {
    let entries = page["entry"].as_array().into_iter().flatten();
    entries.map(|entry| entry["response"]["etag"].as_str().unwrap().to_owned()).collect()
}

fn link(page: &Value, relation: &str) -> Option<String> {
    let mut links = page["link"].as_array().unwrap().iter();
    let url = links.find(|link| link["relation"] == relation)?["url"].as_str().unwrap();
    Some(url.strip_prefix("http://vpr.example").unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_there_with_how_it_came_to_be() {
    let app = App::new();
    with_versions(&app, 2).await;
    app.send(delete("/fhir/Patient/p")).await;
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    let page = app.send(get("/fhir/Patient/p/_history")).await;
    assert_eq!(page.status, 200);
    let page = page.json();
    assert_eq!(
        (&page["resourceType"], &page["type"], &page["total"]),
        (&json!("Bundle"), &json!("history"), &json!(4))
    );
    let seen: Vec<_> = page["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            assert_eq!(entry["fullUrl"], "http://vpr.example/fhir/Patient/p");
            let version = entry["resource"]["meta"]["versionId"].as_str().unwrap_or("-").to_owned();
            let request = format!(
                "{} {}",
                entry["request"]["method"].as_str().unwrap(),
                entry["request"]["url"].as_str().unwrap()
            );
            (version, request, entry["response"]["status"].as_str().unwrap().to_owned())
        })
        .collect();
    let wanted = [
        ("4", "PUT Patient/p", "201 Created"),
        ("-", "DELETE Patient/p", "204 No Content"),
        ("2", "PUT Patient/p", "200 OK"),
        ("1", "POST Patient", "201 Created"),
    ];
    assert_eq!(
        seen,
        wanted.map(|(version, request, status)| (version.to_owned(), request.to_owned(), status.to_owned()))
    );
    app.send(get("/fhir/Patient/never/_history")).await.failure(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_neither_lose_nor_repeat_while_others_write() {
    let app = App::new();
    with_versions(&app, 7).await;
    let mut url = Some("/fhir/Patient/p/_history?_count=3".to_owned());
    let mut seen = Vec::new();
    let mut pages = 0;
    while let Some(next) = url {
        let page = app.send(get(&next)).await.json();
        assert!(link(&page, "self").is_some());
        seen.extend(etags(&page));
        url = link(&page, "next");
        pages += 1;
        // Somebody writes between two pages.
        let mut body = patient_with("p");
        body["name"][0]["family"] = format!("between {pages}").into();
        app.send(put("/fhir/Patient/p", &body)).await;
    }
    let wanted: Vec<_> = (1..=7).rev().map(|version| format!("W/\"{version}\"")).collect();
    assert_eq!((seen, pages), (wanted, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_and_times_select() {
    let app = App::new();
    with_versions(&app, 3).await;
    let all = app.send(get("/fhir/Patient/p/_history")).await.json();
    let times: Vec<String> = all["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["response"]["lastModified"].as_str().unwrap().to_owned())
        .collect();
    for (query, total, versions) in [
        ("_count=0", 3, &[][..]),
        ("_count=1", 3, &["3"]),
        ("_count=100000", 3, &["3", "2", "1"]),
        ("_since=2020", 3, &["3", "2", "1"]),
        ("_since=2099-01-01", 0, &[]),
        ("_at=2001", 0, &[]),
        ("_at=2099", 1, &["3"]),
        ("_since=2020&_count=2", 3, &["3", "2"]),
        ("_since=2020&_count=2&_before=2", 3, &["1"]),
    ] {
        let page = app.send(get(&format!("/fhir/Patient/p/_history?{query}"))).await.json();
        let wanted: Vec<_> = versions.iter().map(|version| format!("W/\"{version}\"")).collect();
        assert_eq!((page["total"].as_u64(), etags(&page)), (Some(total), wanted), "{query}");
    }
    // The newest of all stands from its own instant on; so does the one before until then.
    let newest = app.send(get(&format!("/fhir/Patient/p/_history?_since={}", times[0]))).await.json();
    assert!(etags(&newest).contains(&"W/\"3\"".to_owned()));
    let filtered = app.send(get("/fhir/Patient/p/_history?_since=2020&_count=2")).await.json();
    let next = link(&filtered, "next").unwrap();
    assert_eq!(etags(&app.send(get(&next)).await.json()), ["W/\"1\""]);
    for query in
        ["_count=-1", "_count=x", "_before=0", "_since=yesterday", "_at=", "_count=1&_count=2", "_sort=x"]
    {
        app.send(get(&format!("/fhir/Patient/p/_history?{query}"))).await.failure(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_a_size_by_default_and_at_the_most() {
    let app = App::new();
    with_versions(&app, HISTORY_COUNT_MAX + 1).await;
    for (query, entries) in [
        ("", HISTORY_COUNT_DEFAULT),
        ("?_count=100000", HISTORY_COUNT_MAX),
        ("?_since=2020&_count=100000", HISTORY_COUNT_MAX),
    ] {
        let page = app.send(get(&format!("/fhir/Patient/p/_history{query}"))).await.json();
        assert_eq!((etags(&page).len(), &page["total"]), (entries, &json!(HISTORY_COUNT_MAX + 1)), "{query}");
        assert!(link(&page, "self").unwrap().contains(&format!("_count={entries}")));
        assert!(link(&page, "next").is_some());
    }
}
