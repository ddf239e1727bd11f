//! Real threads: many writers, one journal thread, one in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use vpr_journal::{Class, Journal, JournalError, JournalOptions, Ticket};

use crate::world::{World, options};

const WRITERS: u64 = 64;
const WRITES: u64 = 40;

/// Runs `writers` beside the journal's own threads, then closes.
fn with_threads(journal: &Journal, writers: impl FnOnce()) {
    thread::scope(|scope| {
        let stepping = scope.spawn(|| journal.run());
        let tending = scope.spawn(|| journal.run_background());
        writers();
        journal.close().unwrap();
        stepping.join().unwrap().unwrap();
        tending.join().unwrap();
    });
}

#[test]
fn sixty_four_writers_lose_nothing_and_keep_one_order() {
    let options = JournalOptions { segment_bytes: 256 << 10, segments_max: 64, ..options() };
    let world = World::new(options);
    world.disk.stop_recording();
    let (journal, _) = world.open().unwrap();
    // The owner's own sequence, taken together with the reservation.
    let sequence = Mutex::new(0u64);
    let told = Arc::new(AtomicU64::new(0));
    with_threads(&journal, || {
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (journal, sequence, told) = (&journal, &sequence, &told);
                scope.spawn(move || {
                    for n in 0..WRITES {
                        let (slot, seq) = {
                            let mut sequence = sequence.lock();
                            *sequence += 1;
                            (journal.reserve(Class::Change, 600).unwrap(), *sequence)
                        };
                        let ticket = slot.ticket();
                        let mut payload = vec![0; 600];
                        for (at, value) in [seq, writer, n].into_iter().enumerate() {
                            payload[at * 8..][..8].copy_from_slice(&value.to_le_bytes());
                        }
                        slot.fill(payload.clone().into());
                        if n % 2 == 0 {
                            journal.wait(ticket).unwrap();
                            assert!(journal.durable() >= ticket);
                            let address = journal.address(ticket).unwrap();
                            assert_eq!(&journal.read(address).unwrap()[..], &payload[..]);
                        } else {
                            let told = Arc::clone(told);
                            journal.when_durable(
                                ticket,
                                Box::new(move |outcome| {
                                    outcome.unwrap();
                                    told.fetch_add(1, Ordering::Relaxed);
                                }),
                            );
                        }
                    }
                });
            }
        });
    });
    assert_eq!(told.load(Ordering::Relaxed), WRITERS * WRITES / 2);
    let (_, replayed) = world.with_disk(world.disk.power_cut(1)).open().unwrap();
    assert_eq!(replayed.len() as u64, WRITERS * WRITES);
    let field = |payload: &[u8], at: usize| u64::from_le_bytes(payload[at * 8..][..8].try_into().unwrap());
    let mut next = vec![0; usize::try_from(WRITERS).unwrap()];
    for (index, payload) in replayed.iter().enumerate() {
        assert_eq!(field(payload, 0), index as u64 + 1, "the journal's order is the owner's");
        let writer = usize::try_from(field(payload, 1)).unwrap();
        assert_eq!(field(payload, 2), next[writer], "each writer's order is kept");
        next[writer] += 1;
    }
}

#[test]
fn the_background_keeps_up_with_release() {
    let world = World::new(JournalOptions { segment_bytes: 64 << 10, segments_max: 16, ..options() });
    world.disk.stop_recording();
    let (journal, _) = world.open().unwrap();
    with_threads(&journal, || {
        for _ in 0..2_000u32 {
            let slot = loop {
                match journal.reserve(Class::Change, 3_000) {
                    Ok(slot) => break slot,
                    Err(JournalError::Full) => thread::sleep(Duration::from_millis(1)),
                    Err(error) => panic!("{error}"),
                }
            };
            let ticket = slot.ticket();
            slot.fill(vec![1; 3_000].into());
            journal.wait(ticket).unwrap();
            journal.release(Ticket(ticket.0.saturating_sub(10)));
        }
    });
    assert_eq!(journal.durable(), Ticket(2_000));
    assert!(world.disk.used_bytes() <= 17 * (64 << 10));
}

#[test]
fn a_failing_disk_wakes_everybody() {
    let world = World::new(options());
    let (journal, _) = world.open().unwrap();
    thread::scope(|scope| {
        let stepping = scope.spawn(|| journal.run());
        let tending = scope.spawn(|| journal.run_background());
        let waiting: Vec<_> = (0..8)
            .map(|n| {
                let journal = &journal;
                scope.spawn(move || {
                    loop {
                        match journal.reserve(Class::Access, 100) {
                            Ok(slot) => {
                                let ticket = slot.ticket();
                                slot.fill(vec![n; 100].into());
                                if let Err(error) = journal.wait(ticket) {
                                    return error;
                                }
                            }
                            Err(error) => return error,
                        }
                        journal.release(journal.durable());
                    }
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(20));
        world.disk.fail_operation(
            world.disk.operations() + 100,
            vpr_testkit::Fault::Eio,
            vpr_testkit::Repeat::Sticky,
        );
        for waiting in waiting {
            assert!(matches!(waiting.join().unwrap(), JournalError::Failed(_)));
        }
        assert!(matches!(stepping.join().unwrap(), Err(JournalError::Failed(_))));
        tending.join().unwrap();
    });
}
