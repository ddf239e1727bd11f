//! Many searches asked of one server, each judged.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use vpr_http_tests::Client;

use crate::answer::{Complaints, complaints};
use crate::ask::ask;
use crate::generate::{Coverage, search};
use crate::judge::Judge;
use crate::query::Search;
use crate::shrink::shrink;
use crate::tenant::Tenant;
use crate::world::World;

/// When so many searches differ, the rest are not asked.
const DIFFERENCES_MAX: usize = 8;

/// Seeds that once failed: of the documents, and of the search.
const FAILED_ONCE: &str = include_str!("../seeds.txt");

/// What became of a run.
#[derive(Debug, Default)]
pub struct Verdicts {
    /// What was asked.
    pub coverage: Coverage,
    /// Why searches were not asked, and how many.
    pub left_out: BTreeMap<&'static str, usize>,
    /// What differed, ready to be read.
    pub differences: Vec<String>,
    /// How long the server took for all.
    pub asking: Duration,
}

/// The seeds that once failed: of the documents, and of the search.
///
/// # Panics
/// When the file is not understood.
#[must_use]
pub fn failed_once() -> Vec<(u64, u64)> {
    let seeds = FAILED_ONCE.lines().map(|line| line.split_once(' ').unwrap());
    seeds.map(|(world, search)| (world.parse().unwrap(), search.parse().unwrap())).collect()
}

/// Asks the searches of these seeds, and those that once failed with these documents.
///
/// # Panics
/// When the server goes away.
#[must_use]
pub fn judge_all(
    tenant: &Tenant,
    world: &World,
    world_seed: u64,
    seeds: impl Iterator<Item = u64>,
) -> Verdicts {
    let now = world.documents().iter().map(|each| each.last_updated()).max().unwrap_or("2026-01-01");
    let judge = Judge::new(world, now).at(&tenant.server.base());
    let mut client = tenant.server.client();
    let mut verdicts = Verdicts::default();
    let failed_once = failed_once().into_iter().filter(|(world, _)| *world == world_seed);
    for seed in failed_once.map(|(_, search)| search).chain(seeds) {
        let (search, matches) = search(&judge, seed, &mut |why| {
            *verdicts.left_out.entry(why).or_default() += 1;
        });
        verdicts.coverage.add(&search, !matches.is_empty());
        let started = Instant::now();
        let wrong = judged(&judge, &mut client, &search);
        verdicts.asking += started.elapsed();
        if !wrong.is_empty() {
            verdicts.differences.push(report(&judge, &mut client, (world_seed, seed), &search, &wrong));
            if verdicts.differences.len() >= DIFFERENCES_MAX {
                break;
            }
        }
    }
    verdicts
}

/// What is wrong with the server's answer to a search; nothing if the standard leaves it open.
pub fn judged(judge: &Judge<'_>, client: &mut Client, search: &Search) -> Complaints {
    let Ok(matches) = judge.matches(search) else { return Complaints::default() };
    match ask(client, search, judge.world()) {
        Ok(answer) => complaints(judge, search, &matches, &answer),
        Err(refused) => {
            let words = vec![format!("refused: {} {}", refused.status, refused.text)];
            Complaints { words, ..Complaints::default() }
        }
    }
}

/// A difference as somebody needs it who wants to find its cause.
fn report(
    judge: &Judge<'_>,
    client: &mut Client,
    (world, seed): (u64, u64),
    search: &Search,
    wrong: &Complaints,
) -> String {
    let least = shrink(search, |each| !judged(judge, client, each).is_empty());
    let least_wrong = judged(judge, client, &least);
    let mut text = format!("seed {world} {seed}: {}\n", readable(search));
    wrong.words.iter().for_each(|word| text += &format!("    {word}\n"));
    let _ = writeln!(text, "  the least that differs: {}\n    as sent: {}", readable(&least), least.url());
    least_wrong.words.iter().for_each(|word| text += &format!("    {word}\n"));
    for name in least_wrong.documents.iter().take(3) {
        let Some(at) = judge.world().place(name) else { continue };
        for criterion in &least.criteria {
            let _ = writeln!(text, "    {name}: {}", judge.reason(at, criterion));
        }
        for (code, _) in &least.sort {
            let _ = writeln!(text, "    {name}: sorted by {code}: {}", judge.said(at, code));
        }
    }
    text
}

/// The URL with its escapes resolved, for people.
fn readable(search: &Search) -> String {
    let url = search.url();
    let mut bytes = Vec::new();
    let mut rest = url.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits: Vec<u8> = rest.by_ref().take(2).collect();
            bytes.push(u8::from_str_radix(&String::from_utf8_lossy(&digits), 16).unwrap_or(b'?'));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
