//! A2: the power goes away, or the process is killed, at any recorded operation of random runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use vpr_store::StoreOptions;
use vpr_testkit::{Dice, SimDisk};

use crate::inspect::{self, Finding, Kind};
use crate::life::Life;
use crate::simulator::{Seen, Simulator, options};
use crate::wire::Wire;
use crate::{figure, git};

const STEPS: u64 = 130;
pub const CI_RUNS: u64 = 50;
pub const STATES_PER_RUN: u64 = 100;

pub struct Harness {
    pub options: StoreOptions,
    pub runs: std::ops::Range<u64>,
    pub states_per_run: u64,
    /// Of how many states one is checked with stock git; 0 for none.
    pub git_every: u64,
    /// Whether the first violation ends it.
    pub stop_early: bool,
}

#[derive(Debug, Default)]
pub struct Report {
    pub states: u64,
    pub repositories: u64,
    pub seen: Seen,
    pub violations: Vec<(Kind, String)>,
}

impl Report {
    pub fn count(&self, kinds: &[Kind]) -> usize {
        self.violations.iter().filter(|(kind, _)| kinds.contains(kind)).count()
    }

    fn add(&mut self, place: &str, findings: Vec<Finding>) {
        self.violations
            .extend(findings.into_iter().map(|finding| (finding.kind, format!("{place}: {finding}"))));
    }

    fn merge(&mut self, other: Self) {
        self.states += other.states;
        self.repositories += other.repositories;
        self.seen.add(&other.seen);
        self.violations.extend(other.violations);
    }
}

impl Harness {
    /// Runs every seed, on as many threads as there are processors.
    pub fn run(&self) -> Report {
        let (next, stop) = (AtomicU64::new(self.runs.start), AtomicBool::new(false));
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let work = || {
            let mut report = Report::default();
            while !stop.load(Ordering::Relaxed) {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= self.runs.end {
                    break;
                }
                report.merge(self.run_seed(seed));
                if self.stop_early && !report.violations.is_empty() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            report
        };
        let mut whole = Report::default();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            for worker in workers {
                whole.merge(worker.join().unwrap());
            }
        });
        whole
    }

    /// One random run, and crashes at moments of it.
    pub fn run_seed(&self, seed: u64) -> Report {
        let mut report = Report::default();
        let mut simulator = Simulator::start(&self.options, seed);
        simulator.steps(STEPS);
        report.seen.add(&simulator.seen);
        report.add(&format!("seed {seed}"), std::mem::take(&mut simulator.findings));
        if let Some(why) = &simulator.stopped {
            report.violations.push((Kind::Refused, format!("seed {seed}: the run stopped: {why}")));
        }
        let mut dice = Dice::new(seed ^ 0xc4a5_4000);
        for _ in 0..self.states_per_run {
            if self.stop_early && !report.violations.is_empty() {
                break;
            }
            let position = position(&simulator, 0, &mut dice);
            let cut = dice.roll();
            let findings = self.crash(&simulator, position, cut, &mut report.repositories);
            report.add(&format!("seed {seed}, position {position}, cut {cut}"), findings);
            report.states += 1;
        }
        report
    }

    /// One crash of the run, a second life of a few steps, and a second crash.
    pub fn crash(&self, run: &Simulator, position: usize, cut: u64, repositories: &mut u64) -> Vec<Finding> {
        let mut dice = Dice::new(cut);
        // A killed process leaves the page cache: what was read back need not be on the disk.
        let killed = dice.chance(35);
        let disk = if killed { run.disk.snapshot_at(position) } else { run.disk.power_cut_at(position, cut) };
        let life = run.life_at(position);
        let copy = disk.snapshot();
        let inspection = inspect::inspect(&copy, &run.clock, &self.options, &life.expected(position));
        if !inspection.findings.is_empty() {
            return inspection.findings;
        }
        if self.git_every > 0 && cut.is_multiple_of(self.git_every) {
            let findings = check_with_git(&copy, repositories);
            if !findings.is_empty() {
                return findings;
            }
        }
        let next = run.life_after(position, &inspection);
        self.second_life(run, disk, next, dice.roll())
    }

    fn second_life(&self, run: &Simulator, disk: SimDisk, life: Life, seed: u64) -> Vec<Finding> {
        let mut dice = Dice::new(seed);
        let wire = Wire::new(&disk);
        let resumed = Simulator::resume(disk, wire, &self.options, run.clock.clone(), life, dice.roll());
        let mut second = match resumed {
            Ok(second) => second,
            Err(error) => {
                return vec![Finding::new(Kind::Refused, format!("the second start was refused: {error}"))];
            }
        };
        let opened = second.disk.recorded() as u64;
        second.steps(dice.below(14));
        let mut findings = std::mem::take(&mut second.findings);
        if let Some(why) = &second.stopped {
            findings.push(Finding::new(Kind::Refused, format!("the second life stopped: {why}")));
        }
        // Half as often within the recovery itself as after it.
        let position = match dice.chance(33) {
            true => usize::try_from(dice.below(opened + 1)).unwrap(),
            false => position(&second, opened, &mut dice),
        };
        let disk = second.disk.power_cut_at(position, dice.roll());
        let life = second.life_at(position);
        let inspection = inspect::inspect(&disk, &second.clock, &self.options, &life.expected(position));
        let found = |finding: Finding| {
            Finding::new(
                finding.kind,
                format!("second crash at {position} (opened at {opened}): {}", finding.what),
            )
        };
        findings.extend(inspection.findings.into_iter().map(found));
        findings
    }
}

/// A moment of a run: any, or one when a sync is about to happen and most is at stake.
fn position(run: &Simulator, from: u64, dice: &mut Dice) -> usize {
    let mut syncs = run.wire.syncs();
    syncs.retain(|at| *at as u64 >= from);
    if syncs.is_empty() || dice.chance(60) {
        return usize::try_from(from + dice.below(run.disk.recorded() as u64 + 1 - from)).unwrap();
    }
    syncs[usize::try_from(dice.below(syncs.len() as u64)).unwrap()]
}

fn check_with_git(disk: &SimDisk, repositories: &mut u64) -> Vec<Finding> {
    let folder = tempfile::tempdir().unwrap();
    let mut findings = Vec::new();
    for repository in git::export(disk, folder.path()) {
        *repositories += 1;
        if let Err(what) = git::check(&repository) {
            findings.push(Finding::new(Kind::Damaged, what));
        }
    }
    findings
}

/// One state again, `seed,position,cut` as a violation names it, with what went over the wire before.
fn show(state: &str) {
    let [seed, position, cut] = state.split(',').map(|n| n.parse().unwrap()).collect::<Vec<u64>>()[..] else {
        panic!("VPR_STATE is seed,position,cut")
    };
    let position = usize::try_from(position).unwrap();
    let harness =
        Harness { options: options(), runs: 0..0, states_per_run: 0, git_every: 0, stop_early: false };
    let disk = SimDisk::new();
    let mut run = Simulator::start_on(disk.clone(), Wire::noting(&disk), &harness.options, seed).unwrap();
    run.steps(STEPS);
    for passed in run.wire.passed().iter().filter(|passed| passed.recorded <= position) {
        println!("{} {:?} {}", passed.recorded, passed.deed, passed.path.display());
    }
    let findings = harness.crash(&run, position, cut, &mut 0);
    findings.iter().for_each(|finding| println!("{finding}"));
    assert!(findings.is_empty());
}

#[test]
fn what_was_acknowledged_survives_every_power_cut() {
    if let Ok(state) = std::env::var("VPR_STATE") {
        return show(&state);
    }
    let runs = figure::size(CI_RUNS, 1_000);
    let harness = Harness {
        options: options(),
        runs: 0..runs,
        states_per_run: STATES_PER_RUN,
        git_every: 100,
        stop_early: false,
    };
    let report = harness.run();
    for (_, violation) in report.violations.iter().take(20) {
        println!("{violation}");
    }
    let line = format!(
        "A2 power loss: {} states, {} lost, {} torn, {} doubled, {} wrong, {} refused or damaged; \
         {} repositories checked by stock git",
        report.states,
        report.count(&[Kind::Lost]),
        report.count(&[Kind::Torn]),
        report.count(&[Kind::Doubled]),
        report.count(&[Kind::Wrong]),
        report.count(&[Kind::Refused, Kind::Damaged]),
        report.repositories,
    );
    figure::publish("A2", &line);
    println!("{:?}", report.seen);
    report.seen.assert_everything();
    assert!(report.violations.is_empty(), "{} violations", report.violations.len());
}
