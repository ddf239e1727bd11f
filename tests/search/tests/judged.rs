//! C2: what a server finds is what a naive evaluation of all documents finds, on both databases.
//!
//! `VPR_SEARCHES` chooses how many searches are asked, `VPR_SEED` other documents and searches,
//! `VPR_SOAK=1` the long size.

// What goes wrong is said by panicking.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use vpr_http_tests::{Dice, is_soak, publish};
use vpr_search_tests::{Tenant, failed_once, judge_all};
use vpr_testkit::postgres;

/// How many searches of a seed differ from those of the next.
const STRIDE: u64 = 1_000_000;

fn searches(usual: u64, soak: u64) -> u64 {
    let size = if is_soak() { soak } else { usual };
    let chosen = std::env::var("VPR_SEARCHES").ok();
    chosen.map_or(size, |text| text.parse().unwrap_or_else(|_| panic!("VPR_SEARCHES is no number: {text}")))
}

fn judge(figure: &str, tenant: &Tenant, count: u64) {
    let seed = Dice::seed();
    tenant.load(seed);
    let world = tenant.world(seed);
    let first = seed * STRIDE;
    let verdicts = judge_all(tenant, &world, seed, first..first + count);
    let mut lines = vec![format!(
        "{figure}: {} documents, seed {seed}, {} differences, {:.1} ms a search with all its pages",
        world.documents().len(),
        verdicts.differences.len(),
        verdicts.asking.as_secs_f64() * 1000.0 / count as f64,
    )];
    lines.extend(verdicts.coverage.lines());
    lines.push(format!("not asked, because the standard leaves it open: {:?}", verdicts.left_out));
    publish(figure, &lines);
    assert!(verdicts.differences.is_empty(), "\n{}", verdicts.differences.join("\n"));
    if count >= 500 {
        assert!(verdicts.coverage.lacking().is_empty(), "{:#?}", verdicts.coverage.lacking());
        assert!(verdicts.coverage.found_percent() >= 40, "{}", verdicts.coverage.found_percent());
    }
}

#[test]
fn sqlite_finds_what_the_standard_says() {
    judge("C2-sqlite", &Tenant::start(&[]), searches(2_000, 10_000));
}

#[test]
fn what_once_failed_is_found_now() {
    let worlds: BTreeSet<u64> = failed_once().into_iter().map(|(world, _)| world).collect();
    for seed in worlds {
        let tenant = Tenant::start(&[]);
        tenant.load(seed);
        let verdicts = judge_all(&tenant, &tenant.world(seed), seed, std::iter::empty());
        assert!(verdicts.differences.is_empty(), "\n{}", verdicts.differences.join("\n"));
    }
}

#[test]
fn postgres_finds_what_the_standard_says() {
    let database = postgres::database().unwrap();
    let tenant = Tenant::start(&[
        ("DATABASE_URL", &database.serving_url),
        ("DATABASE_OWNER_URL", &database.owner_url),
    ]);
    judge("C2-postgres", &tenant, searches(500, 10_000));
}
