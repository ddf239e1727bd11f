//! Repositories that stock git has worked on.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use vpr_git::{Error, Repository};

use crate::support::{Fixture, History, pack_objects};

fn fixture() -> (Fixture, History) {
    let fixture = Fixture::new();
    let mut history = History::default();
    for _ in 0..6 {
        let written = history.commits(30);
        fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
    }
    (fixture, history)
}

/// Every object that stock git knows reads the same through us.
fn check(fixture: &Fixture, repository: &Repository, history: &History) {
    assert_eq!(repository.head().unwrap(), history.head);
    for (id, text) in &history.documents {
        assert_eq!(repository.read(id).unwrap().unwrap().content, *text);
    }
    let report = repository.verify().unwrap();
    assert_eq!(report.damage, vec![]);
    assert_eq!(report.commits, history.documents.len());
    let count = fixture.git(&["rev-list", "--objects", "main"]).lines().count();
    assert_eq!(report.objects, count);
}

#[test]
fn packs_of_git_repack_and_gc_are_read() {
    for arguments in [
        &["repack", "-adfq", "--depth=50", "--window=100"][..],
        &["repack", "-adfq", "--depth=250", "--window=300"],
        &["-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq"],
        &["repack", "-adq", "--write-bitmap-index"],
        &["gc", "--quiet"],
        &["gc", "--aggressive", "--prune=now", "--quiet"],
        &["-c", "pack.compression=9", "repack", "-adFq"],
        &["-c", "pack.compression=0", "repack", "-adFq"],
    ] {
        let (fixture, history) = fixture();
        fixture.git(arguments);
        assert_eq!(fixture.packs(".pack").len(), 1);
        check(&fixture, &fixture.reopen(), &history);
        // A repository that was open meanwhile finds what moved.
        check(&fixture, &fixture.repository, &history);
        if arguments.contains(&"--depth=250") {
            let chains = fixture.git(&["verify-pack", "-s", fixture.packs(".idx")[0].to_str().unwrap()]);
            assert!(chains.contains("chain length = 60"), "long chains were wanted: {chains}");
        }
    }
}

#[test]
fn references_to_bases_by_id_are_there_to_be_read() {
    let (fixture, _) = fixture();
    fixture.git(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq"]);
    let pack = fs::read(&fixture.packs(".pack")[0]).unwrap();
    // Else the test above would not test it: REF_DELTA is 7 in bits 4 to 6 of an entry's header.
    let index = vpr_git::pack::PackIndex::new(fs::read(&fixture.packs(".idx")[0]).unwrap()).unwrap();
    let kinds = index.ids().map(|id| pack[usize::try_from(index.find(&id).unwrap()).unwrap()] >> 4 & 7);
    assert!(kinds.filter(|kind| *kind == 7).count() > 50);
}

#[test]
fn loose_objects_and_packed_refs_are_read() {
    let (fixture, history) = fixture();
    for pack in fixture.packs(".pack") {
        let moved = fixture.root.path().join("moved.pack");
        fs::rename(&pack, &moved).unwrap();
        fs::remove_file(pack.with_extension("idx")).unwrap();
        let status = std::process::Command::new("git")
            .args(["unpack-objects", "-q"])
            .current_dir(fixture.folder())
            .stdin(fs::File::open(&moved).unwrap())
            .status();
        assert!(status.unwrap().success());
    }
    fixture.git(&["pack-refs", "--all", "--prune"]);
    assert!(!fixture.folder().join("refs/heads/main").exists());
    check(&fixture, &fixture.reopen(), &history);
    check(&fixture, &fixture.repository, &history);
}

#[test]
fn writing_goes_on_after_stock_git() {
    let (fixture, mut history) = fixture();
    fixture.git(&["gc", "--quiet"]);
    assert!(fixture.folder().join("packed-refs").exists());
    for _ in 0..3 {
        let written = history.commits(5);
        fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
        fixture.fsck();
        check(&fixture, &fixture.repository, &history);
    }
    fixture.repository.concatenate(2).unwrap().unwrap();
    fixture.fsck();
    check(&fixture, &fixture.reopen(), &history);
    fixture.git(&["gc", "--quiet"]);
    check(&fixture, &fixture.repository, &history);
}

#[test]
fn stock_gc_may_run_beside_a_writer() {
    let (fixture, mut history) = fixture();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                // It gives up where it meets a lock of ours; that is its right.
                let _ = fixture.try_git(&["gc", "--quiet"]);
            }
        });
        for _ in 0..60 {
            let written = history.commits(2);
            let pack = fixture.repository.stage_pack(&pack_objects(&written)).unwrap();
            pack.publish().unwrap();
            let head = loop {
                match fixture.repository.stage_head(history.head.unwrap()) {
                    Err(Error::Locked(_)) => std::thread::yield_now(),
                    other => break other.unwrap(),
                }
            };
            head.publish().unwrap();
            assert_eq!(fixture.repository.head().unwrap(), history.head);
            for (id, text) in history.documents.iter().rev().take(20) {
                assert_eq!(fixture.repository.read(id).unwrap().unwrap().content, *text);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    fixture.fsck();
    let report = fixture.reopen().verify().unwrap();
    assert_eq!((report.commits, report.damage), (history.documents.len(), vec![]));
}
