use std::collections::BTreeMap;
use std::sync::Arc;

use vpr_service::{IdempotencyKey, Operation, Prefer, WriteConditions, WriteOptions};

use crate::harness::{Database, Running, bundle, context, create, json, open, patient, text, update};

on_both_databases!(
    of_64_conditional_creates_one_creates,
    of_64_conditional_updates_one_creates_and_all_write_the_same,
    chained_criteria_create_once_too,
    updates_and_deletions_follow_the_standard,
    a_repeated_request_is_answered_as_before,
    other_tenants_do_not_count,
);

/// How often each status came.
type Counts = BTreeMap<String, usize>;

async fn storm(running: &Arc<Running>, operation: impl Fn(usize) -> Operation) -> Counts {
    let mut tasks = Vec::new();
    for number in 0..64 {
        let (running, operation) = (Arc::clone(running), operation(number));
        tasks.push(tokio::spawn(async move { running.perform(operation).await }));
    }
    let mut counts = Counts::new();
    for task in tasks {
        let status = match task.await.unwrap() {
            Ok(answer) => match answer.body.as_ref().filter(|_| answer.location.is_none()) {
                None => answer.status.to_string(),
                Some(_) => {
                    let json = json(&answer);
                    let entry = json.root().get("entry").unwrap().index(0).unwrap();
                    text(entry, &["response", "status"]).unwrap()
                }
            },
            Err(failure) => format!("{} {:?}", failure.kind.status(), failure.outcome),
        };
        *counts.entry(status.split(' ').next().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// The same criteria, spelled in different ways.
fn spelled(number: usize, value: &str) -> String {
    match number % 4 {
        0 => format!("identifier=http://ids|{value}"),
        1 => format!("identifier=http%3A%2F%2Fids%7C{value}"),
        2 => format!("identifier={value}"),
        _ => format!("identifier=http://ids|{value}&_id:not=nobody"),
    }
}

fn one_created() -> Counts {
    [("200".to_owned(), 63), ("201".to_owned(), 1)].into()
}

async fn of_64_conditional_creates_one_creates(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = Arc::new(open(folder.path(), database));
    for round in 0..4 {
        let value = format!("single-{round}");
        let counts =
            storm(&running, |number| create("Patient", &patient(&value), Some(&spelled(number, &value))))
                .await;
        assert_eq!(counts, one_created(), "alone");
        for kind in ["batch", "transaction"] {
            let value = format!("{kind}-{round}");
            let counts = storm(&running, |number| {
                let criteria = spelled(number, &value);
                let request = format!(r#""method":"POST","url":"Patient","ifNoneExist":"{criteria}""#);
                bundle(kind, &[format!(r#"{{"resource":{},"request":{{{request}}}}}"#, patient(&value))])
            })
            .await;
            assert_eq!(counts, one_created(), "{kind}");
            let page =
                running.search("Patient", &format!("identifier={value}&_total=accurate")).await.unwrap();
            assert_eq!(page.total.as_deref(), Some("1"), "{kind}");
        }
    }
}

async fn of_64_conditional_updates_one_creates_and_all_write_the_same(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = Arc::new(open(folder.path(), database));
    let counts = storm(&running, |number| Operation::ConditionalUpdate {
        type_name: "Patient".to_owned(),
        criteria: spelled(number, "u"),
        body: patient("u").into_bytes(),
        conditions: WriteConditions::default(),
        options: WriteOptions::default(),
    })
    .await;
    assert_eq!(counts, one_created());
    assert_eq!(running.search("Patient", "identifier=u").await.unwrap().entries.len(), 1);
}

async fn chained_criteria_create_once_too(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = Arc::new(open(folder.path(), database));
    let id = running.create("Patient", &patient("c")).await;
    let body = format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/{id}"}}}}"#
    );
    let counts =
        storm(&running, |_| create("Observation", &body, Some("subject:Patient.identifier=http://ids|c")))
            .await;
    assert_eq!(counts, one_created());
}

fn matching_update(criteria: &str, body: &str) -> Operation {
    Operation::ConditionalUpdate {
        type_name: "Patient".to_owned(),
        criteria: criteria.to_owned(),
        body: body.as_bytes().to_vec(),
        conditions: WriteConditions::default(),
        options: WriteOptions::default(),
    }
}

fn matching_delete(criteria: &str) -> Operation {
    let options = WriteOptions::default();
    Operation::ConditionalDelete { type_name: "Patient".to_owned(), criteria: criteria.to_owned(), options }
}

async fn status(running: &Running, operation: Operation) -> u16 {
    match running.perform(operation).await {
        Ok(answer) => answer.status,
        Err(failure) => failure.kind.status(),
    }
}

async fn updates_and_deletions_follow_the_standard(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let with_id = |id: &str, value: &str| {
        patient(value).replace("\"Patient\"", &format!("\"Patient\",\"id\":\"{id}\""))
    };
    assert_eq!(status(&running, matching_update("identifier=v", &with_id("p1", "v"))).await, 201);
    let changed = patient("v").replace("}]}", "}],\"active\":true}");
    let answer = running.perform(matching_update("identifier=v", &changed)).await.unwrap();
    assert_eq!((answer.status, answer.location.unwrap().0.to_string()), (200, "Patient/p1".to_owned()));
    assert_eq!(status(&running, matching_update("identifier=v", &with_id("p2", "v"))).await, 400);
    // The body's id is another resource's, which the criteria do not find.
    assert_eq!(status(&running, matching_update("identifier=w", &with_id("p1", "w"))).await, 409);
    running.create("Patient", &patient("v")).await;
    assert_eq!(status(&running, matching_update("identifier=v", &patient("v"))).await, 412);
    assert_eq!(status(&running, create("Patient", &patient("v"), Some("identifier=v"))).await, 412);
    assert_eq!(status(&running, matching_delete("identifier=v")).await, 412);
    assert_eq!(status(&running, matching_delete("identifier=none")).await, 204);
    running.create("Patient", &patient("d")).await;
    assert_eq!(status(&running, matching_delete("identifier=d")).await, 204);
    assert_eq!(running.search("Patient", "identifier=d").await.unwrap().entries.len(), 0);
    for criteria in ["", "_count=5", "odd=1", "identifier="] {
        let operation = create("Patient", &patient("x"), Some(criteria));
        assert_eq!(status(&running, operation).await, 400, "{criteria:?}");
    }
}

async fn a_repeated_request_is_answered_as_before(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let options = |key: &str| WriteOptions { key: IdempotencyKey::new(key), prefer: Prefer::Unsaid };
    let keyed = |key: &str| match create("Patient", &patient("k"), Some("identifier=k")) {
        Operation::Create { type_name, body, if_none_exist, .. } => {
            Operation::Create { type_name, body, if_none_exist, options: options(key) }
        }
        other => other,
    };
    let first = running.perform(keyed("one")).await.unwrap();
    let again = running.perform(keyed("one")).await.unwrap();
    assert_eq!((first.status, again.status, again.replayed), (201, 201, true));
    assert_eq!(first.location, again.location);
    let matched = running.perform(keyed("two")).await.unwrap();
    assert_eq!((matched.status, matched.replayed), (200, false));
    // What was matched is gone; the repetition is still answered as it was.
    let id = first.location.unwrap().0.id().to_owned();
    running.perform(crate::harness::delete("Patient", &id)).await.unwrap();
    let again = running.perform(keyed("two")).await.unwrap();
    assert_eq!((again.status, again.replayed), (200, true));
    let later = running.perform(keyed("three")).await.unwrap();
    assert_eq!(later.status, 201);
}

async fn other_tenants_do_not_count(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    running.create("Patient", &patient("t")).await;
    let operation = create("Patient", &patient("t"), Some("identifier=t"));
    let answer = running.service.perform(context("b", "dev"), operation).await.unwrap();
    assert_eq!(answer.status, 201);
    let body = patient("t").replace("}]}", "}],\"id\":\"q\"}");
    running.perform(update("Patient", "q", &body)).await.unwrap();
}
