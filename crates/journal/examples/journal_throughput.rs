//! Durable entries a second at 1, 8, 64 and 256 writers, beside what the disk itself does.
//!
//! `cargo run --release -p vpr-journal --example journal_throughput -- DIRECTORY [SECONDS]`
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "an example")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use vpr_journal::{Class, Journal, JournalError, JournalOptions, Ticket};
use vpr_types::{DirectoryEntry, Disk, DiskFile, EntryKind, OpenMode, SystemClock, SystemEntropy};

const PAYLOAD_BYTES: usize = 2_500;

struct Folder(PathBuf);

struct Opened(File);

impl Disk for Folder {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(mode != OpenMode::Read);
        options.create_new(mode == OpenMode::CreateNew).create(mode == OpenMode::Create);
        Ok(Arc::new(Opened(options.open(self.0.join(path))?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(self.0.join(from), self.0.join(to))
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(self.0.join(path))
    }
    fn create_directories(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(self.0.join(path))
    }
    fn list(&self, path: &Path) -> io::Result<Vec<DirectoryEntry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.0.join(path))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            entries.push(DirectoryEntry { name, kind: EntryKind::File });
        }
        Ok(entries)
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(self.0.join(path))?.sync_all()
    }
    fn sync_filesystem(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        Ok(std::fs::metadata(self.0.join(path)).ok().map(|metadata| metadata.len()))
    }
}

impl DiskFile for Opened {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }
}

/// The median and 99th percentile, in milliseconds.
fn percentiles(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    (at(50), at(99))
}

/// One overwrite of 4 KiB in a prepared file and its sync, again and again.
fn raw_sync(folder: &Path, time: Duration) -> (f64, f64) {
    let path = folder.join("raw");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).unwrap();
    let zeros = vec![0; 16 << 20];
    file.write_all_at(&zeros, 0).unwrap();
    file.sync_all().unwrap();
    let (started, mut times) = (Instant::now(), Vec::new());
    while started.elapsed() < time {
        let before = Instant::now();
        file.write_all_at(&[1; 4096], times.len() as u64 % 4096 * 4096).unwrap();
        file.sync_data().unwrap();
        times.push(before.elapsed());
    }
    std::fs::remove_file(path).unwrap();
    percentiles(times)
}

/// One writer: an entry, its wait, the next entry.
fn write_until(stop: &AtomicBool, journal: &Journal, seed: u16) -> Vec<Duration> {
    let payload: Arc<[u8]> = vec![seed.to_le_bytes()[0]; PAYLOAD_BYTES].into();
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let before = Instant::now();
        match journal.reserve(Class::Change, PAYLOAD_BYTES as u64) {
            Ok(slot) => {
                let ticket = slot.ticket();
                slot.fill(Arc::clone(&payload));
                journal.wait(ticket).unwrap();
                times.push(before.elapsed());
            }
            Err(JournalError::Full) => thread::sleep(Duration::from_millis(1)),
            Err(error) => panic!("{error}"),
        }
    }
    times
}

fn measure(journal: &Journal, writers: u16, time: Duration) -> Vec<Duration> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writing: Vec<_> = (0..writers)
            .map(|seed| {
                scope.spawn({
                    let stop = &stop;
                    move || write_until(stop, journal, seed)
                })
            })
            .collect();
        let started = Instant::now();
        while started.elapsed() < time {
            thread::sleep(Duration::from_millis(20));
            // The owner keeps some 20,000 entries behind.
            journal.release(Ticket(journal.durable().0.saturating_sub(20_000)));
        }
        stop.store(true, Ordering::Relaxed);
        writing.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    })
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "target/journal-throughput".to_owned()));
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(5);
    let time = Duration::from_secs(seconds);
    std::fs::create_dir_all(&folder).unwrap();
    let disk = Arc::new(Folder(folder.clone()));
    let open = || {
        let mut entries = 0u64;
        let started = Instant::now();
        let journal = Journal::open(
            disk.clone(),
            Arc::new(SystemClock),
            Arc::new(SystemEntropy),
            Path::new("journal"),
            JournalOptions::default(),
            &mut |_| {
                entries += 1;
                Ok(())
            },
        )
        .unwrap();
        println!("start: {entries} entries replayed in {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
        journal
    };
    let journal = open();
    println!(
        "{:>7} {:>11} {:>8} {:>8} {:>14} {:>20}",
        "writers", "entries/s", "p50 ms", "p99 ms", "entries/group", "raw fdatasync p50/p99"
    );
    thread::scope(|scope| {
        scope.spawn(|| journal.run());
        scope.spawn(|| journal.run_background());
        thread::sleep(Duration::from_secs(2));
        for writers in [1, 8, 64, 256] {
            let raw = raw_sync(&folder, Duration::from_secs(1));
            let before = journal.stats();
            let started = Instant::now();
            let times = measure(&journal, writers, time);
            let rate = times.len() as f64 / started.elapsed().as_secs_f64();
            let after = journal.stats();
            let (entries, groups) = (after.entries - before.entries, after.groups - before.groups);
            let (p50, p99) = percentiles(times);
            println!(
                "{writers:>7} {rate:>11.0} {p50:>8.2} {p99:>8.2} {:>14.1} {:>12.2} / {:.2} ms",
                entries as f64 / groups as f64,
                raw.0,
                raw.1
            );
        }
        journal.close().unwrap();
    });
    println!("{:?}", journal.stats());
    drop(open());
}
