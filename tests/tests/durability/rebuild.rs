//! What is derived is made again from what is permanent, with the same answers (C1, as far as the
//! store goes): journal, directory and feed are taken away, together and one by one.

use std::path::Path;
use std::sync::Arc;

use vpr_testkit::{Dice, SimDisk};
use vpr_types::{Disk, EntryKind, OpenMode};

use crate::figure;
use crate::inspect::{self, Expected, Finding, Kind};
use crate::life::Life;
use crate::model::Answer;
use crate::plan;
use crate::simulator::{Simulator, options};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    Nothing,
    AllGone,
    DirectoryGone,
    DirectoryGarbage,
    DirectoryCut,
    FeedGone,
    FeedCut,
    FeedAndDirectoryGone,
    /// Only after a clean stop: else the journal holds what nothing else has.
    JournalGone,
    JournalAndFeedGone,
}

impl Harm {
    const AFTER_A_STOP: [Self; 10] = [
        Self::Nothing,
        Self::AllGone,
        Self::DirectoryGone,
        Self::DirectoryGarbage,
        Self::DirectoryCut,
        Self::FeedGone,
        Self::FeedCut,
        Self::FeedAndDirectoryGone,
        Self::JournalGone,
        Self::JournalAndFeedGone,
    ];
    const AFTER_A_KILL: [Self; 7] = [
        Self::Nothing,
        Self::DirectoryGone,
        Self::DirectoryGarbage,
        Self::DirectoryCut,
        Self::FeedGone,
        Self::FeedCut,
        Self::FeedAndDirectoryGone,
    ];

    fn is_done_to(self, disk: &SimDisk, dice: &mut Dice) {
        let (journal, directory, feed) =
            (["journal"].as_slice(), ["directory"].as_slice(), ["a/feed", "b/feed"].as_slice());
        match self {
            Self::Nothing => {}
            Self::AllGone => {
                [journal, directory, feed].concat().iter().for_each(|folder| empty(disk, folder))
            }
            Self::DirectoryGone => empty(disk, "directory"),
            Self::DirectoryGarbage => overwrite(disk, "directory/directory.redb", dice),
            Self::DirectoryCut => cut(disk, "directory", dice),
            Self::FeedGone => feed.iter().for_each(|folder| empty(disk, folder)),
            Self::FeedCut => feed.iter().for_each(|folder| cut(disk, folder, dice)),
            Self::FeedAndDirectoryGone => {
                [directory, feed].concat().iter().for_each(|folder| empty(disk, folder))
            }
            Self::JournalGone => empty(disk, "journal"),
            Self::JournalAndFeedGone => {
                [journal, feed].concat().iter().for_each(|folder| empty(disk, folder))
            }
        }
    }
}

fn files_of(disk: &SimDisk, folder: &str) -> Vec<String> {
    let entries = disk.list(Path::new(folder)).unwrap_or_default();
    let files = entries.into_iter().filter(|entry| entry.kind == EntryKind::File);
    files.map(|entry| format!("{folder}/{}", entry.name)).collect()
}

fn empty(disk: &SimDisk, folder: &str) {
    for file in files_of(disk, folder) {
        disk.remove_file(Path::new(&file)).unwrap();
    }
}

/// Cuts the last file of a folder somewhere.
fn cut(disk: &SimDisk, folder: &str, dice: &mut Dice) {
    let Some(path) = files_of(disk, folder).pop() else { return };
    let file = disk.open(Path::new(&path), OpenMode::ReadWrite).unwrap();
    let length = file.len().unwrap();
    file.set_len(dice.below(length)).unwrap();
}

/// Overwrites some pages with noise.
fn overwrite(disk: &SimDisk, path: &str, dice: &mut Dice) {
    let Ok(file) = disk.open(Path::new(path), OpenMode::ReadWrite) else { return };
    let pages = file.len().unwrap() / 4096;
    let mut noise = vec![0; 4096];
    for _ in 0..1 + dice.below(8) {
        dice.fill(&mut noise);
        file.write_all_at(&noise, dice.below(pages) * 4096).unwrap();
    }
}

/// Everything that survived without harm answers the same with it.
fn harmed(run: &Simulator, at: &SimDisk, expected: &Expected<'_>, harm: Harm, seed: u64) -> Vec<Finding> {
    let disk = at.snapshot();
    let mut dice = Dice::new(seed);
    harm.is_done_to(&disk, &mut dice);
    let inspection = inspect::inspect(&disk.snapshot(), &run.clock, &run.options, expected);
    let mut findings = inspection.findings;
    let (engine, recovery) = match inspect::open(Arc::new(disk), &run.clock, seed, &run.options) {
        Ok(opened) => opened,
        Err(_) => return findings,
    };
    for (key, repeatable) in &run.plans {
        let Some(kept) = expected.model.tenants.get(&repeatable.tenant).and_then(|t| t.keys.get(key)) else {
            continue;
        };
        let answer = plan::answer(repeatable, engine.commit(plan::change(repeatable)).as_ref());
        let wanted = Answer::Done { seq: kept.seq, outcomes: kept.outcomes.clone(), repeated: true };
        if answer.as_ref() != Ok(&wanted) {
            findings.push(Finding::new(
                Kind::Wrong,
                format!("key {key} is answered {answer:?}, not {wanted:?} ({recovery})"),
            ));
        }
    }
    findings
}

fn check(
    run: &Simulator,
    disk: &SimDisk,
    life: &Life,
    harms: &[Harm],
    seed: u64,
    violations: &mut Vec<String>,
) -> u64 {
    for harm in harms {
        let findings = harmed(run, disk, &life.expected(usize::MAX), *harm, seed);
        violations.extend(findings.iter().map(|finding| format!("seed {seed}, {harm:?}: {finding}")));
    }
    harms.len() as u64
}

#[test]
fn what_is_derived_is_rebuilt_with_the_same_answers() {
    let runs = figure::size(12, 400);
    let mut violations = Vec::new();
    let mut rebuilds = 0;
    for seed in 0..runs {
        let mut run = Simulator::start(&options(), seed);
        run.create_tenant("b");
        run.steps(110);
        run.drain();
        violations.extend(run.findings.drain(..).map(|finding| format!("seed {seed}: {finding}")));
        // Killed: some of it is in Git, some in the journal only.
        let killed = run.disk.snapshot();
        rebuilds += check(&run, &killed, run.life(), &Harm::AFTER_A_KILL, seed, &mut violations);
        run.engine().close().unwrap();
        let stopped = run.disk.snapshot();
        rebuilds += check(&run, &stopped, run.life(), &Harm::AFTER_A_STOP, seed, &mut violations);
    }
    for violation in violations.iter().take(20) {
        println!("{}", violation.chars().take(600).collect::<String>());
    }
    let line =
        format!("C1 rebuild, store part: {runs} runs, {rebuilds} rebuilds, {} differences", violations.len());
    figure::publish("C1-store", &line);
    assert!(violations.is_empty());
}
