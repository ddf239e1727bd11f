//! B1: of many who write on top of the same version, exactly one succeeds.

#![allow(clippy::unwrap_used)]

use std::sync::Barrier;

use vpr_http_tests::{Client, Response, Server, bundle, entry, is_soak, patient, publish};

const CLIENTS: usize = 64;
/// Rounds of each form of the race that is not the plain one.
const OTHER_ROUNDS: usize = 40;

/// One form of the race: what each client sends when the resource is at `version`.
type Contender = fn(&mut Client, id: &str, family: &str, version: u32) -> Response;

fn put(client: &mut Client, id: &str, family: &str, version: u32) -> Response {
    let request = client.put(&format!("/fhir/Patient/{id}"), patient(id, family));
    request.header("if-match", &format!("W/\"{version}\"")).send()
}

fn transaction(client: &mut Client, id: &str, family: &str, version: u32) -> Response {
    let condition = format!(r#","ifMatch":"W/\"{version}\"""#);
    let first = entry("PUT", &format!("Patient/{id}"), &condition, Some(&patient(id, family)));
    let other = format!("{id}-{family}");
    let second = entry("PUT", &format!("Patient/{other}"), "", Some(&patient(&other, family)));
    let mut answer = client.post("/fhir", bundle("transaction", &[second, first])).send();
    if answer.status == 200 {
        let tag = answer.json()["entry"][1]["response"]["etag"].as_str().unwrap().to_owned();
        answer.headers.push(("etag".to_owned(), tag));
    }
    answer
}

/// Half of the clients update, the others delete.
fn put_or_delete(client: &mut Client, id: &str, family: &str, version: u32) -> Response {
    if family.ends_with(['1', '3', '5', '7', '9']) {
        return put(client, id, family, version);
    }
    let request = client.delete(&format!("/fhir/Patient/{id}"));
    request.header("if-match", &format!("W/\"{version}\"")).send()
}

/// Each round is about a resource that is not there yet.
fn create(client: &mut Client, id: &str, family: &str, version: u32) -> Response {
    let id = format!("{id}-{version}");
    client.put(&format!("/fhir/Patient/{id}"), patient(&id, family)).header("if-none-match", "*").send()
}

/// Runs the rounds; gives the number of requests.
fn race(server: &Server, id: &str, rounds: usize, contender: Contender, is_deletable: bool) -> usize {
    let makes_one_each = std::ptr::fn_addr_eq(contender, create as Contender);
    let mut judge = server.client();
    if !makes_one_each {
        let first = judge.put(&format!("/fhir/Patient/{id}"), patient(id, "first")).send();
        assert_eq!(first.status, 201, "{}", first.text());
    }
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.client()).collect();
    let mut version = 1;
    for round in 0..rounds {
        let start = Barrier::new(CLIENTS);
        let answers: Vec<Response> = std::thread::scope(|scope| {
            let threads: Vec<_> = clients
                .iter_mut()
                .enumerate()
                .map(|(number, client)| {
                    let start = &start;
                    scope.spawn(move || {
                        start.wait();
                        contender(client, id, &format!("r{round}c{number}"), version)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let won: Vec<usize> = (0..CLIENTS).filter(|at| (200..300).contains(&answers[*at].status)).collect();
        assert_eq!(won.len(), 1, "{id}, round {round}: {:?}", statuses(&answers));
        let others = answers.iter().filter(|answer| answer.status == 412).count();
        assert_eq!(others, CLIENTS - 1, "{id}, round {round}: {:?}", statuses(&answers));
        let winner = &answers[won[0]];
        let (name, wanted) = match makes_one_each {
            true => (format!("{id}-{version}"), 1),
            false => (id.to_owned(), version + 1),
        };
        assert_eq!(winner.version(), Some(wanted), "{id}, round {round}");
        let now = judge.get(&format!("/fhir/Patient/{name}")).send();
        assert_eq!(now.version(), Some(wanted), "{id}, round {round}");
        version += 1;
        if now.status == 410 {
            assert!(is_deletable);
            let again = judge.put(&format!("/fhir/Patient/{id}"), patient(id, "again")).send();
            version += 1;
            assert_eq!((again.status, again.version()), (201, Some(version)), "{}", again.text());
        } else {
            let family = format!("r{round}c{}", won[0]);
            assert!(
                now.json()["name"][0]["family"] == family.as_str(),
                "{id}, round {round}: {}",
                now.text()
            );
        }
        for (number, answer) in answers.iter().enumerate().filter(|(_, answer)| answer.status == 412) {
            assert!(answer.json()["resourceType"] == "OperationOutcome", "{number}");
        }
    }
    if !makes_one_each {
        let history = judge.get(&format!("/fhir/Patient/{id}/_history?_count=0")).send().json();
        assert_eq!(history["total"].as_count(), Some(u64::from(version)), "{id}");
    }
    rounds * CLIENTS
}

fn statuses(answers: &[Response]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

#[test]
fn of_64_clients_exactly_one_writes_each_version() {
    let rounds = if is_soak() { 2_000 } else { 200 };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let plain = race(&server, "plain", rounds, put, false);
    let other = race(&server, "transaction", OTHER_ROUNDS, transaction, false)
        + race(&server, "deleted", OTHER_ROUNDS, put_or_delete, true)
        + race(&server, "created", OTHER_ROUNDS, create, false);
    let total = OTHER_ROUNDS * 3;
    let lost = losers_left_nothing(&server, OTHER_ROUNDS);
    publish(
        "B1",
        &[
            format!(
                "B1 If-Match race: {CLIENTS} clients, {rounds} rounds of updates, {plain} requests: exactly one success per version"
            ),
            format!(
                "  {total} further rounds (in a transaction, against deletes, If-None-Match: *), {other} requests: the same; \
                 {lost} companions of refused transactions looked for, none written"
            ),
        ],
    );
    server.stop();
}

/// A transaction that lost the race wrote nothing else either: of the second resources of each
/// round there is one.
fn losers_left_nothing(server: &Server, rounds: usize) -> usize {
    let mut client = server.client();
    let mut absent = 0;
    for round in 0..rounds {
        let there = (0..CLIENTS).filter(|number| {
            client.get(&format!("/fhir/Patient/transaction-r{round}c{number}")).send().status == 200
        });
        assert_eq!(there.count(), 1, "round {round}");
        absent += CLIENTS - 1;
    }
    absent
}
