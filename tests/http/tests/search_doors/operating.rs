//! The index as its operator sees it: probes, `vpr reindex` beside a server and alone, a folder that
//! was lost.

use std::fs;

use vpr_http_tests::{assert_outcome, patient, program};

use crate::{fill, link, matches, path, search, server};

fn reindex(data: &std::path::Path) -> String {
    let output = program().arg("--data-dir").arg(data).arg("reindex").output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn probes_tell_how_far_searches_are() {
    let (_folder, server) = server(&[]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 2);
    let ready = client.get("/ready").send().json();
    assert!(ready["search"]["state"] == "following", "{ready}");
    assert_eq!(ready["search"]["behind"].as_count(), Some(0), "{ready}");
    let applied = ready["search"]["applied"].as_count().unwrap();
    assert!(applied >= 1);
    client.put("/fhir/Patient/new", patient("new", "x")).send();
    assert_eq!(client.get("/ready").send().json()["search"]["applied"].as_count(), Some(applied + 1));
    let metrics = client.get("/metrics").send().text();
    for line in ["vpr_search_answering 1\n", "vpr_search_behind_changes 0\n"] {
        assert!(metrics.contains(line), "{metrics}");
    }
    server.stop();
}

#[test]
fn the_index_is_built_again_beside_a_server_and_alone() {
    let (folder, server) = server(&[]);
    let data = folder.path().join("data");
    let mut client = server.client();
    fill(&mut client, "/fhir", 5);
    let before = search(&mut client, "/fhir/Patient?_sort=family&_count=3");
    let next = link(&before, "next").unwrap();
    let said = reindex(&data);
    assert!(said.contains("is built"), "{said}");
    assert_eq!(client.get("/fhir/Patient/p1").send().status, 200);
    assert_eq!(matches(&search(&mut client, "/fhir/Patient?_sort=family&_count=3")), matches(&before));
    assert_outcome("a link from before", &client.get(path(&next)).send(), 410);
    server.stop();

    let said = reindex(&data);
    assert!(said.contains("is built"), "{said}");
    let unknown =
        program().arg("--data-dir").arg(&data).args(["reindex", "--tenant", "nobody"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no such tenant"), "{unknown:?}");
    let server = vpr_http_tests::Server::start(&data);
    assert_eq!(
        matches(&search(&mut server.client(), "/fhir/Patient?_sort=family&_count=3")),
        matches(&before)
    );
    server.stop();

    // Whoever loses the folder loses nothing.
    fs::remove_dir_all(data.join("projection")).unwrap();
    let verified = program().arg("--data-dir").arg(&data).arg("verify").output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
    let server = vpr_http_tests::Server::start(&data);
    let mut client = server.client();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while client.get("/fhir/Patient").send().status != 200 {
        assert!(std::time::Instant::now() < deadline, "{}", client.get("/ready").send().text());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(matches(&search(&mut client, "/fhir/Patient?_sort=family&_count=3")), matches(&before));
    server.stop();
}

#[test]
fn a_database_that_is_away_keeps_nothing_but_searches_from_working() {
    // Nobody listens there.
    let url = "postgres://vpr:Findme@127.0.0.1:9/vpr";
    let (folder, server) = server(&[("DATABASE_URL", url), ("VPR_SEARCH_WAIT_SECONDS_MAX", "1")]);
    let mut client = server.client();
    let put = client.put("/fhir/Patient/a", patient("a", "x")).send();
    assert_eq!(put.status, 201, "{}", put.text());
    assert!(put.header("warning").is_some_and(|warning| warning.contains("searches")), "{:?}", put.headers);
    assert_eq!(client.get("/fhir/Patient/a").send().status, 200);
    let away = client.get("/fhir/Patient?name=x").send();
    assert_outcome("away", &away, 503);
    assert!(away.header("retry-after").is_some());
    let conditional =
        client.post("/fhir/Patient", patient("b", "x")).header("if-none-exist", "name=x").send();
    assert_outcome("conditional", &conditional, 503);
    let ready = client.get("/ready").send();
    assert_eq!(ready.status, 200, "{}", ready.text());
    assert!(ready.json()["search"]["state"] != "following", "{}", ready.text());
    assert!(client.get("/metrics").send().text().contains("vpr_search_answering 0\n"));
    assert!(!server.log().contains("Findme"), "{}", server.log());
    server.stop();
    // What was written is found as soon as there is an index.
    let server = vpr_http_tests::Server::start(&folder.path().join("data"));
    let mut client = server.client();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while client.get("/fhir/Patient").send().status != 200 {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(matches(&search(&mut client, "/fhir/Patient?family=x")), ["Patient/a"]);
    server.stop();
}
