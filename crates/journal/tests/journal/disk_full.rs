//! The disk is full, and then it is not (A4).

use vpr_journal::{Class, Journal, JournalError, JournalOptions, Step, Ticket};
use vpr_testkit::Dice;

use crate::world::{World, options, payload, write};

struct Full {
    world: World,
    journal: Journal,
    written: usize,
}

/// Writes changes until they are refused.
fn fill(options: JournalOptions, quota: Option<u64>) -> Full {
    let world = World::new(options);
    let (journal, _) = world.open().unwrap();
    while journal.tend() {}
    world.disk.set_quota(quota);
    let mut dice = Dice::new(1);
    for written in 0.. {
        match write(&journal, Class::Change, &payload(written, 2500, &mut dice)) {
            Ok(_) => {}
            Err(JournalError::Full) => return Full { world, journal, written },
            Err(error) => panic!("{error}"),
        }
        journal.tend();
    }
    unreachable!()
}

/// Writes access entries until they are refused.
fn use_reserve_up(full: &Full) -> usize {
    let mut dice = Dice::new(2);
    for written in 0.. {
        match write(&full.journal, Class::Access, &payload(full.written + written, 300, &mut dice)) {
            Ok(_) => {}
            Err(JournalError::Full) => return written,
            Err(error) => panic!("{error}"),
        }
        full.journal.tend();
    }
    unreachable!()
}

fn check(full: &Full, why: &str) {
    assert_eq!(full.journal.failed().map(|error| error.to_string()), None, "{why}");
    for ticket in (1..=full.written as u64).map(Ticket) {
        let address = full.journal.address(ticket).unwrap();
        assert!(full.journal.read(address).is_ok(), "{why}: {ticket:?}");
    }
}

#[test]
fn at_the_configured_size_changes_are_refused_and_the_reserve_takes_the_rest() {
    let full = fill(options(), None);
    assert!(full.written > 30, "{}", full.written);
    let pressure = full.journal.pressure();
    assert!(pressure.used_bytes * 100 > pressure.capacity_bytes * 75, "{pressure:?}");
    check(&full, "full");
    // Seven groups of 4 KiB fit a segment of 32 KiB.
    let accesses = use_reserve_up(&full);
    assert!(accesses >= 7, "{accesses}");
    assert!(full.world.disk.used_bytes() <= (8 * 32 + 20) << 10, "the configured size is kept");
    check(&full, "the reserve is used up");

    full.journal.release(Ticket(full.written as u64 / 2));
    while full.journal.tend() {}
    write(&full.journal, Class::Change, b"again").unwrap();
    drop(full.journal);
    let (_, replayed) = full.world.open().unwrap();
    assert_eq!(replayed.last().map(|payload| &payload[..]), Some(&b"again"[..]));
}

#[test]
fn on_a_full_disk_changes_are_refused_and_go_on_without_a_repair() {
    let quota = 5 * (32 << 10);
    let full = fill(JournalOptions { segments_max: 64, ..options() }, Some(quota));
    check(&full, "full");
    assert_eq!(full.journal.stats().inline_segments, 0);
    let pressure = full.journal.pressure();
    assert!(pressure.capacity_bytes <= quota && pressure.used_bytes * 100 > pressure.capacity_bytes * 60);
    assert!(use_reserve_up(&full) >= 7);
    check(&full, "the reserve is used up");
    assert!(full.world.disk.used_bytes() <= quota);

    // More disk: found out within the time between attempts.
    full.world.disk.set_quota(None);
    assert!(!full.journal.tend(), "it was tried just now");
    full.world.clock.advance(1_000_001);
    while full.journal.tend() {}
    write(&full.journal, Class::Change, b"again").unwrap();
    check(&full, "grown");
    drop(full.journal);
    let (_, replayed) = full.world.open().unwrap();
    assert_eq!(replayed.last().map(|payload| &payload[..]), Some(&b"again"[..]));
}

#[test]
fn on_a_full_disk_released_segments_are_enough_to_go_on() {
    let full = fill(JournalOptions { segments_max: 64, ..options() }, Some(5 * (32 << 10)));
    full.journal.release(Ticket(full.written as u64));
    while full.journal.tend() {}
    for n in 0..100 {
        let ticket = write(&full.journal, Class::Change, &payload(n, 2500, &mut Dice::new(3))).unwrap();
        full.journal.release(ticket);
        while full.journal.tend() {}
    }
}

#[test]
fn a_full_journal_starts_again_and_still_has_a_reserve() {
    let mut full = fill(options(), None);
    for _ in 0..4 {
        drop(full.journal);
        let (journal, replayed) = full.world.open().unwrap();
        full.journal = journal;
        assert!(replayed.len() >= full.written);
        full.written = replayed.len();
        while full.journal.tend() {}
        write(&full.journal, Class::Access, &payload(0, 300, &mut Dice::new(1))).unwrap();
        full.written += 1;
    }
    assert!(use_reserve_up(&full) >= 7);
}

#[test]
fn a_full_disk_at_start_is_reported_and_nothing_is_lost() {
    let full = fill(JournalOptions { segments_max: 64, ..options() }, Some(5 * (32 << 10)));
    drop(full.journal);
    full.world.disk.set_quota(Some(0));
    match full.world.open() {
        Err(error @ JournalError::Io { .. }) => {
            assert!(error.to_string().contains("cannot write"), "{error}")
        }
        other => panic!("{:?}", other.map(|(_, replayed)| replayed.len())),
    }
    full.world.disk.set_quota(None);
    assert_eq!(full.world.open().unwrap().1.len(), full.written);
}

#[test]
fn what_is_admitted_has_its_room_and_what_has_none_is_refused_at_once() {
    // Nobody tends: who reserves finds out that the disk is full.
    let world = World::new(JournalOptions { segments_max: 64, ..options() });
    let (journal, _) = world.open().unwrap();
    let regular = 32 << 10;
    world.disk.set_quota(Some(world.disk.used_bytes() + 3 * regular));
    let mut admitted = 0;
    loop {
        match journal.reserve(Class::Change, 2500) {
            Ok(slot) => slot.fill(payload(admitted, 2500, &mut Dice::new(1))),
            Err(JournalError::Full) => break,
            Err(error) => panic!("{error}"),
        }
        admitted += 1;
    }
    // Two of three segments; the third is the reserve, and takes what is behind.
    assert!((14..=20).contains(&admitted), "{admitted}");
    let access = journal.reserve(Class::Access, 300).unwrap();
    let ticket = access.ticket();
    access.fill(payload(admitted, 300, &mut Dice::new(1)));
    while let Step::Wrote { .. } = journal.step().unwrap() {}
    assert_eq!(journal.step().unwrap(), Step::Idle);
    assert_eq!(journal.durable(), ticket);
    journal.close().unwrap();
    world.disk.set_quota(None);
    assert_eq!(world.open().unwrap().1.len(), admitted + 1);
}

/// A journal with an entry that was announced much shorter than it is: the one way for an admitted
/// entry to have no room.
fn blocked() -> (World, Journal) {
    let world = World::new(JournalOptions { segments_max: 64, reserve_segments: 0, ..options() });
    let (journal, _) = world.open().unwrap();
    while journal.tend() {}
    world.disk.set_quota(Some(world.disk.used_bytes()));
    write(&journal, Class::Change, b"first").unwrap();
    journal.reserve(Class::Change, 10).unwrap().fill(payload(0, 100_000, &mut Dice::new(1)));
    journal.reserve(Class::Access, 10).unwrap_err();
    assert_eq!(journal.step().unwrap(), Step::Blocked);
    assert_eq!(journal.durable(), Ticket(1));
    (world, journal)
}

#[test]
fn an_entry_longer_than_announced_waits_for_room() {
    let (world, journal) = blocked();
    assert!(matches!(journal.close(), Err(JournalError::Full)));
    world.disk.set_quota(None);
    assert_eq!(journal.step().unwrap(), Step::Blocked, "it was tried just now");
    world.clock.advance(1_000_001);
    while let Step::Wrote { .. } = journal.step().unwrap() {}
    assert_eq!(journal.durable(), Ticket(2));
    journal.close().unwrap();
    assert_eq!(world.open().unwrap().1.len(), 2);
}

#[test]
fn a_journal_that_cannot_be_written_out_still_ends() {
    let (world, journal) = blocked();
    let (told, heard) = std::sync::mpsc::channel();
    journal.when_durable(Ticket(2), Box::new(move |outcome| told.send(outcome).unwrap()));
    std::thread::scope(|scope| {
        let stepping = scope.spawn(|| journal.run());
        let tending = scope.spawn(|| journal.run_background());
        assert!(matches!(journal.close(), Err(JournalError::Full)));
        assert!(heard.try_recv().is_err(), "it may be closed again later");
        journal.abandon();
        stepping.join().unwrap().unwrap();
        tending.join().unwrap();
    });
    assert!(matches!(heard.recv().unwrap(), Err(JournalError::Full)));
    assert!(matches!(journal.reserve(Class::Access, 1), Err(JournalError::Closed)));
    assert!(matches!(journal.wait(Ticket(2)), Err(JournalError::Closed)));
    journal.close().unwrap();
    assert_eq!(world.open().unwrap().1.len(), 1, "only what was acknowledged is there");
}

#[test]
fn a_long_entry_is_admitted_only_when_its_room_is_there() {
    let world = World::new(JournalOptions { segments_max: 64, ..options() });
    let (journal, _) = world.open().unwrap();
    while journal.tend() {}
    let files = world.disk.files().len();
    world.disk.set_quota(Some(world.disk.used_bytes() + 100_000));
    for _ in 0..3 {
        assert!(matches!(journal.reserve(Class::Change, 100_000), Err(JournalError::Full)));
        assert_eq!(world.disk.files().len(), files, "what it tried is given back");
    }
    // The others are not concerned.
    write(&journal, Class::Change, b"short").unwrap();
    world.disk.set_quota(Some(world.disk.used_bytes() + 110_000));
    let slot = journal.reserve(Class::Change, 100_000).unwrap();
    // Whatever happens to the disk until it is written: its room was set aside.
    world.disk.set_quota(Some(world.disk.used_bytes()));
    journal.reserve(Class::Access, 300).unwrap().fill(payload(2, 300, &mut Dice::new(1)));
    slot.fill(payload(1, 100_000, &mut Dice::new(1)));
    while let Step::Wrote { .. } = journal.step().unwrap() {}
    assert_eq!(journal.step().unwrap(), Step::Idle);
    assert_eq!(journal.durable(), Ticket(3));
    assert_eq!(world.disk.files().len(), files);
    world.disk.set_quota(None);
    assert_eq!(world.open().unwrap().1[1].len(), 100_000);
}

#[test]
fn room_set_aside_for_an_entry_that_became_short_is_given_back() {
    let world = World::new(JournalOptions { segments_max: 64, ..options() });
    let (journal, _) = world.open().unwrap();
    while journal.tend() {}
    let files = world.disk.files().len();
    journal.reserve(Class::Change, 100_000).unwrap().fill(payload(0, 50, &mut Dice::new(1)));
    assert_eq!(world.disk.files().len(), files + 1);
    while let Step::Wrote { .. } = journal.step().unwrap() {}
    while journal.tend() {}
    assert_eq!(world.disk.files().len(), files);
    // What a crash leaves of it is swept.
    let slot = journal.reserve(Class::Change, 100_000).unwrap();
    let left = world.disk.snapshot();
    assert!(left.files().iter().any(|(name, _)| name.ends_with(".spare")));
    let again = world.with_disk(left);
    drop(again.open().unwrap());
    assert!(!again.disk.files().iter().any(|(name, _)| name.ends_with(".spare")));
    slot.fill(payload(0, 100_000, &mut Dice::new(1)));
}

#[test]
fn entries_almost_as_large_as_a_segment_use_what_is_there() {
    let (journal, _) = World::new(options()).open().unwrap();
    let mut written = 0;
    while write(&journal, Class::Change, &payload(written, 27_000, &mut Dice::new(1))).is_ok() {
        written += 1;
        while journal.tend() {}
    }
    assert!(written >= 5, "{written} of the 7 that 8 segments and a reserve could take");
    assert!(matches!(journal.reserve(Class::Change, 27_000), Err(JournalError::Full)));
    assert!(write(&journal, Class::Access, b"x").is_ok());
}

#[test]
fn room_is_found_again_although_enough_segments_stand_ready() {
    let full = fill(JournalOptions { segments_max: 64, ..options() }, Some(5 * (32 << 10)));
    // Twice, because the short segment of the start is given back, not used again.
    for _ in 0..2 {
        full.journal.release(full.journal.durable());
        while full.journal.tend() {}
        full.world.clock.advance(1_000_001);
        while write(&full.journal, Class::Change, &[1; 2500]).is_ok() {
            full.journal.tend();
        }
    }
    full.journal.release(full.journal.durable());
    while full.journal.tend() {}
    assert!(full.journal.stats().ready_segments >= 2);
    assert!(matches!(full.journal.reserve(Class::Change, 100_000), Err(JournalError::Full)));
    full.world.disk.set_quota(None);
    full.world.clock.advance(1_000_001);
    while full.journal.tend() {}
    write(&full.journal, Class::Change, &payload(0, 100_000, &mut Dice::new(1))).unwrap();
}

/// Reserves entries of random sizes until they are refused; what was admitted must find its room.
fn what_is_admitted_fits(quota: bool, seed: u64) {
    let mut dice = Dice::new(seed);
    let world =
        World::new(JournalOptions { reserve_segments: 1 + u32::from(seed.is_multiple_of(2)), ..options() });
    let (journal, _) = world.open().unwrap();
    while journal.tend() {}
    if quota {
        world.disk.set_quota(Some(world.disk.used_bytes()));
        // Into the first prepared segment, so that the background finds out that the disk is full.
        for n in 0..6 {
            write(&journal, Class::Change, &payload(n, 2500, &mut dice)).unwrap();
        }
        journal.tend();
        assert_eq!(journal.stats().background_errors, 1);
    }
    let longest = [3_000, 9_000, 28_000][usize::try_from(seed % 3).unwrap()];
    let mut refused = 0;
    while refused < 20 {
        let len = usize::try_from(dice.below(longest)).unwrap();
        let class = if dice.chance(50) { Class::Change } else { Class::State };
        match journal.reserve(class, len as u64) {
            // Filled and written one by one at times, as a group at others.
            Ok(slot) => {
                slot.fill(vec![1; len].into());
                if dice.chance(30) {
                    assert_ne!(journal.step().unwrap(), Step::Blocked, "seed {seed}");
                }
            }
            Err(JournalError::Full) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    while let Step::Wrote { .. } = journal.step().unwrap() {}
    assert_eq!(journal.step().unwrap(), Step::Idle, "seed {seed}: admitted, and blocked");
}

#[test]
fn what_is_admitted_against_prepared_room_always_fits() {
    for seed in 0..300 {
        what_is_admitted_fits(false, seed);
        what_is_admitted_fits(true, seed);
    }
}
