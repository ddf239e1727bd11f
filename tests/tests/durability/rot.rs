//! A5: one bit turns in a file at rest. It is detected by the start, a read or the scrub, or healed,
//! or nothing stood there; what is served is always right.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use vpr_core::Engine;
use vpr_store::Recovery;
use vpr_store::logs::{AccessLog, StateLog};
use vpr_testkit::{Dice, SimClock, SimDisk};
use vpr_types::Disk;

use crate::figure;
use crate::inspect::{self, Kind};
use crate::model::{Answer, Model, Plan};
use crate::plan;
use crate::simulator::{Simulator, options};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Journal,
    Feed,
    AccessLog,
    StateLog,
    Pack,
    Index,
    Ref,
    Directory,
    Format,
}

impl Class {
    const ALL: [Self; 9] = [
        Self::Journal,
        Self::Feed,
        Self::AccessLog,
        Self::StateLog,
        Self::Pack,
        Self::Index,
        Self::Ref,
        Self::Directory,
        Self::Format,
    ];

    fn of(path: &str) -> Option<Self> {
        let ends = |ending: &str| path.ends_with(ending);
        match path {
            _ if path.starts_with("journal/") => Some(Self::Journal),
            _ if path.starts_with("directory/") => Some(Self::Directory),
            "FORMAT" => Some(Self::Format),
            _ if path.contains("/feed/") => Some(Self::Feed),
            _ if path.contains("/access/") => Some(Self::AccessLog),
            _ if path.contains("/state/") => Some(Self::StateLog),
            _ if ends(".pack") => Some(Self::Pack),
            _ if ends(".idx") => Some(Self::Index),
            _ if ends("/HEAD") || ends("refs/heads/main") => Some(Self::Ref),
            _ => None,
        }
    }

    /// Whether every bit of its files is checked. Journal and directory have room in which nothing
    /// stands; of `FORMAT` the store's name is compared with nothing yet.
    fn is_dense(self) -> bool {
        !matches!(self, Self::Journal | Self::Directory | Self::Format)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// The start was refused.
    AtStart,
    /// A read failed.
    AtRead,
    /// The scrub found it.
    AtScrub,
    /// The start said that it rebuilt or dropped something, and nothing is missing.
    Healed,
    /// Nothing noticed, and nothing is wrong.
    Unused,
    /// The last record of a log, which nothing shows to have been synced, was dropped.
    LastRecord,
    /// Something else than what was written was served, or it is gone without a word.
    Served,
}

/// A store at rest and what it should answer.
struct AtRest {
    disk: SimDisk,
    clock: SimClock,
    model: Model,
    plans: BTreeMap<u64, Plan>,
    recovery: Recovery,
}

/// After a clean stop, or after a kill with entries in the journal that are known to be synced.
fn at_rest(seed: u64, clean: bool) -> AtRest {
    let mut simulator = Simulator::start(&options(), seed);
    simulator.create_tenant("b");
    simulator.steps(90);
    if clean {
        simulator.close_and_reopen();
        simulator.engine().close().unwrap();
    } else {
        simulator.drain();
        simulator.clock.advance(300_000);
        simulator.materialize();
        for _ in 0..4 {
            simulator.change();
            simulator.drain();
        }
        simulator.clock.advance(150_000);
        // The empty group behind the last one.
        while simulator.engine().step_background().unwrap() {}
    }
    assert!(simulator.findings.is_empty() && simulator.stopped.is_none(), "{:?}", simulator.findings);
    let life = simulator.life();
    assert_eq!(life.promised(usize::MAX), life.issued.len());
    let (_, recovery) =
        inspect::open(Arc::new(simulator.disk.snapshot()), &simulator.clock, 1, &options()).unwrap();
    AtRest {
        disk: simulator.disk.snapshot(),
        clock: simulator.clock.clone(),
        model: life.model.clone(),
        plans: simulator.plans.clone(),
        recovery,
    }
}

/// The first store from `seed` on that has files of every class.
fn whole(seed: u64, clean: bool) -> AtRest {
    let is_whole = |store: &AtRest| {
        let files = store.disk.files();
        Class::ALL.iter().all(|class| files.iter().any(|(path, _)| Class::of(path) == Some(*class)))
    };
    (seed..).map(|seed| at_rest(seed, clean)).find(is_whole).unwrap()
}

impl AtRest {
    fn flip(&self, path: &str, offset: u64, bit: u8) -> (Outcome, String) {
        let disk = self.disk.snapshot();
        disk.flip_bit(Path::new(path), offset, bit);
        let (engine, recovery) = match inspect::open(Arc::new(disk.clone()), &self.clock, 2, &options()) {
            Ok(opened) => opened,
            Err(error) => return (Outcome::AtStart, error.to_string()),
        };
        let mut findings = inspect::compare(&engine, &self.model, &self.model, true);
        let verified = engine.verify(&mut |_| {});
        findings.extend(inspect::compare(&engine, &self.model, &self.model, true));
        let (refused, wrong): (Vec<_>, Vec<_>) =
            findings.iter().partition(|finding| finding.kind == Kind::Refused);
        let keys = self.repeat_all(&engine, &disk);
        if let Some(wrong) = wrong.first().map(|wrong| wrong.what.clone()).or(keys) {
            // A row of a version that cannot be read stands for nothing that was served.
            return (Outcome::Served, format!("{wrong}; verify: {verified:?}"));
        }
        if let Some(refused) = refused.first() {
            return (Outcome::AtRead, refused.what.clone());
        }
        match verified {
            Err(error) => return (Outcome::AtScrub, error.to_string()),
            Ok(report) if !report.damage.is_empty() => return (Outcome::AtScrub, report.damage[0].clone()),
            Ok(_) => {}
        }
        drop(engine);
        if let Some(lost) = self.lost_from_logs(&disk) {
            return lost;
        }
        match recovery == self.recovery
            && stands(&disk, path, offset) == stands(&self.disk, path, offset).map(|byte| byte ^ (1 << bit))
        {
            true => (Outcome::Unused, String::new()),
            false => (Outcome::Healed, recovery.to_string()),
        }
    }

    /// Whether every kept answer is given again, as far as the logs have it still.
    fn repeat_all(&self, engine: &Engine, disk: &SimDisk) -> Option<String> {
        let log_is_short = matches!(self.lost_from_logs(disk), Some((Outcome::LastRecord, _)));
        for (key, repeatable) in &self.plans {
            let Some(kept) = self.model.tenants.get(&repeatable.tenant).and_then(|t| t.keys.get(key)) else {
                continue;
            };
            if kept.seq.is_none() && log_is_short {
                continue;
            }
            let result = engine.commit(plan::change(repeatable));
            let expected = Answer::Done { seq: kept.seq, outcomes: kept.outcomes.clone(), repeated: true };
            let answer = plan::answer(repeatable, result.as_ref());
            if answer.as_ref().is_ok_and(|answer| *answer != expected) {
                return Some(format!("key {key} is answered {answer:?}, not {expected:?}"));
            }
        }
        None
    }

    /// Accesses and kept answers that are no longer there, although no engine said so.
    fn lost_from_logs(&self, disk: &SimDisk) -> Option<(Outcome, String)> {
        for (name, tenant) in &self.model.tenants {
            let copy: Arc<dyn Disk> = Arc::new(disk.snapshot());
            let log = AccessLog::open(copy.clone(), &plan::tenant(name));
            let read = log.and_then(|log| log.read_from(1)?.collect::<Result<Vec<_>, _>>());
            let state = StateLog::open(copy, &plan::tenant(name));
            let state = state.and_then(|log| log.read_from(1)?.collect::<Result<Vec<_>, _>>());
            let (read, state) = match (read, state) {
                (Ok(read), Ok(state)) => (read, state),
                (Err(error), _) | (_, Err(error)) => {
                    return Some((Outcome::Served, format!("the scrub missed {error}")));
                }
            };
            let requests: Vec<_> = read.iter().map(|entry| entry.request.as_str()).collect();
            let keys = tenant.keys.values().filter(|kept| kept.seq.is_none()).count();
            let expected: Vec<_> = tenant.accesses.iter().map(String::as_str).collect();
            if !expected.starts_with(&requests) || state.len() > keys {
                return Some((Outcome::Served, format!("accesses {requests:?}, not {expected:?}")));
            }
            if requests.len() < expected.len() || state.len() < keys {
                return Some((
                    Outcome::LastRecord,
                    format!("{} of {} accesses", requests.len(), expected.len()),
                ));
            }
        }
        None
    }

    /// A file of the class, and a byte and a bit of it.
    fn place(&self, files: &[(String, Vec<u8>)], class: Class, dice: &mut Dice) -> Option<(String, u64, u8)> {
        let of_class: Vec<_> = files.iter().filter(|(path, _)| Class::of(path) == Some(class)).collect();
        if of_class.is_empty() {
            return None;
        }
        let (path, bytes) = of_class[usize::try_from(dice.below(of_class.len() as u64)).unwrap()];
        let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let offset = match dice.chance(80) && !used.is_empty() {
            true => used[usize::try_from(dice.below(used.len() as u64)).unwrap()] as u64,
            false if bytes.is_empty() => return None,
            false => dice.below(bytes.len() as u64),
        };
        Some((path.clone(), offset, u8::try_from(dice.below(8)).unwrap()))
    }
}

fn stands(disk: &SimDisk, path: &str, offset: u64) -> Option<u8> {
    let file = disk.open(Path::new(path), vpr_types::OpenMode::Read).ok()?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).ok().map(|()| byte[0])
}

#[test]
fn a_turned_bit_is_detected_and_never_served() {
    let flips = figure::size(60, 1_000);
    let mut counts: BTreeMap<Class, BTreeMap<Outcome, u64>> = BTreeMap::new();
    let mut violations = Vec::new();
    let stores = [(5, true), (105, false), (205, true), (305, false)].map(|(seed, clean)| whole(seed, clean));
    for (number, store) in stores.iter().enumerate() {
        let files = store.disk.files();
        let mut dice = Dice::new(number as u64);
        for class in Class::ALL {
            // Most pages of the directory hold what was true before.
            let flips = if class == Class::Directory { 5 * flips } else { flips };
            for _ in 0..flips.div_ceil(stores.len() as u64) {
                let Some((path, offset, bit)) = store.place(&files, class, &mut dice) else { continue };
                let (outcome, what) = store.flip(&path, offset, bit);
                *counts.entry(class).or_default().entry(outcome).or_default() += 1;
                let bad = outcome == Outcome::Served || (class.is_dense() && outcome == Outcome::Unused);
                if bad {
                    violations
                        .push(format!("store {number}, {path} at {offset} bit {bit}: {outcome:?} {what}"));
                }
            }
        }
    }
    for (class, outcomes) in &counts {
        println!("{class:?}: {outcomes:?}");
    }
    for violation in violations.iter().take(20) {
        println!("{}", violation.chars().take(600).collect::<String>());
    }
    let count = |wanted: &[Outcome]| -> u64 {
        counts
            .values()
            .flatten()
            .filter(|(outcome, _)| wanted.contains(outcome))
            .map(|(_, count)| count)
            .sum()
    };
    let line = format!(
        "A5 bit flips: {} in {} classes of file, {} detected, {} healed, {} where nothing stood, \
         {} in a log's last record, {} served",
        counts.values().flat_map(BTreeMap::values).sum::<u64>(),
        counts.len(),
        count(&[Outcome::AtStart, Outcome::AtRead, Outcome::AtScrub]),
        count(&[Outcome::Healed]),
        count(&[Outcome::Unused]),
        count(&[Outcome::LastRecord]),
        count(&[Outcome::Served]),
    );
    figure::publish("A5", &line);
    assert_eq!(counts.len(), Class::ALL.len(), "a class of file was not there");
    assert!(violations.is_empty(), "{} violations", violations.len());
}
