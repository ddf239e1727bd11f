//! `vpr explain`: how a search is run, told without a value of it or of what it finds.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use vpr_http_tests::{Database, Json, Server, bundle, entry, observation, on_both_databases, parse, put};

on_both_databases! {
    a_search_is_told_in_statements_with_their_plans,
    what_was_counted_before_is_counted_again,
    no_value_is_told,
    what_is_no_search_is_refused,
    it_is_as_fresh_as_a_search,
}

const ROUTE: &str = "/operator/tenants/default/explain";

/// What stands in what is stored and in what is searched for, and in nothing that is told.
const VALUES: [&str; 7] = ["quarz", "Quarz", "pat-ent-7", "c0de-77", "5077", "2031-07-07", "sys.example"];

fn filled(database: &Database, data: &Path) -> Server {
    let server = database.start(data);
    let mut client = server.client();
    put(&mut client, "Patient/pat-ent-7", r#""name":[{"family":"Quarz"}],"birthDate":"2031-07-07""#);
    put(&mut client, "Patient/other", r#""name":[{"family":"Feldspat"}]"#);
    for number in 0..20 {
        let whose = if number < 12 { "pat-ent-7" } else { "other" };
        let rest = format!(
            r#""status":"final","code":{{"coding":[{{"system":"http://sys.example","code":"c0de-77"}}]}},"subject":{{"reference":"Patient/{whose}"}},"effectiveDateTime":"2031-07-07","valueQuantity":{{"value":5077,"unit":"quarz"}}"#
        );
        put(&mut client, &format!("Observation/o{number}"), &rest);
    }
    server
}

/// A `vpr explain`: its exit status and what it said.
fn explain(database: &Database, data: &Path, arguments: &[&str]) -> (i32, String, String) {
    let done = database.command(data).arg("explain").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

fn told(database: &Database, data: &Path, search: &str) -> Vec<Json> {
    let (code, said, error) = explain(database, data, &["--json", search]);
    assert_eq!((code, error.as_str()), (0, ""), "{search}");
    let json = parse(&said).unwrap();
    assert_eq!(json["stale"].to_string(), "false", "{search}");
    json["statements"].items().to_vec()
}

fn rows(statement: &Json) -> u64 {
    statement["rows"].as_count().unwrap()
}

fn text<'a>(statement: &'a Json, member: &str) -> &'a str {
    statement[member].as_str().unwrap()
}

/// The statements that find the page; of several types it is made of several.
fn pages(statements: &[Json]) -> Vec<&Json> {
    let pages = statements.iter().filter(|each| text(each, "statement").contains("SELECT r.rid, r.type"));
    pages.collect()
}

/// How many matches they found.
fn found(statements: &[Json]) -> u64 {
    let pages = pages(statements);
    assert!(!pages.is_empty(), "{statements:?}");
    pages.into_iter().map(rows).sum()
}

fn a_search_is_told_in_statements_with_their_plans(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = filled(database, &data);
    let place = if database.is_postgres() { "$1" } else { "?" };
    let step = if database.is_postgres() { "Index" } else { "SEARCH" };
    for (search, matches) in [
        ("Observation?patient=pat-ent-7&code=c0de-77&_sort=-date&_count=50", 12),
        ("Observation?patient=nobody&_count=50", 0),
        ("?_type=Observation,Patient&_count=50", 22),
        ("Patient/pat-ent-7/Observation?_count=50", 12),
        ("Patient/pat-ent-7/*?_count=50", 13),
        ("/Patient?name=quarz&_format=json&_count=50", 1),
    ] {
        let statements = told(database, &data, search);
        assert!(statements.len() > 1, "{search}");
        for each in &statements {
            assert!(!each["plan"].items().is_empty(), "{search}: {each}");
            assert!(each["micros"].as_count().is_some(), "{search}: {each}");
        }
        assert_eq!(found(&statements), matches, "{search}: {statements:?}");
        for page in pages(&statements) {
            assert!(text(page, "statement").contains(place), "{search}: {page}");
            assert!(page["plan"].items().iter().any(|line| line.as_str().unwrap().contains(step)), "{page}");
        }
    }
    let counted = told(database, &data, "Observation?code=c0de-77&_summary=count");
    assert!(!counted.iter().any(|each| text(each, "statement").contains("SELECT r.rid, r.type")));
    assert!(counted.iter().any(|each| text(each, "statement").to_lowercase().contains("count(")));
    let search = "Observation?patient=pat-ent-7&code=c0de-77&_include=Observation:patient&_count=50";
    let (code, said, _) = explain(database, &data, &[search]);
    assert_eq!(code, 0, "{said}");
    let statements = told(database, &data, search);
    assert!(statements.iter().any(|each| text(each, "statement").starts_with("SELECT DISTINCT")), "{said}");
    for each in &statements {
        assert!(said.contains(&format!("\n   {}\n", text(each, "statement"))), "{said}");
        for step in each["plan"].items() {
            assert!(said.contains(&format!("\n     {}\n", step.as_str().unwrap())), "{said}");
        }
    }
    assert!(
        said.starts_with("1. ") && said.contains(&format!("\n{} statements, ", statements.len())),
        "{said}"
    );
    server.stop();
    let alone = told(database, &data, search);
    assert_eq!(found(&alone), 12, "without a server");
}

/// Searches leave out what an earlier one has counted; what is told of them does not.
fn what_was_counted_before_is_counted_again(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = database.start(&data);
    let mut client = server.client();
    for _ in 0..2 {
        let one = entry("POST", "Observation", "", Some(&observation("", "Patient/p", "n")));
        let sent = client.post("/fhir", bundle("transaction", &vec![one; 400])).send();
        assert_eq!(sent.status, 200, "{}", sent.text());
    }
    let search = "Observation?status=final&_total=accurate";
    let texts = || {
        let statements = told(database, &data, search);
        statements.iter().map(|each| text(each, "statement").to_owned()).collect::<Vec<_>>()
    };
    let before = texts();
    assert!(before.iter().any(|text| text.to_lowercase().contains("count(")), "{before:?}");
    for _ in 0..2 {
        let answer = client.get(&format!("/fhir/{search}")).send();
        assert_eq!(answer.json()["total"].as_count(), Some(800), "{}", answer.text());
    }
    assert_eq!(texts(), before);
    server.stop();
}

fn no_value_is_told(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = filled(database, &data);
    for search in [
        "Observation?patient=pat-ent-7&code=http://sys.example|c0de-77&_sort=-date",
        "Observation?subject:Patient.name=quarz&_sort=value-quantity&_total=accurate",
        "Observation?value-quantity=5077||quarz&date=2031-07-07&_include=Observation:patient",
        "Observation?code-value-quantity=c0de-77$5077&date:missing=false",
        "Patient?name:contains=uarz&birthdate=2031-07-07&_revinclude=Observation:patient",
        "Patient?name:exact=Quarz&_has:Observation:patient:code=c0de-77",
        "Patient?_id=pat-ent-7&identifier=http://sys.example|5077",
        "Patient/pat-ent-7/*?_lastUpdated=lt2031-07-07&_sort=_id",
    ] {
        for arguments in [&[search][..], &["--json", search]] {
            let (code, said, error) = explain(database, &data, arguments);
            assert_eq!((code, error.as_str()), (0, ""), "{search}");
            for value in VALUES {
                assert!(!said.contains(value), "{search}: {value} in {said}");
            }
        }
        for value in VALUES {
            assert!(!server.log().contains(value), "{search}: {value} in the log");
        }
    }
    server.stop();
}

fn what_is_no_search_is_refused(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = filled(database, &data);
    for (arguments, status, hint) in [
        (&["Observation"][..], 2, "a search has a '?'"),
        (&[""], 2, "a search has a '?'"),
        (&[], 2, "explain"),
        (&["--tenant", "A B", "Patient?"], 2, "--tenant"),
        (&["Nonsense?code=1"], 1, "no such resource type"),
        (&["Observation?cod=1"], 1, "cod"),
        (&["Observation?date=yesterday"], 1, "date"),
        (&["Patient/pat-ent-7?code=1"], 1, "Patient/1/Observation?"),
        (&["Patient/pat-ent-7/Nonsense?"], 1, "no such resource type"),
        (&["Patient/pat-ent-7/$everything?"], 1, "an operation is no search"),
        (&["http://127.0.0.1:8000/fhir/Patient?name=quarz"], 1, "below the base"),
        (&["Observation?_cursor=x"], 1, "page link"),
        (&["--tenant", "nobody", "Patient?"], 1, "no such tenant"),
    ] {
        let (code, said, error) = explain(database, &data, arguments);
        assert_eq!((code, said.as_str()), (status, ""), "{arguments:?}: {error}");
        assert!(error.contains(hint), "{arguments:?}: {error}");
    }
    // Lenient searches leave out what they do not know; whoever asks how one is run wants to know it.
    let answer = server.operator().post(ROUTE, "{}").send();
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(server.client().post(ROUTE, r#"{"search":"Patient?"}"#).send().status, 404, "not in public");
    server.stop();
    let (code, _, error) = explain(database, &folder.path().join("none"), &["Patient?"]);
    assert!(code == 1 && error.contains("no data directory"), "{error}");
}

fn it_is_as_fresh_as_a_search(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = database.start(&data);
    let mut client = server.client();
    for number in 1..=30 {
        put(&mut client, &format!("Patient/n{number}"), r#""active":true"#);
        let body = r#"{"search":"Patient?active=true&_count=100"}"#;
        let answer = server.operator().post(ROUTE, body).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(found(answer.json()["statements"].items()), number, "what was answered is found");
    }
    server.stop();
}
