//! One example of every stored format, in `tests/golden/` of the workspace. What stands there must
//! be read by every later version; what this version writes must be exactly it.
//!
//! `VPR_GOLDEN=write cargo test -p vpr-store golden` writes the files anew. A changed file in a
//! diff means that data written before can no longer be read the same way: give the format its
//! next version and a file of its own instead (docs/decisions/0003-stored-formats.md).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;
use vpr_testkit::SimDisk;
use vpr_types::{Digest, Disk, DocumentName, Instant, OpenMode, Part, RecordId, Seq, Version};

use crate::directory::keys;
use crate::feed::Feed;
use crate::format::{ChangeSummary, Entry, decode, encode, sample};
use crate::layout::{DocumentForm, document_path, parse_document_path};
use crate::logs::{AccessLog, StateLog};
use crate::record_file::{Record, RecordLog};
use crate::trailers;

fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

/// The golden file, after a look that it is what this version writes.
fn golden(name: &str, written: &[u8]) -> Vec<u8> {
    let path = path_of(name);
    if std::env::var_os("VPR_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(&path, written).unwrap();
    }
    let stored = std::fs::read(&path).unwrap_or_else(|error| panic!("tests/golden/{name}: {error}"));
    assert!(stored == written, "tests/golden/{name} is not what this version writes: see src/golden.rs");
    stored
}

#[test]
fn journal_entries() {
    for (name, entry) in [
        ("entry-change-1.bin", Entry::Change(Box::new(sample::change_entry()))),
        ("entry-access-1.bin", Entry::Access(sample::access(7))),
        ("entry-state-1.bin", Entry::State(sample::state(8))),
    ] {
        let stored = golden(name, &encode(&entry).unwrap());
        assert_eq!(decode(&stored).unwrap(), entry, "{name}");
    }
}

/// Three changes, the last with everything that a change can have.
fn changes() -> [ChangeSummary; 3] {
    let last = ChangeSummary { seq: Seq(3), ..sample::change_of_three() };
    [sample::smallest_change(1), sample::smallest_change(2), last]
}

/// The one segment of a log with these records, each synced before the next.
fn written_log<R: Record>(records: &[R]) -> Vec<u8> {
    let disk = SimDisk::new();
    let log = RecordLog::<R>::open(Arc::new(disk.clone()), records[0].tenant()).unwrap();
    for record in records {
        log.append(record).unwrap();
        log.sync().unwrap();
    }
    let [(_, bytes)] = <[_; 1]>::try_from(disk.files()).unwrap();
    bytes
}

/// A disk on which these bytes are the tenant's log.
fn disk_with_log<R: Record>(bytes: &[u8], first: &R) -> Arc<SimDisk> {
    let disk = SimDisk::new();
    let folder = Path::new(first.tenant().as_str()).join(R::KIND.name);
    disk.create_directories(&folder).unwrap();
    let file = folder.join(format!("00000000000000000001.{}", R::KIND.name));
    disk.open(&file, OpenMode::CreateNew).unwrap().write_all_at(bytes, 0).unwrap();
    Arc::new(disk)
}

#[test]
fn feed() {
    let changes = changes();
    let stored = golden("feed-1.bin", &written_log(&changes));
    let feed = Feed::open(disk_with_log(&stored, &changes[0]), &changes[0].tenant).unwrap();
    let read: Vec<_> = feed.read_from(Seq(1)).unwrap().map(Result::unwrap).collect();
    assert_eq!(read, changes);
    assert_eq!(feed.torn_tail(), None);
}

#[test]
fn access_and_state_log() {
    let accesses = [sample::access(1), sample::access(2)];
    let stored = golden("access-log-1.bin", &written_log(&accesses));
    let log = AccessLog::open(disk_with_log(&stored, &accesses[0]), &accesses[0].tenant).unwrap();
    assert_eq!(log.read_from(1).unwrap().map(Result::unwrap).collect::<Vec<_>>(), accesses);

    let states = [sample::state(1), sample::state(2)];
    let stored = golden("state-log-1.bin", &written_log(&states));
    let log = StateLog::open(disk_with_log(&stored, &states[0]), &states[0].tenant).unwrap();
    assert_eq!(log.read_from(1).unwrap().map(Result::unwrap).collect::<Vec<_>>(), states);
}

#[test]
fn commit_message() {
    let change = sample::change_of_three();
    let written = trailers::message(&change, 0);
    let stored = golden("commit-message-1.txt", written.as_bytes());
    let share = trailers::parse(std::str::from_utf8(&stored).unwrap()).unwrap();
    assert_eq!(share, trailers::Share::of(&change, 0));
}

fn names() -> Vec<DocumentName> {
    let pairs = [
        ("Patient", "p1"),
        ("Patient", "P1"),
        ("Observation", "4f.A-b"),
        ("Observation", "-"),
        ("_tenant", "st-olav"),
        ("A", "0123456789012345678901234567890123456789012345678901234567890123"),
    ];
    pairs.iter().map(|(collection, id)| DocumentName::new(collection, id).unwrap()).collect()
}

#[test]
fn tree_layout() {
    let line = |name: &DocumentName| format!("{name} {}\n", document_path(name, DocumentForm::Json));
    let written: String = names().iter().map(line).collect();
    let stored = golden("tree-layout-1.txt", written.as_bytes());
    let paths = std::str::from_utf8(&stored).unwrap().lines().map(|line| line.split(' ').nth(1).unwrap());
    let read: Vec<_> = paths.map(|path| parse_document_path(path).unwrap().0).collect();
    assert_eq!(read, names());
}

#[test]
fn directory_keys() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut written = String::new();
    for name in names() {
        let key = keys::document(&name);
        assert_eq!(keys::parse_document(&key), Some(name.clone()));
        written += &format!("document {name} {}\n", hex(&key));
        written += &format!("version {name} 258 {}\n", hex(&keys::version(&key, Version(258))));
    }
    let record = RecordId(Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0));
    for part in Part::ALL {
        let key = keys::repository(part, record);
        assert_eq!(keys::parse_repository(&key), Some((part, record)));
        written += &format!("repository {part} {record} {}\n", hex(&key));
    }
    for time in [i64::MIN, -1, 0, 1_795_369_200_123_456] {
        let key = keys::idempotency_time(Instant(time), &Digest([7; 32]));
        written += &format!("idempotency-time {time} {}\n", hex(&key));
    }
    golden("directory-keys-1.txt", written.as_bytes());
}
