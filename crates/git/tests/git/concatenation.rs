//! Many packs into one.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use vpr_git::pack::PackIndex;

use crate::support::{Fixture, History, Written, pack_objects};

fn publish(fixture: &Fixture, written: &[Written]) {
    let staged = fixture.repository.stage_pack(&pack_objects(written)).unwrap();
    staged.sync().unwrap();
    staged.publish().unwrap();
}

fn all_objects(fixture: &Fixture) -> String {
    fixture.git(&["cat-file", "--batch-all-objects", "--batch-check"])
}

/// The longest chain of deltas in the only pack.
fn longest_chain(fixture: &Fixture) -> u32 {
    let text = fixture.git(&["verify-pack", "-s", fixture.packs(".idx")[0].to_str().unwrap()]);
    let lengths =
        text.lines().filter_map(|l| l.strip_prefix("chain length = ")?.split(':').next()?.parse().ok());
    lengths.max().unwrap_or(0)
}

#[test]
fn every_object_is_in_the_one_pack_that_stays() {
    let fixture = Fixture::new();
    let mut history = History::default();
    assert_eq!(fixture.repository.concatenate(0).unwrap(), None);
    for _ in 0..8 {
        let written = history.commits(40);
        fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
    }
    let before = all_objects(&fixture);
    let stale = fixture.reopen();
    assert_eq!(stale.pack_count().unwrap(), 8);
    assert_eq!(fixture.repository.concatenate(9).unwrap(), None);
    let done = fixture.repository.concatenate(8).unwrap().unwrap();
    assert_eq!((done.packs, done.objects), (8, before.lines().count()));
    assert_eq!(all_objects(&fixture), before);
    fixture.fsck();
    assert_eq!(
        (fixture.packs(".pack").len(), fixture.packs(".idx").len(), fixture.packs("").len()),
        (1, 1, 2)
    );
    assert_eq!(fixture.repository.pack_count().unwrap(), 1);
    for repository in [&fixture.repository, &stale, &fixture.reopen()] {
        assert_eq!(repository.verify().unwrap().damage, vec![]);
        for (id, text) in &history.documents {
            assert_eq!(repository.read(id).unwrap().unwrap().content, *text);
        }
    }
    assert!(longest_chain(&fixture) <= 40);
    assert_eq!(fixture.repository.concatenate(0).unwrap(), None);
}

#[test]
fn copies_stay_once_and_chains_do_not_grow() {
    let fixture = Fixture::new();
    let mut history = History::default();
    let first = history.commits(30);
    publish(&fixture, &first);
    // The last trees once more, whole, and a chain that hangs on them.
    let mut second = Vec::new();
    let mut again = history.clone();
    let mut other = History::default();
    for whole in (0..30).map(|i| i == 0) {
        second.extend(again.commit(whole));
    }
    publish(&fixture, &second);
    // The same objects in other company: three copies of each, some whole and some as deltas.
    other.commits(15);
    publish(&fixture, &other.commits(15));
    publish(&fixture, &[first.clone(), second.clone()].concat());
    let third = again.commits(2);
    fixture.repository.commit_objects(&pack_objects(&third), again.head.unwrap()).unwrap();

    let before = all_objects(&fixture);
    fixture.repository.concatenate(2).unwrap().unwrap();
    assert_eq!(all_objects(&fixture), before);
    fixture.fsck();
    assert_eq!(fixture.repository.verify().unwrap().damage, vec![]);
    let index = PackIndex::new(fs::read(&fixture.packs(".idx")[0]).unwrap()).unwrap();
    assert_eq!(index.len(), before.lines().count());
    assert!(longest_chain(&fixture) <= 30, "{}", longest_chain(&fixture));
}

#[test]
fn a_pack_that_holds_everything_survives_its_own_merging() {
    let fixture = Fixture::new();
    let mut history = History::default();
    let written = history.commits(5);
    fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
    publish(&fixture, &written[..4]);
    fixture.repository.concatenate(2).unwrap().unwrap();
    // One more time, with the whole one in front.
    fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
    publish(&fixture, &written[..1]);
    let reopened = fixture.reopen();
    reopened.concatenate(2).unwrap().unwrap();
    fixture.fsck();
    assert_eq!(fixture.packs(".pack").len(), 1);
    assert_eq!(reopened.verify().unwrap().damage, vec![]);
    assert_eq!(fixture.repository.verify().unwrap().commits, 5);
}

#[test]
fn packs_and_side_files_of_stock_git_are_merged_too() {
    let fixture = Fixture::new();
    let mut history = History::default();
    for arguments in [
        &["repack", "-adfq", "--depth=50"][..],
        &["-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq"],
        &["-c", "pack.writeReverseIndex=true", "repack", "-adq", "--write-bitmap-index"],
    ] {
        for _ in 0..2 {
            let written = history.commits(20);
            fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
        }
        fixture.git(arguments);
        let written = history.commits(20);
        fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
        fixture.git(&["multi-pack-index", "write"]);
        let before = all_objects(&fixture);
        fixture.repository.concatenate(2).unwrap().unwrap();
        assert_eq!(fixture.packs("").len(), 2, "{:?}", fixture.packs(""));
        assert_eq!(all_objects(&fixture), before);
        fixture.fsck();
        assert_eq!(fixture.repository.verify().unwrap().damage, vec![]);
    }
}

#[test]
fn a_pack_with_a_keep_file_is_left_alone() {
    let fixture = Fixture::new();
    let mut history = History::default();
    for _ in 0..3 {
        let written = history.commits(3);
        fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
    }
    let kept = fixture.packs(".pack")[0].clone();
    fs::write(kept.with_extension("keep"), "").unwrap();
    assert_eq!(fixture.repository.concatenate(0).unwrap().unwrap().packs, 2);
    assert!(kept.exists());
    assert_eq!(fixture.repository.concatenate(0).unwrap(), None);
    fixture.fsck();
}

#[test]
fn a_damaged_pack_is_not_merged_and_nothing_is_removed() {
    let fixture = Fixture::new();
    let mut history = History::default();
    for _ in 0..3 {
        let written = history.commits(3);
        fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
    }
    let pack = fixture.packs(".pack")[1].clone();
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&pack, bytes).unwrap();
    let before = fixture.packs("");
    assert!(fixture.reopen().concatenate(2).is_err());
    assert_eq!(fixture.packs(""), before);
}

#[test]
fn readers_go_on_while_packs_are_written_and_merged() {
    let fixture = Fixture::new();
    let mut history = History::default();
    let first = history.commits(10);
    fixture.repository.commit_objects(&pack_objects(&first), history.head.unwrap()).unwrap();
    let documents = history.documents.clone();
    let (stop, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    // A new one each time meets the folder in every state; a shared one is changed under its feet.
                    for repository in [fixture.reopen(), fixture.repository.clone()] {
                        for (id, text) in &documents {
                            assert_eq!(repository.read(id).unwrap().expect("always there").content, *text);
                            reads.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
        for round in 0..40 {
            let written = history.commits(3);
            fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
            if round % 2 == 0 {
                fixture.repository.concatenate(2).unwrap().unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(reads.into_inner() > 100);
    fixture.fsck();
}
