//! What batches and transactions may search and decide at the most, and what repeated entries tell.

use std::time::Duration;

use vpr_codec::Value;
use vpr_service::{IdempotencyKey, Operation, Prefer, ServiceConfig};
use vpr_types::limits;

use crate::harness::{Database, Running, bundle, json, open, open_with, patient, text};

on_both_databases!(
    a_bundle_searches_no_longer_than_it_may,
    so_many_criteria_decide_a_transaction_at_the_most,
    repeated_entries_of_a_batch_say_so_each_for_itself,
);

fn entry(method: &str, url: &str, resource: &str, more: &str) -> String {
    let resource = match resource {
        "" => String::new(),
        resource => format!(r#""resource":{resource},"#),
    };
    format!(r#"{{{resource}"request":{{"method":"{method}","url":"{url}"{more}}}}}"#)
}

fn unless(value: &str) -> String {
    entry("POST", "Patient", &patient(value), &format!(r#","ifNoneExist":"identifier=http://ids|{value}""#))
}

async fn total(running: &Running) -> Option<String> {
    running.search("Patient", "_summary=count").await.unwrap().total
}

/// The statuses of a Bundle's entries, or that of the whole.
async fn statuses(running: &Running, kind: &str, entries: &[String]) -> Result<Vec<String>, u16> {
    let answer = running.perform(bundle(kind, entries)).await.map_err(|failure| failure.kind.status())?;
    let json = json(&answer);
    let entries = json.root().get("entry").unwrap();
    Ok(entries.items().map(|entry| text(entry, &["response", "status"]).unwrap()[..3].to_owned()).collect())
}

async fn a_bundle_searches_no_longer_than_it_may(database: &Database) {
    let most = ServiceConfig::default().search.bundle_search_max;
    assert_eq!(most, Duration::from_secs(limits::BATCH_SEARCH_SECONDS_MAX));
    let entries = [
        entry("GET", "Patient?identifier=x", "", ""),
        entry("POST", "Patient", &patient("plain"), ""),
        unless("x"),
        entry("PUT", "Patient?identifier=y", &patient("y"), ""),
        entry("DELETE", "Patient?identifier=z", "", ""),
        entry("PUT", "Patient/chosen", r#"{"resourceType":"Patient","id":"chosen"}"#, ""),
        entry("GET", "Patient/chosen", "", ""),
    ];
    let folder = tempfile::tempdir().unwrap();
    let running =
        open_with(folder.path(), database, |config| config.search.bundle_search_max = Duration::ZERO);
    let found = statuses(&running, "batch", &entries).await.unwrap();
    assert_eq!(found, ["503", "201", "503", "503", "503", "201", "200"], "only what searches");
    assert_eq!(total(&running).await.as_deref(), Some("2"));
    let conditional = [entry("POST", "Patient", &patient("other"), ""), unless("x")];
    assert_eq!(statuses(&running, "transaction", &conditional).await, Err(503));
    assert_eq!(total(&running).await.as_deref(), Some("2"), "half a transaction");
    assert_eq!(statuses(&running, "transaction", &conditional[..1]).await.unwrap(), ["201"]);
    drop(running);

    let running = open(folder.path(), database);
    let found = statuses(&running, "batch", &entries).await.unwrap();
    assert_eq!(found, ["200", "201", "201", "201", "204", "200", "200"]);
    assert_eq!(statuses(&running, "transaction", &conditional).await.unwrap(), ["201", "200"]);
}

async fn so_many_criteria_decide_a_transaction_at_the_most(database: &Database) {
    assert_eq!(ServiceConfig::default().search.transaction_criteria_max, limits::TRANSACTION_CRITERIA_MAX);
    let folder = tempfile::tempdir().unwrap();
    let running = open_with(folder.path(), database, |config| config.search.transaction_criteria_max = 3);
    let about = |value: &str| {
        let resource = format!(
            r#"{{"resourceType":"Flag","status":"active","code":{{"text":"x"}},"subject":{{"reference":"Patient?identifier=http://ids|{value}"}}}}"#
        );
        entry("POST", "Flag", &resource, "")
    };
    let plain = || entry("POST", "Patient", &patient("plain"), "");
    let fitting = [unless("a"), about("a"), plain(), about("a"), unless("b"), plain()];
    assert_eq!(statuses(&running, "transaction", &fitting).await.unwrap(), ["201"; 6]);
    for more in [unless("c"), about("b"), entry("DELETE", "Patient?identifier=z", "", "")] {
        let many = [&fitting[..], &[more]].concat();
        assert_eq!(statuses(&running, "transaction", &many).await, Err(413));
    }
    assert_eq!(total(&running).await.as_deref(), Some("4"));
    // Each entry of a batch is decided by itself.
    let batch: Vec<_> = (0..5).map(|number| unless(&number.to_string())).collect();
    assert_eq!(statuses(&running, "batch", &batch).await.unwrap(), ["201"; 5]);
}

async fn repeated_entries_of_a_batch_say_so_each_for_itself(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let keyed = |entries: &[String], prefer: Prefer| match bundle("batch", entries) {
        Operation::Bundle { body, mut options } => {
            options.key = IdempotencyKey::new("k");
            options.prefer = prefer;
            Operation::Bundle { body, options }
        }
        other => other,
    };
    let stale =
        entry("PUT", "Patient/b", r#"{"resourceType":"Patient","id":"b"}"#, r#","ifMatch":"W/\"1\"""#);
    let entries = [
        entry("POST", "Patient", &patient("r"), ""),
        stale,
        unless("s"),
        entry("GET", "Patient?identifier=r", "", ""),
        entry("DELETE", "Patient/nobody", "", ""),
    ];
    let told = async |prefer: Prefer| {
        let answer = running.perform(keyed(&entries, prefer)).await.unwrap();
        assert!(!answer.replayed, "the header would speak of all of them");
        let json = json(&answer);
        let of = |entry: Value<'_>| {
            let status = text(entry, &["response", "status"]).unwrap()[..3].to_owned();
            let issue =
                entry.get("response").unwrap().get("outcome").and_then(|outcome| outcome.get("issue"));
            let issue = issue.and_then(|issues| issues.index(0));
            let said = issue.map(|issue| {
                let part = |name: &str| text(issue, &[name]).unwrap();
                format!(" {} {}", part("severity"), part("code"))
            });
            format!("{status}{}", said.unwrap_or_default())
        };
        json.root().get("entry").unwrap().items().map(of).collect::<Vec<_>>()
    };
    assert_eq!(told(Prefer::Unsaid).await, ["201", "412 error conflict", "201", "200", "204"]);
    // What failed was not kept and succeeds now, the others are what they were.
    running
        .perform(crate::harness::update("Patient", "b", r#"{"resourceType":"Patient","id":"b"}"#))
        .await
        .unwrap();
    let again =
        ["201 information duplicate", "200", "201 information duplicate", "200", "204 information duplicate"];
    assert_eq!(told(Prefer::Unsaid).await, again);
    for prefer in [Prefer::Minimal, Prefer::Representation, Prefer::OperationOutcome] {
        let told = told(prefer).await;
        let repeated: Vec<_> = told.iter().map(|each| each.ends_with(" information duplicate")).collect();
        assert_eq!(repeated, [true, true, true, false, true], "{prefer:?}: {told:?}");
    }
    assert_eq!(total(&running).await.as_deref(), Some("3"));
}
