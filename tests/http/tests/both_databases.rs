//! Every test that starts a server runs on both databases. Those that cannot are listed here, each with
//! its reason; whatever else stands outside of `on_both_databases!` fails.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Tests that run once: file, name, why.
const ONCE: &[(&str, &str, &str)] = &[
    ("both_databases.rs", "every_test_runs_on_both_databases_or_is_listed", "starts no server"),
    ("both_databases.rs", "the_check_finds_what_runs_on_one", "starts no server"),
    ("doors/reads.rs", "the_date_of_the_oracle_is_that_of_the_standard", "starts no server"),
    ("kill_nine.rs", "every_place_that_the_store_names_is_tried", "starts no server"),
    ("spec_examples.rs", "the_oracle_sees_what_is_changed_or_out_of_order", "starts no server"),
    ("search_database_away.rs", "postgres_killed_and_started_again", "kills a Postgres of its own"),
    (
        "search_database_away.rs",
        "postgres_killed_under_writers_and_the_server_killed_while_it_is_away",
        "kills a Postgres of its own",
    ),
    ("search_database_away.rs", "sqlite_deleted_is_built_again", "harms the embedded index's files"),
    ("search_database_away.rs", "sqlite_damaged_is_built_again", "harms the embedded index's files"),
    (
        "search_index_taken_away.rs",
        "an_index_file_that_is_deleted_under_the_server_is_made_again",
        "harms the embedded index's files",
    ),
    (
        "search_index_taken_away.rs",
        "an_index_folder_that_is_deleted_under_the_server_is_made_again",
        "harms the embedded index's files",
    ),
    (
        "search_index_taken_away.rs",
        "a_schema_that_is_dropped_under_the_server_is_made_again",
        "harms the schema in a Postgres of its own",
    ),
];
/// What chooses a database by itself; only files whose tests are listed for more than starting no
/// server may.
const CHOOSES: [&str; 3] = ["Database::sqlite()", "Database::postgres()", "Database::on("];

/// What a file has outside of `on_both_databases!` that is not listed.
fn faults(file: &str, source: &str) -> Vec<String> {
    let of_file = |(name, ..): &&(&str, &str, &str)| *name == file;
    let listed: BTreeSet<&str> = ONCE.iter().filter(of_file).map(|(_, test, _)| *test).collect();
    let mut faults = Vec::new();
    let mut found = BTreeSet::new();
    for after in source.split("\n#[test]\n").skip(1) {
        let name = after.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap_or_default();
        found.insert(name);
        if !listed.contains(name) {
            faults.push(format!("{file}: {name} runs once"));
        }
    }
    faults.extend(listed.difference(&found).map(|name| format!("{file}: {name} is listed and not there")));
    let may_choose = ONCE.iter().filter(of_file).any(|(.., why)| *why != "starts no server");
    let chosen = CHOOSES.iter().filter(|word| !may_choose && source.contains(**word));
    faults.extend(chosen.map(|word| format!("{file}: {word} leaves the other database out")));
    faults
}

/// Every Rust file below, by its path from there.
fn sources(root: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), path));
        }
    }
}

#[test]
fn every_test_runs_on_both_databases_or_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = Vec::new();
    sources(&root, &root, &mut files);
    assert!(files.len() > 20, "{files:?}");
    let own = file!().rsplit('/').next().unwrap();
    let others = files.iter().filter(|(name, _)| name != own);
    let faults: Vec<String> =
        others.flat_map(|(name, path)| faults(name, &fs::read_to_string(path).unwrap())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_check_finds_what_runs_on_one() {
    let listed = "\n#[test]\nfn every_place_that_the_store_names_is_tried() {}\n";
    let check = |more: &str, expected: &[&str]| {
        assert_eq!(faults("kill_nine.rs", &format!("{listed}{more}")), expected);
    };
    check("on_both_databases!(a);\nfn a(database: &Database) {}\n", &[]);
    check("\n#[test]\nfn a() {}\n", &["kill_nine.rs: a runs once"]);
    check("\n#[test]\n#[ignore]\nfn a() {}\n", &["kill_nine.rs: a runs once"]);
    check("Database::sqlite()", &["kill_nine.rs: Database::sqlite() leaves the other database out"]);
    let absent = "kill_nine.rs: every_place_that_the_store_names_is_tried is listed and not there";
    assert_eq!(faults("kill_nine.rs", ""), [absent]);
}
