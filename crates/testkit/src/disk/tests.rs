use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use vpr_types::{Disk, OpenMode};

use super::*;

const FILE: &str = "d/f";

fn path(text: &str) -> &Path {
    Path::new(text)
}

/// A disk with a durable directory `d`.
fn disk() -> SimDisk {
    let disk = SimDisk::new();
    disk.create_directories(path("d")).unwrap();
    disk.sync_directory(path("")).unwrap();
    disk
}

fn durable_file(disk: &SimDisk, bytes: &[u8]) -> std::sync::Arc<dyn vpr_types::DiskFile> {
    let file = disk.open(path(FILE), OpenMode::CreateNew).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file.sync_data().unwrap();
    disk.sync_directory(path("d")).unwrap();
    file
}

/// The contents of the file over many power cuts; `None` where it is absent.
fn outcomes(disk: &SimDisk) -> BTreeSet<Option<Vec<u8>>> {
    let file_of = |disk: SimDisk| disk.files().into_iter().find(|(path, _)| path == FILE).map(|(_, b)| b);
    (0..400).map(|seed| file_of(disk.power_cut(seed))).collect()
}

#[test]
fn synced_content_under_a_synced_name_always_survives() {
    let disk = disk();
    durable_file(&disk, b"kept");
    assert_eq!(outcomes(&disk), BTreeSet::from([Some(b"kept".to_vec())]));
}

#[test]
fn a_name_without_a_directory_sync_may_be_lost_and_content_without_a_sync_may_be() {
    let disk = disk();
    let file = disk.open(path(FILE), OpenMode::CreateNew).unwrap();
    file.write_all_at(b"x", 0).unwrap();
    file.sync_data().unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([None, Some(b"x".to_vec())]), "name not synced");

    let disk = self::disk();
    let file = disk.open(path(FILE), OpenMode::CreateNew).unwrap();
    disk.sync_directory(path("d")).unwrap();
    file.write_all_at(b"x", 0).unwrap();
    let expected = [vec![], vec![0], b"x".to_vec()].map(Some);
    assert_eq!(outcomes(&disk), BTreeSet::from(expected), "content, or content and length, not synced");
}

#[test]
fn a_directory_that_was_not_synced_takes_its_files_with_it() {
    let disk = SimDisk::new();
    disk.create_directories(path("d")).unwrap();
    durable_file(&disk, b"x");
    assert_eq!(outcomes(&disk), BTreeSet::from([None, Some(b"x".to_vec())]));
}

#[test]
fn an_unsynced_write_tears_at_sectors_and_nowhere_else() {
    let disk = disk();
    let file = durable_file(&disk, &[1; 2048]);
    file.write_all_at(&[2; 1024], 700).unwrap();
    let seen = outcomes(&disk);
    // The write covers parts of sectors 1 and 3 and all of sector 2.
    let mut expected = BTreeSet::new();
    for mask in 0..8 {
        let mut bytes = vec![1; 2048];
        for (sector, range) in [700..1024, 1024..1536, 1536..1724].into_iter().enumerate() {
            if mask & (1 << sector) != 0 {
                bytes[range].fill(2);
            }
        }
        expected.insert(Some(bytes));
    }
    assert_eq!(seen, expected);
}

#[test]
fn two_unsynced_writes_may_reach_the_disk_in_either_order() {
    let disk = disk();
    let file = durable_file(&disk, &[0; 1024]);
    file.write_all_at(&[1; 512], 0).unwrap();
    file.write_all_at(&[2; 512], 512).unwrap();
    let firsts: BTreeSet<(u8, u8)> =
        outcomes(&disk).into_iter().flatten().map(|bytes| (bytes[0], bytes[512])).collect();
    assert_eq!(firsts, BTreeSet::from([(0, 0), (0, 2), (1, 0), (1, 2)]));
}

#[test]
fn an_unsynced_length_may_be_old() {
    let disk = disk();
    let file = durable_file(&disk, &[1; 100]);
    file.set_len(50).unwrap();
    file.set_len(200).unwrap();
    let mut cut_then_grown = vec![1; 50];
    cut_then_grown.resize(200, 0);
    assert_eq!(
        outcomes(&disk),
        BTreeSet::from([Some(vec![1; 100]), Some(vec![1; 50]), Some(cut_then_grown)])
    );
}

#[test]
fn a_rename_happens_whole_or_not_at_all() {
    let disk = disk();
    disk.create_directories(path("e")).unwrap();
    disk.sync_directory(path("")).unwrap();
    durable_file(&disk, b"x");
    disk.rename(path(FILE), path("e/g")).unwrap();
    let names = |disk: SimDisk| disk.files().into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    let seen: BTreeSet<_> = (0..100).map(|seed| names(disk.power_cut(seed))).collect();
    assert_eq!(seen, BTreeSet::from([vec!["d/f".to_owned()], vec!["e/g".to_owned()]]));
    disk.sync_directory(path("e")).unwrap();
    let seen: BTreeSet<_> = (0..100).map(|seed| names(disk.power_cut(seed))).collect();
    assert_eq!(seen, BTreeSet::from([vec!["e/g".to_owned()]]));
}

#[test]
fn a_removal_is_undone_unless_synced() {
    let disk = disk();
    durable_file(&disk, b"x");
    disk.remove_file(path(FILE)).unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([None, Some(b"x".to_vec())]));
    disk.sync_filesystem().unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([None]));
}

#[test]
fn a_failed_sync_loses_the_pages_and_the_next_one_lies() {
    let disk = disk();
    let file = durable_file(&disk, b"old");
    file.write_all_at(b"new", 0).unwrap();
    disk.fail_operation(disk.operations() + 1, Fault::Eio, Repeat::Once);
    assert!(file.sync_data().is_err());
    file.sync_data().unwrap();
    let mut seen = [0; 3];
    file.read_exact_at(&mut seen, 0).unwrap();
    assert_eq!(&seen, b"new", "the page cache still shows it");
    assert_eq!(disk.snapshot().files()[0].1, b"new", "also after kill -9");
    assert_eq!(outcomes(&disk), BTreeSet::from([Some(b"old".to_vec())]), "the platter never got it");
    file.write_all_at(b"more", 0).unwrap();
    file.sync_data().unwrap();
    assert_eq!(outcomes(&disk), BTreeSet::from([Some(b"more".to_vec())]), "written anew it is kept");
}

#[test]
fn kill_keeps_the_page_cache_and_what_is_still_dirty() {
    let disk = disk();
    let file = durable_file(&disk, b"old");
    file.write_all_at(b"new", 0).unwrap();
    let after = disk.snapshot();
    assert_eq!(after.files()[0].1, b"new");
    assert_eq!(outcomes(&after).len(), 2, "old or new after a power cut");
    after.open(path(FILE), OpenMode::ReadWrite).unwrap().sync_data().unwrap();
    assert_eq!(outcomes(&after), BTreeSet::from([Some(b"new".to_vec())]));
}

#[test]
fn the_power_can_be_cut_at_every_recorded_change() {
    let disk = disk();
    let file = durable_file(&disk, &[0; 1]);
    let mut synced_at = Vec::new();
    for value in 1..=200u8 {
        file.write_all_at(&[value], 0).unwrap();
        file.sync_data().unwrap();
        synced_at.push(disk.recorded());
    }
    for prefix in synced_at[0]..=disk.recorded() {
        let synced = u8::try_from(synced_at.iter().filter(|at| **at <= prefix).count()).unwrap();
        let value = disk.power_cut_at(prefix, 5).files()[0].1[0];
        assert!(value == synced || value == synced + 1, "at {prefix}: {value}, synced {synced}");
    }
    assert_eq!(disk.snapshot_at(synced_at[9] + 1).files()[0].1[0], 11, "written, not yet synced");
}

#[test]
fn faults_strike_the_operation_they_were_planned_for() {
    let disk = disk();
    let file = durable_file(&disk, &[0; 8]);
    let next = disk.operations() + 1;
    disk.fail_operation(next, Fault::Short, Repeat::Once);
    disk.fail_operation(next + 1, Fault::Eintr, Repeat::Once);
    disk.fail_operation(next + 2, Fault::Eio, Repeat::Once);
    disk.fail_operation(next + 3, Fault::Enospc, Repeat::Once);
    assert_eq!(file.write_at(b"12345678", 0).unwrap(), 4);
    assert_eq!(file.write_at(b"x", 0).unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(file.write_at(b"abcd", 4).unwrap_err().raw_os_error(), Some(5));
    assert_eq!(file.write_at(b"x", 0).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(file.write_at(b"9", 0).unwrap(), 1, "and then all is well");
    assert_eq!(disk.faults_hit(), 4);
    assert_eq!(&disk.files()[0].1[..6], b"9234ab", "a failed write may be half done");

    disk.fail_operation(disk.operations() + 2, Fault::Eio, Repeat::Sticky);
    assert_eq!(file.len().unwrap(), 8);
    for _ in 0..3 {
        assert!(file.len().is_err());
        assert!(disk.open(path(FILE), OpenMode::Read).is_err());
    }
    disk.clear_faults();
    assert_eq!(file.len().unwrap(), 8);
}

#[test]
fn repeating_ends_under_sticky_interruptions_and_short_writes() {
    for fault in [Fault::Eintr, Fault::Short] {
        let disk = disk();
        let file = durable_file(&disk, &[]);
        disk.fail_operation(disk.operations() + 1, fault, Repeat::Sticky);
        file.write_all_at(&[7; 1000], 0).unwrap();
        let mut back = [0; 1000];
        file.read_exact_at(&mut back, 0).unwrap();
        assert_eq!(back, [7; 1000]);
        assert!(disk.faults_hit() >= 2);
    }
}

#[test]
fn a_full_disk_takes_overwrites_and_lets_go_again() {
    let disk = disk();
    let file = durable_file(&disk, &[1; 1000]);
    disk.set_quota(Some(1500));
    assert_eq!(file.write_at(&[2; 1000], 1000).unwrap(), 500, "what fits");
    assert_eq!(file.write_at(&[2; 1], 1500).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(file.set_len(1501).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(file.write_at(&[3; 1500], 0).unwrap(), 1500, "in place");
    assert_eq!(disk.used_bytes(), 1500);
    disk.open(path("d/g"), OpenMode::CreateNew).unwrap();
    disk.remove_file(path(FILE)).unwrap();
    assert_eq!(disk.used_bytes(), 0);
    disk.set_quota(None);
    file.write_all_at(&[1; 5000], 0).unwrap();
}

#[test]
fn names_behave() {
    let disk = disk();
    let open = |name: &str, mode| disk.open(path(name), mode).map(drop).map_err(|error| error.kind());
    assert_eq!(open("d/a", OpenMode::Read), Err(ErrorKind::NotFound));
    assert_eq!(open("x/a", OpenMode::Create), Err(ErrorKind::NotFound));
    assert_eq!(open("d", OpenMode::Read), Err(ErrorKind::IsADirectory));
    assert_eq!(open("d/../a", OpenMode::Create), Err(ErrorKind::InvalidInput));
    assert_eq!(open("d/a", OpenMode::CreateNew), Ok(()));
    assert_eq!(open("d/a", OpenMode::CreateNew), Err(ErrorKind::AlreadyExists));
    assert_eq!(open("d/a", OpenMode::Create), Ok(()));
    assert_eq!(disk.length(path("d/a")).unwrap(), Some(0));
    assert_eq!(disk.length(path("x/y")).unwrap(), None);
    let read_only = disk.open(path("d/a"), OpenMode::Read).unwrap();
    assert_eq!(read_only.write_at(b"x", 0).unwrap_err().kind(), ErrorKind::PermissionDenied);
    disk.create_directories(path("d/b/c")).unwrap();
    let names: Vec<_> = disk.list(path("d")).unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(disk.list(path("d/a")).unwrap_err().kind(), ErrorKind::NotADirectory);
    assert_eq!(disk.rename(path("d/a"), path("d/b")).unwrap_err().kind(), ErrorKind::IsADirectory);
    disk.rename(path("d/b"), path("d/e")).unwrap();
    assert!(disk.list(path("d/e/c")).unwrap().is_empty(), "a directory moves with what is in it");
    assert_eq!(disk.remove_file(path("d/e")).unwrap_err().kind(), ErrorKind::IsADirectory);
}

#[test]
fn five_thousand_states_are_cheap() {
    let disk = disk();
    let file = durable_file(&disk, &[0; 64 * 1024]);
    for n in 0..1000u64 {
        file.write_all_at(&[1; 4096], n % 16 * 4096).unwrap();
        if n % 3 == 0 {
            file.sync_data().unwrap();
        }
    }
    let started = std::time::Instant::now();
    let mut dice = Dice::new(3);
    let prefixes = u64::try_from(disk.recorded()).unwrap();
    let bytes: usize = (0..5000)
        .map(|seed| {
            let prefix = content::usize_of(dice.below(prefixes));
            disk.power_cut_at(prefix, seed).files().len()
        })
        .sum();
    assert!(bytes <= 5000);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
