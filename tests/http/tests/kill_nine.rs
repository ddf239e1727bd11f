//! A1: what was acknowledged is there after `kill -9`, at random moments and at every named place.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use vpr_http_tests::{
    Campaign, Database, Dice, FAILPOINTS, Findings, Outcome, Server, Writer, audit_with_git, is_soak,
    on_both_databases, require_failpoints,
};

on_both_databases! {
    nothing_acknowledged_is_lost_torn_or_doubled,
    the_harness_is_content_with_what_is_right,
    the_harness_sees_what_is_lost,
    the_harness_sees_what_is_doubled,
    the_harness_sees_what_is_torn,
    the_harness_sees_what_searches_lose,
    the_harness_sees_what_searches_find_too_much,
    the_harness_sees_what_an_index_names_too_much,
}

/// Kills on one data directory, before the next one is begun.
const CAMPAIGN: u64 = 200;
/// Beside them, with the index on Postgres.
const CAMPAIGN_ON_POSTGRES: u64 = 40;

fn nothing_acknowledged_is_lost_torn_or_doubled(database: &Database) {
    require_failpoints();
    let wanted = std::env::var("VPR_KILLS").ok().and_then(|text| text.parse().ok());
    let wanted =
        wanted.unwrap_or(if is_soak() { 10_000 } else { database.size(CAMPAIGN, CAMPAIGN_ON_POSTGRES) });
    // Fewer kills if they do not fit; the number is published.
    let time_max = Duration::from_secs(if is_soak() { 3_600 } else { 210 });
    let seed = Dice::seed();
    let mut total = Outcome::default();
    loop {
        let campaign = Campaign::new(database, 16, seed + total.kills, false);
        total.add(campaign.run(CAMPAIGN.min(wanted - total.kills), time_max));
        assert!(total.findings.is_good(), "seed {seed}: {:#?}", total.findings);
        if total.kills >= wanted || !is_soak() {
            break;
        }
    }
    database.publish("A1", &total.lines(&format!("A1 kill -9, 16 writers, seed {seed}")));
    if total.kills >= 2 * 2 * FAILPOINTS.len() as u64 {
        for place in FAILPOINTS {
            assert!(total.by_place.contains_key(place), "no kill at {place}: {:?}", total.by_place);
        }
    }
    assert!(total.findings.unanswered > 0 && total.findings.had_taken_effect > 0, "{:?}", total.findings);
}

/// One writer after some writes, with its server.
fn written(database: &Database, data: &std::path::Path) -> (Server, Writer) {
    let server = database.start(data);
    let mut writer = Writer::new(0, 7, false);
    let mut client = server.client();
    for _ in 0..60 {
        writer.write(&mut client).unwrap();
    }
    (server, writer)
}

fn looked_at(server: &Server, mut writer: Writer) -> Findings {
    let mut client = server.client();
    writer.settle(&mut client).unwrap();
    writer.account.forget_checks();
    writer.check(&mut client).unwrap();
    writer.findings
}

fn the_harness_is_content_with_what_is_right(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let (server, mut writer) = written(database, &folder.path().join("data"));
    writer.create_unheard(&mut server.client()).unwrap();
    let found = looked_at(&server, writer);
    assert!(found.is_good() && found.replayed == 1 && found.checked > 60, "{found:#?}");
}

fn the_harness_sees_what_is_lost(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let (data, older) = (folder.path().join("data"), folder.path().join("older"));
    let (server, mut writer) = written(database, &data);
    server.stop();
    let copied = std::process::Command::new("cp").arg("-a").arg(&data).arg(&older).status().unwrap();
    assert!(copied.success());
    let server = database.start(&data);
    for _ in 0..10 {
        writer.write(&mut server.client()).unwrap();
    }
    server.stop();
    let found = looked_at(&database.start(&older), writer.clone());
    assert!(found.lost > 0, "{found:#?}");
    let mut with_git = Findings::default();
    audit_with_git(&older, "default", &[&writer.account], &mut with_git);
    assert!(with_git.lost > 0, "{with_git:#?}");
    let mut right = Findings::default();
    audit_with_git(&data, "default", &[&writer.account], &mut right);
    assert!(right.is_good() && right.checked > 0, "{right:#?}");
}

fn the_harness_sees_what_is_doubled(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (server, mut writer) = written(database, &data);
    writer.create_unheard(&mut server.client()).unwrap();
    writer.forget_key();
    writer.settle(&mut server.client()).unwrap();
    server.stop();
    let mut found = Findings::default();
    audit_with_git(&data, "default", &[&writer.account], &mut found);
    assert_eq!(found.doubled, 1, "{found:#?}");
}

fn the_harness_sees_what_is_torn(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let (server, mut writer) = written(database, &folder.path().join("data"));
    writer.tear_a_transaction(&mut server.client()).unwrap();
    writer.settle(&mut server.client()).unwrap();
    assert!(writer.findings.torn > 0, "{:#?}", writer.findings);
}

/// Changes of the index's rows by which searches lose something: a key, a name, a document.
const LOST_ROWS: [&str; 3] = [
    "DELETE FROM tok WHERE rid = (SELECT rid FROM res WHERE fid = 'w0o1')",
    "DELETE FROM str WHERE rid = (SELECT rid FROM res WHERE fid = 'w0g')",
    "UPDATE res SET state = 2 WHERE fid = 'w0p1'",
];

fn the_harness_sees_what_searches_lose(database: &Database) {
    for statement in LOST_ROWS {
        let folder = tempfile::tempdir().unwrap();
        let (data, database) = (folder.path().join("data"), database.another());
        let (server, mut writer) = written(&database, &data);
        let mut client = server.client();
        while ["w0o1", "w0p1", "w0g"].iter().any(|id| !writer.is_live(id)) {
            writer.write(&mut client).unwrap();
        }
        writer.check(&mut client).unwrap();
        assert!(writer.findings.is_good() && writer.findings.searched > 20, "{:#?}", writer.findings);
        server.stop();
        database.alter_index(&data, statement);
        let found = looked_at(&database.start(&data), writer);
        assert!(found.lost > 0 && found.doubled == 0, "{statement}: {found:#?}");
    }
}

/// A document that another client wrote with the same content.
fn the_harness_sees_what_searches_find_too_much(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let (server, mut writer) = written(database, &folder.path().join("data"));
    let mut client = server.client();
    while !writer.is_live("w0g") {
        writer.write(&mut client).unwrap();
    }
    writer.check(&mut client).unwrap();
    let name = client.get("/fhir/Organization/w0g").send().json()["name"].as_str().unwrap().to_owned();
    let other = format!(r#"{{"resourceType":"Organization","id":"other","name":"{name}"}}"#);
    assert_eq!(client.put("/fhir/Organization/other", other).send().status, 201);
    writer.account.forget_checks();
    writer.account.check_search(&mut client, &mut writer.findings).unwrap();
    assert!(writer.findings.doubled == 1 && writer.findings.lost == 0, "{:#?}", writer.findings);
}

/// The rows of earlier versions, which are kept for pages of earlier moments, are taken for current.
fn the_harness_sees_what_an_index_names_too_much(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (server, mut writer) = written(database, &data);
    while writer.account.version("Organization/w0g") < 3 {
        writer.write(&mut server.client()).unwrap();
    }
    writer.check(&mut server.client()).unwrap();
    assert_eq!(server.index_faults(), 0, "{}", server.log());
    server.stop();
    let revive = "INSERT INTO str SELECT pk, norm, rid, exact, rest, from_seq FROM old_str \
                  WHERE rid = (SELECT rid FROM res WHERE fid = 'w0g') ON CONFLICT DO NOTHING";
    database.alter_index(&data, revive);
    let server = database.start(&data);
    let mut client = server.client();
    writer.account.forget_checks();
    writer.account.check_search(&mut client, &mut writer.findings).unwrap();
    assert!(server.index_faults() > 0, "{:#?}\n{}", writer.findings, server.log());
}

#[test]
fn every_place_that_the_store_names_is_tried() {
    let source = include_str!("../../../crates/store/src/sabotage.rs");
    let list = source.split("pub const FAILPOINTS").nth(1).unwrap().split("];").next().unwrap();
    let named: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    assert_eq!(named, FAILPOINTS);
}
