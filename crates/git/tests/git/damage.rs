//! Flipped bits, cut files, and sizes that lie.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vpr_git::{Error, OBJECT_BYTES_MAX, ObjectKind, PackObject, Repository, deflate, encode, write_pack};
use vpr_testkit::SimDisk;
use vpr_types::{Disk, ObjectId, OpenMode};

use crate::support::{History, PATH, pack_objects};

/// A small repository: two packs, with deltas.
fn small() -> (SimDisk, History) {
    let disk = SimDisk::new();
    let repository = Repository::create_skeleton(Arc::new(disk.clone()), Path::new(PATH)).unwrap();
    let mut history = History::default();
    for _ in 0..2 {
        let written = history.commits(2);
        repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
    }
    (disk, history)
}

fn open(disk: &SimDisk) -> Repository {
    Repository::open(Arc::new(disk.clone()), Path::new(PATH)).unwrap().unwrap()
}

fn files(disk: &SimDisk) -> Vec<(PathBuf, Vec<u8>)> {
    let files = disk.files().into_iter().map(|(path, bytes)| (PathBuf::from(path), bytes));
    files.filter(|(path, _)| !path.ends_with("config")).collect()
}

/// Whatever happened to the files: nothing wrong is served.
fn check_reads(repository: &Repository, history: &History) {
    for (id, text) in &history.documents {
        match repository.read(id) {
            Ok(Some(object)) => assert_eq!(object.content, *text),
            Ok(None) | Err(Error::Damaged { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    if let Ok(Some(head)) = repository.head() {
        for commit in repository.commits(head) {
            match commit {
                Ok((_, commit)) => assert!(commit.message.starts_with("Change ")),
                Err(Error::Damaged { .. } | Error::Missing(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let (disk, history) = small();
    assert!(open(&disk).verify().unwrap().is_sound());
    check_reads(&open(&disk), &history);
    let mut flipped = 0;
    for (path, bytes) in files(&disk) {
        for at in 0..bytes.len() {
            // All bits where the form is dense, one bit elsewhere: of the hashes in an index.
            for bit in 0..8 {
                if path.extension().is_some_and(|e| e == "idx") && bit != at % 8 {
                    continue;
                }
                disk.flip_bit(&path, at as u64, bit as u8);
                let repository = open(&disk);
                let report = repository.verify().unwrap();
                assert!(!report.is_sound(), "bit {bit} of byte {at} of {}", path.display());
                check_reads(&repository, &history);
                disk.flip_bit(&path, at as u64, bit as u8);
                flipped += 1;
            }
        }
    }
    assert!(flipped > 20_000, "{flipped}");
    assert!(open(&disk).verify().unwrap().is_sound());
}

#[test]
fn every_cut_file_is_found() {
    let (disk, history) = small();
    for (path, bytes) in files(&disk) {
        for length in 0..bytes.len() as u64 {
            let cut = disk.snapshot();
            // Opened before and after: a file may also be cut under an open reader.
            let before = open(&cut);
            before.verify().unwrap();
            cut.open(&path, OpenMode::ReadWrite).unwrap().set_len(length).unwrap();
            check_reads(&before, &history);
            let Some(after) = Repository::open(Arc::new(cut.clone()), Path::new(PATH)).unwrap() else {
                assert!(path.ends_with("HEAD") && length == 0);
                continue;
            };
            assert!(!after.verify().unwrap().is_sound(), "{length} bytes of {}", path.display());
            check_reads(&after, &history);
        }
    }
}

#[test]
fn a_good_copy_is_served_where_another_is_broken() {
    let (disk, history) = small();
    let repository = open(&disk);
    let mut again = History::default();
    let copy = again.commits(2);
    let staged = repository.stage_pack(&pack_objects(&copy[..4])).unwrap();
    let name = staged.name().to_owned();
    staged.publish().unwrap();
    let path = Path::new(PATH).join(format!("objects/pack/pack-{name}.pack"));
    disk.flip_bit(&path, 100, 3);
    for repository in [repository, open(&disk)] {
        let (id, text) = &history.documents[0];
        assert_eq!(repository.read(id).unwrap().unwrap().content, *text);
        assert!(!repository.verify().unwrap().is_sound());
    }
}

#[test]
fn sizes_that_lie_are_refused_without_being_believed() {
    let bomb = deflate(&vec![0; 4_000_000]);
    let liar = |size, deflated| PackObject {
        id: ObjectId([1; 20]),
        kind: ObjectKind::Blob,
        base: None,
        size,
        deflated,
    };
    let base = encode(ObjectKind::Blob, b"x").unwrap();
    // From one byte to 64 MiB and one more: refused; to 64 MiB without giving them: refused.
    let over = u32::try_from(OBJECT_BYTES_MAX).unwrap() + 1;
    let delta_claims: [&[u8]; 3] = [
        &[1, 0x81, 0x80, 0x80, 0x20, 0x90, 1],
        &[1, 0x80, 0x80, 0x80, 0x20, 0x90, 1],
        &[1, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ];
    let deltas: Vec<Vec<u8>> = delta_claims.iter().map(|delta| deflate(delta)).collect();
    let mut lists: Vec<Vec<PackObject<'_>>> =
        [u32::MAX, over, 4_000_001, 3_999_999, 1, 0].map(|size| vec![liar(size, &bomb[..])]).into();
    for (delta, claim) in deltas.iter().zip(delta_claims) {
        let lie = PackObject { base: Some(base.id), ..liar(u32::try_from(claim.len()).unwrap(), delta) };
        lists.push(vec![base.pack_object(None), lie]);
    }
    for (number, list) in lists.iter().enumerate() {
        let disk = SimDisk::new();
        let repository = Repository::create_skeleton(Arc::new(disk.clone()), Path::new(PATH)).unwrap();
        repository.stage_pack(list).unwrap().publish().unwrap();
        let read = repository.read(&ObjectId([1; 20]));
        assert!(matches!(read, Err(Error::Damaged { .. })), "{number}");
        assert!(!repository.verify().unwrap().is_sound(), "{number}");
    }
    assert!(write_pack(&[liar(4_000_000, &bomb)]).is_ok());
}
