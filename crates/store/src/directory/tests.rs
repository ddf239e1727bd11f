use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;
use vpr_testkit::{Dice, Fault, Repeat, SimDisk};
use vpr_types::{
    Digest, Disk, DocumentName, Instant, ObjectId, OpenMode, Part, RecordId, RepositoryId, Seq, TenantName,
    Version,
};

use super::{Directory, DirectoryError, RepositoryRow, VersionRow};
use crate::format::{
    ChangeOperation, ChangeSummary, DocumentSummary, Idempotency, RepositorySummary, sample,
};

const FILE: &str = "directory/directory.redb";

fn tenant() -> TenantName {
    TenantName::new("st-olav").unwrap()
}

fn open(disk: &SimDisk) -> Directory {
    Directory::open(Arc::new(disk.clone())).unwrap()
}

impl Directory {
    /// `None` while a checkpoint shows its file.
    fn checkpointed_without_waiting(&self, tenant: &TenantName) -> Option<Seq> {
        Some(self.tail.get(tenant)?.pending.try_lock()?.checkpointed)
    }
}

fn checkpoint(directory: &Directory, seq: u64) -> Result<(), DirectoryError> {
    directory.checkpoint(&BTreeMap::from([(tenant(), Seq(seq))]))
}

/// A hospital's history: every change, and what every document went through.
#[derive(Default)]
struct History {
    changes: Vec<ChangeSummary>,
    versions: BTreeMap<DocumentName, Vec<VersionRow>>,
    repositories: BTreeMap<(RecordId, Part), Vec<RepositoryRow>>,
}

impl History {
    /// Changes one to four documents of a few records at random; some move to another record.
    fn grow(&mut self, dice: &mut Dice) -> ChangeSummary {
        let seq = Seq(self.changes.len() as u64 + 1);
        let mut change = sample::smallest_change(seq.0);
        change.documents.clear();
        let mut touched: BTreeSet<(Part, RecordId)> = BTreeSet::new();
        let mut lines = Vec::new();
        let count = 1 + dice.below(4);
        let names: BTreeSet<DocumentName> = (0..count)
            .map(|_| {
                let collection = ["Observation", "Patient", "A"][dice.below(3) as usize];
                DocumentName::new(collection, &format!("d{}", dice.below(12))).unwrap()
            })
            .collect();
        for name in names {
            let before = self.versions.get(&name).and_then(|rows| rows.last());
            let is_live = before.is_some_and(|row| row.operation != ChangeOperation::Delete);
            let operation = match (is_live, dice.below(4)) {
                (false, _) => ChangeOperation::Create,
                (true, 0) => ChangeOperation::Delete,
                (true, _) => ChangeOperation::Update,
            };
            let old_place = before.map(|row| (row.part, row.record));
            let part = [Part::Clinical, Part::Demographics, Part::Registry][dice.below(3) as usize];
            let record = if part == Part::Registry { 0 } else { 1 + u128::from(dice.below(3)) };
            let place = match old_place {
                Some(place) if dice.below(3) > 0 => place,
                _ => (part, RecordId(Uuid::from_u128(record))),
            };
            let version = Version(before.map_or(0, |row| row.version.0) + 1);
            if let (true, Some(old)) = (is_live, old_place)
                && old != place
            {
                touched.insert(old);
                let version = Version(version.0 - 1);
                lines.push((old, name.clone(), version, ChangeOperation::MovedOut));
            }
            touched.insert(place);
            lines.push((place, name, version, operation));
        }
        let places: Vec<_> = touched.into_iter().collect();
        change.repositories = places
            .iter()
            .map(|(part, record)| {
                let mut bytes = [0; 32];
                dice.fill(&mut bytes);
                let commit = ObjectId(bytes[..20].try_into().unwrap());
                let tree = ObjectId(bytes[12..].try_into().unwrap());
                let contribution = Uuid::nil();
                RepositorySummary {
                    part: *part,
                    record: *record,
                    commit,
                    tree,
                    digest: Digest(bytes),
                    contribution,
                }
            })
            .collect();
        for (place, name, version, operation) in lines {
            let repository = places.iter().position(|other| *other == place).unwrap();
            let stored = matches!(operation, ChangeOperation::Create | ChangeOperation::Update);
            change.documents.push(DocumentSummary {
                name,
                version,
                operation,
                repository: u16::try_from(repository).unwrap(),
                object: stored.then_some(ObjectId([7; 20])),
                size: u32::from(stored) * 99,
                digest: stored.then_some(Digest([8; 32])),
            });
        }
        if dice.below(3) == 0 {
            let key = Digest([u8::try_from(dice.below(4)).unwrap(); 32]);
            let outcome = seq.0.to_le_bytes().to_vec();
            change.idempotency = Some(Idempotency { key, body: Digest([2; 32]), outcome });
        }
        self.take(&change);
        change
    }

    fn take(&mut self, change: &ChangeSummary) {
        for document in &change.documents {
            if let Some(row) = VersionRow::of(change, document) {
                self.versions.entry(document.name.clone()).or_default().push(row);
            }
        }
        for repository in &change.repositories {
            let rows = self.repositories.entry((repository.record, repository.part)).or_default();
            rows.push(RepositoryRow {
                head: repository.commit,
                tree: repository.tree,
                digest: repository.digest,
                commits: rows.len() as u64 + 1,
                seq: change.seq,
            });
        }
        self.changes.push(change.clone());
    }

    /// The history of the first `seq` changes.
    fn until(&self, seq: u64) -> Self {
        let mut history = Self::default();
        self.changes.iter().take(usize::try_from(seq).unwrap()).for_each(|change| history.take(change));
        history
    }

    /// Every answer of the directory is what the history says.
    fn check(&self, directory: &Directory) {
        let tenant = tenant();
        for (name, rows) in &self.versions {
            assert_eq!(directory.head(&tenant, name).unwrap().as_ref(), rows.last());
            for row in rows {
                assert_eq!(directory.version(&tenant, name, row.version).unwrap().as_ref(), Some(row));
            }
            let beyond = Version(rows.len() as u32 + 1);
            assert_eq!(directory.version(&tenant, name, beyond).unwrap(), None);
            assert_eq!(directory.version(&tenant, name, Version(0)).unwrap(), None);
            for seq in 0..=self.changes.len() as u64 + 1 {
                let expected = rows.iter().rev().find(|row| row.seq.0 <= seq);
                assert_eq!(directory.as_of(&tenant, name, Seq(seq)).unwrap().as_ref(), expected);
            }
            for before in [None, Some(1), Some(2), Some(3), Some(beyond.0), Some(u32::MAX)] {
                for limit in [0, 1, 2, 100] {
                    let below = |row: &&VersionRow| before.is_none_or(|before| row.version.0 < before);
                    let expected: Vec<_> = rows.iter().rev().filter(below).take(limit).cloned().collect();
                    let found = directory.versions(&tenant, name, before.map(Version), limit).unwrap();
                    assert_eq!(found, expected, "before {before:?}, {limit} at the most");
                }
            }
        }
        self.check_lists(directory);
    }

    fn check_lists(&self, directory: &Directory) {
        let tenant = tenant();
        let mut seen = Vec::new();
        directory
            .documents(&tenant, &mut |name, row| {
                seen.push((name, row));
                true
            })
            .unwrap();
        let heads = || self.versions.iter().map(|(name, rows)| (name.clone(), rows.last().unwrap().clone()));
        assert_eq!(seen, heads().collect::<Vec<_>>());
        let mut first = None;
        let in_a = |name: &DocumentName| name.collection() == "A";
        directory
            .documents_in(&tenant, "A", &mut |name, _| {
                first = Some(name);
                false
            })
            .unwrap();
        assert_eq!(first, heads().map(|(name, _)| name).find(in_a));
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (name, row) in heads() {
            if row.operation != ChangeOperation::Delete {
                *counts.entry(name.collection().to_owned()).or_default() += 1;
            }
        }
        assert_eq!(directory.counts(&tenant).unwrap(), counts);
        let records: Vec<_> = self
            .repositories
            .iter()
            .filter(|((_, part), _)| *part != Part::Registry)
            .map(|((record, part), rows)| (*record, *part, rows.last().unwrap().clone()))
            .collect();
        assert_eq!(directory.records(&tenant).unwrap(), records);
        for ((record, part), rows) in &self.repositories {
            let id = RepositoryId::new(tenant.clone(), *part, *record);
            assert_eq!(directory.repository(&id).unwrap().as_ref(), rows.last());
        }
        for key in (0..4).map(|byte| Digest([byte; 32])) {
            let used = |change: &&ChangeSummary| change.idempotency.as_ref().is_some_and(|i| i.key == key);
            let last = self.changes.iter().rev().find(used);
            let expected = last.map(|change| (change.seq, change.time, change.idempotency.clone().unwrap()));
            assert_eq!(directory.idempotent(&tenant, &key).unwrap(), expected);
        }
        assert_eq!(directory.position(&tenant).0, self.changes.len() as u64);
        let tenants = if self.changes.is_empty() { vec![] } else { vec![tenant] };
        assert_eq!(directory.tenants(), tenants);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Wherever checkpoints and restarts fall, the directory says what the history says.
    #[test]
    fn the_directory_is_the_history(seed in any::<u64>(), steps in vec(0..6_u8, 1..40)) {
        let disk = SimDisk::new();
        disk.stop_recording();
        let mut dice = Dice::new(seed);
        let mut history = History::default();
        let mut directory = open(&disk);
        for step in steps {
            match step {
                0 => {
                    let last = directory.position(&tenant()).0;
                    let done = directory.checkpointed(&tenant()).unwrap().0;
                    let up_to = done + dice.below(last - done + 1);
                    checkpoint(&directory, up_to).unwrap();
                    prop_assert_eq!(directory.checkpointed(&tenant()).unwrap(), Seq(up_to));
                }
                1 => {
                    drop(directory);
                    directory = open(&disk);
                    let done = usize::try_from(directory.checkpointed(&tenant()).unwrap().0).unwrap();
                    // As after a restart: the feed begins somewhere before.
                    for change in &history.changes[done.saturating_sub(2)..] {
                        directory.apply(change);
                    }
                }
                _ => {
                    let change = history.grow(&mut dice);
                    directory.apply(&change);
                    directory.apply(&change);
                }
            }
            history.check(&directory);
        }
    }
}

fn history_of(changes: usize, seed: u64) -> History {
    let mut dice = Dice::new(seed);
    let mut history = History::default();
    for _ in 0..changes {
        history.grow(&mut dice);
    }
    history
}

#[test]
fn tenants_share_nothing() {
    let directory = open(&SimDisk::new());
    let mut other = sample::smallest_change(1);
    other.tenant = TenantName::new("a").unwrap();
    directory.apply(&other);
    directory.checkpoint(&BTreeMap::from([(other.tenant.clone(), Seq(1))])).unwrap();
    let name = &other.documents[0].name;
    assert!(directory.head(&other.tenant, name).unwrap().is_some());
    assert_eq!(directory.head(&tenant(), name).unwrap(), None);
    assert_eq!(directory.position(&tenant()), Seq(0));
    directory.apply(&sample::smallest_change(1));
    checkpoint(&directory, 1).unwrap();
    assert_eq!(directory.tenants(), [other.tenant, tenant()]);
}

#[test]
fn a_gap_is_named_and_nothing_written() {
    let directory = open(&SimDisk::new());
    for seq in [1, 2, 4] {
        directory.apply(&sample::smallest_change(seq));
    }
    let Err(DirectoryError::Gap { seq: Seq(3), .. }) = checkpoint(&directory, 4) else { panic!("no gap") };
    assert_eq!(directory.checkpointed(&tenant()).unwrap(), Seq(0));
    directory.apply(&sample::smallest_change(3));
    checkpoint(&directory, 4).unwrap();
    assert_eq!(directory.checkpointed(&tenant()).unwrap(), Seq(4));
}

#[test]
fn aliases_and_expired_idempotency_keys() {
    let disk = SimDisk::new();
    let history = history_of(60, 5);
    let directory = open(&disk);
    let record = RecordId(Uuid::from_u128(77));
    assert_eq!(directory.alias(&tenant(), "ehr/1").unwrap(), None);
    directory.set_alias(&tenant(), "ehr/1", record).unwrap();
    assert_eq!(directory.alias(&tenant(), "ehr/1").unwrap(), Some(record));
    history.changes.iter().for_each(|change| directory.apply(change));
    checkpoint(&directory, 60).unwrap();
    history.check(&directory);
    let mut times: Vec<_> = (0..4)
        .filter_map(|byte| directory.idempotent(&tenant(), &Digest([byte; 32])).unwrap())
        .map(|(_, time, _)| time)
        .collect();
    times.sort_unstable();
    assert!(times.len() >= 3);
    assert_eq!(directory.purge_idempotency_before(&tenant(), times[1]).unwrap(), 1);
    assert_eq!(directory.purge_idempotency_before(&tenant(), times[1]).unwrap(), 0);
    let left = times.len() as u64 - 1;
    assert_eq!(directory.purge_idempotency_before(&tenant(), Instant(i64::MAX)).unwrap(), left);
    drop(directory);
    let directory = open(&disk);
    assert_eq!(directory.alias(&tenant(), "ehr/1").unwrap(), Some(record));
    assert_eq!(directory.idempotent(&tenant(), &Digest([0; 32])).unwrap(), None);
}

#[test]
fn readers_never_miss_what_was_applied() {
    let directory = open(&SimDisk::new());
    let name = sample::smallest_change(1).documents[0].name.clone();
    let change = |seq: u64| {
        let mut change = sample::smallest_change(seq);
        change.documents[0].version = Version(u32::try_from(seq).unwrap());
        let first = seq == 1;
        change.documents[0].operation = if first { ChangeOperation::Create } else { ChangeOperation::Update };
        change
    };
    let id = RepositoryId::new(tenant(), Part::Clinical, change(1).repositories[0].record);
    let applied = AtomicU64::new(0);
    const LAST: u64 = 3_000;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for seq in 1..=LAST {
                directory.apply(&change(seq));
                applied.store(seq, Ordering::SeqCst);
            }
        });
        scope.spawn(|| {
            while directory.checkpointed(&tenant()).unwrap() < Seq(LAST) {
                checkpoint(&directory, applied.load(Ordering::SeqCst)).unwrap();
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let known = applied.load(Ordering::SeqCst);
                    if known == 0 {
                        continue;
                    }
                    let head = directory.head(&tenant(), &name).unwrap().expect("it was applied");
                    assert!(head.seq.0 >= known);
                    let row = directory.repository(&id).unwrap().expect("it was applied");
                    assert!(row.seq.0 >= known && row.commits == row.seq.0, "{row:?}");
                    let versions = directory.versions(&tenant(), &name, None, 5).unwrap();
                    let newest = versions[0].version.0;
                    assert!(u64::from(newest) >= known);
                    let expected: Vec<u32> = (newest.saturating_sub(4).max(1)..=newest).rev().collect();
                    assert_eq!(versions.iter().map(|row| row.version.0).collect::<Vec<_>>(), expected);
                    let middle = directory.as_of(&tenant(), &name, Seq(known.div_ceil(2))).unwrap();
                    assert_eq!(middle.unwrap().seq.0, known.div_ceil(2));
                    assert_eq!(directory.counts(&tenant()).unwrap()["Observation"], 1);
                    if known == LAST {
                        break;
                    }
                }
            });
        }
    });
}

#[test]
fn a_large_checkpoint_hides_nothing_while_it_drops_the_tail() {
    const CHANGES: u64 = 2_000;
    let directory = open(&SimDisk::new());
    let name = |seq: u64| DocumentName::new("Observation", &seq.to_string()).unwrap();
    for round in 0..12 {
        let range = round * CHANGES + 1..=(round + 1) * CHANGES;
        for seq in range.clone() {
            let mut change = sample::smallest_change(seq);
            change.documents[0].name = name(seq);
            directory.apply(&change);
        }
        let (first, last) = (name(*range.start()), *range.end());
        std::thread::scope(|scope| {
            scope.spawn(|| checkpoint(&directory, last).unwrap());
            scope.spawn(|| {
                while directory.checkpointed_without_waiting(&tenant()) < Some(Seq(last)) {
                    assert!(directory.head(&tenant(), &first).unwrap().is_some());
                }
            });
        });
    }
}

/// Applies what follows the file's position and checks everything.
fn check_after_crash(disk: &SimDisk, history: &History, at_least: u64) {
    let directory = open(disk);
    let position = directory.checkpointed(&tenant()).unwrap().0;
    assert!(position >= at_least, "{position}, but {at_least} was checkpointed");
    history.until(position).check(&directory);
    let rest = usize::try_from(position).unwrap();
    history.changes[rest..].iter().for_each(|change| directory.apply(change));
    checkpoint(&directory, history.changes.len() as u64).unwrap();
    history.check(&directory);
}

#[test]
fn a_power_cut_leaves_one_checkpoint_or_the_next() {
    let history = history_of(24, 9);
    let disk = SimDisk::new();
    let directory = open(&disk);
    let created = disk.recorded();
    let mut known = Vec::new();
    for seq in 1..=24 {
        directory.apply(&history.changes[seq as usize - 1]);
        if seq % 8 == 0 {
            checkpoint(&directory, seq).unwrap();
            known.push((disk.recorded(), seq));
        }
    }
    drop(directory);
    for prefix in created..=disk.recorded() {
        let done = known.iter().rev().find(|(at, _)| *at <= prefix).map_or(0, |(_, seq)| *seq);
        for seed in 0..3 {
            check_after_crash(&disk.power_cut_at(prefix, seed), &history, done);
        }
        check_after_crash(&disk.snapshot_at(prefix), &history, done);
    }
}

#[test]
fn a_creation_that_was_cut_short_can_be_begun_again() {
    let disk = SimDisk::new();
    drop(open(&disk));
    for prefix in 0..=disk.recorded() {
        for seed in 0..8 {
            let survivor = disk.power_cut_at(prefix, seed);
            match Directory::open(Arc::new(survivor.clone())) {
                Ok(directory) => drop(directory),
                Err(DirectoryError::Damaged(_)) => {
                    survivor.remove_file(Path::new(FILE)).unwrap();
                    drop(open(&survivor));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn a_full_disk_stops_checkpoints_and_nothing_else() {
    let history = history_of(400, 3);
    let disk = SimDisk::new();
    disk.stop_recording();
    let directory = open(&disk);
    history.changes[..20].iter().for_each(|change| directory.apply(change));
    checkpoint(&directory, 20).unwrap();
    disk.set_quota(Some(disk.used_bytes()));
    history.changes[20..].iter().for_each(|change| directory.apply(change));
    for _ in 0..3 {
        match checkpoint(&directory, 400) {
            Err(DirectoryError::Io(error)) => assert_eq!(error.kind(), std::io::ErrorKind::StorageFull),
            other => panic!("{other:?}"),
        }
        history.check(&directory);
        check_after_crash(&lifted(disk.snapshot()), &history, 20);
        check_after_crash(&lifted(disk.power_cut(4)), &history, 20);
    }
    disk.set_quota(None);
    checkpoint(&directory, 400).unwrap();
    history.check(&directory);
    check_after_crash(&disk.power_cut(4), &history, 400);
}

#[test]
fn catching_up_after_a_full_disk_survives_a_power_cut_anywhere() {
    let history = history_of(60, 8);
    let disk = SimDisk::new();
    let directory = open(&disk);
    history.changes[..20].iter().for_each(|change| directory.apply(change));
    checkpoint(&directory, 20).unwrap();
    disk.set_quota(Some(disk.used_bytes()));
    history.changes[20..].iter().for_each(|change| directory.apply(change));
    checkpoint(&directory, 60).unwrap_err();
    disk.set_quota(None);
    let before = disk.recorded();
    checkpoint(&directory, 60).unwrap();
    assert!(disk.recorded() > before + 3, "nothing was held back");
    for prefix in before..=disk.recorded() {
        for seed in 0..6 {
            check_after_crash(&disk.power_cut_at(prefix, seed), &history, 20);
        }
    }
    check_after_crash(&disk.power_cut(1), &history, 60);
}

fn lifted(disk: SimDisk) -> SimDisk {
    disk.set_quota(None);
    disk
}

#[test]
fn after_a_disk_error_the_file_is_still_one_checkpoint() {
    let history = history_of(30, 4);
    for operation in (1..60).step_by(3) {
        let disk = SimDisk::new();
        let directory = open(&disk);
        history.changes.iter().for_each(|change| directory.apply(change));
        checkpoint(&directory, 10).unwrap();
        disk.fail_operation(disk.operations() + operation, Fault::Eio, Repeat::Sticky);
        let outcome = checkpoint(&directory, 30);
        assert!(outcome.is_err() || disk.faults_hit() == 0);
        drop(directory);
        disk.clear_faults();
        check_after_crash(&disk.power_cut(operation), &history, 10);
    }
}

/// Opening and reading never panics, whatever the file holds.
fn open_and_read(disk: &SimDisk) -> Result<(), DirectoryError> {
    let directory = Directory::open(Arc::new(disk.clone()))?;
    let mut names = Vec::new();
    directory.documents(&tenant(), &mut |name, _| {
        names.push(name);
        true
    })?;
    for name in names {
        directory.head(&tenant(), &name)?;
        directory.versions(&tenant(), &name, None, 100)?;
        directory.as_of(&tenant(), &name, Seq(3))?;
    }
    directory.records(&tenant())?;
    directory.counts(&tenant())?;
    Ok(())
}

fn disk_with(bytes: &[u8]) -> SimDisk {
    let disk = SimDisk::new();
    disk.stop_recording();
    disk.create_directories(Path::new("directory")).unwrap();
    disk.open(Path::new(FILE), OpenMode::Create).unwrap().write_all_at(bytes, 0).unwrap();
    disk
}

fn file_of(disk: &SimDisk) -> Vec<u8> {
    disk.files().into_iter().find(|(path, _)| path == FILE).unwrap().1
}

fn closed_file() -> Vec<u8> {
    let disk = SimDisk::new();
    let directory = open(&disk);
    history_of(40, 11).changes.iter().for_each(|change| directory.apply(change));
    checkpoint(&directory, 40).unwrap();
    drop(directory);
    file_of(&disk)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn garbage_is_an_error(bytes in vec(any::<u8>(), 1..20_000), with_magic in any::<bool>()) {
        let bytes = if with_magic { [b"redb\x1a\x0a\xa9\x0d\x0a".as_slice(), &bytes].concat() } else { bytes };
        prop_assert!(matches!(open_and_read(&disk_with(&bytes)), Err(DirectoryError::Damaged(_))));
    }
}

#[test]
fn a_cut_or_rotten_file_is_an_error_or_readable_but_no_panic() {
    let whole = closed_file();
    let mut dice = Dice::new(1);
    open_and_read(&disk_with(&whole)).unwrap();
    for _ in 0..60 {
        let length = 1 + usize::try_from(dice.below(whole.len() as u64 - 1)).unwrap();
        assert!(open_and_read(&disk_with(&whole[..length])).is_err(), "cut to {length}");
    }
    let mut noticed = 0;
    for _ in 0..400 {
        let mut rotten = whole.clone();
        // The first pages hold what everything else hangs on.
        let within = if dice.below(2) == 0 { 512 } else { whole.len() as u64 };
        rotten[usize::try_from(dice.below(within)).unwrap()] ^= 1 << dice.below(8);
        noticed += u32::from(open_and_read(&disk_with(&rotten)).is_err());
    }
    assert!(noticed > 20, "only {noticed} of 400 flips met");
}

#[test]
fn what_is_read_is_what_was_written_or_an_error() {
    let whole = closed_file();
    let mut dice = Dice::new(2);
    let history = history_of(40, 11);
    for _ in 0..400 {
        let mut rotten = whole.clone();
        rotten[usize::try_from(4096 + dice.below(whole.len() as u64 - 4096)).unwrap()] ^= 1 << dice.below(8);
        let disk = disk_with(&rotten);
        let Ok(directory) = Directory::open(Arc::new(disk.clone())) else { continue };
        let mut met = false;
        for (name, rows) in &history.versions {
            for row in rows {
                match directory.version(&tenant(), name, row.version) {
                    // A rotten key or page link can hide a row, never change one.
                    Ok(found) => assert!(found.is_none() || found.as_ref() == Some(row)),
                    Err(_) => met = true,
                }
            }
        }
        drop(directory);
        if met {
            assert!(matches!(Directory::open(Arc::new(disk)), Err(DirectoryError::Damaged(_))));
        }
    }
}
