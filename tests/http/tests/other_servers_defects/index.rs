//! An index that is built again says so, answers nothing by halves, and goes on after a kill.

use std::time::{Duration, Instant};

use vpr_http_tests::{Client, Database, assert_outcome, on_both_databases, patient, publish};

use crate::{put_all, server};

on_both_databases!(reindex_is_visible_and_resumable);

/// Three of the steps in which an index is built.
const PATIENTS: u64 = 3_000;
const SEARCH: &str = "/fhir/Patient?family=Berg&_count=0";

/// The total, unless the server says that it cannot tell; what it says only in a `Warning` counts
/// as not told.
fn total(client: &mut Client) -> Option<u64> {
    let answer = client.get(SEARCH).send();
    if answer.status == 503 {
        assert_outcome("while it is built", &answer, 503);
        return None;
    }
    assert_eq!(answer.status, 200, "{}", answer.text());
    let is_warned = answer.header("warning").is_some();
    answer.json()["total"].as_count().filter(|_| !is_warned)
}

fn reindex_is_visible_and_resumable(database: &Database) {
    let (folder, mut server) = server(database);
    let mut client = server.client();
    let resources: Vec<String> = (0..PATIENTS).map(|n| patient(&format!("p{n}"), "Berg")).collect();
    // Each entry of a batch is a change of its own.
    put_all(&mut client, "/fhir", "batch", &resources);
    assert_eq!(total(&mut client), Some(PATIENTS));
    let mut operator = server.operator();
    let (mut seen, mut refused) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        // Its answer comes when it is done, or never, because the server is killed.
        scope.spawn(move || operator.post("/operator/tenants/default/reindex", "").try_send().is_ok());
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            assert!(Instant::now() < end, "nothing is seen of it: {seen:?}");
            let ready = client.get("/ready").send();
            assert_eq!(ready.status, 200, "{}", ready.text());
            let ready = ready.json();
            if ready["search"]["state"] != "following" {
                seen.push(ready["search"].to_string());
                match total(&mut client) {
                    None => refused += 1,
                    Some(total) => assert_eq!(total, PATIENTS, "a part is not said to be one"),
                }
                assert_eq!(client.get("/fhir/Patient/p77").send().status, 200);
                if ready["search"]["applied"].as_count().is_some_and(|n| n > 0 && n < PATIENTS) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            } else {
                assert!(seen.is_empty(), "it is done before it was seen halfway: {seen:?}");
            }
        }
        server.kill();
    });
    assert!(refused > 0, "no search was refused: {seen:?}");
    let server = database.start(&folder.path().join("data"));
    let mut client = server.client();
    let first = client.get("/ready").send().text();
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        match total(&mut client) {
            Some(total) => {
                assert_eq!(total, PATIENTS, "a part is not said to be one");
                break;
            }
            None => assert!(Instant::now() < end, "{}", client.get("/ready").send().text()),
        }
    }
    assert!(client.get("/ready").send().json()["search"]["state"] == "following");
    publish(
        &format!("reindex-{}", database.name()),
        &[
            format!(
                "reindex on {}: {} states seen, {refused} searches refused until the kill",
                database.name(),
                seen.len()
            ),
            format!("  last before: {}", seen.last().unwrap()),
            format!("  after the start: {first}"),
        ],
    );
    server.stop();
}
