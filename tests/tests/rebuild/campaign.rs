//! Many sequences, each made, taken away and made again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use vpr_http_tests::{Dice, is_soak, publish};
use vpr_testkit::postgres;

use crate::coverage::Coverage;
use crate::life::{Home, Index, Life};
use crate::picture::Picture;
use crate::questions::questions;
use crate::{loss, sequence};

/// When so many sequences differ, the rest is not run.
const DIFFERENCES_MAX: usize = 5;
/// Most of the time is spent waiting for another thread.
const AT_ONCE: usize = 4;

/// So many searches find something at the least, if so many are asked.
const FOUND_MIN: u64 = 300;

/// How a campaign runs.
struct Plan {
    figure: &'static str,
    index: Index,
    sequences: u64,
    /// Searches of one sequence that must find something.
    searches: u64,
}

/// Runs one sequence; what differs.
fn one(seed: u64, plan: &Plan, covered: &mut Coverage) -> Vec<String> {
    let home = Home::new(seed);
    let life = sequence::run(&home, &plan.index, covered);
    compared(&home, life, plan, covered)
}

/// Takes away and compares; what differs.
fn compared(home: &Home, life: Life, plan: &Plan, covered: &mut Coverage) -> Vec<String> {
    let seed = home.seed;
    let mut wrong = Vec::new();
    let mut note = |when: &str, found: crate::picture::Differences| {
        if !found.is_empty() {
            wrong.push(format!("seed {seed}, {when}:"));
            wrong.extend(found.words());
        }
    };
    life.settle();
    let asked = questions(home, &life, plan.searches);
    let grown = Picture::first(&life, &asked);
    for (question, pages) in asked.iter().zip(&grown.answers) {
        covered.count(question.kind());
        if question.is_search() {
            covered.add("searches that found something", u64::from(pages.found()));
            covered.add("searches of several pages", u64::from(pages.0.len() > 1));
        }
    }
    covered.add("lines of the index", grown.content.lines.len() as u64);
    life.stop();

    loss::take_index(home, &plan.index);
    let taken = loss::take_derived(home, seed % loss::COMBINATIONS);
    let life = home.start(&plan.index);
    note(&format!("without {taken}"), grown.against(&Picture::take(&life, &asked), &asked));
    covered.count("rebuilds at a start");
    if seed.is_multiple_of(4) {
        life.reindex();
        note("after a reindex", grown.against(&Picture::take(&life, &asked), &asked));
        covered.count("rebuilds while running");
    }
    life.stop();

    // The other database says the same of the same data.
    if let Index::Postgres(_) = plan.index {
        let life = home.start(&Index::Sqlite);
        note("on SQLite", grown.against(&Picture::take(&life, &asked), &asked));
        covered.count("compared with the other database");
        life.stop();
    }
    wrong
}

fn run(plan: &Plan) {
    let first = Dice::seed() * 1_000_000;
    let (next, begun) = (AtomicU64::new(0), Instant::now());
    let (covered, wrong) = (Mutex::new(Coverage::default()), Mutex::new(Vec::new()));
    let work = || {
        while wrong.lock().unwrap().len() < DIFFERENCES_MAX {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= plan.sequences {
                break;
            }
            let mut own = Coverage::default();
            let found = one(first + at, plan, &mut own);
            covered.lock().unwrap().join(&own);
            wrong.lock().unwrap().extend((!found.is_empty()).then(|| found.join("\n")));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let (covered, wrong) = (covered.into_inner().unwrap(), wrong.into_inner().unwrap());
    let mut lines = vec![format!(
        "{}: {} sequences, seed {}, {} searches ({} found something), {} lines of index, {} differences, {:.0} s",
        plan.figure,
        plan.sequences,
        Dice::seed(),
        covered.of("searches"),
        covered.of("searches that found something"),
        covered.of("lines of the index"),
        wrong.len(),
        begun.elapsed().as_secs_f64(),
    )];
    lines.extend(covered.lines());
    publish(plan.figure, &lines);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    if plan.sequences >= 40 {
        assert!(covered.lacking().is_empty(), "never done: {:?}", covered.lacking());
        let enough = FOUND_MIN.min(plan.sequences * plan.searches * 3 / 4);
        assert!(covered.of("searches that found something") >= enough);
    }
}

fn sequences(usual: u64, soak: u64) -> u64 {
    let size = if is_soak() { soak } else { usual };
    let chosen = std::env::var("VPR_SEQUENCES").ok();
    chosen.map_or(size, |text| text.parse().unwrap_or_else(|_| panic!("VPR_SEQUENCES is no number: {text}")))
}

/// More changes than are applied at once.
#[test]
fn a_long_sequence_is_made_again_from_git() {
    let plan = Plan { figure: "", index: Index::Sqlite, sequences: 1, searches: 20 };
    // Taken away with the index: journal, directory and feed.
    let home = Home::new(Dice::seed() * 4_000_000 + loss::COMBINATIONS - 1);
    let mut covered = Coverage::default();
    let life = sequence::run_long(&home, &plan.index, 30, &mut covered);
    life.settle();
    assert!(life.content().seq.0 > 1_100, "{:?}", life.content().seq);
    let wrong = compared(&home, life, &plan, &mut covered);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn an_index_on_sqlite_is_made_again_from_git() {
    run(&Plan { figure: "C1-sqlite", index: Index::Sqlite, sequences: sequences(500, 100_000), searches: 2 });
}

#[test]
fn an_index_on_postgres_is_made_again_from_git() {
    let index = Index::Postgres(postgres::database().unwrap());
    run(&Plan { figure: "C1-postgres", index, sequences: sequences(50, 2_000), searches: 8 });
}
