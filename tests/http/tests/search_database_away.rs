//! The search database goes away, comes back, is lost or damaged: what is written stays written,
//! nobody gets a part for the whole, and nobody has to lend a hand.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vpr_http_tests::{
    Client, Database, Json, Server, assert_outcome, bundle, entry, fill, observation, patient, publish,
};
use vpr_testkit::postgres::PostgresServer;

const PATIENTS: usize = 60;

/// Searches until one is answered, and with all there is; gives the time it took.
fn recovered(client: &mut Client) -> Duration {
    let started = Instant::now();
    loop {
        let answer = client.get("/fhir/Patient?_count=0").send();
        if answer.status == 200 && answer.header("warning").is_none() {
            return started.elapsed();
        }
        assert!(matches!(answer.status, 200 | 503), "{} {}", answer.status, answer.text());
        let patience = Duration::from_secs(60);
        assert!(started.elapsed() < patience, "{}", client.get("/ready").send().text());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn total(client: &mut Client, path: &str) -> u64 {
    let answer = client.get(path).send();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    assert_eq!(answer.header("warning"), None, "{path}");
    answer.json()["total"].as_count().unwrap_or_else(|| panic!("{path}: {}", answer.text()))
}

fn ids(found: &Json) -> Vec<String> {
    let ids = found["entry"].items().iter();
    ids.map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()).collect()
}

fn next(found: &Json) -> Option<String> {
    let next = found["link"].items().iter().find(|link| link["relation"] == "next")?;
    let url = next["url"].as_str().unwrap();
    Some(url[url.find("/fhir").unwrap()..].to_owned())
}

fn start(data: &Path, postgres: &PostgresServer) -> Server {
    Database::on(postgres).start_with(data, &[("VPR_SEARCH_WAIT_SECONDS_MAX", "1")])
}

/// What goes on and what does not while the database is away.
fn works_without(server: &Server, client: &mut Client, round: &str) {
    for path in ["Patient?family=Berg", "Patient", "Patient/p1/Observation", "Patient/_history", "_history"] {
        assert_outcome(path, &client.get(&format!("/fhir/{path}")).send(), 503);
    }
    let new = format!("new-{round}");
    let put = client.put(&format!("/fhir/Patient/{new}"), patient(&new, "Away")).send();
    assert_eq!(put.status, 201, "{}", put.text());
    assert!(put.header("warning").is_some(), "searches do not show it, and nobody says so");
    assert_eq!(client.post("/fhir/Observation", observation("", "Patient/p1", "away")).send().status, 201);
    let entries =
        [entry("POST", "Observation", "", Some(&observation("", &format!("Patient/{new}"), "away")))];
    assert_eq!(client.post("/fhir", bundle("transaction", &entries)).send().status, 200);
    for path in ["Patient/p1", &format!("Patient/{new}"), "Patient/p1/_history/1", "Patient/p1/_history"] {
        assert_eq!(client.get(&format!("/fhir/{path}")).send().status, 200, "{path}");
    }
    let version = client.get("/fhir/Patient/p2").send().version().unwrap();
    let update = client.put("/fhir/Patient/p2", patient("p2", "Away"));
    let update = update.header("if-match", &format!("W/\"{version}\"")).send();
    assert_eq!(update.status, 200, "{}", update.text());

    // Whether there is one already cannot be told, so nothing is written.
    let create = client.post("/fhir/Patient", patient("", "Nobody").replace(r#""id":"","#, ""));
    assert_outcome("create", &create.header("if-none-exist", "family=Nobody").send(), 503);
    let nobody = patient("", "Nobody").replace(r#""id":"","#, "");
    assert_outcome("update", &client.put("/fhir/Patient?family=Nobody", nobody.clone()).send(), 503);
    assert_outcome("delete", &client.delete("/fhir/Patient?family=Berg&_id=p1").send(), 503);
    let unless = entry("POST", "Patient", r#","ifNoneExist":"family=Nobody""#, Some(&nobody));
    let also = entry("PUT", "Patient/half", "", Some(&patient("half", "Half")));
    let transaction = client.post("/fhir", bundle("transaction", &[also, unless.clone()])).send();
    assert_outcome("transaction", &transaction, 503);
    assert_eq!(client.get("/fhir/Patient/half").send().status, 404, "half a transaction");
    let batch = client.post("/fhir", bundle("batch", &[unless])).send().json();
    assert!(batch["entry"][0]["response"]["status"].as_str().unwrap().starts_with("503"), "{batch}");

    let ready = client.get("/ready").send();
    assert_eq!(ready.status, 200, "it can do its work: {}", ready.text());
    let ready = ready.json();
    assert!(ready["search"]["state"] == "unavailable", "{ready}");
    assert!(ready["search"]["behind"].as_count().is_some_and(|behind| behind >= 3), "{ready}");
    let metrics = client.get("/metrics").send().text();
    assert!(metrics.contains("vpr_search_answering 0\n"), "{metrics}");
    assert!(!server.log().contains("Berg") && !server.log().contains("Nobody"), "{}", server.log());
}

#[test]
fn postgres_killed_and_started_again() {
    let mut postgres = PostgresServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = start(&data, &postgres);
    let mut client = server.client();
    fill(&mut client, PATIENTS);
    let before = client.get("/fhir/Patient?family=Berg&_count=25&_sort=_id").send().json();
    let mut times = Vec::new();
    for round in ["a", "b"] {
        postgres.kill().unwrap();
        works_without(&server, &mut client, round);
        postgres.restart().unwrap();
        times.push(recovered(&mut client));
        assert_eq!(total(&mut client, "/fhir/Patient?family=Away&_id:not=p2&_count=0"), times.len() as u64);
        assert_eq!(total(&mut client, "/fhir/Observation?_count=0"), (PATIENTS + 2 * times.len()) as u64);
        assert_eq!(total(&mut client, "/fhir/Patient?family=Nobody,Half&_count=0"), 0);
        assert!(client.get("/ready").send().json()["search"]["state"] == "following");
        assert!(client.get("/metrics").send().text().contains("vpr_search_answering 1\n"));
    }
    // The pages of before go on as they were.
    let (mut seen, mut page) = (ids(&before), before);
    while let Some(next) = next(&page) {
        let answer = client.get(&next).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        page = answer.json();
        seen.extend(ids(&page));
    }
    let mut expected: Vec<String> = (0..PATIENTS).map(|n| format!("p{n}")).collect();
    expected.sort();
    assert_eq!(seen, expected);
    let create = client.post("/fhir/Patient", patient("", "Nobody").replace(r#""id":"","#, ""));
    assert_eq!(create.header("if-none-exist", "family=Nobody").send().status, 201);
    server.stop();
    let times: Vec<String> = times.iter().map(|time| format!("{} ms", time.as_millis())).collect();
    publish(
        "search-database-away",
        &[format!("searches are back {} after Postgres takes connections", times.join(", "))],
    );
}

#[test]
fn postgres_killed_under_writers_and_the_server_killed_while_it_is_away() {
    let mut postgres = PostgresServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = start(&data, &postgres);
    let done = AtomicBool::new(false);
    let written: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (done, mut client) = (&done, server.client());
                scope.spawn(move || {
                    let mut count = 0;
                    while !done.load(Ordering::Relaxed) {
                        let id = format!("w{writer}-{count}");
                        let put = client.put(&format!("/fhir/Patient/{id}"), patient(&id, "Writer")).send();
                        assert_eq!(put.status, 201, "{}", put.text());
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let pause = || std::thread::sleep(Duration::from_millis(400));
        for _ in 0..3 {
            pause();
            postgres.kill().unwrap();
            pause();
            postgres.restart().unwrap();
        }
        pause();
        postgres.kill().unwrap();
        pause();
        done.store(true, Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert!(written > 100, "{written}");
    // The index is behind, and the process that knew by how much is gone.
    server.kill();
    let server = start(&data, &postgres);
    let mut client = server.client();
    assert_eq!(client.get("/fhir/Patient/w0-0").send().status, 200);
    assert_outcome("away from the start", &client.get("/fhir/Patient").send(), 503);
    let put = client.put("/fhir/Patient/late", patient("late", "Writer")).send();
    assert_eq!(put.status, 201, "{}", put.text());
    postgres.restart().unwrap();
    recovered(&mut client);
    assert_eq!(total(&mut client, "/fhir/Patient?family=Writer&_count=0"), written as u64 + 1);
    assert_eq!(total(&mut client, "/fhir/Patient/_history?_count=0"), written as u64 + 1);
    server.stop();
}

/// What is asked before and after.
const SEARCHES: [&str; 6] = [
    "Patient?family=Berg&_sort=_id&_count=100",
    "Observation?subject:Patient.family=Berg&_sort=_id&_count=100",
    "Patient?_has:Observation:patient:status=final&_sort=_id&_count=100",
    "Observation?value-quantity=1&_sort=_id&_count=100",
    "Observation?_sort=-_lastUpdated,_id&_count=100&_include=Observation:patient",
    "Patient/p7/Observation",
];

fn answers(client: &mut Client) -> Vec<(Option<u64>, Vec<String>)> {
    let ask = |path: &&str| {
        let answer = client.get(&format!("/fhir/{path}")).send();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let found = answer.json();
        let mut ids = ids(&found);
        if !path.contains("_sort=_id") {
            // Resources of one transaction have one time; their order is the index's own.
            ids.sort();
        }
        assert!(!ids.is_empty(), "{path}");
        (found["total"].as_count(), ids)
    };
    SEARCHES.iter().map(ask).collect()
}

/// Stops, does something to the folder of the index, starts, and compares.
fn comes_back_after(name: &str, harm: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Database::sqlite().start(&data);
    let mut client = server.client();
    fill(&mut client, PATIENTS);
    let before = answers(&mut client);
    server.stop();
    let index = data.join("projection");
    assert!(index.join("default.sqlite").is_file());
    harm(&index);
    let server = Database::sqlite().start(&data);
    let mut client = server.client();
    recovered(&mut client);
    let after = answers(&mut client);
    for ((path, before), after) in SEARCHES.iter().zip(&before).zip(&after) {
        assert_eq!(before, after, "{name}: {path}");
    }
    let create = client.post("/fhir/Patient", patient("p1", "Berg"));
    assert_outcome(name, &create.header("if-none-exist", "family=Berg").send(), 412);
    server.stop();
}

fn database(index: &Path) -> std::path::PathBuf {
    for beside in ["default.sqlite-wal", "default.sqlite-shm"] {
        let _ = fs::remove_file(index.join(beside));
    }
    index.join("default.sqlite")
}

#[test]
fn sqlite_deleted_is_built_again() {
    comes_back_after("the folder is gone", |index| fs::remove_dir_all(index).unwrap());
    comes_back_after("the file is gone", |index| fs::remove_file(database(index)).unwrap());
}

#[test]
fn sqlite_damaged_is_built_again() {
    comes_back_after("the file is empty", |index| fs::write(database(index), b"").unwrap());
    comes_back_after("no database", |index| fs::write(database(index), vec![b'x'; 100_000]).unwrap());
    comes_back_after("half of it", |index| {
        let content = fs::read(database(index)).unwrap();
        fs::write(database(index), &content[..content.len() / 2 / 4096 * 4096]).unwrap();
    });
    comes_back_after("damaged behind its head", |index| {
        let mut content = fs::read(database(index)).unwrap();
        content[4096..].fill(0x5a);
        fs::write(database(index), content).unwrap();
    });
}
