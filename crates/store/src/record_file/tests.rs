use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_bytes::ByteBuf;
use vpr_testkit::{Dice, Fault, Repeat, SimDisk};
use vpr_types::{Disk, Instant, TenantName};

use super::{RecordError, RecordLog};
use crate::format::StateEntry;

const FOLDER: &str = "hospital/state";

fn tenant() -> TenantName {
    TenantName::new("hospital").unwrap()
}

/// Record `position`; its size varies with `salt`.
fn entry(position: u64, salt: u64) -> StateEntry {
    let size = usize::try_from((position * 37 + salt * 101) % 400).unwrap();
    StateEntry {
        tenant: tenant(),
        state_seq: position,
        time: Instant(i64::try_from(position + salt).unwrap()),
        kind: "k".to_owned(),
        key: position.to_le_bytes().to_vec(),
        value: Some(ByteBuf::from(vec![0xf6; size])),
        expires: None,
    }
}

/// A log with segments of a few records.
fn open(disk: &SimDisk) -> Result<RecordLog<StateEntry>, RecordError> {
    let log = RecordLog::open(Arc::new(disk.clone()), &tenant())?;
    log.writer.lock().segment_bytes = 2_000;
    Ok(log)
}

fn read(log: &RecordLog<StateEntry>) -> Vec<StateEntry> {
    log.read_from(0).unwrap().map(Result::unwrap).collect()
}

fn append(log: &RecordLog<StateEntry>, range: std::ops::RangeInclusive<u64>) {
    log.append_all(&range.map(|position| entry(position, 0)).collect::<Vec<_>>()).unwrap();
}

fn filled(records: u64) -> SimDisk {
    let disk = SimDisk::new();
    let log = open(&disk).unwrap();
    append(&log, 1..=records);
    log.sync().unwrap();
    disk
}

fn segments(disk: &SimDisk) -> Vec<(PathBuf, Vec<u8>)> {
    let files = disk.files().into_iter().filter(|(path, _)| path.starts_with(FOLDER));
    files.map(|(path, bytes)| (PathBuf::from(path), bytes)).collect()
}

#[test]
fn records_read_back_from_anywhere_across_segments_and_restarts() {
    let disk = filled(300);
    assert!(segments(&disk).len() > 5, "the log must have several segments for this test");
    let log = open(&disk).unwrap();
    assert_eq!((log.last(), log.torn_tail()), (300, None));
    let all: Vec<_> = (1..=300).map(|position| entry(position, 0)).collect();
    assert_eq!(read(&log), all);
    for position in [1, 2, 63, 64, 65, 128, 299, 300] {
        let at = usize::try_from(position).unwrap() - 1;
        assert_eq!(log.get(position).unwrap().as_ref(), Some(&all[at]));
        let rest: Vec<_> = log.read_from(position).unwrap().map(Result::unwrap).collect();
        assert_eq!(rest, all[at..]);
    }
    assert_eq!((log.get(0).unwrap(), log.get(301).unwrap()), (None, None));
    append(&log, 301..=310);
    assert_eq!(log.get(310).unwrap(), Some(entry(310, 0)), "readers see what waits in memory");
    log.verify().unwrap();
}

#[test]
fn appending_again_is_nothing_and_appending_otherwise_an_error() {
    let disk = filled(50);
    let log = open(&disk).unwrap();
    let before = segments(&disk);
    append(&log, 1..=50);
    log.sync().unwrap();
    assert_eq!(segments(&disk), before);
    assert!(matches!(log.append(&entry(7, 1)), Err(RecordError::Different { position: 7, .. })));
    assert!(matches!(log.append(&entry(52, 0)), Err(RecordError::Gap { position: 52, last: 50, .. })));
    assert!(matches!(log.append(&entry(0, 0)), Err(RecordError::Gap { position: 0, .. })));
    let foreign = StateEntry { tenant: TenantName::new("other").unwrap(), ..entry(51, 0) };
    assert!(matches!(log.append(&foreign), Err(RecordError::Foreign { .. })));
    append(&log, 51..=51);
    assert_eq!(log.last(), 51);
}

#[test]
fn a_rebuilt_log_has_the_same_chain_however_it_was_synced() {
    let chain = |sync_every: u64| {
        let log = open(&SimDisk::new()).unwrap();
        for position in 1..=60 {
            append(&log, position..=position);
            if position % sync_every == 0 {
                log.sync().unwrap();
            }
        }
        log.last_chain()
    };
    assert_eq!(chain(1), chain(7));
    let other_tenant =
        RecordLog::<StateEntry>::open(Arc::new(SimDisk::new()), &TenantName::new("b").unwrap());
    assert_ne!(other_tenant.unwrap().last_chain(), open(&SimDisk::new()).unwrap().last_chain());
}

#[test]
fn another_tenants_log_is_refused() {
    let disk = filled(3);
    disk.create_directories(Path::new("other")).unwrap();
    disk.rename(Path::new("hospital/state"), Path::new("other/state")).unwrap();
    let other = TenantName::new("other").unwrap();
    let error = RecordLog::<StateEntry>::open(Arc::new(disk), &other).unwrap_err();
    assert!(matches!(error, RecordError::Damaged { .. }), "{error}");
}

/// What is known of a log from outside: how many records were synced, how many appended.
#[derive(Clone, Copy)]
struct Known {
    synced: u64,
    appended: u64,
}

/// After any crash the log opens, holds every synced record, no record that was never appended,
/// and can be written on.
fn check_survivor(disk: &SimDisk, known: Known) -> u64 {
    let log = open(disk).unwrap();
    assert_eq!(open(&disk.snapshot()).unwrap().torn_tail(), None, "the torn bytes are still there");
    let last = log.last();
    assert!(last >= known.synced, "{last} of {} synced records survived", known.synced);
    assert!(last <= known.appended);
    assert_eq!(read(&log), (1..=last).map(|position| entry(position, 0)).collect::<Vec<_>>());
    append(&log, 1..=last + 3);
    log.sync().unwrap();
    log.verify().unwrap();
    // What was found and synced again is there after the next power cut.
    let again = open(&disk.power_cut(7)).unwrap();
    assert_eq!(again.last(), last + 3);
    last
}

/// Runs a workload and answers, for every number of recorded changes, what was known then.
fn workload(disk: &SimDisk, records: u64, sync_every: u64) -> Vec<Known> {
    let mut known = Known { synced: 0, appended: 0 };
    let mut history = vec![known; disk.recorded() + 1];
    let log = open(disk).unwrap();
    for position in 1..=records {
        // A crash inside the append may keep the record already.
        known.appended = position;
        append(&log, position..=position);
        if position % sync_every == 0 {
            log.sync().unwrap();
        }
        // What the call did happened before it was known to be synced.
        history.resize(disk.recorded(), known);
        if position % sync_every == 0 {
            known.synced = position;
        }
        history.resize(disk.recorded() + 1, known);
        *history.last_mut().unwrap() = known;
    }
    history
}

#[test]
fn no_power_cut_loses_what_was_synced() {
    let disk = SimDisk::new();
    let history = workload(&disk, 40, 3);
    let mut torn = 0;
    for (prefix, known) in history.iter().enumerate() {
        for seed in 0..12 {
            let survivor = disk.power_cut_at(prefix, seed * 1_000 + prefix as u64);
            torn += u64::from(open(&survivor.snapshot()).unwrap().torn_tail().is_some());
            check_survivor(&survivor, *known);
        }
    }
    assert!(torn > 20, "only {torn} torn tails: the test does not tear enough");
}

#[test]
fn no_kill_loses_what_was_written() {
    let disk = SimDisk::new();
    let history = workload(&disk, 40, 3);
    for (prefix, known) in history.iter().enumerate() {
        check_survivor(&disk.snapshot_at(prefix), *known);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn crashes_in_a_row_lose_nothing(rounds in vec((1..30_u64, 1..9_u64, any::<bool>(), any::<u64>()), 1..8)) {
        let mut disk = SimDisk::new();
        let mut known = Known { synced: 0, appended: 0 };
        for (records, sync_every, power, seed) in rounds {
            {
                let log = open(&disk).unwrap();
                for position in log.last() + 1..=log.last() + records {
                    append(&log, position..=position);
                    known.appended = known.appended.max(position);
                    if position % sync_every == 0 {
                        log.sync().unwrap();
                        known.synced = known.synced.max(position);
                    }
                }
            }
            disk = if power { disk.power_cut(seed) } else { disk.snapshot() };
            known.appended = check_survivor(&disk, known) + 3;
            known.synced = known.appended;
        }
    }
}

#[test]
fn damage_in_what_was_permanent_is_named_and_never_cut() {
    let disk = filled(30);
    let log = open(&disk).unwrap();
    // One more record and sync, so that the last segment's frames prove the ones before.
    append(&log, 31..=31);
    log.sync().unwrap();
    append(&log, 32..=32);
    log.sync().unwrap();
    let last_segment = segments(&disk).pop().unwrap().0;
    for (path, bytes) in segments(&disk) {
        for offset in (0..bytes.len() as u64).step_by(7) {
            let rotten = disk.snapshot();
            rotten.flip_bit(&path, offset, 3);
            let outcome = open(&rotten).and_then(|log| log.verify().map(|()| log.last()));
            match outcome {
                // Only the records that no later frame proves to be on disk may be taken for torn.
                Ok(last) => assert!(path == last_segment && last >= 31, "{path:?} {offset}: cut to {last}"),
                Err(RecordError::Damaged { file, offset: found, .. }) => {
                    assert_eq!(file, path);
                    assert!(found <= offset);
                }
                Err(RecordError::Version { file, .. }) => assert_eq!(file, path),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn a_missing_or_exchanged_segment_is_noticed() {
    let disk = filled(60);
    let paths: Vec<PathBuf> = segments(&disk).into_iter().map(|(path, _)| path).collect();
    assert!(paths.len() >= 4);
    for missing in &paths[..paths.len() - 1] {
        let without = disk.snapshot();
        without.remove_file(missing).unwrap();
        let error = open(&without).unwrap().verify().unwrap_err();
        assert!(matches!(error, RecordError::Damaged { .. }), "{error}");
    }
    let exchanged = disk.snapshot();
    exchanged.rename(&paths[1], &paths[2]).unwrap();
    assert!(matches!(open(&exchanged).unwrap().verify(), Err(RecordError::Damaged { .. })));
}

#[test]
fn a_full_disk_is_waited_out() {
    let disk = filled(5);
    let log = open(&disk).unwrap();
    disk.set_quota(Some(disk.used_bytes() + 300));
    let mut appended = 5;
    let failed = (6..200).find_map(|position| {
        let done = log.append(&entry(position, 0)).and_then(|()| {
            appended = position;
            log.sync()
        });
        done.err()
    });
    let Some(RecordError::Io { source, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
    disk.set_quota(None);
    append(&log, appended..=appended + 30);
    log.sync().unwrap();
    let survivor = open(&disk.power_cut(1)).unwrap();
    assert_eq!(survivor.last(), appended + 30);
    survivor.verify().unwrap();
}

#[test]
fn after_a_failed_sync_nothing_is_promised_any_more() {
    let (mut stopped, mut retried) = (0, 0);
    for operation in 1..60 {
        let disk = filled(5).snapshot();
        let log = open(&disk).unwrap();
        disk.fail_operation(disk.operations() + operation, Fault::Eio, Repeat::Once);
        // Enough for a new segment.
        let outcome =
            (6..=20).try_for_each(|position| log.append(&entry(position, 0))).and_then(|()| log.sync());
        let appended = log.last();
        if disk.faults_hit() == 0 {
            assert!(outcome.is_ok() && appended == 20);
            continue;
        }
        assert!(outcome.is_err());
        if matches!(log.sync(), Err(RecordError::Stopped { .. })) {
            stopped += 1;
            assert!(matches!(log.append(&entry(appended + 1, 0)), Err(RecordError::Stopped { .. })));
            // The restarted process sees the pages, though they never reached the disk.
            check_survivor(&disk.snapshot(), Known { synced: 5, appended });
        } else {
            retried += 1;
            append(&log, appended..=20);
            log.sync().unwrap();
            let survivor = check_survivor(&disk.power_cut(operation), Known { synced: 20, appended: 20 });
            assert_eq!(survivor, 20);
        }
        check_survivor(&disk.power_cut(operation), Known { synced: 5, appended: 20 });
    }
    assert!(stopped >= 4 && retried >= 4, "{stopped} stopped, {retried} tried again");
}

#[test]
fn short_reads_and_writes_are_carried_on() {
    let disk = SimDisk::new();
    disk.fail_operation(1, Fault::Short, Repeat::Sticky);
    let log = open(&disk).unwrap();
    append(&log, 1..=30);
    log.sync().unwrap();
    assert_eq!(read(&open(&disk).unwrap()), (1..=30).map(|position| entry(position, 0)).collect::<Vec<_>>());
    assert!(disk.faults_hit() > 10);
}

#[test]
fn readers_and_the_writer_do_not_disturb_each_other() {
    const LAST: u64 = 3_000;
    let log = open(&SimDisk::new()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for position in 1..=LAST {
                append(&log, position..=position);
                if position % 50 == 0 {
                    log.sync().unwrap();
                }
            }
        });
        for reader in 0..2 {
            let log = &log;
            scope.spawn(move || {
                let mut dice = Dice::new(reader);
                loop {
                    let last = log.last();
                    let from = 1 + dice.below(last.max(1));
                    let records: Vec<_> = log.read_from(from).unwrap().take(40).map(Result::unwrap).collect();
                    let positions: Vec<_> = records.iter().map(|record| record.state_seq).collect();
                    let count = positions.len() as u64;
                    assert!(count >= 40.min(last.saturating_sub(from - 1)));
                    assert_eq!(positions, (from..from + count).collect::<Vec<_>>());
                    if last == LAST {
                        break;
                    }
                }
            });
        }
    });
    log.verify().unwrap();
}

#[test]
fn a_newer_version_is_refused() {
    let disk = filled(2);
    let (path, bytes) = segments(&disk).remove(0);
    let write = |offset: u64, byte: u8| {
        let newer = disk.snapshot();
        let file = newer.open(&path, vpr_types::OpenMode::ReadWrite).unwrap();
        file.write_all_at(&[byte], offset).unwrap();
        open(&newer).err()
    };
    assert!(matches!(write(65, 2), Some(RecordError::Version { found: 2, .. })));
    // A header of another version has a checksum of its own.
    let mut header = bytes[..64].to_vec();
    header[7] = 9;
    let sum = xxhash_rust::xxh3::xxh3_64(&header[..56]).to_le_bytes();
    header[56..].copy_from_slice(&sum);
    let file = disk.open(&path, vpr_types::OpenMode::ReadWrite).unwrap();
    file.write_all_at(&header, 0).unwrap();
    assert!(matches!(open(&disk), Err(RecordError::Version { found: 9, .. })));
}

#[test]
fn crafted_bytes_do_not_stall_the_start() {
    let disk = filled(2);
    let (path, bytes) = segments(&disk).remove(0);
    // Each of these claims a long record, so that each would be hashed to its end.
    let mut crafted = Vec::new();
    for _ in 0..200_000 {
        crafted.extend([0xf6, 1, 0, 0, 8, 0]);
    }
    let file = disk.open(&path, vpr_types::OpenMode::ReadWrite).unwrap();
    file.write_all_at(&[0; 8], bytes.len() as u64).unwrap();
    file.write_all_at(&crafted, bytes.len() as u64 + 8).unwrap();
    assert!(matches!(open(&disk), Err(RecordError::Damaged { .. })));
}
