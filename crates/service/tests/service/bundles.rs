use vpr_service::Prefer;

use crate::harness::{Database, Running, bundle, delete, json, open, patient, text};

on_both_databases!(
    a_read_that_would_fail_fails_the_transaction,
    a_search_in_a_transaction_finds_what_the_transaction_wrote,
    conditional_entries_and_references_work_together,
    a_repeated_transaction_is_answered_as_before,
);

/// The statuses of a Bundle's entries, or that of the whole.
async fn statuses(running: &Running, kind: &str, entries: &[String]) -> Result<Vec<String>, u16> {
    let answer = running.perform(bundle(kind, entries)).await.map_err(|failure| failure.kind.status())?;
    let json = json(&answer);
    let entries = json.root().get("entry").unwrap();
    Ok(entries.items().map(|entry| text(entry, &["response", "status"]).unwrap()[..3].to_owned()).collect())
}

fn get(url: &str) -> String {
    format!(r#"{{"request":{{"method":"GET","url":"{url}"}}}}"#)
}

fn post(type_name: &str, resource: &str, more: &str) -> String {
    format!(r#"{{"resource":{resource},"request":{{"method":"POST","url":"{type_name}"{more}}}}}"#)
}

async fn a_read_that_would_fail_fails_the_transaction(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let here = running.create("Patient", &patient("here")).await;
    let gone = running.create("Patient", &patient("gone")).await;
    running.perform(delete("Patient", &gone)).await.unwrap();
    let new = || post("Patient", &patient("new"), "");
    for (url, wanted) in [
        (format!("Patient/{here}"), Ok(())),
        (format!("Patient/{here}/_history"), Ok(())),
        (format!("Patient/{here}/_history/1"), Ok(())),
        ("Patient?identifier=new".to_owned(), Ok(())),
        ("Patient/nobody".to_owned(), Err(404)),
        (format!("Patient/{gone}"), Err(410)),
        (format!("Patient/{here}/_history/9"), Err(404)),
        ("Patient/nobody/_history".to_owned(), Err(404)),
        ("Patient?nmae=x".to_owned(), Err(400)),
        ("Nothing/1".to_owned(), Err(404)),
    ] {
        let before = running.search("Patient", "identifier=new&_summary=count").await.unwrap().total;
        let found = statuses(&running, "transaction", &[get(&url), new()]).await;
        let wanted = wanted.map(|()| vec!["200".to_owned(), "201".to_owned()]);
        assert_eq!(found, wanted, "{url}");
        let after = running.search("Patient", "identifier=new&_summary=count").await.unwrap().total;
        assert_eq!(after != before, wanted.is_ok(), "{url}: all or nothing");
    }
    let deletes = format!(r#"{{"request":{{"method":"DELETE","url":"Patient/{here}"}}}}"#);
    let found = statuses(&running, "transaction", &[deletes, get(&format!("Patient/{here}"))]).await;
    assert_eq!(found, Err(410));
}

async fn a_search_in_a_transaction_finds_what_the_transaction_wrote(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let entries = [get("Patient?identifier=s"), post("Patient", &patient("s"), "")];
    let answer = running.perform(bundle("transaction", &entries)).await.unwrap();
    let json = json(&answer);
    let found = json.root().get("entry").unwrap().index(0).unwrap().get("resource").unwrap();
    assert_eq!(found.get("entry").unwrap().len(), 1);
}

async fn conditional_entries_and_references_work_together(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let observation = |reference: &str| {
        format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"subject":{{"reference":"{reference}"}}}}"#
        )
    };
    let unless = |value: &str, url: &str| {
        let more = format!(r#","ifNoneExist":"identifier=http://ids|{value}""#);
        format!(r#"{{"fullUrl":"urn:uuid:{url}",{}"#, &post("Patient", &patient(value), &more)[1..])
    };
    let first = "5b8c1a9e-0000-4000-8000-000000000001";
    let entries = [
        unless("p", first),
        post("Observation", &observation(&format!("urn:uuid:{first}")), ""),
        post("Observation", &observation("Patient?identifier=http://ids|p"), ""),
        unless("p", "5b8c1a9e-0000-4000-8000-000000000002"),
    ];
    assert_eq!(statuses(&running, "transaction", &entries).await.unwrap(), ["201", "201", "201", "200"]);
    assert_eq!(statuses(&running, "transaction", &entries).await.unwrap(), ["200", "201", "201", "200"]);
    let page = running.search("Patient", "identifier=http://ids|p").await.unwrap();
    assert_eq!(page.entries.len(), 1);
    let name = page.entries[0].split(' ').next().unwrap().to_owned();
    let page = running.search("Observation", &format!("subject={name}")).await.unwrap();
    assert_eq!(page.entries.len(), 4, "each reference leads to the one patient");
    let lost = [post("Observation", &observation("Patient?identifier=nobody"), "")];
    assert_eq!(statuses(&running, "transaction", &lost).await, Err(412));
    assert_eq!(statuses(&running, "batch", &lost).await.unwrap(), ["501"]);
    let put = format!(
        r#"{{"resource":{},"request":{{"method":"PUT","url":"Patient?identifier=http://ids|p"}}}}"#,
        patient("p").replace("}]}", "}],\"active\":true}")
    );
    let remove = r#"{"request":{"method":"DELETE","url":"Patient?identifier=none"}}"#.to_owned();
    for kind in ["transaction", "batch"] {
        let found = statuses(&running, kind, &[put.clone(), remove.clone()]).await.unwrap();
        assert_eq!(found, ["200", "204"], "{kind}");
    }
}

async fn a_repeated_transaction_is_answered_as_before(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let entries = [
        post("Patient", &patient("r"), r#","ifNoneExist":"identifier=r""#),
        r#"{"request":{"method":"DELETE","url":"Patient?identifier=none"}}"#.to_owned(),
        post("Practitioner", r#"{"resourceType":"Practitioner"}"#, ""),
    ];
    let keyed = || match bundle("transaction", &entries) {
        vpr_service::Operation::Bundle { body, mut options } => {
            options.key = vpr_service::IdempotencyKey::new("t");
            options.prefer = Prefer::Representation;
            vpr_service::Operation::Bundle { body, options }
        }
        other => other,
    };
    let first = running.perform(keyed()).await.unwrap();
    let again = running.perform(keyed()).await.unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.body, again.body);
    assert_eq!(running.search("Patient", "identifier=r").await.unwrap().entries.len(), 1);
    assert_eq!(running.search("Practitioner", "").await.unwrap().entries.len(), 1);
}
