//! C1 through the door: after any sequence of writes the index that grew with them, the one that
//! `vpr reindex` builds and the one that is built at a start when nothing is left but Git all find
//! what the standard says, page by page.
//!
//! Many more sequences run within one process, in `tests/tests/rebuild`.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use vpr_http_tests::{Database, Dice, is_soak, program};
use vpr_search_tests::{Tenant, World, judge_all, operations, read, write};

const SEARCHES: u64 = 60;

/// Judges the same searches; how many there were.
fn judge(tenant: &Tenant, world: &World, seed: u64, when: &str) -> u64 {
    let verdicts = judge_all(tenant, world, seed, seed * 1_000..seed * 1_000 + SEARCHES);
    assert!(verdicts.differences.is_empty(), "{when}:\n{}", verdicts.differences.join("\n"));
    SEARCHES
}

/// Writes at random; the documents that stand afterwards.
fn write_at_random(tenant: &Tenant, seed: u64) -> World {
    let mut client = tenant.server.client();
    let (mut names, mut dice) = (Vec::new(), Dice::new(seed));
    for writes in operations(seed) {
        write(&mut client, &writes, if dice.below(2) == 0 { "batch" } else { "transaction" });
        names.extend(writes.iter().map(|each| each.name()));
    }
    names.sort();
    names.dedup();
    read(&mut client, &names)
}

fn reindex(tenant: &Tenant) {
    let mut command = program();
    command.args(["reindex", "--data-dir"]).arg(tenant.data());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A server whose index is gone says 503 until it is built again.
fn wait_for_searches(tenant: &Tenant) {
    let (end, mut client) = (Instant::now() + Duration::from_secs(60), tenant.server.client());
    while client.get("/fhir/Patient?_count=1").send().status == 503 {
        assert!(Instant::now() < end, "searches do not come back");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Takes away what the store derives from its repositories.
fn leave_git_alone(data: &Path) {
    for folder in ["journal", "directory", "default/feed"] {
        let files = std::fs::read_dir(data.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let removed = files.filter(|path| path.is_file()).map(|path| std::fs::remove_file(path).unwrap());
        assert!(removed.count() > 0, "there is no {folder}");
    }
}

fn built_again(database: &Database, seeds: impl Iterator<Item = u64>) {
    let (mut sequences, mut searches) = (0, 0);
    for seed in seeds {
        let database = database.another();
        let tenant = Tenant::start(&database.variables());
        let world = write_at_random(&tenant, seed);
        searches += judge(&tenant, &world, seed, "as it grew");
        reindex(&tenant);
        searches += judge(&tenant, &world, seed, "after `vpr reindex`");
        let tenant = tenant.while_stopped(|data| {
            database.lose(data);
            leave_git_alone(data);
        });
        wait_for_searches(&tenant);
        searches += judge(&tenant, &world, seed, "from Git alone");
        sequences += 1;
    }
    let line = format!("C1 over HTTP: {sequences} sequences, {searches} searches, 0 differences");
    database.publish("C1-http", &[line]);
}

#[test]
fn an_index_built_again_finds_the_same_on_sqlite() {
    let count = if is_soak() { 100 } else { 3 };
    built_again(&Database::sqlite(), (0..count).map(|at| Dice::seed() * 1_000 + at));
}

#[test]
fn an_index_built_again_finds_the_same_on_postgres() {
    let count = if is_soak() { 20 } else { 1 };
    built_again(&Database::postgres(), (0..count).map(|at| Dice::seed() * 1_000 + 500 + at));
}
