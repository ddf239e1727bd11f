//! The Nth operation of the disk fails (A3): every entry is reported or durable, and the next start
//! on a healed disk finds all that was acknowledged.

use vpr_journal::{Class, JournalError, JournalOptions, Sabotage, Step};
use vpr_testkit::{Dice, Fault, Repeat};

use crate::world::{Owner, World, options};

/// What the owner's life ended with: the errors it was told. Passes through starting, rolling over
/// segments, recycling, an entry longer than a segment, a quiet spell, restarts, a clean stop.
fn life(owner: &mut Owner, dice: &mut Dice) -> Result<(), JournalError> {
    for round in 0..4 {
        for n in 0..6 {
            let class = if n % 2 == 0 { Class::Change } else { Class::Access };
            let len = if (round, n) == (1, 3) { 40_000 } else { 2_000 };
            match owner.write(class, len, dice) {
                Ok(()) | Err(JournalError::Full) => {}
                Err(error) => return Err(error),
            }
            if n % 3 == 2 {
                while let Step::Wrote { .. } = owner.journal.step()? {}
            }
            owner.journal.tend();
        }
        let durable = owner.durable();
        owner.release(durable.saturating_sub(2));
        while owner.journal.tend() {}
        owner.world.clock.advance(2_000_000);
        owner.journal.tend();
        if round == 1 {
            // The old process dies with its page cache intact.
            owner.reopen().map_err(|error| JournalError::Failed(error.into()))?;
        }
    }
    while let Step::Wrote { .. } = owner.journal.step()? {}
    owner.journal.close()
}

/// One life with operation `n` failing. Gives whether the fault struck.
fn trial(options: &JournalOptions, n: u64, fault: Fault, repeat: Repeat) -> Result<bool, String> {
    let world = World::new(options.clone());
    world.disk.fail_operation(n, fault, repeat);
    let Ok(mut owner) = Owner::new(world.clone()) else {
        // Reported. The disk heals: starting works.
        world.disk.clear_faults();
        return world.open().map(|_| true).map_err(|error| format!("after a failed start: {error}"));
    };
    let lived = life(&mut owner, &mut Dice::new(7));
    let struck = world.disk.faults_hit() > 0;
    world.disk.clear_faults();

    let outcomes = owner.told.lock().outcomes;
    let all_told = lived.is_ok() || owner.journal.failed().is_some();
    if all_told && outcomes != owner.waiting {
        return Err(format!("{} waited, {outcomes} were told", owner.waiting));
    }
    if lived.is_ok() && owner.durable() != owner.history().len() {
        return Err(format!("closed with {} of {} entries", owner.durable(), owner.history().len()));
    }

    let end = owner.world.disk.recorded();
    for seed in 0..6 {
        let killed = seed % 2 == 0;
        let disk = if killed { world.disk.snapshot() } else { world.disk.power_cut(seed) };
        let world = world.with_disk(disk);
        let failed = |error: String| format!("seed {seed}: after {lived:?}: {error}");
        let (_, replayed) = world.open().map_err(|error| failed(error.to_string()))?;
        // Which process's history counts depends on how far a restart came: one of them must fit.
        let fits = owner.histories.iter().rev().map(|(_, history)| owner.check(&replayed, history, end));
        let mut verdicts = fits.collect::<Vec<_>>();
        if !verdicts.iter().any(Result::is_ok) {
            return Err(failed(format!("{:?}", verdicts.swap_remove(0))));
        }
        // What this start served is acknowledged by it, whatever the faults left unsynced.
        let (_, again) =
            world.with_disk(world.disk.power_cut(seed)).open().map_err(|error| failed(error.to_string()))?;
        if again != replayed {
            return Err(failed(format!("{} entries were served, {} are left", replayed.len(), again.len())));
        }
    }
    Ok(struck)
}

/// Every operation of the life, every fault: how many struck.
fn harness(options: &JournalOptions) -> Result<u64, String> {
    let mut struck = 0;
    for fault in [Fault::Eio, Fault::Enospc, Fault::Short, Fault::Eintr] {
        for repeat in [Repeat::Once, Repeat::Sticky] {
            // A life without faults is this long; a fault can make it longer, not reach further.
            let operations = clean_operations(options)?;
            for n in 1..=operations {
                let hit = trial(options, n, fault, repeat)
                    .map_err(|error| format!("operation {n}, {fault:?} {repeat:?}: {error}"))?;
                struck += u64::from(hit);
            }
        }
    }
    Ok(struck)
}

fn clean_operations(options: &JournalOptions) -> Result<u64, String> {
    let mut owner = Owner::new(World::new(options.clone())).map_err(|error| error.to_string())?;
    life(&mut owner, &mut Dice::new(7)).map_err(|error| error.to_string())?;
    Ok(owner.world.disk.operations())
}

#[test]
fn every_failing_operation_is_reported_or_harmless() {
    let operations = clean_operations(&options()).unwrap();
    assert!(operations > 120, "{operations}");
    let struck = harness(&options()).unwrap();
    println!("{operations} operations, {struck} faults struck, 0 silent");
    assert!(struck > operations * 5, "{struck} of {}", operations * 8);
}

#[test]
fn the_harness_catches_planted_bugs() {
    for bug in [Sabotage::AcknowledgeBeforeSync, Sabotage::SkipSync, Sabotage::ServeReplayedTailBeforeSync] {
        let caught = harness(&JournalOptions { sabotage: vec![bug], ..options() });
        println!("{bug:?}: {caught:?}");
        assert!(caught.is_err(), "{bug:?} went unnoticed: {caught:?}");
    }
}
