//! The bytes on disk, which every later version must read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vpr_journal::{Class, Journal};
use vpr_testkit::{SeedEntropy, SimClock, SimDisk};
use vpr_types::{Disk, OpenMode};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::world::{FOLDER, options};

const ENTRIES: [(Class, &[u8]); 3] =
    [(Class::Change, b"the first entry"), (Class::Access, b""), (Class::State, b"the third, alone")];

fn golden_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/journal-1.bin")
}

fn golden() -> Vec<u8> {
    std::fs::read(golden_path()).expect("tests/golden/journal-1.bin")
}

fn open(disk: &SimDisk, seen: &mut Vec<(Class, Vec<u8>)>) -> Journal {
    Journal::open(
        Arc::new(disk.clone()),
        Arc::new(SimClock::default()),
        Arc::new(SeedEntropy::new(2026)),
        Path::new(FOLDER),
        options(),
        &mut |entry| {
            seen.push((entry.class, entry.payload.to_vec()));
            Ok(())
        },
    )
    .unwrap()
}

#[test]
fn the_same_entries_give_the_same_bytes() {
    let disk = SimDisk::new();
    let journal = open(&disk, &mut Vec::new());
    for (class, payload) in &ENTRIES[..2] {
        journal.reserve(*class, payload.len() as u64).unwrap().fill((*payload).into());
    }
    journal.step().unwrap();
    journal.reserve(ENTRIES[2].0, 100).unwrap().fill(ENTRIES[2].1.into());
    journal.step().unwrap();
    let (path, bytes) = disk.files().remove(0);
    assert_eq!(path, "journal/0000000000000001.segment");
    if std::env::var_os("VPR_WRITE_GOLDEN").is_some() {
        std::fs::write(golden_path(), &bytes).unwrap();
    }
    assert!(bytes == golden(), "the format changed: give it a new version, keep reading the old one");
}

#[test]
fn the_golden_segment_replays() {
    let disk = SimDisk::new();
    disk.create_directories(Path::new(FOLDER)).unwrap();
    let file = disk.open(Path::new("journal/0000000000000001.segment"), OpenMode::CreateNew).unwrap();
    file.write_all_at(&golden(), 0).unwrap();
    let mut seen = Vec::new();
    let journal = open(&disk, &mut seen);
    assert_eq!(seen, ENTRIES.map(|(class, payload)| (class, payload.to_vec())));
    assert_eq!(journal.recovery().groups, 2);
    assert_eq!(journal.recovery().rescued_entries, 1);
}

/// Reads the golden segment with nothing but the description of the format.
#[test]
fn the_golden_segment_is_what_the_format_says() {
    let bytes = golden();
    let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(bytes.len(), 20_480);
    assert_eq!(&bytes[..8], b"VPRJRNL\n");
    assert_eq!((u32_at(8), u32_at(12), u64_at(16), u64_at(32)), (1, 0, 1, 20_480));
    assert_eq!(u64_at(4088), xxh3_64(&bytes[..4088]));
    let epoch = u64_at(24);

    let expected = [(1, 0, &ENTRIES[..2]), (2, 1, &ENTRIES[2..])];
    for (at, (number, synced, entries)) in [4096, 8192].into_iter().zip(expected) {
        assert_eq!(&bytes[at..at + 8], b"VPRGROUP");
        assert_eq!((u64_at(at + 8), u64_at(at + 16), u64_at(at + 24)), (number, epoch, synced));
        assert_eq!((u32_at(at + 32) as usize, u32_at(at + 36)), (entries.len(), 0));
        assert_eq!(u64_at(at + 48), xxh3_64_with_seed(&bytes[at + 64..at + 4096], epoch));
        assert_eq!(u64_at(at + 56), xxh3_64_with_seed(&bytes[at..at + 56], epoch));
        let mut entry = at + 64;
        for (class, payload) in entries {
            assert_eq!(u32_at(entry) as usize, payload.len());
            assert_eq!(&bytes[entry + 4..entry + 8], [*class as u8, 0, 0, 0]);
            assert_eq!(u64_at(entry + 8), xxh3_64_with_seed(payload, epoch ^ u64_at(entry)));
            assert_eq!(&bytes[entry + 16..entry + 16 + payload.len()], *payload);
            entry += 16 + payload.len().div_ceil(8) * 8;
        }
        assert_eq!(u64_at(at + 40) as usize, entry - at - 64);
    }
    assert!(bytes[12_288..].iter().all(|byte| *byte == 0));
}
