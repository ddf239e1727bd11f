//! The power goes away at every moment of random workloads (A2), on good code and on planted bugs.

use vpr_journal::{Class, JournalError, JournalOptions, Sabotage, Step};
use vpr_testkit::Dice;

use crate::world::{Owner, World, options};

/// States that CI looks at; `VPR_CRASH_STATES` sets another number.
const STATES: u64 = 5_000;
const STATES_PER_WORKLOAD: u64 = 100;

fn class(dice: &mut Dice) -> Class {
    match dice.below(4) {
        0 => Class::Access,
        1 => Class::State,
        _ => Class::Change,
    }
}

fn length(dice: &mut Dice) -> usize {
    let limit = match dice.below(30) {
        0 => 60_000,
        1..6 => 9_000,
        _ => 1_500,
    };
    usize::try_from(dice.below(limit)).unwrap()
}

/// One owner's life of `actions` actions.
fn workload(world: World, dice: &mut Dice, actions: u32) -> Result<Owner, String> {
    let text = |error: JournalError| error.to_string();
    let mut owner = Owner::new(world).map_err(text)?;
    for _ in 0..actions {
        match dice.below(20) {
            0..7 => match owner.write(class(dice), length(dice), dice) {
                Ok(()) | Err(JournalError::Full) => {}
                Err(error) => return Err(text(error)),
            },
            7 => {
                // Slots filled against their order.
                let slots: Vec<_> =
                    (0..3).map_while(|_| owner.reserve(class(dice), length(dice), dice).ok()).collect();
                slots.into_iter().rev().for_each(|(slot, payload)| slot.fill(payload));
            }
            8..13 => drop(owner.journal.step().map_err(text)?),
            13..16 => drop(owner.journal.tend()),
            16 => {
                owner.world.clock.advance(110_000);
                owner.journal.tend();
            }
            17 | 18 => {
                let durable = owner.durable();
                owner.release(durable - usize::try_from(dice.below(10)).unwrap().min(durable));
            }
            _ => {
                if dice.chance(50) {
                    match owner.journal.close() {
                        Ok(()) | Err(JournalError::Full) => {}
                        Err(error) => return Err(text(error)),
                    }
                }
                owner.reopen()?;
            }
        }
    }
    Ok(owner)
}

/// Cuts the power (or kills the process, which leaves the page cache) at one moment of the owner's
/// life, starts, writes on, cuts the power again.
fn crash(owner: &Owner, position: usize, seed: u64) -> Result<(), String> {
    let disk = &owner.world.disk;
    let kill = seed.is_multiple_of(4);
    let disk = if kill { disk.snapshot_at(position) } else { disk.power_cut_at(position, seed) };
    let world = owner.world.with_disk(disk);
    let (journal, replayed) = world.open().map_err(|error| error.to_string())?;
    owner.check(&replayed, owner.history_at(position), position)?;

    // What was served must survive the next cut, and the journal must be good for more.
    let more: Vec<_> = (0..usize::try_from(seed % 3).unwrap())
        .map(|n| crate::world::payload(n, 700, &mut Dice::new(seed)))
        .collect();
    for payload in &more {
        crate::world::write(&journal, Class::Access, payload).map_err(|error| error.to_string())?;
    }
    drop(journal);
    let (_, again) = world.with_disk(world.disk.power_cut(seed)).open().map_err(|error| error.to_string())?;
    let expected: Vec<_> = replayed.into_iter().chain(more).collect();
    if again != expected {
        return Err(format!(
            "{} entries were served and acknowledged, {} are there",
            expected.len(),
            again.len()
        ));
    }
    Ok(())
}

/// Runs the harness; gives how many states it looked at.
fn harness(options: &JournalOptions, states: u64) -> Result<u64, String> {
    let mut looked_at = 0;
    for seed in 0..states.div_ceil(STATES_PER_WORKLOAD) {
        let mut dice = Dice::new(seed);
        // Segments of three to eleven small groups: other places for the edges.
        let segment_bytes = [16 << 10, 32 << 10, 48 << 10][usize::try_from(seed % 3).unwrap()];
        let world = World::new(JournalOptions { segment_bytes, ..options.clone() });
        let owner = workload(world, &mut dice, 150).map_err(|error| format!("seed {seed}: {error}"))?;
        for _ in 0..STATES_PER_WORKLOAD {
            let recorded = owner.world.disk.recorded() as u64 + 1;
            let position = usize::try_from(dice.below(recorded)).unwrap();
            let cut = dice.roll();
            crash(&owner, position, cut)
                .map_err(|error| format!("seed {seed}, position {position}, cut {cut}: {error}"))?;
            looked_at += 1;
        }
    }
    Ok(looked_at)
}

#[test]
fn what_was_acknowledged_survives_every_power_cut() {
    let states = std::env::var("VPR_CRASH_STATES").ok().and_then(|n| n.parse().ok()).unwrap_or(STATES);
    assert_eq!(harness(&options(), states), Ok(states));
}

#[test]
fn the_harness_catches_every_planted_bug() {
    for bug in [
        Sabotage::AcknowledgeBeforeSync,
        Sabotage::SkipSync,
        Sabotage::ServeReplayedTailBeforeSync,
        Sabotage::ReleaseTooEarly,
    ] {
        let options = JournalOptions { sabotage: vec![bug], ..options() };
        let caught = harness(&options, STATES);
        println!("{bug:?}: {caught:?}");
        assert!(caught.is_err(), "{bug:?} went unnoticed in {caught:?} states");
    }
}

#[test]
fn the_workloads_reach_what_they_are_meant_to() {
    let mut reached = [0u64; 6];
    for seed in 0..50 {
        let owner = workload(World::new(options()), &mut Dice::new(seed), 150).unwrap();
        let stats = owner.journal.stats();
        let pressure = owner.journal.pressure();
        reached[0] += u64::from(owner.histories.len() > 3);
        reached[1] += u64::from(stats.markers > 0);
        reached[2] += stats.background_segments;
        reached[3] += u64::from(pressure.oldest_held_ticket.is_some() && stats.held_segments > 2);
        reached[4] += u64::from(owner.journal.recovery().rescued_entries > 0);
        reached[5] +=
            u64::from(owner.histories.iter().any(|(_, history)| history.iter().any(|p| p.len() > 32 << 10)));
        assert!(matches!(owner.journal.step(), Ok(Step::Idle | Step::Wrote { .. } | Step::Blocked)));
    }
    assert!(reached.iter().all(|count| *count > 5), "{reached:?}");
}
