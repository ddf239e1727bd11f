//! The history of a resource: pages, times, entries.

use std::time::Duration;

use vpr_http_tests::{Client, Database, Json, on_both_databases, patient};

use crate::server;

on_both_databases! {
    pages_neither_lose_nor_repeat_while_others_write,
    entries_say_what_was_done_and_since_and_at_choose,
}

/// The versions of a page, from their entity tags.
fn versions(page: &Json) -> Vec<u32> {
    let tag = |entry: &Json| entry["response"]["etag"].as_str().unwrap().to_owned();
    page["entry"].items().iter().map(|entry| tag(entry)[3..].trim_end_matches('"').parse().unwrap()).collect()
}

fn link(page: &Json, relation: &str) -> Option<String> {
    let links = page["link"].items().iter();
    links.filter(|link| link["relation"] == relation).find_map(|link| link["url"].as_str().map(str::to_owned))
}

/// Follows the links of a history to its end.
fn pages(client: &mut Client, base: &str, first: &str) -> Vec<Vec<u32>> {
    let mut pages = Vec::new();
    let mut path = Some(first.to_owned());
    while let Some(at) = path {
        let answer = client.get(&at).send();
        assert_eq!(answer.status, 200, "{at}: {}", answer.text());
        let page = answer.json();
        assert!(page["resourceType"] == "Bundle" && page["type"] == "history", "{page}");
        assert!(link(&page, "self").is_some(), "{page}");
        pages.push(versions(&page));
        path = link(&page, "next").map(|url| format!("/fhir{}", url.strip_prefix(base).unwrap()));
        assert!(pages.len() < 100, "the links go round");
    }
    pages
}

fn pages_neither_lose_nor_repeat_while_others_write(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    for number in 1..=7 {
        client.put("/fhir/Patient/a", patient("a", &format!("v{number}"))).send();
    }
    let mut at = |first: &str| pages(&mut client, &server.base(), first);
    assert_eq!(at("/fhir/Patient/a/_history"), [vec![7, 6, 5, 4, 3, 2, 1]]);
    assert_eq!(at("/fhir/Patient/a/_history?_count=3"), [vec![7, 6, 5], vec![4, 3, 2], vec![1]]);
    assert_eq!(at("/fhir/Patient/a/_history?_count=7"), [vec![7, 6, 5, 4, 3, 2, 1]]);
    let total = client.get("/fhir/Patient/a/_history?_count=0").send().json();
    assert_eq!((total["total"].as_count(), total["entry"].items().len()), (Some(7), 0));
    let first = client.get("/fhir/Patient/a/_history?_count=3").send().json();
    client.put("/fhir/Patient/a", patient("a", "v8")).send();
    let next = link(&first, "next").unwrap();
    let next = format!("/fhir{}", next.strip_prefix(&server.base()).unwrap());
    assert_eq!(versions(&client.get(&next).send().json()), [4, 3, 2]);
    server.stop();
}

fn entries_say_what_was_done_and_since_and_at_choose(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let mut times = Vec::new();
    for number in 1..=3 {
        let put = client.put("/fhir/Patient/a", patient("a", &format!("v{number}"))).send();
        times.push(put.json()["meta"]["lastUpdated"].as_str().unwrap().to_owned());
        std::thread::sleep(Duration::from_millis(20));
    }
    client.delete("/fhir/Patient/a").send();
    let all = client.get("/fhir/Patient/a/_history").send().json();
    let entry = |at: usize| &all["entry"][at];
    for (at, (method, status)) in [("DELETE", "204"), ("PUT", "200"), ("PUT", "200")].into_iter().enumerate()
    {
        assert!(entry(at)["request"]["method"] == method, "{}", entry(at));
        assert!(entry(at)["response"]["status"].as_str().unwrap().starts_with(status), "{}", entry(at));
    }
    assert!(entry(3)["response"]["status"].as_str().unwrap().starts_with("201"), "{}", entry(3));
    for at in 1..4 {
        let version = 4 - at;
        assert!(
            entry(at)["resource"]["name"][0]["family"] == format!("v{version}").as_str(),
            "{}",
            entry(at)
        );
        assert!(entry(at)["response"]["lastModified"] == times[version - 1].as_str(), "{}", entry(at));
        assert!(entry(at)["fullUrl"] == format!("{}/Patient/a", server.base()).as_str(), "{}", entry(at));
    }
    let mut chosen =
        |query: &str| versions(&client.get(&format!("/fhir/Patient/a/_history?{query}")).send().json());
    assert_eq!(chosen(&format!("_since={}", times[1])), [4, 3, 2], "created at or after (FHIR R4 §3.1.0.12)");
    assert_eq!(chosen(&format!("_at={}", times[1])), [2], "current at that time");
    assert_eq!(chosen("_since=2100-01-01"), [0_u32; 0]);
    assert_eq!(chosen("_at=1990"), [0_u32; 0]);
    server.stop();
}
