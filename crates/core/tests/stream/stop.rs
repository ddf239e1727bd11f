//! A stop ends, whatever the disk does, and loses nothing that was acknowledged.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use vpr_core::{Engine, EngineError};
use vpr_store::{JournalOptions, StoreOptions, World};
use vpr_testkit::{SeedEntropy, SimClock, SimDisk};
use vpr_types::{DirectoryEntry, Disk, DiskFile, OpenMode};

use crate::world::{Bench, FOR_EVER, change, put, tenant, with_threads};

/// Runs `work` and fails when it does not end.
fn ends<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, heard) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    heard.recv_timeout(FOR_EVER).unwrap_or_else(|_| panic!("it does not end"))
}

#[test]
fn on_a_full_disk_it_ends_and_what_was_acknowledged_is_there() {
    for spare in [0, 30_000, 300_000] {
        let journal =
            JournalOptions { segment_bytes: 64 << 10, segments_max: 8, ..JournalOptions::default() };
        let options = StoreOptions { journal, ..StoreOptions::default() };
        let bench = Bench::with(options.clone());
        let disk = bench.disk.clone();
        disk.set_quota(Some(disk.used_bytes() + spare));
        let engine = bench.engine.clone();
        let acknowledged = ends(move || {
            let (mut acknowledged, mut refused) = (0, 0);
            let (journal, background) = (engine.clone(), engine.clone());
            let threads = [
                std::thread::spawn(move || journal.run_journal()),
                std::thread::spawn(move || background.run_background()),
            ];
            // Until it is full; the last ones are still queued when it stops.
            let mut queued = Vec::new();
            while refused < 10 {
                match engine.commit(change(vec![put(&format!("Obs/{acknowledged}"), "1", "text")])) {
                    Ok(committed) if acknowledged % 7 == 0 => {
                        engine.wait(committed.barrier).unwrap();
                        acknowledged += 1;
                    }
                    Ok(committed) => {
                        queued.push(committed.barrier);
                        acknowledged += 1;
                    }
                    Err(EngineError::Full) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            engine.close().unwrap();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert!(
                queued.iter().all(|barrier| engine.is_durable(*barrier)),
                "what is admitted has its room"
            );
            acknowledged
        });
        let disk = disk.snapshot();
        disk.set_quota(None);
        let bench = Bench::on(disk, options, false);
        assert_eq!(bench.stream(1000).len(), acknowledged + 1, "spare {spare}");
    }
}

/// Every sync takes a second.
#[derive(Clone)]
struct SlowDisk {
    disk: SimDisk,
    clock: SimClock,
}

struct SlowFile {
    file: Arc<dyn DiskFile>,
    clock: SimClock,
}

impl Disk for SlowDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(SlowFile { file: self.disk.open(path, mode)?, clock: self.clock.clone() }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }
    fn create_directories(&self, path: &Path) -> io::Result<()> {
        self.disk.create_directories(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<DirectoryEntry>> {
        self.disk.list(path)
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.clock.advance(1_000_000);
        self.disk.sync_directory(path)
    }
    fn sync_filesystem(&self) -> io::Result<()> {
        self.clock.advance(1_000_000);
        self.disk.sync_filesystem()
    }
    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        self.disk.length(path)
    }
}

impl DiskFile for SlowFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(bytes, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.clock.advance(1_000_000);
        self.file.sync_data()
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }
}

#[test]
fn on_a_slow_disk_it_does_not_take_as_long_as_git_would_like() {
    const RECORDS: usize = 2_000;
    let (disk, clock) = (SimDisk::new(), SimClock::default());
    disk.stop_recording();
    let options = StoreOptions { close_micros: 5_000_000, ..StoreOptions::default() };
    let open = || {
        let world = World {
            disk: Arc::new(SlowDisk { disk: disk.clone(), clock: clock.clone() }),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeedEntropy::new(disk.operations())),
        };
        Engine::open(world, options.clone()).unwrap().0
    };
    let engine = open();
    engine.create_tenant(&tenant()).unwrap();
    for record in 0..RECORDS {
        engine.commit(change(vec![put(&format!("Obs/{record}"), &format!("{record}"), "text")])).unwrap();
    }
    while engine.step_journal().unwrap() {}
    let before = clock_now(&clock);
    engine.close().unwrap();
    let took = clock_now(&clock) - before;
    let left = engine.health().unmaterialized;
    assert!(left > 0 && left < RECORDS, "{left} of {RECORDS}");
    // Five seconds, the batch that was begun before they were over, and what ends every checkpoint.
    assert!(took < 30_000_000, "{took}");
    drop(engine);
    let engine = open();
    assert_eq!(engine.last_durable(&tenant()).0, RECORDS as u64 + 1);
    assert!(engine.health().unmaterialized >= left);
    engine.materialize().unwrap();
    let report = engine.verify(&mut |_| {}).unwrap();
    assert_eq!((report.damage, report.changes), (Vec::<String>::new(), RECORDS as u64 + 1));
}

fn clock_now(clock: &SimClock) -> i64 {
    vpr_types::Clock::now(clock).0
}

/// Writers that are at work when it stops are told, and the threads end.
#[test]
fn who_is_at_work_is_told() {
    let bench = Bench::new();
    let engine = bench.engine.clone();
    ends(move || {
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|writer| {
                    let engine = engine.clone();
                    scope.spawn(move || {
                        for round in 0.. {
                            let write = put(&format!("Obs/{writer}-{round}"), "1", "text");
                            let done = engine.commit(change(vec![write]));
                            match done.and_then(|committed| engine.wait(committed.barrier)) {
                                Ok(()) => {}
                                Err(EngineError::Failed(why)) if why.contains("closed") => return round,
                                Err(error) => panic!("{error}"),
                            }
                        }
                        0
                    })
                })
                .collect();
            with_threads(&engine, || std::thread::sleep(std::time::Duration::from_millis(50)));
            let rounds: Vec<u64> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
            assert!(rounds.iter().sum::<u64>() > 0);
        });
    });
}
