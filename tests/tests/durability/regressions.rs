//! What the harnesses found, each as the shortest run that shows it, tried at every moment.

use vpr_testkit::{Fault, Repeat, SimDisk};

use crate::inspect::{self, Finding};
use crate::model::{Condition, Deed, Place, Plan, Write};
use crate::simulator::{Simulator, options};
use crate::wire::{Deed as Passing, Wire};

/// One document in each of three new repositories, durable in the journal and not in Git.
fn three_new_repositories(disk: &SimDisk, wire: Wire) -> Simulator {
    let mut simulator = Simulator::start_on(disk.clone(), wire, &options(), 1).unwrap();
    let write = |document: &str, place: Place| Write {
        document: document.into(),
        condition: Condition::Unused,
        deed: Deed::Put { place, content: document.as_bytes().into(), even_if_equal: false },
    };
    let record = |part| Place::Record("Patient/1".into(), part);
    let writes = vec![
        write("Patient/1", record("demographics")),
        write("Observation/1", record("clinical")),
        write("Organization/1", Place::Registry),
    ];
    simulator.commit(&Plan { tenant: "a".into(), author: "dr-ada".into(), writes, repeat: None });
    simulator.drain();
    simulator
}

fn look(disk: &SimDisk, simulator: &Simulator, at: &str) {
    let expected = simulator.life().expected(usize::MAX);
    let findings: Vec<Finding> =
        inspect::inspect(disk, &simulator.clock, &simulator.options, &expected).findings;
    assert!(findings.is_empty(), "{at}: {}", findings[0]);
}

/// A process made a repository's folders and was killed; the next one found them in the page cache
/// and took them for durable.
#[test]
fn folders_that_a_killed_process_made_are_made_durable() {
    let disk = SimDisk::new();
    let mut simulator = three_new_repositories(&disk, Wire::new(&disk));
    let from = disk.recorded();
    simulator.materialize();
    for position in from..=disk.recorded() {
        let killed = disk.snapshot_at(position);
        let expected = simulator.life().expected(usize::MAX);
        let found = inspect::inspect(&killed.snapshot(), &simulator.clock, &simulator.options, &expected);
        let life = simulator.life_after(position, &found);
        let wire = Wire::new(&killed);
        let clock = simulator.clock.clone();
        let mut next = Simulator::resume(killed, wire, &options(), clock, life, 2).unwrap();
        next.materialize();
        for seed in 0..4 {
            look(&next.disk.power_cut(seed), &next, &format!("killed at {position}, cut {seed}"));
        }
    }
}

/// A power cut kept a new repository's branch and dropped folders that it stands on, or left its
/// `HEAD` torn, and the feed was to be rebuilt from it.
#[test]
fn a_branch_that_survives_stands_on_all_it_needs() {
    let disk = SimDisk::new();
    let mut simulator = three_new_repositories(&disk, Wire::new(&disk));
    let from = disk.recorded();
    simulator.materialize();
    for position in from..=disk.recorded() {
        for seed in 0..12 {
            look(&disk.power_cut_at(position, seed), &simulator, &format!("position {position}, cut {seed}"));
        }
    }
}

/// A sync found no room, which looked like any full disk; it was tried again, succeeded, and what the
/// first one had lost stayed lost.
#[test]
fn a_sync_that_found_no_room_is_not_tried_again() {
    let plain = SimDisk::new();
    let mut simulator = three_new_repositories(&plain, Wire::noting(&plain));
    let from = plain.operations();
    simulator.materialize();
    let passed = simulator.wire.passed();
    let is_sync = |deed| matches!(deed, Passing::SyncFile | Passing::SyncDirectory | Passing::SyncFilesystem);
    let syncs: Vec<u64> =
        passed.iter().filter(|p| p.number > from && is_sync(p.deed)).map(|p| p.number).collect();
    assert!(syncs.len() > 20);
    for n in syncs {
        let disk = SimDisk::new();
        disk.fail_operation(n, Fault::Enospc, Repeat::Once);
        let mut simulator = three_new_repositories(&disk, Wire::new(&disk));
        simulator.materialize();
        assert_eq!(disk.faults_hit(), 1);
        simulator.clock.advance(2_000_000);
        simulator.materialize();
        for seed in 0..6 {
            look(&disk.power_cut(seed), &simulator, &format!("operation {n}, cut {seed}"));
        }
    }
}
