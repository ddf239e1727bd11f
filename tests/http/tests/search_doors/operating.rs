//! The index as its operator sees it: probes, `vpr reindex` beside a server and alone, a folder that
//! was lost.

use vpr_http_tests::{Database, assert_outcome, on_both_databases, patient};

use crate::{fill, link, matches, path, search, server};

on_both_databases! {
    probes_tell_how_far_searches_are,
    the_index_is_built_again_beside_a_server_and_alone,
    a_database_that_is_away_keeps_nothing_but_searches_from_working,
}

fn reindex(database: &Database, data: &std::path::Path) -> String {
    let output = database.command(data).arg("reindex").output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    said
}

fn probes_tell_how_far_searches_are(database: &Database) {
    let (_folder, server) = server(database, &[]);
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

fn the_index_is_built_again_beside_a_server_and_alone(database: &Database) {
    let (folder, server) = server(database, &[]);
    let data = folder.path().join("data");
    let mut client = server.client();
    fill(&mut client, "/fhir", 5);
    let before = search(&mut client, "/fhir/Patient?_sort=family&_count=3");
    let next = link(&before, "next").unwrap();
    let said = reindex(database, &data);
    assert!(said.contains("is built"), "{said}");
    assert_eq!(client.get("/fhir/Patient/p1").send().status, 200);
    assert_eq!(matches(&search(&mut client, "/fhir/Patient?_sort=family&_count=3")), matches(&before));
    assert_outcome("a link from before", &client.get(path(&next)).send(), 410);
    server.stop();

    let said = reindex(database, &data);
    assert!(said.contains("is built"), "{said}");
    let unknown = database.command(&data).args(["reindex", "--tenant", "nobody"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no such tenant"), "{unknown:?}");
    let server = database.start(&data);
    assert_eq!(
        matches(&search(&mut server.client(), "/fhir/Patient?_sort=family&_count=3")),
        matches(&before)
    );
    server.stop();

    // Whoever loses it loses nothing.
    database.lose(&data);
    let verified = database.command(&data).arg("verify").output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
    let server = database.start(&data);
    let mut client = server.client();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while client.get("/fhir/Patient").send().status != 200 {
        assert!(std::time::Instant::now() < deadline, "{}", client.get("/ready").send().text());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(matches(&search(&mut client, "/fhir/Patient?_sort=family&_count=3")), matches(&before));
    server.stop();
}

fn a_database_that_is_away_keeps_nothing_but_searches_from_working(database: &Database) {
    // Nobody listens there.
    let url = "postgres://vpr:Findme@127.0.0.1:9/vpr";
    let (folder, server) = server(
        database,
        &[("DATABASE_URL", url), ("DATABASE_OWNER_URL", url), ("VPR_SEARCH_WAIT_SECONDS_MAX", "1")],
    );
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
    let server = database.start(&folder.path().join("data"));
    let mut client = server.client();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while client.get("/fhir/Patient").send().status != 200 {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(matches(&search(&mut client, "/fhir/Patient?family=x")), ["Patient/a"]);
    server.stop();
}
