//! Many who write at once, and much in one Bundle.

use std::time::{Duration, Instant};

use vpr_http_tests::{Client, Database, Dice, bundle, entry, observation, on_both_databases, parse, patient};

use crate::{search, server};

on_both_databases! {
    conditional_creates_never_duplicate_alone_in_batches_and_in_transactions,
    transactions_take_more_than_50_updates_and_8_conditional_entries,
    concurrent_overlapping_bundles_do_not_deadlock,
}

const SYSTEM: &str = "http://ids.example/mrn";

fn identified(value: &str) -> String {
    format!(r#"{{"resourceType":"Patient","identifier":[{{"system":"{SYSTEM}","value":"{value}"}}]}}"#)
}

fn unless(value: &str) -> String {
    let more = format!(r#","ifNoneExist":"identifier={SYSTEM}|{value}""#);
    entry("POST", "Patient", &more, Some(&identified(value)))
}

fn count(client: &mut Client, value: &str) -> Option<u64> {
    search(client, &format!("/fhir/Patient?identifier={SYSTEM}|{value}&_count=0"))["total"].as_count()
}

/// The storm of 64 has a file of its own, `conditional.rs`.
fn conditional_creates_never_duplicate_alone_in_batches_and_in_transactions(database: &Database) {
    let (_folder, server) = server(database);
    let mut judge = server.client();
    for round in 0..5 {
        let value = format!("round-{round}");
        let created: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..12)
                .map(|number| {
                    let (mut client, value) = (server.client(), &value);
                    scope.spawn(move || {
                        let kind = ["batch", "transaction", ""][number % 3];
                        if kind.is_empty() {
                            let criteria = format!("identifier={SYSTEM}|{value}");
                            let create = client.post("/fhir/Patient", identified(value));
                            return create.header("if-none-exist", &criteria).send().status == 201;
                        }
                        let done = client.post("/fhir", bundle(kind, &[unless(value)])).send().json();
                        let status = done["entry"][0]["response"]["status"].as_str();
                        status.unwrap_or_else(|| panic!("{done}")).starts_with("201")
                    })
                })
                .collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!((created, count(&mut judge, &value)), (1, Some(1)), "{value}");
    }
    server.stop();
}

fn transactions_take_more_than_50_updates_and_8_conditional_entries(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    for id in ["gone0", "gone1", "gone2"] {
        let resource = identified(id);
        let resource = format!(r#"{},"id":"{id}"}}"#, &resource[..resource.len() - 1]);
        assert_eq!(client.put(&format!("/fhir/Patient/{id}"), resource).send().status, 201);
    }
    let mut entries: Vec<String> = (0..400)
        .map(|n| {
            let id = format!("p{n}");
            entry("PUT", &format!("Patient/{id}"), "", Some(&patient(&id, "Berg")))
        })
        .collect();
    entries.extend((0..60).map(|n| unless(&format!("new-{n}"))));
    entries.extend((0..60).map(|n| {
        let value = format!("up-{n}");
        entry("PUT", &format!("Patient?identifier={SYSTEM}|{value}"), "", Some(&identified(&value)))
    }));
    entries
        .extend((0..3).map(|n| entry("DELETE", &format!("Patient?identifier={SYSTEM}|gone{n}"), "", None)));
    for (round, expected) in [(1, "201"), (2, "200")] {
        let answer = client.post("/fhir", bundle("transaction", &entries)).send();
        assert_eq!(answer.status, 200, "round {round}: {}", answer.text());
        let done = answer.json();
        let statuses: Vec<&str> =
            done["entry"].items().iter().map(|each| each["response"]["status"].as_str().unwrap()).collect();
        assert_eq!(statuses.len(), entries.len());
        for (n, status) in statuses.iter().enumerate() {
            let expected = if n >= 520 { "204" } else { expected };
            assert!(status.starts_with(expected), "round {round}, entry {n}: {status}");
        }
        assert_eq!(search(&mut client, "/fhir/Patient?_count=0")["total"].as_count(), Some(520));
    }
    server.stop();
}

fn concurrent_overlapping_bundles_do_not_deadlock(database: &Database) {
    const CLIENTS: usize = 12;
    const ROUNDS: usize = 6;
    let (_folder, server) = server(database);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let mut client = server.client();
            scope.spawn(move || {
                let mut dice = Dice::new(number as u64);
                for round in 0..ROUNDS {
                    // The same resources for all, in another order for each.
                    let mut entries: Vec<String> = (0..30)
                        .map(|n| {
                            let (id, family) = (format!("p{n}"), format!("Of{number}"));
                            entry("PUT", &format!("Patient/{id}"), "", Some(&patient(&id, &family)))
                        })
                        .collect();
                    entries.extend((0..10).map(|n| unless(&format!("shared-{round}-{n}"))));
                    let own = observation("", &format!("Patient?identifier={SYSTEM}|shared-{round}-0"), "x");
                    if round > 0 {
                        let before =
                            own.replace(&format!("shared-{round}-"), &format!("shared-{}-", round - 1));
                        entries.push(entry("POST", "Observation", "", Some(&before)));
                    }
                    for last in (1..entries.len()).rev() {
                        entries.swap(last, dice.below(last as u64 + 1) as usize);
                    }
                    let answer = client.post("/fhir", bundle("transaction", &entries)).send();
                    assert_eq!(answer.status, 200, "client {number}, round {round}: {}", answer.text());
                }
            });
        }
    });
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    let mut client = server.client();
    // One transaction at a time: all patients bear the name that the last one gave.
    let patients = search(&mut client, "/fhir/Patient?active=true&_count=100");
    let families: Vec<String> = patients["entry"]
        .items()
        .iter()
        .map(|each| each["resource"]["name"][0]["family"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(families.len(), 30);
    assert!(families.iter().all(|family| *family == families[0]), "{families:?}");
    let version = client.get("/fhir/Patient/p7").send().version();
    assert_eq!(version, Some((CLIENTS * ROUNDS) as u32), "no update is lost");
    for round in 0..ROUNDS {
        for n in 0..10 {
            assert_eq!(count(&mut client, &format!("shared-{round}-{n}")), Some(1));
        }
    }
    let observations = search(&mut client, "/fhir/Observation?_count=0")["total"].as_count();
    assert_eq!(observations, Some((CLIENTS * (ROUNDS - 1)) as u64));
    if database.is_postgres() {
        let deadlocks =
            database.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
        assert_eq!(deadlocks, ["0"]);
    }
    assert!(parse(&client.get("/ready").send().text()).unwrap()["search"]["state"] == "following");
    server.stop();
}
