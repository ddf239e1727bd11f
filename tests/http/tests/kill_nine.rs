//! A1: what was acknowledged is there after `kill -9`, at random moments and at every named place.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use vpr_http_tests::{
    Campaign, Dice, FAILPOINTS, Findings, Outcome, Server, Writer, audit_with_git, is_soak, publish,
    require_failpoints,
};

/// Kills on one data directory, before the next one is begun.
const CAMPAIGN: u64 = 200;

#[test]
fn nothing_acknowledged_is_lost_torn_or_doubled() {
    require_failpoints();
    let wanted = std::env::var("VPR_KILLS").ok().and_then(|text| text.parse().ok());
    let wanted = wanted.unwrap_or(if is_soak() { 10_000 } else { CAMPAIGN });
    // Fewer kills if they do not fit; the number is published.
    let time_max = Duration::from_secs(if is_soak() { 3_600 } else { 240 });
    let seed = Dice::seed();
    let mut total = Outcome::default();
    loop {
        let campaign = Campaign::new(16, seed + total.kills, false);
        total.add(campaign.run(CAMPAIGN.min(wanted - total.kills), time_max));
        assert!(total.findings.is_good(), "seed {seed}: {:#?}", total.findings);
        if total.kills >= wanted || !is_soak() {
            break;
        }
    }
    publish("A1", &total.lines(&format!("A1 kill -9, 16 writers, seed {seed}")));
    if total.kills >= CAMPAIGN / 2 {
        for place in FAILPOINTS {
            assert!(total.by_place.contains_key(place), "no kill at {place}: {:?}", total.by_place);
        }
    }
    assert!(total.findings.unanswered > 0 && total.findings.had_taken_effect > 0, "{:?}", total.findings);
}

/// One writer after some writes, with its server.
fn written(data: &std::path::Path) -> (Server, Writer) {
    let server = Server::start(data);
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
    writer.account.check(&mut client, &mut writer.findings).unwrap();
    writer.findings
}

#[test]
fn the_harness_is_content_with_what_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let (server, mut writer) = written(&folder.path().join("data"));
    writer.create_unheard(&mut server.client()).unwrap();
    let found = looked_at(&server, writer);
    assert!(found.is_good() && found.replayed == 1 && found.checked > 60, "{found:#?}");
}

#[test]
fn the_harness_sees_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (data, older) = (folder.path().join("data"), folder.path().join("older"));
    let (server, mut writer) = written(&data);
    server.stop();
    let copied = std::process::Command::new("cp").arg("-a").arg(&data).arg(&older).status().unwrap();
    assert!(copied.success());
    let server = Server::start(&data);
    for _ in 0..10 {
        writer.write(&mut server.client()).unwrap();
    }
    server.stop();
    let found = looked_at(&Server::start(&older), writer.clone());
    assert!(found.lost > 0, "{found:#?}");
    let mut with_git = Findings::default();
    audit_with_git(&older, "default", &[&writer.account], &mut with_git);
    assert!(with_git.lost > 0, "{with_git:#?}");
    let mut right = Findings::default();
    audit_with_git(&data, "default", &[&writer.account], &mut right);
    assert!(right.is_good() && right.checked > 0, "{right:#?}");
}

#[test]
fn the_harness_sees_what_is_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (server, mut writer) = written(&data);
    writer.create_unheard(&mut server.client()).unwrap();
    writer.forget_key();
    writer.settle(&mut server.client()).unwrap();
    server.stop();
    let mut found = Findings::default();
    audit_with_git(&data, "default", &[&writer.account], &mut found);
    assert_eq!(found.doubled, 1, "{found:#?}");
}

#[test]
fn the_harness_sees_what_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let (server, mut writer) = written(&folder.path().join("data"));
    writer.tear_a_transaction(&mut server.client()).unwrap();
    writer.settle(&mut server.client()).unwrap();
    assert!(writer.findings.torn > 0, "{:#?}", writer.findings);
}

#[test]
fn every_place_that_the_store_names_is_tried() {
    let source = include_str!("../../../crates/store/src/sabotage.rs");
    let list = source.split("pub const FAILPOINTS").nth(1).unwrap().split("];").next().unwrap();
    let named: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    assert_eq!(named, FAILPOINTS);
}
