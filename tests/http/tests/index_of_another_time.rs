//! The search index and the data directory are kept apart, so one may come back from a time at which
//! the other is not: a data directory restored from a copy beside an index that went on, and an index
//! restored beside a data directory that went on. What was acknowledged in the history that is there
//! is found, and nothing of another.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use vpr_http_tests::{Database, Server, Writer, on_both_databases};

on_both_databases! {
    a_data_directory_older_than_its_index,
    an_index_older_than_its_data_directory,
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(done.success());
}

/// The same index for another data directory: Postgres is another machine and has not moved; the
/// embedded one is copied from `data`.
fn bring_index(database: &Database, data: &Path, to: &Path) {
    if !database.is_postgres() {
        std::fs::remove_dir_all(to.join("projection")).unwrap();
        copy(&data.join("projection"), &to.join("projection"));
    }
}

fn write(server: &Server, writer: &mut Writer, count: usize) {
    let mut client = server.client();
    for _ in 0..count {
        writer.write(&mut client).unwrap();
    }
}

/// Everything that was acknowledged in this history, and nothing else, is read and found.
fn assert_whole(server: &Server, writer: &mut Writer, when: &str) {
    writer.account.forget_checks();
    writer.check(&mut server.client()).unwrap();
    let found = &writer.findings;
    assert!(found.is_good() && found.searched > 0, "{when}: {found:#?}");
    let total = server.client().get("/fhir?_count=0&_total=accurate").send().json();
    let live = writer.account.live().count();
    assert_eq!(total["total"].as_count(), Some(live as u64), "{when}: {total}");
}

fn a_data_directory_older_than_its_index(database: &Database) {
    for more in [1, 7, 40] {
        let database = database.another();
        let folder = tempfile::tempdir().unwrap();
        let (data, older) = (folder.path().join("data"), folder.path().join("older"));
        let mut writer = Writer::new(0, 11, false);
        let server = database.start(&data);
        write(&server, &mut writer, 30);
        server.stop();
        copy(&data, &older);
        let mut went_on = writer.clone();
        let server = database.start(&data);
        write(&server, &mut went_on, more);
        assert_whole(&server, &mut went_on, "before the copy comes back");
        server.stop();
        bring_index(&database, &data, &older);
        // The copy begins a history of its own: the same places in the order, other changes.
        let mut other = Writer::new(1, 12, false);
        let server = database.start(&older);
        assert_whole(&server, &mut writer, &format!("{more} changes behind the index"));
        write(&server, &mut other, more + 3);
        other.check(&mut server.client()).unwrap();
        assert!(
            other.findings.is_good(),
            "{more} changes behind, other changes since: {:#?}",
            other.findings
        );
        writer.account.forget_checks();
        writer.check(&mut server.client()).unwrap();
        assert!(writer.findings.is_good(), "{more} changes behind, then others: {:#?}", writer.findings);
        server.stop();
    }
}

/// The copy goes on where it is and passes the index before anybody searches: its place in the order
/// says nothing of which history it is of.
fn an_index_older_than_its_data_directory(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let (data, kept) = (folder.path().join("data"), folder.path().join("kept"));
    let mut writer = Writer::new(0, 11, false);
    let server = database.start(&data);
    write(&server, &mut writer, 30);
    server.stop();
    copy(&data, &kept);
    // With an index elsewhere, as if this one were away: it stays as it was.
    let elsewhere = database.another();
    if !database.is_postgres() {
        std::fs::remove_dir_all(data.join("projection")).unwrap();
    }
    let server = elsewhere.start(&data);
    write(&server, &mut writer, 40);
    assert_whole(&server, &mut writer, "with another index");
    server.stop();
    bring_index(database, &kept, &data);
    let server = database.start(&data);
    assert_whole(&server, &mut writer, "40 changes after the index");
    write(&server, &mut writer, 10);
    assert_whole(&server, &mut writer, "and it follows");
    server.stop();
}
