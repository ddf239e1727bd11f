//! B2: of many who create unless there is one, exactly one creates, alone and inside Bundles, in
//! whatever way they spell their criteria, whichever database holds the index.

#![allow(clippy::unwrap_used)]

use std::sync::Barrier;

use vpr_http_tests::{
    Client, Database, Response, Server, bundle, entry, is_soak, on_both_databases, publish,
};

const CLIENTS: usize = 64;
const SYSTEM: &str = "http://ids.example/mrn";

/// One form of the storm: what a client sends for the patient whose identifier is `value`. The
/// status is the entry's where it comes in a Bundle.
type Contender = fn(&mut Client, client: usize, value: &str) -> (u16, Option<String>);

fn patient(value: &str) -> String {
    format!(r#"{{"resourceType":"Patient","identifier":[{{"system":"{SYSTEM}","value":"{value}"}}]}}"#)
}

/// The same criteria in the spellings that clients use.
fn spelled(client: usize, value: &str) -> String {
    match client % 5 {
        0 => format!("identifier={SYSTEM}|{value}"),
        1 => format!("identifier=http%3A%2F%2Fids.example%2Fmrn%7C{value}"),
        2 => format!("identifier={value}"),
        3 => format!("_id:not=nobody&identifier={SYSTEM}|{value}"),
        _ => format!("identifier={SYSTEM}|none,{SYSTEM}|{value}"),
    }
}

/// The status, and the id of the resource that the answer names.
fn of(status: u16, location: Option<&str>) -> (u16, Option<String>) {
    let id = location.and_then(|url| url.split("/Patient/").nth(1)?.split('/').next());
    (status, id.map(str::to_owned))
}

fn alone(client: &mut Client, number: usize, value: &str) -> (u16, Option<String>) {
    let request = client.post("/fhir/Patient", patient(value));
    let answer = request.header("if-none-exist", &spelled(number, value)).send();
    of(answer.status, answer.header("location"))
}

fn in_bundle(client: &mut Client, kind: &str, request: &str) -> (u16, Option<String>) {
    let answer: Response = client.post("/fhir", bundle(kind, &[request.to_owned()])).send();
    if answer.status != 200 {
        return (answer.status, None);
    }
    let json = answer.json();
    let response = &json["entry"][0]["response"];
    let status = response["status"].as_str().unwrap()[..3].parse().unwrap();
    of(status, response["location"].as_str())
}

fn unless(number: usize, value: &str) -> String {
    let more = format!(r#","ifNoneExist":"{}""#, spelled(number, value));
    entry("POST", "Patient", &more, Some(&patient(value)))
}

fn batch(client: &mut Client, number: usize, value: &str) -> (u16, Option<String>) {
    in_bundle(client, "batch", &unless(number, value))
}

fn transaction(client: &mut Client, number: usize, value: &str) -> (u16, Option<String>) {
    in_bundle(client, "transaction", &unless(number, value))
}

/// Every fourth updates what it finds instead; a plain write to the same type comes in between.
fn mixed(client: &mut Client, number: usize, value: &str) -> (u16, Option<String>) {
    match number % 4 {
        0 => {
            let path = format!("/fhir/Patient?{}", spelled(number, value).replace('|', "%7C"));
            let answer = client.put(&path, patient(value)).send();
            of(answer.status, answer.header("location"))
        }
        1 => {
            let plain = client.post("/fhir/Patient", patient("somebody-else")).send();
            assert_eq!(plain.status, 201);
            transaction(client, number, value)
        }
        2 => batch(client, number, value),
        _ => alone(client, number, value),
    }
}

/// Runs the rounds; gives the number of requests.
fn storm(server: &Server, name: &str, rounds: usize, contender: Contender) -> Result<usize, String> {
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.client()).collect();
    let mut judge = server.client();
    for round in 0..rounds {
        let value = format!("{name}-{round}");
        let start = Barrier::new(CLIENTS);
        let answers: Vec<(u16, Option<String>)> = std::thread::scope(|scope| {
            let threads: Vec<_> = clients
                .iter_mut()
                .enumerate()
                .map(|(number, client)| {
                    let (start, value) = (&start, &value);
                    scope.spawn(move || {
                        start.wait();
                        contender(client, number, value)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let count = |status: u16| answers.iter().filter(|(found, _)| *found == status).count();
        if (count(201), count(200)) != (1, CLIENTS - 1) {
            let statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
            return Err(format!("{value}: not one created and the others matched: {statuses:?}"));
        }
        if answers.iter().any(|(_, id)| id.is_none() || *id != answers[0].1) {
            return Err(format!("{value}: the answers name several resources"));
        }
        let found = judge.get(&format!("/fhir/Patient?identifier={value}&_total=accurate")).send();
        if found.json()["total"].as_count() != Some(1) {
            return Err(format!("{value}: a search finds {}", found.text()));
        }
    }
    Ok(rounds * CLIENTS)
}

on_both_databases! {
    of_64_conditional_creates_exactly_one_creates,
    the_harness_sees_a_storm_that_duplicates,
}

fn of_64_conditional_creates_exactly_one_creates(database: &Database) {
    let rounds = if is_soak() { 150 } else { 20 };
    let folder = tempfile::tempdir().unwrap();
    let server = database.start(&folder.path().join("data"));
    let mut requests = 0;
    let forms: [(&str, Contender); 4] =
        [("alone", alone), ("batch", batch), ("transaction", transaction), ("mixed", mixed)];
    for (name, contender) in forms {
        requests += storm(&server, name, rounds, contender).unwrap();
    }
    publish(
        &format!("B2-{}", database.name()),
        &[format!(
            "B2 conditional create storm on {}: {CLIENTS} clients, {rounds} rounds each alone, in a batch, in a transaction and \
             mixed with conditional updates and plain creates, five spellings of the criteria, {requests} requests: \
             in every round 1 created, {} matched",
            database.name(),
            CLIENTS - 1
        )],
    );
    server.stop();
}

/// Searches first, then creates: what the standard's interaction is there to avoid.
fn search_then_create(client: &mut Client, _: usize, value: &str) -> (u16, Option<String>) {
    let found = client.get(&format!("/fhir/Patient?identifier={value}&_total=accurate")).send();
    if found.json()["total"].as_count() != Some(0) {
        let id = found.json()["entry"][0]["resource"]["id"].as_str().unwrap().to_owned();
        return (200, Some(id));
    }
    let created = client.post("/fhir/Patient", patient(value)).send();
    of(created.status, created.header("location"))
}

fn the_harness_sees_a_storm_that_duplicates(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let server = database.start(&folder.path().join("data"));
    let refused = storm(&server, "blind", 3, search_then_create).unwrap_err();
    assert!(refused.contains("not one created"), "{refused}");
    assert!(storm(&server, "right", 2, alone).is_ok());
    server.stop();
}
