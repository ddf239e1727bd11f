//! B1: real threads on a real disk. 64 writers name the version that they saw; one wins.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};

use vpr_core::{Engine, EngineError};
use vpr_store::disk::RealDisk;
use vpr_store::{JournalOptions, StoreOptions, World};
use vpr_types::{SystemClock, SystemEntropy, Version};

use crate::figure;
use crate::model::{Condition, Deed, Place, Plan, Write};
use crate::plan;

const WRITERS: u32 = 64;

fn write(document: &str, condition: Condition, place: Place, text: &str) -> Plan {
    let deed = Deed::Put { place, content: text.as_bytes().into(), even_if_equal: false };
    let writes = vec![Write { document: document.into(), condition, deed }];
    Plan { tenant: "a".into(), author: "dr-ada".into(), writes, repeat: None }
}

fn patient() -> Place {
    Place::Record("Patient/1".into(), "clinical")
}

/// Runs `work` with an engine on a real disk and its two threads.
fn with_engine(work: impl FnOnce(&Engine)) {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let disk = Arc::new(RealDisk::open(folder.path()).unwrap());
        let world = World { disk, clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
        let journal = JournalOptions { segment_bytes: 1 << 20, ..JournalOptions::default() };
        Engine::open(world, StoreOptions { journal, ..StoreOptions::default() }).unwrap().0
    };
    let engine = open();
    std::thread::scope(|scope| {
        scope.spawn(|| engine.run_journal());
        scope.spawn(|| engine.run_background());
        engine.wait(engine.create_tenant(&plan::tenant("a")).unwrap()).unwrap();
        work(&engine);
        let report = engine.verify(&mut |_| {}).unwrap();
        engine.close().unwrap();
        assert_eq!(report.damage, Vec::<String>::new());
    });
}

/// Every writer tries once a round; what each round's winners wrote.
fn race(engine: &Engine, rounds: u32, attempt: impl Fn(u32, u32) -> Plan + Sync) -> Vec<Vec<u32>> {
    let gate = Barrier::new(WRITERS as usize);
    let winners: Vec<_> = (0..rounds).map(|_| std::sync::Mutex::new(Vec::new())).collect();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (gate, winners, attempt) = (&gate, &winners, &attempt);
            scope.spawn(move || {
                for round in 0..rounds {
                    let change = plan::change(&attempt(round, writer));
                    gate.wait();
                    match engine.commit(change) {
                        Ok(done) => {
                            engine.wait(done.barrier).unwrap();
                            winners[round as usize].lock().unwrap().push(writer);
                        }
                        Err(EngineError::Precondition { barrier, .. }) => engine.wait(barrier).unwrap(),
                        Err(error) => panic!("{error}"),
                    }
                    gate.wait();
                }
            });
        }
    });
    winners.into_iter().map(|winners| winners.into_inner().unwrap()).collect()
}

#[test]
fn of_64_writers_who_name_a_version_one_wins() {
    let rounds = u32::try_from(figure::size(200, 2_000)).unwrap();
    with_engine(|engine| {
        let text = |round: u32, writer: u32| format!("round {round}, writer {writer}\n");
        let attempt = |round: u32, writer: u32| {
            let condition = if round == 0 { Condition::Unused } else { Condition::VersionIs(round) };
            write("Observation/1", condition, patient(), &text(round, writer))
        };
        let winners = race(engine, rounds, attempt);
        let (tenant, document) = (plan::tenant("a"), plan::document("Observation/1"));
        let history = engine.history(&tenant, &document, None, 10_000).unwrap().unwrap();
        assert_eq!(history.versions.len(), rounds as usize);
        for (round, winners) in (0..rounds).zip(&winners) {
            assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
            let found = engine.version(&tenant, &document, Version(round + 1)).unwrap().unwrap();
            let content = engine.content(&tenant, &found.row).unwrap();
            assert_eq!(*content, *text(round, winners[0]).as_bytes(), "round {round}");
        }
        let line = format!("B1 If-Match race: {rounds} rounds of {WRITERS} writers, one success per version");
        figure::publish("B1", &line);
    });
}

#[test]
fn of_64_creators_of_one_id_one_wins() {
    with_engine(|engine| {
        let attempt = |round: u32, writer: u32| {
            let condition = if round.is_multiple_of(2) { Condition::Unused } else { Condition::Absent };
            write(&format!("Observation/{round}"), condition, patient(), &format!("{writer}\n"))
        };
        for (round, winners) in race(engine, 40, attempt).iter().enumerate() {
            assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        }
    });
}

#[test]
fn transactions_over_the_same_records_neither_block_nor_mix() {
    let rounds = 30;
    let counter = AtomicU64::new(0);
    let done = AtomicU32::new(0);
    with_engine(|engine| {
        std::thread::scope(|scope| {
            for writer in 0..16 {
                let (counter, done) = (&counter, &done);
                scope.spawn(move || {
                    for round in 0..rounds {
                        let text = format!("{}\n", counter.fetch_add(1, Ordering::Relaxed));
                        let records = [0, 1, 2].map(|n| (writer + round + n * 3) % 5);
                        let mut writes = Vec::new();
                        for record in records {
                            let place = Place::Record(format!("Patient/{record}"), "clinical");
                            writes.extend(
                                write(&format!("Pair/{record}"), Condition::Always, place.clone(), &text)
                                    .writes,
                            );
                            writes.extend(
                                write(&format!("Twin/{record}"), Condition::Always, place, &text).writes,
                            );
                        }
                        let plan = Plan { tenant: "a".into(), author: "dr-ada".into(), writes, repeat: None };
                        let committed = engine.commit(plan::change(&plan)).unwrap();
                        engine.wait(committed.barrier).unwrap();
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(done.load(Ordering::Relaxed), 16 * u32::try_from(rounds).unwrap());
        // Twins were always written together: version for version they have one text and one seq.
        for record in 0..5 {
            let versions = |collection: &str| {
                let (tenant, document) =
                    (plan::tenant("a"), plan::document(&format!("{collection}/{record}")));
                let page = engine.history(&tenant, &document, None, 10_000).unwrap().unwrap();
                page.versions.iter().map(|row| (row.seq, row.object)).collect::<Vec<_>>()
            };
            assert_eq!(versions("Pair"), versions("Twin"));
        }
    });
}
