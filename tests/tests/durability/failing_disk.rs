//! A3: operation N fails, for every N of a run, once or for ever after. Every write is reported
//! failed or survives; after an error that leaves the state of the disk unknown nothing more is
//! accepted; short and interrupted reads and writes are not seen at all.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use vpr_testkit::{Fault, Repeat, SimDisk};

use crate::figure;
use crate::inspect::{self, Finding, Kind};
use crate::life::Life;
use crate::simulator::{Simulator, options};
use crate::wire::{Deed, Wire};

/// The run: random steps, a kill, a clean stop, more steps. Ends early when the engine stops.
fn run(simulator: &mut Simulator) {
    simulator.steps(14);
    simulator.drain();
    if simulator.stopped.is_none() {
        simulator.materialize();
    }
    simulator.steps(6);
    if simulator.stopped.is_none() {
        simulator.kill_and_reopen();
    }
    simulator.steps(6);
    if simulator.stopped.is_none() {
        simulator.close_and_reopen();
    }
    simulator.steps(4);
    simulator.drain();
}

/// What went over the wire in a run without faults.
struct Plain {
    deeds: BTreeMap<u64, Deed>,
    issued: usize,
    lives: usize,
}

fn plain(seed: u64) -> Plain {
    let disk = SimDisk::new();
    let wire = Wire::noting(&disk);
    let mut simulator = Simulator::start_on(disk, wire, &options(), seed).unwrap();
    run(&mut simulator);
    assert!(simulator.findings.is_empty() && simulator.stopped.is_none(), "{:?}", simulator.findings);
    let deeds = simulator.wire.passed().iter().map(|passed| (passed.number, passed.deed)).collect();
    Plain { deeds, issued: simulator.life().issued.len(), lives: simulator.lives.len() }
}

#[derive(Default)]
struct Point {
    hit: bool,
    findings: Vec<Finding>,
    /// An error was reported, by a call or by a stop.
    reported: bool,
}

fn point(plain: &Plain, seed: u64, n: u64, fault: Fault, repeat: Repeat) -> Point {
    let disk = SimDisk::new();
    disk.fail_operation(n, fault, repeat);
    let mut result = Point::default();
    let started = Simulator::start_on(disk.clone(), Wire::new(&disk), &options(), seed);
    let mut simulator = match started {
        Ok(simulator) => simulator,
        Err(_) => {
            // The first start of all failed: the next one must work.
            result.reported = true;
            result.hit = true;
            disk.clear_faults();
            match Simulator::start_on(disk.clone(), Wire::new(&disk), &options(), seed) {
                Ok(simulator) => simulator,
                Err(error) => {
                    result.findings.push(Finding::new(Kind::Refused, format!("the next start: {error}")));
                    return result;
                }
            }
        }
    };
    simulator.tolerant = true;
    if simulator.life().model.tenants.is_empty() {
        // The first tenant could not be made, and its maker was told; the first step tries again.
        simulator.reported += simulator.findings.drain(..).len() as u64;
    }
    run(&mut simulator);
    result.hit |= disk.faults_hit() > 0;
    let invisible = fault == Fault::Short
        || (fault == Fault::Eintr
            && repeat == Repeat::Once
            && matches!(plain.deeds.get(&n), Some(Deed::Read | Deed::Write)));
    let reported = simulator.reported + simulator.refused_starts + u64::from(simulator.stopped.is_some());
    result.reported |= reported > 0;
    if invisible {
        let same = simulator.life().issued.len() == plain.issued && simulator.lives.len() == plain.lives;
        if reported > 0 || !same {
            let what = format!("{fault:?} was seen: {reported} errors, {:?}", simulator.stopped);
            simulator.findings.push(Finding::new(Kind::Wrong, what));
        }
    }
    if simulator.stopped.is_some() {
        after_stop(&mut simulator);
    }
    disk.clear_faults();
    result.findings.append(&mut simulator.findings);
    result.findings.extend(after_crash(&simulator, n));
    result
}

/// A stopped engine says so, and takes nothing more.
fn after_stop(simulator: &mut Simulator) {
    if simulator.engine().health().is_ready() {
        let what = format!("ready after {:?}", simulator.stopped);
        simulator.findings.push(Finding::new(Kind::Wrong, what));
    }
    let before = simulator.life().issued.len();
    for _ in 0..3 {
        simulator.change();
        simulator.access();
    }
    let after = simulator.life().issued.len();
    if after != before {
        let what = format!("{} entries were accepted after {:?}", after - before, simulator.stopped);
        simulator.findings.push(Finding::new(Kind::Wrong, what));
    }
}

/// Whatever was acknowledged is there after a kill and after a power cut, and again after a power
/// cut of what the killed one's successor served.
fn after_crash(simulator: &Simulator, n: u64) -> Vec<Finding> {
    let life = simulator.life();
    let position = simulator.disk.recorded();
    let look = |disk: &SimDisk, life: &Life, how: &str| {
        let inspection =
            inspect::inspect(disk, &simulator.clock, &simulator.options, &life.expected(usize::MAX));
        let name = |finding: Finding| Finding::new(finding.kind, format!("after {how}: {}", finding.what));
        let findings: Vec<_> = inspection.findings.iter().cloned().map(name).collect();
        (inspection, findings)
    };
    if n.is_multiple_of(2) {
        return look(&simulator.disk.power_cut(n), life, "a power cut").1;
    }
    let killed = simulator.disk.snapshot();
    let (inspection, findings) = look(&killed.snapshot(), life, "a kill");
    if !findings.is_empty() {
        return findings;
    }
    let next = simulator.life_after(position, &inspection);
    let wire = Wire::new(&killed);
    match Simulator::resume(killed, wire, &simulator.options, simulator.clock.clone(), next, n) {
        Ok(next) => look(&next.disk.power_cut(n), next.life(), "a kill, a start and a power cut").1,
        Err(error) => vec![Finding::new(Kind::Refused, format!("the start after a kill: {error}"))],
    }
}

#[derive(Default)]
struct Totals {
    points: u64,
    reported: u64,
    violations: Vec<String>,
}

/// The points of one kind of fault, or every `stride`-th of them.
fn all_points(plain: &Plain, seed: u64, fault: Fault, repeat: Repeat, stride: u64) -> Totals {
    let next = AtomicU64::new(1 + seed % stride);
    let end = AtomicU64::new(u64::MAX);
    let work = || {
        let mut totals = Totals::default();
        loop {
            let n = next.fetch_add(stride, Ordering::Relaxed);
            if n > end.load(Ordering::Relaxed) {
                return totals;
            }
            let point = point(plain, seed, n, fault, repeat);
            if !point.hit && n > plain.deeds.keys().max().copied().unwrap_or(0) {
                end.fetch_min(n, Ordering::Relaxed);
            }
            totals.points += u64::from(point.hit);
            totals.reported += u64::from(point.reported);
            let place = format!("seed {seed}, {fault:?} {repeat:?} at {n} ({:?})", plain.deeds.get(&n));
            totals.violations.extend(point.findings.iter().map(|finding| format!("{place}: {finding}")));
        }
    };
    let mut whole = Totals::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let totals = worker.join().unwrap();
            whole.points += totals.points;
            whole.reported += totals.reported;
            whole.violations.extend(totals.violations);
        }
    });
    whole
}

#[test]
fn every_failing_operation_is_reported_or_harmless() {
    let mut whole = Totals::default();
    for seed in 0..figure::size(1, 30) {
        let plain = plain(seed);
        for fault in [Fault::Eio, Fault::Enospc, Fault::Short, Fault::Eintr] {
            for repeat in [Repeat::Once, Repeat::Sticky] {
                // What strikes for ever after passes the later points, too.
                let stride = if repeat == Repeat::Once { 1 } else { figure::size(7, 1) };
                let totals = all_points(&plain, seed, fault, repeat, stride);
                println!("{fault:?} {repeat:?}: {} points, {} reported", totals.points, totals.reported);
                whole.points += totals.points;
                whole.reported += totals.reported;
                whole.violations.extend(totals.violations);
            }
        }
    }
    for violation in whole.violations.iter().take(20) {
        println!("{violation}");
    }
    let (points, reported, silent) = (whole.points, whole.reported, whole.violations.len());
    let line =
        format!("A3 failing disk: {points} points, {reported} reported, the rest not seen, {silent} silent");
    figure::publish("A3", &line);
    assert!(points > 1_000 && reported > 100, "the run is too short to say anything");
    assert_eq!(silent, 0);
}
