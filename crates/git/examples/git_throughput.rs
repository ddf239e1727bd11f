//! How fast objects are encoded, packed, read and checked: one thread, documents of up to 1.8 KB,
//! in the system's temporary directory (`TMPDIR` chooses the disk).
//!
//! `cargo run --release -p vpr-git --example git_throughput`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement on the command line")]

#[path = "../tests/git/support.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod support;

use std::hint::black_box;
use std::time::Instant;

use support::{Fixture, History, Written, pack_objects};
use vpr_git::{ObjectKind, encode, encode_stored, id_of, inflate, write_pack};

const ROUNDS: u32 = 400;
const COMMITS: u32 = 25;

fn main() {
    primitives();
    repository();
}

/// Runs `work` and prints how often a second it did one of its `count` things.
fn measure<T>(what: &str, count: u32, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = work();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{what:<44} {:>9.0}/s  {:>8.2} µs",
        f64::from(count) / seconds,
        seconds * 1e6 / f64::from(count)
    );
    value
}

fn primitives() {
    let documents: Vec<Vec<u8>> = (0..20_000).map(document_1800).collect();
    let bytes: usize = documents.iter().map(Vec::len).sum();
    let count = u32::try_from(documents.len()).unwrap();
    println!("{count} documents, {} bytes on average", bytes / documents.len());
    measure("id_of (SHA-1)", count, || {
        for document in &documents {
            black_box(id_of(ObjectKind::Blob, document));
        }
    });
    let encoded = measure("encode (SHA-1 and zlib level 1)", count, || {
        documents.iter().map(|d| encode(ObjectKind::Blob, d).unwrap()).collect::<Vec<_>>()
    });
    measure("encode_stored (SHA-1, no compression)", count, || {
        for document in &documents {
            black_box(encode_stored(ObjectKind::Blob, document).unwrap());
        }
    });
    let deflated: usize = encoded.iter().map(|e| e.deflated.len()).sum();
    println!("  compressed to {} bytes on average", deflated / encoded.len());
    measure("inflate", count, || {
        for object in &encoded {
            black_box(inflate(&object.deflated, object.size).unwrap());
        }
    });
    let objects: Vec<_> = encoded.iter().map(|e| e.pack_object(None)).collect();
    measure("write_pack, per object, 150 objects a pack", count, || {
        for part in objects.chunks(150) {
            black_box(write_pack(part).unwrap());
        }
    });
}

/// A document of about 1.8 KB whose values compress like those of real ones.
fn document_1800(number: u32) -> Vec<u8> {
    let mut text = support::document(number);
    text.truncate(1800);
    text
}

fn repository() {
    let fixture = Fixture::new();
    let repository = &fixture.repository;
    let mut history = History::default();
    let commits = ROUNDS * COMMITS;
    let written: Vec<Vec<Written>> =
        measure("commit: blob, tree splices and deltas, commit", commits, || {
            (0..ROUNDS).map(|_| history.commits(COMMITS)).collect()
        });
    let objects: usize = written.iter().map(Vec::len).sum();
    let objects = u32::try_from(objects).unwrap();
    measure("stage and publish a pack of 100 objects", ROUNDS, || {
        for part in &written {
            repository.stage_pack(&pack_objects(part)).unwrap().publish().unwrap();
        }
    });
    measure("stage and publish a head", ROUNDS, || {
        for _ in 0..ROUNDS {
            repository.stage_head(history.head.unwrap()).unwrap().publish().unwrap();
        }
    });
    measure("concatenate 400 packs, per object", objects, || repository.concatenate(2).unwrap().unwrap());
    let reads = u32::try_from(history.documents.len()).unwrap();
    let mut order: Vec<_> = history.documents.iter().map(|(id, _)| *id).collect();
    order.sort_unstable();
    for _ in 0..2 {
        measure("read a document by id, random order", reads, || {
            for id in &order {
                black_box(repository.read(id).unwrap().unwrap());
            }
        });
    }
    measure("open the repository and read one document", 2000, || {
        for id in order.iter().cycle().take(2000) {
            black_box(fixture.reopen().read(id).unwrap().unwrap());
        }
    });
    measure("walk commits", commits, || {
        assert_eq!(repository.commits(history.head.unwrap()).count(), commits as usize)
    });
    let report = measure("verify, per object", objects, || repository.verify().unwrap());
    assert!(report.is_sound());
    let durable = 100;
    measure("commit_objects, all syncs, one repository", durable, || {
        for _ in 0..durable {
            let written = history.commits(1);
            repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
        }
    });
}
