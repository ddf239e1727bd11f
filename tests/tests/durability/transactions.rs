//! B3: a transaction over three parts of a record, the registry and a second record, and a crash
//! between any two disk operations of its way into the journal and into Git: all of it or nothing.

use std::sync::Arc;

use vpr_testkit::Dice;

use crate::figure;
use crate::inspect::{self, Finding, Kind};
use crate::model::{Condition, Deed, Place, Plan, Write};
use crate::plan;
use crate::simulator::{Simulator, options};

fn put(document: &str, place: Place, serial: u64, dice: &mut Dice) -> Write {
    let content: Arc<[u8]> = plan::content(document, serial, 200 + dice.below(900), dice);
    let deed = Deed::Put { place, content, even_if_equal: false };
    Write { document: document.into(), condition: Condition::Always, deed }
}

/// Five repositories, or nine: from eight on they are synced together.
fn transaction(round: u64, records: u64, dice: &mut Dice) -> Plan {
    let place = |patient: u64, part| Place::Record(format!("Patient/{patient}"), part);
    let mut writes = vec![put("Organization/t", Place::Registry, round, dice)];
    for patient in 0..records {
        writes.push(put(&format!("Patient/t{patient}"), place(patient, "demographics"), round, dice));
        writes.push(put(&format!("Observation/t{patient}"), place(patient, "clinical"), round, dice));
        if patient == 0 || records > 2 {
            writes.push(put(&format!("Encounter/t{patient}"), place(patient, "coordination"), round, dice));
        }
    }
    if round > 1 {
        // A deletion and a move beside them.
        writes[0].deed = Deed::Delete;
        writes.push(put("Condition/t", place(round % 2, "clinical"), round, dice));
    }
    Plan { tenant: "a".into(), author: "dr-ada".into(), writes, repeat: None }
}

struct Totals {
    crashes: u64,
    whole: u64,
    absent: u64,
    findings: Vec<String>,
}

fn one(seed: u64, totals: &mut Totals) {
    let mut dice = Dice::new(seed);
    let mut simulator = Simulator::start(&options(), seed);
    simulator.drain();
    let rounds = 1 + dice.below(3);
    let mut before = 0;
    for round in 1..=rounds {
        before = simulator.disk.recorded();
        simulator.commit(&transaction(round, 2 + seed % 2, &mut dice));
        if round < rounds {
            simulator.drain();
            simulator.materialize();
        }
    }
    let seq = simulator.life().model.tenants["a"].seq;
    simulator.drain();
    let durable = simulator.disk.recorded();
    simulator.materialize();
    let after = simulator.disk.recorded();
    assert!(simulator.findings.is_empty() && simulator.stopped.is_none(), "{:?}", simulator.findings);
    for position in before..=after {
        // Every moment in the soak, one of three in CI; but each before it is durable.
        if figure::size(1, 0) == 1 && position >= durable && !dice.chance(33) {
            continue;
        }
        let killed = dice.chance(40);
        let disk = match killed {
            true => simulator.disk.snapshot_at(position),
            false => simulator.disk.power_cut_at(position, dice.roll()),
        };
        let life = simulator.life_at(position);
        let found = inspect::inspect(&disk, &simulator.clock, &simulator.options, &life.expected(position));
        totals.crashes += 1;
        let left = found.survivors["a"].seq;
        let mut findings = found.findings;
        match seq - left {
            0 => totals.whole += 1,
            1 if position < durable => totals.absent += 1,
            _ => findings.push(Finding::new(Kind::Lost, format!("ends at seq {left} of {seq}"))),
        }
        let place = format!("seed {seed}, position {position} of {before}..{durable}..{after}");
        totals.findings.extend(findings.iter().map(|finding| format!("{place}: {finding}")));
    }
}

#[test]
fn a_transaction_over_several_repositories_is_whole_or_absent() {
    let mut totals = Totals { crashes: 0, whole: 0, absent: 0, findings: Vec::new() };
    for seed in 0..figure::size(8, 60) {
        one(seed, &mut totals);
    }
    for finding in totals.findings.iter().take(20) {
        println!("{finding}");
    }
    let line = format!(
        "B3 transaction over several repositories: {} crashes, {} whole, {} absent, {} violations",
        totals.crashes,
        totals.whole,
        totals.absent,
        totals.findings.len()
    );
    figure::publish("B3", &line);
    assert!(totals.crashes >= 100 && totals.whole > 50 && totals.absent > 5);
    assert!(totals.findings.is_empty());
}
