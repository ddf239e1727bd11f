//! B1: of many who write on top of the same version, exactly one succeeds.

#![allow(clippy::unwrap_used)]

use std::sync::Barrier;

use vpr_http_tests::{
    Client, Database, Response, Server, bundle, entry, is_soak, on_both_databases, patient,
};

on_both_databases! {
    of_64_clients_exactly_one_writes_each_version,
    the_harness_sees_a_race_that_is_lost,
}

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
fn race(server: &Server, id: &str, rounds: usize, contender: Contender) -> Result<usize, String> {
    let mut judge = Judge { client: server.client(), id, version: 1, makes_one_each: false };
    judge.makes_one_each = std::ptr::fn_addr_eq(contender, create as Contender);
    if !judge.makes_one_each {
        let first = judge.client.put(&format!("/fhir/Patient/{id}"), patient(id, "first")).send();
        assert_eq!(first.status, 201, "{}", first.text());
    }
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.client()).collect();
    for round in 0..rounds {
        let start = Barrier::new(CLIENTS);
        let version = judge.version;
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
        judge
            .round(round, &answers)
            .map_err(|why| format!("{id}, round {round}: {why}: {:?}", statuses(&answers)))?;
    }
    let history = judge.client.get(&format!("/fhir/Patient/{id}/_history?_count=0")).send();
    if !judge.makes_one_each && history.json()["total"].as_count() != Some(u64::from(judge.version)) {
        return Err(format!("{id}: {} versions were made: {}", judge.version, history.text()));
    }
    Ok(rounds * CLIENTS)
}

/// Who looks at the resource between the rounds.
struct Judge<'a> {
    client: Client,
    id: &'a str,
    version: u32,
    makes_one_each: bool,
}

impl Judge<'_> {
    fn round(&mut self, round: usize, answers: &[Response]) -> Result<(), String> {
        let must = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
        let won: Vec<usize> = (0..CLIENTS).filter(|at| (200..300).contains(&answers[*at].status)).collect();
        must(won.len() == 1, "not one success")?;
        let others = answers.iter().filter(|answer| answer.status == 412);
        let refusals = others.filter(|answer| answer.json()["resourceType"] == "OperationOutcome").count();
        must(refusals == CLIENTS - 1, "not all others refused")?;
        let (name, wanted) = match self.makes_one_each {
            true => (format!("{}-{}", self.id, self.version), 1),
            false => (self.id.to_owned(), self.version + 1),
        };
        must(answers[won[0]].version() == Some(wanted), "the winner's version is not the next")?;
        let now = self.client.get(&format!("/fhir/Patient/{name}")).send();
        must(now.version() == Some(wanted), "what stands is not the next version")?;
        self.version += 1;
        if now.status == 410 {
            let again = self.client.put(&format!("/fhir/Patient/{name}"), patient(&name, "again")).send();
            self.version += 1;
            return must(
                (again.status, again.version()) == (201, Some(self.version)),
                "what follows a deletion",
            );
        }
        let family = format!("r{round}c{}", won[0]);
        must(now.json()["name"][0]["family"] == family.as_str(), "what stands is not the winner's")
    }
}

fn statuses(answers: &[Response]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

fn of_64_clients_exactly_one_writes_each_version(database: &Database) {
    let rounds = if is_soak() { 2_000 } else { database.size(200, 60) };
    let other_rounds = database.size(OTHER_ROUNDS, OTHER_ROUNDS / 2);
    let folder = tempfile::tempdir().unwrap();
    let server = database.start(&folder.path().join("data"));
    let plain = race(&server, "plain", rounds, put).unwrap();
    let other = race(&server, "transaction", other_rounds, transaction).unwrap()
        + race(&server, "deleted", other_rounds, put_or_delete).unwrap()
        + race(&server, "created", other_rounds, create).unwrap();
    let total = other_rounds * 3;
    let lost = losers_left_nothing(&server, other_rounds);
    database.publish(
        "B1-http",
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

/// Without a precondition.
fn blind(client: &mut Client, id: &str, family: &str, _: u32) -> Response {
    client.put(&format!("/fhir/Patient/{id}"), patient(id, family)).send()
}

/// With the precondition that is not looked at until the write is under way.
fn stale(client: &mut Client, id: &str, family: &str, version: u32) -> Response {
    let now = client.get(&format!("/fhir/Patient/{id}")).send();
    if now.version() != Some(version) {
        return put(client, id, family, version);
    }
    blind(client, id, family, version)
}

fn the_harness_sees_a_race_that_is_lost(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let server = database.start(&folder.path().join("data"));
    assert!(race(&server, "blind", 3, blind).unwrap_err().contains("not one success"));
    assert!(race(&server, "stale", 50, stale).unwrap_err().contains("not one success"));
    assert!(race(&server, "right", 3, put).is_ok());
    server.stop();
}
