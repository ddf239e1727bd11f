//! A4: the disk fills up in the middle of a run and has room again later. Nobody repairs anything.

use vpr_core::EngineError;
use vpr_testkit::{Dice, SimDisk};

use crate::figure;
use crate::inspect::{self, Finding, Kind};
use crate::simulator::{Simulator, options};
use crate::wire::Wire;

#[derive(Default)]
struct Outcome {
    refused: u64,
    /// Accesses that were accepted and became durable while changes were refused.
    accesses: u64,
    findings: Vec<Finding>,
}

impl Outcome {
    fn add(&mut self, kind: Kind, what: impl Into<String>) {
        self.findings.push(Finding::new(kind, what));
    }
}

fn one(seed: u64) -> Outcome {
    let mut dice = Dice::new(seed ^ 0xf011);
    let mut outcome = Outcome::default();
    let disk = SimDisk::new();
    let mut simulator = Simulator::start_on(disk.clone(), Wire::new(&disk), &options(), seed).unwrap();
    simulator.steps(dice.below(60));
    // From no room at all to room for some more entries, packs or pages of the directory.
    disk.set_quota(Some(disk.used_bytes() + dice.below(60_000)));
    let before = simulator.seen.full;
    for _ in 0..60 {
        // No restart while it is full: that is tried below.
        let at = dice.below(100);
        match at {
            0..55 => simulator.change(),
            55..70 => simulator.step_journal(),
            70..80 => simulator.clock.advance(300_000),
            _ => simulator.step_background(),
        }
    }
    outcome.refused = simulator.seen.full - before;
    still_serves(&mut simulator, &mut outcome);
    crash_while_full(&simulator, dice.roll(), &mut outcome);

    disk.set_quota(None);
    // Background work and journal try again by themselves.
    for _ in 0..20 {
        simulator.clock.advance(400_000);
        simulator.step_journal();
        simulator.step_background();
    }
    let wanted = simulator.seen.changes + 5;
    for _ in 0..40 {
        if simulator.seen.changes < wanted {
            // One change may be larger than the small journal; the next ones are not.
            simulator.change();
            simulator.step_journal();
            simulator.clock.advance(300_000);
            simulator.step_background();
        }
    }
    if simulator.seen.changes < wanted {
        outcome.add(Kind::Wrong, "writes are refused although there is room");
    }
    simulator.drain();
    if let Some(why) = &simulator.stopped {
        outcome.add(Kind::Wrong, format!("the engine stopped: {why}"));
    }
    let life = simulator.life();
    if life.promised(usize::MAX) < life.issued.len() {
        outcome.add(Kind::Lost, "something that was accepted never became durable");
    }
    outcome.findings.append(&mut simulator.findings);
    for cut in [disk.snapshot(), disk.power_cut(seed)] {
        let expected = simulator.life().expected(usize::MAX);
        outcome
            .findings
            .extend(inspect::inspect(&cut, &simulator.clock, &simulator.options, &expected).findings);
    }
    outcome
}

/// Everything that was written is read, and accesses are accepted and become durable.
fn still_serves(simulator: &mut Simulator, outcome: &mut Outcome) {
    let model = &simulator.life().model;
    outcome.findings.extend(inspect::compare(simulator.engine(), model, model, false));
    let health = simulator.engine().health();
    if !health.is_ready() {
        outcome.add(Kind::Wrong, format!("not ready on a full disk: {:?}", health.failed));
    }
    let before = simulator.life().issued.len();
    for _ in 0..3 {
        simulator.access();
    }
    simulator.drain();
    let promised = simulator.life().promised(usize::MAX);
    outcome.accesses += promised.saturating_sub(before) as u64;
}

/// A power cut while it is full, with and without room afterwards.
fn crash_while_full(simulator: &Simulator, seed: u64, outcome: &mut Outcome) {
    let disk = simulator.disk.power_cut(seed);
    let expected = simulator.life().expected(usize::MAX);
    let full = disk.snapshot();
    full.set_quota(Some(full.used_bytes()));
    match inspect::open(std::sync::Arc::new(full.clone()), &simulator.clock, seed, &simulator.options) {
        // Without a byte of room the journal cannot begin a segment.
        Err(EngineError::Full | EngineError::Store(_)) => {}
        Err(error) => outcome.add(Kind::Refused, format!("a start on a full disk: {error}")),
        Ok((engine, _)) => drop(engine),
    }
    full.set_quota(None);
    for disk in [disk, full] {
        outcome
            .findings
            .extend(inspect::inspect(&disk, &simulator.clock, &simulator.options, &expected).findings);
    }
}

#[test]
fn a_full_disk_refuses_writes_serves_reads_and_needs_no_repair() {
    let runs = figure::size(60, 2_000);
    let (mut refused, mut accesses, mut violations, mut filled) = (0, 0, Vec::new(), 0);
    for seed in 0..runs {
        let outcome = one(seed);
        refused += outcome.refused;
        accesses += outcome.accesses;
        filled += u64::from(outcome.refused > 0);
        violations.extend(outcome.findings.iter().map(|finding| format!("seed {seed}: {finding}")));
    }
    for violation in violations.iter().take(20) {
        println!("{violation}");
    }
    let line = format!(
        "A4 full disk: {runs} runs, {filled} of them ran full, {refused} writes refused, \
         {accesses} accesses taken meanwhile, {} violations",
        violations.len()
    );
    figure::publish("A4", &line);
    assert!(filled > runs / 4 && accesses > 0);
    assert!(violations.is_empty());
}
