//! Nothing is missing from the stream, nothing comes twice, nothing comes too early.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vpr_core::{Access, CommittedChange};
use vpr_store::StoreOptions;
use vpr_store::format::AccessAction;
use vpr_testkit::Dice;
use vpr_types::{Seq, limits};

use crate::world::{
    Bell, Bench, Projector, commit_patiently, delete, indexes, put, tenant, told, with_threads,
};

fn all(changes: &[Arc<CommittedChange>]) -> Vec<(u64, Vec<String>)> {
    changes.iter().map(|change| told(change)).collect()
}

#[test]
fn only_what_is_durable_is_in_it_with_what_came_along() {
    let bench = Bench::new();
    assert_eq!(all(&bench.stream(9)), [(1, vec!["_tenant/tenant 1 create".into()])]);
    bench.commit(vec![put("Obs/1", "1", "one"), put("Org/1", "", "org")]);
    bench.commit(vec![delete("Obs/1")]);
    assert_eq!(bench.engine.last_accepted(&tenant()), Seq(3));
    assert_eq!(bench.engine.last_durable(&tenant()), Seq(1));
    assert!(bench.engine.changes(&tenant(), Seq(1), 9).unwrap().is_empty());
    bench.settle();
    assert_eq!(bench.engine.last_durable(&tenant()), Seq(3));
    let changes = bench.engine.changes(&tenant(), Seq(1), 9).unwrap();
    let expected = [
        (2, vec!["Obs/1 1 create".to_owned(), "Org/1 1 create".to_owned()]),
        (3, vec!["Obs/1 2 delete".to_owned()]),
    ];
    assert_eq!(all(&changes), expected);
    assert_eq!(indexes(&changes[0]), [Some("one"), Some("org")]);
    assert_eq!(indexes(&changes[1]), [None]);
    let content = bench.engine.content(&tenant(), &changes[0].documents[0].row).unwrap();
    assert_eq!(&*content, b"one");
    assert_eq!(all(&bench.engine.changes(&tenant(), Seq(1), 1).unwrap()), expected[..1]);
    assert!(bench.engine.changes(&tenant(), Seq(3), 9).unwrap().is_empty());
    assert!(bench.engine.changes(&tenant(), Seq(99), 9).unwrap().is_empty());
}

#[test]
fn a_document_that_moves_is_one_update() {
    let mut bench = Bench::new();
    bench.commit(vec![put("Obs/1", "1", "one")]);
    bench.commit(vec![put("Obs/2", "1", "two"), put("Obs/1", "2", "moved")]);
    bench.settle();
    let expected = (3, vec!["Obs/2 1 create".to_owned(), "Obs/1 2 update".to_owned()]);
    let from_memory = bench.stream(9);
    assert_eq!(told(&from_memory[2]), expected);
    assert_eq!(indexes(&from_memory[2]), [Some("two"), Some("moved")]);
    bench.restart(true);
    let from_feed = bench.stream(9);
    assert_eq!(told(&from_feed[2]), expected);
    assert_eq!(indexes(&from_feed[2]), [None, None]);
    assert_eq!(from_feed[2].documents[1].row, from_memory[2].documents[1].row);
    assert_eq!(&*bench.engine.content(&tenant(), &from_feed[2].documents[1].row).unwrap(), b"moved");
}

/// Changes in the journal alone, in feed and journal, in the feed alone; the same stream each time.
#[test]
fn after_a_restart_it_is_the_same_again() {
    for (checkpointed, in_good_order) in [(0, false), (4, false), (9, false), (5, true)] {
        let mut bench = Bench::new();
        for round in 0..9 {
            bench.commit(vec![put(&format!("Obs/{}", round % 4), "1", &format!("text {round}"))]);
            bench.settle();
            if round + 1 == checkpointed {
                bench.engine.materialize().unwrap();
            }
        }
        let before = all(&bench.stream(100));
        assert_eq!(before.len(), 10);
        bench.restart(in_good_order);
        for limit in [1, 3, 100] {
            assert_eq!(all(&bench.stream(limit)), before, "{checkpointed} in the feed");
        }
        // What comes from now on is in memory again, behind what is not.
        bench.commit(vec![put("Obs/9", "1", "nine")]);
        bench.settle();
        let after = bench.stream(100);
        assert_eq!(after.len(), 11);
        assert_eq!(indexes(&after[10]), [Some("nine")]);
        assert_eq!(all(&after)[..10], before);
    }
}

/// The window lets go of what it has no room for, and the feed has it still.
#[test]
fn what_memory_has_no_room_for_comes_from_the_store() {
    let bench = Bench::new();
    let text = "x".repeat(4 << 20);
    let count = limits::WINDOW_BYTES_MAX / text.len() + 4;
    for round in 0..count {
        bench.commit(vec![put(&format!("Obs/{round}"), "1", &format!("{round} {text}"))]);
        bench.settle();
        if round == count / 2 {
            bench.engine.materialize().unwrap();
        }
    }
    let changes = bench.stream(3);
    assert_eq!(changes.len(), count + 1);
    let in_memory = changes.iter().filter(|change| indexes(change)[0].is_some()).count();
    assert!(in_memory > 3 && in_memory < count, "{in_memory} of {count}");
    let last = changes.iter().rev().take(in_memory).all(|change| indexes(change)[0].is_some());
    assert!(last, "the last ones are in memory");
}

#[test]
fn it_rings_once_for_all_that_became_durable_together_and_not_for_other_entries() {
    let bench = Bench::new();
    let bell = Bell::on(&bench.engine);
    for round in 0..20 {
        bench.commit(vec![put(&format!("Obs/{round}"), "1", "one")]);
    }
    bench.settle();
    assert_eq!(bell.rung(), 1);
    let access = Access {
        tenant: tenant(),
        principal: "dr-ada".into(),
        purpose: None,
        request: "r-2".into(),
        action: AccessAction::Read,
        interaction: "read".into(),
        documents: Vec::new(),
        collection: None,
        status: 200,
    };
    bench.engine.access(access).unwrap();
    bench.settle();
    assert_eq!(bell.rung(), 1);
    bench.commit(vec![put("Obs/21", "1", "one")]);
    bench.settle();
    assert_eq!(bell.rung(), 2);
}

/// Writers, checkpoints and a consumer at once: memory, tail and feed hand over to one another all
/// the time, and the stream is whole.
#[test]
fn under_writers_nothing_is_lost_and_nothing_comes_twice() {
    const WRITERS: u64 = 8;
    const ROUNDS: u64 = 60;
    let options = StoreOptions { quiet_micros: 0, ..StoreOptions::default() };
    let mut bench = Bench::with(options);
    let bell = Bell::on(&bench.engine);
    let (projector, slow) = (Projector::new(), Projector::new());
    let written = AtomicU64::new(0);
    let last = || (written.load(Ordering::SeqCst) == WRITERS).then(|| bench.engine.last_accepted(&tenant()));
    with_threads(&bench.engine, || {
        std::thread::scope(|scope| {
            // The second one begins again and again with what only the store has.
            scope.spawn(|| projector.run(&bench.engine, &bell, last));
            scope.spawn(|| {
                while last().is_none() {
                    let seen = bench.stream(11);
                    assert!(seen.iter().zip(1..).all(|(change, seq)| change.seq.0 == seq));
                }
            });
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (bench, written) = (&bench, &written);
                    scope.spawn(move || {
                        let mut dice = Dice::new(writer);
                        for round in 0..ROUNDS {
                            let name = format!("Obs/{}", dice.below(20));
                            let write = match dice.below(5) {
                                0 => delete(&name),
                                n => put(&name, ["1", "2"][n as usize % 2], &format!("{writer} {round}")),
                            };
                            let committed = commit_patiently(&bench.engine, vec![write]);
                            if dice.below(3) == 0 {
                                bench.engine.wait(committed.barrier).unwrap();
                            }
                        }
                        written.fetch_add(1, Ordering::SeqCst);
                    })
                })
                .collect();
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            // For who took the last change before it could know that it was the last.
            bell.ring();
        });
        while slow.step(&bench.engine) > 0 {}
    });
    let live = projector.applied.into_inner().unwrap();
    let later = slow.applied.into_inner().unwrap();
    assert!(live.0.0 > WRITERS * ROUNDS / 2);
    assert_eq!(live, later);
    bench.restart(false);
    let again = Projector::new();
    while again.step(&bench.engine) > 0 {}
    assert_eq!(again.applied.into_inner().unwrap(), live);
}
