//! C1 through the door: after any sequence of writes the index that grew with them, the one that
//! `vpr reindex` builds and the one that is built when its files are gone all find what the standard
//! says, page by page.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use vpr_http_tests::{Dice, is_soak, program, publish};
use vpr_search_tests::{Tenant, World, judge_all, operations, read, write};
use vpr_testkit::postgres;

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

#[test]
fn an_index_built_again_finds_the_same_on_sqlite() {
    let sequences = if is_soak() { 100 } else { 3 };
    let mut searches = 0;
    for seed in (0..sequences).map(|at| Dice::seed() * 1_000 + at) {
        let tenant = Tenant::start(&[]);
        let world = write_at_random(&tenant, seed);
        searches += judge(&tenant, &world, seed, "as it grew");
        reindex(&tenant);
        searches += judge(&tenant, &world, seed, "after `vpr reindex`");
        let tenant = tenant.while_stopped(|data| {
            let folder = data.join("projection");
            assert!(folder.is_dir(), "there is no index at {}", folder.display());
            std::fs::remove_dir_all(folder).unwrap();
        });
        wait_for_searches(&tenant);
        searches += judge(&tenant, &world, seed, "after its files were gone");
    }
    publish(
        "C1-http-sqlite",
        &[format!("C1 over HTTP, SQLite: {sequences} sequences, {searches} searches, 0 differences")],
    );
}

#[test]
fn an_index_built_again_finds_the_same_on_postgres() {
    let sequences = if is_soak() { 20 } else { 1 };
    let mut searches = 0;
    for seed in (0..sequences).map(|at| Dice::seed() * 1_000 + 500 + at) {
        let database = postgres::database().unwrap();
        let urls = [("DATABASE_URL", &*database.serving_url), ("DATABASE_OWNER_URL", &database.owner_url)];
        let tenant = Tenant::start(&urls);
        let world = write_at_random(&tenant, seed);
        searches += judge(&tenant, &world, seed, "as it grew");
        reindex(&tenant);
        searches += judge(&tenant, &world, seed, "after `vpr reindex`");
    }
    publish(
        "C1-http-postgres",
        &[format!("C1 over HTTP, Postgres: {sequences} sequences, {searches} searches, 0 differences")],
    );
}
