//! Mistakes that a rebuild could make, made by hand: the comparison notices each of them.

use vpr_http_tests::{Dice, Repository, publish, repositories};
use vpr_testkit::postgres;

use crate::coverage::Coverage;
use crate::life::{Home, Index};
use crate::picture::{Differences, Picture};
use crate::questions::questions;
use crate::{loss, sequence};

/// So many sequences are tried until a mistake can be made.
const SEEDS: u64 = 6;

/// Searches that notice what is lost of a whole table.
const SEARCHES: u64 = 200;

/// A mistake: what it is, and how it is made in the index; `{at}` is a number that the seed draws.
struct Mistake {
    what: String,
    statement: String,
    /// Whether searches must notice it too.
    is_coarse: bool,
}

/// The tables that searches look at.
const TABLES: [&str; 12] =
    ["res", "tok", "ref", "ref_rev", "dat", "dat_hi", "num", "spn", "str", "comp", "sortk", "cmpt"];

fn mistakes() -> Vec<Mistake> {
    let mut all: Vec<Mistake> = [
        (
            "a deleted resource lives",
            "UPDATE res SET state = 1 WHERE rid = (SELECT min(rid) FROM res WHERE state = 2)",
        ),
        (
            "a deleted resource is forgotten",
            "DELETE FROM res WHERE rid = (SELECT max(rid) FROM res WHERE state = 2)",
        ),
        (
            "a resource is as it was a version before",
            "UPDATE res SET ver = ver - 1 WHERE rid = (SELECT max(rid) FROM res WHERE ver > 1)",
        ),
        (
            "a resource changed at another time",
            "UPDATE res SET last_updated = last_updated + 1000000 \
             WHERE rid = (SELECT max(rid) FROM res WHERE state = 1)",
        ),
        (
            "a version is missing in the history",
            "DELETE FROM hist WHERE seq = (SELECT max(seq) FROM hist)",
        ),
        (
            "a version is another document",
            "UPDATE hist SET object = (SELECT object FROM hist WHERE object IS NOT NULL ORDER BY seq LIMIT 1) \
             WHERE object IS NOT NULL AND seq = (SELECT max(seq) FROM hist)",
        ),
        (
            "a word came with another change",
            "UPDATE tok SET from_seq = from_seq - 1 WHERE from_seq = (SELECT max(from_seq) FROM tok)",
        ),
        (
            "a reference leads elsewhere",
            "UPDATE ref SET tgt = (SELECT max(tgt) FROM ref) WHERE (pk, tgt, rid) IN \
             (SELECT pk, min(tgt), rid FROM ref GROUP BY pk, rid HAVING max(tgt) < \
              (SELECT max(tgt) FROM ref) LIMIT 1)",
        ),
    ]
    .into_iter()
    .map(|(what, statement)| Mistake {
        what: what.to_owned(),
        statement: statement.to_owned(),
        is_coarse: false,
    })
    .collect();
    for table in TABLES {
        let (key, more) = keys(table);
        all.push(Mistake {
            what: format!("a row of {table} is lost"),
            statement: format!(
                "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 \
                 OFFSET {{at}} % (SELECT greatest(count(*), 1) FROM {table}))"
            ),
            is_coarse: false,
        });
        all.push(Mistake {
            what: format!("all rows of {table} are lost"),
            statement: format!("DELETE FROM {table}"),
            is_coarse: true,
        });
        if table != "res" {
            let columns = [&[key][..], more].concat().join(", ");
            all.push(Mistake {
                what: format!("a row of {table} stays after an update"),
                statement: format!(
                    "INSERT INTO {table} ({columns}, from_seq) SELECT {columns}, from_seq FROM old_{table} \
                     WHERE ({key}) NOT IN (SELECT {key} FROM {table}) LIMIT 1"
                ),
                is_coarse: false,
            });
        }
    }
    all
}

/// The primary key of a table, and its other columns but for `from_seq`.
fn keys(table: &str) -> (&'static str, &'static [&'static str]) {
    match table {
        "res" => ("rid", &["type", "fid", "state", "ver", "last_updated"]),
        "tok" => ("pk, hc, rid, hs", &[]),
        "ref" => ("pk, tgt, rid", &[]),
        "ref_rev" => ("rid, pk, tgt", &[]),
        "dat" => ("pk, lo, rid, hi", &[]),
        "dat_hi" => ("pk, hi, rid, lo", &[]),
        "num" => ("pk, unit, lo, rid, hi", &[]),
        "spn" => ("rid, pk, unit, lo, hi", &[]),
        "str" => ("pk, norm, rid, exact", &["rest"]),
        "comp" => ("pk, h, rid, lo, hi, s1, s2, lo2, hi2, exact", &["norm"]),
        "sortk" => ("rid, pk", &["lo", "hi", "walk"]),
        "cmpt" => ("owner, type, rid", &[]),
        other => panic!("no table {other}"),
    }
}

/// Makes a mistake; whether there was anything to make it with.
fn make(mistake: &Mistake, home: &Home, index: &Index) -> bool {
    let statement = mistake.statement.replace("{at}", &(home.seed * 7919).to_string());
    match index {
        Index::Sqlite => {
            let file = home.projection().join(format!("{}.sqlite", home.tenant));
            let database = rusqlite::Connection::open(file).unwrap();
            database.execute(&statement.replace("greatest(", "max("), []).unwrap() > 0
        }
        Index::Postgres(urls) => {
            let counted = format!("WITH made AS ({statement} RETURNING 1) SELECT count(*) FROM made");
            loss::ask(urls, &home.tenant, &counted) != ["0"]
        }
    }
}

/// What the comparison says of a rebuilt index with a mistake; nothing if it could not be made.
fn noticed(mistake: &Mistake, seed: u64, index: &Index) -> Option<Differences> {
    let home = Home::new(seed);
    let life = sequence::run(&home, index, &mut Coverage::default());
    life.settle();
    let asked = questions(&home, &life, if mistake.is_coarse { SEARCHES } else { 4 });
    let grown = Picture::first(&life, &asked);
    life.stop();
    loss::take_index(&home, index);
    let life = home.start(index);
    life.settle();
    life.stop();
    if !make(mistake, &home, index) {
        return None;
    }
    let life = home.start(index);
    Some(grown.against(&Picture::take(&life, &asked), &asked))
}

/// Makes every mistake, or one in so many.
fn all_are_noticed(figure: &str, index: &Index, one_in: usize) {
    let first = Dice::seed() * 2_000_000;
    let mistakes = mistakes();
    let (mut lines, mut unnoticed, mut coarse, mut by_answers) = (Vec::new(), Vec::new(), 0, 0);
    for (at, mistake) in mistakes.iter().enumerate().step_by(one_in) {
        let seeds = (0..SEEDS).map(|seed| first + at as u64 * SEEDS + seed);
        let found = seeds.into_iter().find_map(|seed| noticed(mistake, seed, index));
        let found = found.unwrap_or_else(|| panic!("no sequence lets be made: {}", mistake.what));
        let (content, answers) = (found.in_content.len(), found.in_answers.len());
        lines.push(format!("  {:45} {content:5} lines, {answers:3} answers", mistake.what));
        coarse += usize::from(mistake.is_coarse);
        by_answers += usize::from(mistake.is_coarse && answers > 0);
        if content == 0 {
            unnoticed.push(&mistake.what);
        }
    }
    let head = format!(
        "{figure}: {} planted mistakes, {} unnoticed; {by_answers} of {coarse} lost tables noticed by searches alone",
        lines.len(),
        unnoticed.len(),
    );
    lines.insert(0, head);
    publish(figure, &lines);
    assert!(unnoticed.is_empty(), "unnoticed: {unnoticed:?}");
    assert!(by_answers * 3 >= coarse * 2, "searches notice too little");
}

#[test]
fn each_mistake_in_an_index_on_sqlite_is_noticed() {
    all_are_noticed("C1-planted-sqlite", &Index::Sqlite, 1);
}

#[test]
fn each_mistake_in_an_index_on_postgres_is_noticed() {
    all_are_noticed("C1-planted-postgres", &Index::Postgres(postgres::database().unwrap()), 4);
}

/// The newest change is not in Git when everything is made again from there.
#[test]
fn a_rebuild_without_the_newest_change_is_noticed() {
    let home = Home::new(Dice::seed() * 3_000_000);
    let life = sequence::run(&home, &Index::Sqlite, &mut Coverage::default());
    life.settle();
    let asked = questions(&home, &life, 4);
    let grown = Picture::first(&life, &asked);
    life.stop();
    let heads: Vec<(Repository, u64)> = repositories(&home.data(), home.tenant.as_str())
        .into_iter()
        .filter_map(|repository| {
            let message = repository.git(&["log", "-1", "--format=%B"]);
            let seq = message.lines().find_map(|line| line.strip_prefix("VPR-Seq: ")?.parse().ok())?;
            Some((repository, seq))
        })
        .collect();
    let newest = heads.iter().map(|(_, seq)| *seq).max().unwrap();
    assert_eq!(newest, grown.content.seq.0, "the stop brought everything into Git");
    for (repository, _) in heads.iter().filter(|(_, seq)| *seq == newest) {
        let branch = repository.git(&["symbolic-ref", "HEAD"]);
        let count = repository.git(&["rev-list", "--count", "HEAD"]);
        match count.trim() {
            "1" => repository.git(&["update-ref", "-d", branch.trim()]),
            _ => repository.git(&["update-ref", branch.trim(), "HEAD~1"]),
        };
    }
    loss::take_index(&home, &Index::Sqlite);
    loss::take_derived(&home, loss::COMBINATIONS - 1);
    let life = home.start(&Index::Sqlite);
    let found = grown.against(&Picture::take(&life, &asked), &asked);
    assert!(!found.in_content.is_empty() && !found.in_versions.is_empty() && !found.in_answers.is_empty());
    assert_eq!(life.content().seq.0 + 1, newest);
}
