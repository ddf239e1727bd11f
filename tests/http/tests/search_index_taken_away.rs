//! The search index is taken away under a server that runs: nobody gets a part for the whole, it is
//! built again without a restart, and what was written meanwhile is found.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use vpr_http_tests::{Client, Database, Server, assert_outcome, fill, on_both_databases, patient};
use vpr_testkit::postgres::{self, PostgresServer};

const PATIENTS: usize = 60;

on_both_databases!(an_index_that_names_what_is_not_there_is_made_again);

/// Asks until all is found again. Whatever is answered before is all there is, or 503.
fn comes_back(client: &mut Client, wanted: usize) {
    let began = Instant::now();
    let mut whole = 0;
    while whole < 3 {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{wanted}: {}",
            client.get("/ready").send().text()
        );
        whole = if says_all(client, wanted) { whole + 1 } else { 0 };
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn says_all(client: &mut Client, wanted: usize) -> bool {
    for path in [
        "/fhir/Patient?family=Berg&_count=0",
        "/fhir/Observation?subject:Patient.family=Berg&_count=0",
        "/fhir/Patient/_history?_count=0",
    ] {
        let answer = client.get(path).send();
        if answer.status == 503 {
            return false;
        }
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        if answer.header("warning").is_some() {
            return false;
        }
        let total = answer.json()["total"].as_count().unwrap();
        let wanted = if path.contains("Observation") { PATIENTS } else { wanted };
        assert_eq!(total, wanted as u64, "a part for the whole: {path}");
    }
    true
}

fn next(client: &mut Client) -> String {
    let page = client.get("/fhir/Patient?family=Berg&_count=25").send().json();
    let next = page["link"].items().iter().find(|link| link["relation"] == "next").unwrap();
    let url = next["url"].as_str().unwrap();
    url[url.find("/fhir").unwrap()..].to_owned()
}

/// Runs, does harm, and sees that all comes back, whatever is asked first.
fn under_a_server(server: &Server, mut harm: impl FnMut()) {
    let mut client = server.client();
    fill(&mut client, PATIENTS);
    comes_back(&mut client, PATIENTS);
    let mut wanted = PATIENTS;
    for first in ["search", "write", "conditional", "at once"] {
        let link = next(&mut client);
        harm();
        let id = format!("late-{wanted}");
        match first {
            "search" => {}
            "write" => {
                let put = client.put(&format!("/fhir/Patient/{id}"), patient(&id, "Berg")).send();
                assert_eq!(put.status, 201, "writes need no index: {}", put.text());
                wanted += 1;
            }
            "conditional" => {
                // There is one already, and nobody must be told otherwise.
                let create = client.post("/fhir/Patient", patient("p1", "Berg"));
                let status = create.header("if-none-exist", "family=Berg&_id=p1").send().status;
                assert!(matches!(status, 200 | 503), "{status}");
            }
            _ => std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| says_all(&mut server.client(), wanted));
                }
            }),
        }
        comes_back(&mut client, wanted);
        assert_outcome("a link from before", &client.get(&link).send(), 410);
        let altered = link.replacen("_cursor=", "_cursor=A", 1);
        assert_outcome("no link at all", &client.get(&altered).send(), 400);
        let create = client.post("/fhir/Patient", patient("p1", "Berg"));
        assert_eq!(create.header("if-none-exist", "family=Berg&_id=p1").send().status, 200);
        assert!(client.get("/ready").send().json()["search"]["state"] == "following");
    }
}

fn sqlite(harm: impl Fn(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Database::sqlite().start(&data);
    under_a_server(&server, || harm(&data.join("projection")));
    server.stop();
}

#[test]
fn an_index_file_that_is_deleted_under_the_server_is_made_again() {
    sqlite(|index| {
        fs::remove_file(index.join("default.sqlite")).unwrap();
        for beside in ["default.sqlite-wal", "default.sqlite-shm"] {
            let _ = fs::remove_file(index.join(beside));
        }
    });
}

#[test]
fn an_index_folder_that_is_deleted_under_the_server_is_made_again() {
    sqlite(|index| fs::remove_dir_all(index).unwrap());
}

fn an_index_that_names_what_is_not_there_is_made_again(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = database.start(&data);
    let mut client = server.client();
    fill(&mut client, PATIENTS);
    comes_back(&mut client, PATIENTS);
    server.stop();
    database.alter_index(&data, "UPDATE res SET ver = 9 WHERE fid = 'p1'");
    let server = database.start(&data);
    let mut client = server.client();
    let first = client.get("/fhir/Patient?_id=p1").send();
    assert_outcome("a version that is not there", &first, 503);
    let began = Instant::now();
    let found = loop {
        let found = client.get("/fhir/Patient?_id=p1").send();
        if found.status != 503 {
            break found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{}", found.text());
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!((found.status, found.json()["total"].as_count()), (200, Some(1)), "{}", found.text());
    comes_back(&mut client, PATIENTS);
    server.stop();
}

#[test]
fn a_schema_that_is_dropped_under_the_server_is_made_again() {
    let postgres = PostgresServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Database::on(&postgres).start(&folder.path().join("data"));
    let mut harms = [
        "DROP SCHEMA \"vpr_default\" CASCADE",
        "DROP TABLE \"vpr_default\".meta CASCADE",
        "ALTER SCHEMA \"vpr_default\" RENAME TO elsewhere; DROP SCHEMA elsewhere CASCADE",
        "DROP SCHEMA \"vpr_default\" CASCADE; CREATE SCHEMA \"vpr_default\"",
    ]
    .into_iter();
    under_a_server(&server, || sql(&postgres, harms.next().unwrap()));
    server.stop();
}

fn sql(server: &PostgresServer, statements: &str) {
    let mut psql = Command::new(postgres::programs().unwrap().join("psql"));
    psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", &server.owner_url()]);
    let done = psql.args(["--command", statements]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
