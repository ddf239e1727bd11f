//! Who holds a gate exclusively sees all that was accepted and is alone with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use vpr_core::{CommittedChange, Engine, EngineError, Repeat, WriteResult};
use vpr_store::StoreOptions;
use vpr_testkit::Dice;
use vpr_types::{Digest, Seq, TenantName, limits};

use crate::world::{Bell, Bench, FOR_EVER, Projector, change, indexes, put, tenant, with_threads};

fn seqs(changes: Option<Vec<Arc<CommittedChange>>>) -> Option<Vec<u64>> {
    changes.map(|changes| changes.iter().map(|change| change.seq.0).collect())
}

/// A conditional create as a caller does it: search the projection, then decide under the gate by
/// what came since. Answers whether it created.
fn create_once(engine: &Engine, projector: &Projector, id: &str, key: &str) -> bool {
    loop {
        // Pinned before it is looked at: what comes after the pin stays in reach.
        let seen = projector.applied.lock().unwrap().0;
        let _pin = engine.pin(&tenant(), seen);
        let (at, found) = {
            let applied = projector.applied.lock().unwrap();
            (applied.0, applied.1.values().any(|text| text == key))
        };
        if found {
            return false;
        }
        let decided = engine
            .gated(&tenant(), &["Obs"], &[], |gate| {
                let since = gate.since(at)?;
                if since.iter().any(|change| indexes(change).contains(&Some(key))) {
                    return Some(None);
                }
                Some(Some(gate.commit(change(vec![put(&format!("Obs/{id}"), "1", key)])).unwrap()))
            })
            .unwrap();
        match decided {
            Some(Some(committed)) => {
                engine.wait(committed.barrier).unwrap();
                assert_eq!(committed.outcomes[0].result, WriteResult::Created);
                return true;
            }
            Some(None) => return false,
            // The window does not reach back so far; the projection has gone on meanwhile.
            None => std::thread::yield_now(),
        }
    }
}

#[test]
fn of_sixty_four_conditional_creates_one_creates() {
    const CALLERS: u64 = 64;
    const KEYS: u64 = 5;
    let options = StoreOptions { quiet_micros: 0, ..StoreOptions::default() };
    let bench = Bench::with(options);
    let bell = Bell::on(&bench.engine);
    let projector = Projector::new();
    let done = AtomicU64::new(0);
    let created: Vec<AtomicU64> = (0..KEYS).map(|_| AtomicU64::new(0)).collect();
    with_threads(&bench.engine, || {
        std::thread::scope(|scope| {
            let (engine, bell, projector, done, created) =
                (&bench.engine, &bell, &projector, &done, &created);
            let last = || (done.load(Ordering::SeqCst) == CALLERS).then(|| engine.last_accepted(&tenant()));
            scope.spawn(move || projector.run(engine, bell, last));
            // Others write meanwhile: to the same collection, without the criterion, and elsewhere.
            let plain: Vec<_> = ["Obs", "Enc"]
                .into_iter()
                .map(|collection| {
                    scope.spawn(move || {
                        let mut round = 0;
                        while done.load(Ordering::SeqCst) < CALLERS {
                            round += 1;
                            let write =
                                put(&format!("{collection}/plain-{}", round % 50), "2", &format!("{round}"));
                            let committed = engine.commit(change(vec![write])).unwrap();
                            engine.wait(committed.barrier).unwrap();
                        }
                    })
                })
                .collect();
            for caller in 0..CALLERS {
                scope.spawn(move || {
                    for key in 0..KEYS {
                        if create_once(engine, projector, &format!("{caller}-{key}"), &format!("key {key}")) {
                            created[key as usize].fetch_add(1, Ordering::SeqCst);
                        }
                    }
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
            plain.into_iter().for_each(|writer| writer.join().unwrap());
            let committed = engine.commit(change(vec![put("Enc/last", "1", "last")])).unwrap();
            engine.wait(committed.barrier).unwrap();
        });
    });
    let created: Vec<u64> = created.into_iter().map(AtomicU64::into_inner).collect();
    assert_eq!(created, [1; KEYS as usize]);
    let applied = projector.applied.into_inner().unwrap();
    for key in 0..KEYS {
        assert_eq!(applied.1.values().filter(|text| **text == format!("key {key}")).count(), 1);
    }
}

#[test]
fn it_sees_what_is_not_durable_and_writes_among_it() {
    let bench = Bench::new();
    bench.commit(vec![put("Obs/1", "1", "one")]);
    let second = bench
        .engine
        .gated(&tenant(), &["Obs"], &["Org"], |gate| {
            assert_eq!(seqs(gate.since(Seq(1))), Some(vec![2]));
            let committed =
                gate.commit(change(vec![put("Obs/2", "1", "two"), put("Org/1", "", "org")])).unwrap();
            assert_eq!(seqs(gate.since(Seq(1))), Some(vec![2, 3]));
            let refused =
                gate.commit(change(vec![put("Obs/3", "1", "x"), put("Enc/1", "1", "x")])).unwrap_err();
            assert!(matches!(&refused, EngineError::NotGated(name) if name == "Enc"), "{refused}");
            committed
        })
        .unwrap();
    assert!(!bench.engine.is_durable(second.barrier));
    assert_eq!(bench.engine.last_accepted(&tenant()), Seq(3), "nothing of what was refused was written");
    bench.settle();
    assert!(bench.engine.is_durable(second.barrier));
    assert!(bench.engine.is_durable(bench.engine.barrier(&tenant(), Seq(3))));
}

#[test]
fn a_gate_is_of_one_tenant() {
    let bench = Bench::new();
    let other = TenantName::new("b").unwrap();
    let refused = bench.engine.gated(&other, &["Obs"], &[], |_| ()).unwrap_err();
    assert!(matches!(refused, EngineError::NoTenant(_)));
    bench.engine.create_tenant(&other).unwrap();
    bench.settle();
    let refused = bench
        .engine
        .gated(&other, &["Obs"], &[], |gate| gate.commit(change(vec![put("Obs/1", "1", "one")])))
        .unwrap()
        .unwrap_err();
    assert!(matches!(refused, EngineError::NotGated(_)));
    // The same collection of another tenant is another gate.
    bench.engine.gated(&other, &["Obs"], &[], |_| bench.commit(vec![put("Obs/1", "1", "one")])).unwrap();
}

#[test]
fn one_collection_waits_for_its_own_gate_alone() {
    let bench = Bench::new();
    let engine = &bench.engine;
    std::thread::scope(|scope| {
        let (written, heard) = mpsc::channel();
        engine
            .gated(&tenant(), &["Obs"], &["Enc"], |_| {
                // Every other collection is free, and a shared one to those who share it.
                for n in 0..200 {
                    bench.commit(vec![put(&format!("C{n}/1"), "1", "one")]);
                }
                bench.commit(vec![put("Enc/1", "1", "one")]);
                scope.spawn(move || {
                    let committed =
                        engine.commit(change(vec![put("Enc/2", "1", "two"), put("Obs/1", "1", "one")]));
                    written.send(committed.unwrap().seq).unwrap();
                });
                assert!(
                    heard.recv_timeout(Duration::from_millis(200)).is_err(),
                    "it went past a closed gate"
                );
            })
            .unwrap();
        assert_eq!(heard.recv_timeout(FOR_EVER).unwrap(), Some(Seq(203)));
    });
}

#[test]
fn a_pin_keeps_the_window_back() {
    let bench = Bench::new();
    let count = 2 * limits::WINDOW_ENTRIES_RECENT as u64;
    let pin = bench.engine.pin(&tenant(), Seq(3));
    let _of_nobody = bench.engine.pin(&TenantName::new("b").unwrap(), Seq(3));
    for round in 0..count {
        bench.commit(vec![put(&format!("Obs/{round}"), "1", "one")]);
    }
    bench.settle();
    while Projector::new().step(&bench.engine) == 0 {}
    let reach =
        |seq| bench.engine.gated(&tenant(), &["Obs"], &[], |gate| seqs(gate.since(Seq(seq)))).unwrap();
    assert_eq!(bench.stream(1000).len() as u64, count + 1);
    assert_eq!(bench.engine.changes(&tenant(), Seq(count + 1), 1).unwrap().len(), 0);
    assert_eq!(reach(3), Some((4..=count + 1).collect()));
    drop(pin);
    assert_eq!(reach(3), None, "taken and not pinned");
    let recent = count + 1 - limits::WINDOW_ENTRIES_RECENT as u64;
    assert_eq!(reach(recent), Some((recent + 1..=count + 1).collect()));
}

/// Gates, keys, ids and records in all combinations: nobody waits for ever for anybody.
#[test]
fn nobody_waits_for_ever() {
    const CALLERS: u64 = 16;
    const ROUNDS: u64 = 150;
    let bench = Bench::new();
    let engine = bench.engine.clone();
    let (done, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let engine = &engine;
        with_threads(engine, || {
            std::thread::scope(|scope| {
                for caller in 0..CALLERS {
                    scope.spawn(move || {
                        let mut dice = Dice::new(caller);
                        for round in 0..ROUNDS {
                            step(engine, &mut dice, caller, round);
                        }
                    });
                }
            });
        });
        done.send(()).unwrap();
    });
    assert!(heard.recv_timeout(FOR_EVER).is_ok(), "somebody waits for ever, or died");
    let last = bench.engine.last_durable(&tenant());
    assert!(last.0 > CALLERS * ROUNDS / 4, "{last}");
    assert_eq!(bench.stream(1000).len() as u64, last.0);
}

fn step(engine: &Engine, dice: &mut Dice, caller: u64, round: u64) {
    const COLLECTIONS: [&str; 4] = ["Obs", "Enc", "Org", "Pat"];
    let mut names: Vec<String> = (0..=dice.below(3))
        .map(|_| format!("{}/{}", COLLECTIONS[dice.below(4) as usize], dice.below(4)))
        .collect();
    names.sort();
    names.dedup();
    if dice.below(2) == 0 {
        names.reverse();
    }
    let patient = ["1", "2", "3"][dice.below(3) as usize];
    let writes = names.iter().map(|name| put(name, patient, &format!("{caller} {round}"))).collect();
    let mut made = change(writes);
    if dice.below(3) == 0 {
        let key = Digest([dice.below(200) as u8; 32]);
        made.repeat = Some(Repeat { key, body: Digest([0; 32]), hint: Vec::new() });
    }
    let committed = if dice.below(2) == 0 {
        engine.commit(made)
    } else {
        let mut exclusive: Vec<&str> = Vec::new();
        let mut shared: Vec<&str> = Vec::new();
        for name in &names {
            let collection = name.split('/').next().unwrap();
            if dice.below(2) == 0 { exclusive.push(collection) } else { shared.push(collection) }
        }
        shared.push(COLLECTIONS[dice.below(4) as usize]);
        engine.gated(&tenant(), &exclusive, &shared, |gate| gate.commit(made)).unwrap()
    };
    if dice.below(8) == 0 {
        engine.wait(committed.unwrap().barrier).unwrap();
    }
}
