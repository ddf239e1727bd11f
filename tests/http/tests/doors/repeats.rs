//! A request that is repeated under its `Idempotency-Key` is done once.

use std::collections::BTreeSet;

use vpr_http_tests::{
    Client, Database, Response, Server, assert_outcome, bundle, entry, on_both_databases, patient,
};

use crate::server;

on_both_databases! {
    a_repeated_create_creates_once,
    of_many_at_once_under_one_key_one_is_done,
    updates_deletes_batches_and_transactions_are_repeatable_too,
}

const BODY: &str = r#"{"resourceType":"Patient","name":[{"family":"Once"}]}"#;

fn post(client: &mut Client, key: &str, body: &str) -> Response {
    client.post("/fhir/Patient", body).header("idempotency-key", key).send()
}

fn is_replayed(answer: &Response) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

fn patients(server: &Server) -> usize {
    server.operator().get("/operator/tenants/default/records").send().json()["records"].items().len()
}

fn a_repeated_create_creates_once(database: &Database) {
    let (folder, first) = server(database);
    let mut client = first.client();
    let once = post(&mut client, "k1", BODY);
    assert_eq!((once.status, is_replayed(&once)), (201, false), "{}", once.text());
    let again = post(&mut client, "k1", BODY);
    assert_eq!((again.status, is_replayed(&again)), (201, true), "{}", again.text());
    for name in ["location", "etag", "last-modified"] {
        assert_eq!(again.header(name), once.header(name), "{name}");
    }
    assert_eq!(again.body, once.body);
    let other = post(&mut client, "k1", r#"{"resourceType":"Patient","name":[{"family":"Other"}]}"#);
    assert_outcome("another body under the key", &other, 422);
    assert_ne!(post(&mut client, "k2", BODY).header("location"), once.header("location"));
    // The key is the request's, not the resource's: what happened in between does not matter.
    let path =
        once.header("location").unwrap().strip_prefix(&first.base()).unwrap().replace("/_history/1", "");
    client.delete(&format!("/fhir{path}")).send();
    assert!(is_replayed(
        &client
            .post("/fhir/Patient", BODY)
            .header("idempotency-key", "k1")
            .header("prefer", "return=minimal")
            .send()
    ));
    assert_eq!(patients(&first), 2);
    first.stop();
    let second = database.start(&folder.path().join("data"));
    let after = post(&mut second.client(), "k1", BODY);
    assert_eq!((after.status, is_replayed(&after)), (201, true), "after a restart: {}", after.text());
    let id = |answer: &Response| answer.header("location").unwrap().rsplit('/').nth(2).unwrap().to_owned();
    assert_eq!(id(&after), id(&once));
    assert_eq!(patients(&second), 2);
    second.stop();
}

fn of_many_at_once_under_one_key_one_is_done(database: &Database) {
    let (_folder, server) = server(database);
    let answers: Vec<Response> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..32).map(|_| scope.spawn(|| post(&mut server.client(), "same", BODY))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let places: BTreeSet<_> =
        answers.iter().map(|answer| answer.header("location").unwrap_or_default()).collect();
    assert_eq!(places.len(), 1, "{places:?}");
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert_eq!(answers.iter().filter(|answer| !is_replayed(answer)).count(), 1);
    assert_eq!(patients(&server), 1);
    server.stop();
}

fn updates_deletes_batches_and_transactions_are_repeatable_too(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let put = |client: &mut Client, family: &str, key: &str, version: u32| {
        let request = client.put("/fhir/Patient/a", patient("a", family)).header("idempotency-key", key);
        let request =
            if version > 0 { request.header("if-match", &format!("W/\"{version}\"")) } else { request };
        let answer = request.send();
        (answer.status, answer.version(), is_replayed(&answer))
    };
    assert_eq!(put(&mut client, "One", "u1", 0), (201, Some(1), false));
    assert_eq!(put(&mut client, "Two", "u2", 1), (200, Some(2), false));
    // Its precondition does not hold any more, and it was done: the answer of then.
    assert_eq!(put(&mut client, "Two", "u2", 1), (200, Some(2), true));
    assert_eq!(put(&mut client, "One", "u1", 0), (201, Some(1), true));
    for _ in 0..2 {
        let answer = client
            .delete("/fhir/Patient/a")
            .header("if-match", "W/\"2\"")
            .header("idempotency-key", "d")
            .send();
        assert_eq!((answer.status, answer.version()), (204, Some(3)), "{}", answer.text());
    }
    for kind in ["transaction", "batch"] {
        let entries = [
            entry("POST", "Patient", "", Some(BODY)),
            entry("PUT", "Patient/b", "", Some(&patient("b", kind))),
        ];
        let before = patients(&server);
        let mut send =
            || client.post("/fhir", bundle(kind, &entries)).header("idempotency-key", kind).send().json();
        let (once, again) = (send(), send());
        let place = |answer: &vpr_http_tests::Json| {
            answer["entry"][0]["response"]["location"].as_str().unwrap().to_owned()
        };
        assert_eq!(place(&once), place(&again), "{kind}");
        assert!(patients(&server) <= before + 2, "{kind}");
    }
    // a, b and one for each kind.
    assert_eq!(patients(&server), 4);
    server.stop();
}
