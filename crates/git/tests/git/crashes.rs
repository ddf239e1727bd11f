//! Power cuts, kills and failing disks at every step of a commit and of a merge.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{Arc, Mutex};

use vpr_git::{Damage, Error, Repository};
use vpr_testkit::{Fault, Repeat, SimDisk};
use vpr_types::{Disk, ObjectId};

use crate::support::{History, PATH, Written, git_in, pack_objects};

const TENANT: &str = "tenant";
const SEEDS: u64 = 6;

/// An empty disk with a durable tenant folder.
fn new_disk() -> SimDisk {
    let disk = SimDisk::new();
    disk.create_directories(Path::new(TENANT)).unwrap();
    disk.sync_directory(Path::new("")).unwrap();
    disk
}

fn create(disk: &SimDisk) -> Repository {
    let repository = Repository::create_skeleton(Arc::new(disk.clone()), Path::new(PATH)).unwrap();
    repository.sync_skeleton(Path::new(TENANT)).unwrap();
    repository
}

fn open(disk: &SimDisk) -> Option<Repository> {
    Repository::open(Arc::new(disk.clone()), Path::new(PATH)).unwrap()
}

/// Everything that stock git checks, on the disk as it stands. Equal disks are asked about once.
fn stock_git_accepts(disk: &SimDisk) -> Result<(), String> {
    static ACCEPTED: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());
    let mut hash = DefaultHasher::new();
    disk.files().hash(&mut hash);
    if !ACCEPTED.lock().unwrap().insert(hash.finish()) {
        return Ok(());
    }
    let folder = tempfile::tempdir().unwrap();
    for empty in ["objects/pack", "refs/heads"] {
        fs::create_dir_all(folder.path().join(PATH).join(empty)).unwrap();
    }
    for (path, bytes) in disk.files() {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let said =
        git_in(&folder.path().join(PATH), &["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
    let bad = match said {
        Ok(said) => said.lines().find(|line| !line.starts_with("notice: ")).map(str::to_owned),
        Err(error) => Some(error),
    };
    match bad {
        None => Ok(()),
        Some(bad) => {
            ACCEPTED.lock().unwrap().remove(&hash.finish());
            Err(format!("git fsck: {bad}"))
        }
    }
}

/// The branch stands at one of these, complete, and what a crash left goes away by sweeping.
fn check(disk: &SimDisk, allowed: &[Option<ObjectId>]) {
    if let Err(error) = examine(disk, allowed) {
        panic!("{error}");
    }
}

fn examine(disk: &SimDisk, allowed: &[Option<ObjectId>]) -> Result<(), String> {
    let repository = open(disk).ok_or("the repository is gone")?;
    let head = repository.head().map_err(|error| error.to_string())?;
    if !allowed.contains(&head) {
        return Err(format!("the branch stands at {head:?}"));
    }
    let sound = |damage: Vec<Damage>| if damage.is_empty() { Ok(()) } else { Err(format!("{damage:?}")) };
    sound(repository.verify().unwrap().damage)?;
    stock_git_accepts(disk)?;
    repository.sweep_temporary().unwrap();
    sound(repository.verify().unwrap().damage)?;
    match disk.files().iter().find(|(path, _)| path.contains("tmp_") || path.ends_with(".lock")) {
        None => Ok(()),
        Some((path, _)) => Err(format!("{path} was not swept")),
    }
}

/// A mistake that the crash tests must notice; else they prove nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Planted {
    PackNotSynced,
    NamesNotSynced,
    HeadNotSynced,
    HeadFirst,
    HeadNameNotSynced,
    SkeletonNotSynced,
}

/// One commit by its steps, one of them done wrong.
fn commit_wrongly(
    repository: &Repository,
    written: &[Written],
    new: ObjectId,
    wrong: Planted,
) -> Result<(), Error> {
    let publish_head = || {
        let head = repository.stage_head(new)?;
        if wrong != Planted::HeadNotSynced {
            head.sync()?;
        }
        head.publish()?;
        if wrong == Planted::HeadNameNotSynced { Ok(()) } else { repository.sync_refs_directory() }
    };
    if wrong == Planted::HeadFirst {
        publish_head()?;
    }
    let pack = repository.stage_pack(&pack_objects(written))?;
    if wrong != Planted::PackNotSynced {
        pack.sync()?;
    }
    pack.publish()?;
    if wrong != Planted::NamesNotSynced {
        repository.sync_pack_directory()?;
    }
    if wrong == Planted::HeadFirst { Ok(()) } else { publish_head() }
}

#[test]
fn planted_mistakes_are_noticed() {
    for wrong in [
        Planted::PackNotSynced,
        Planted::NamesNotSynced,
        Planted::HeadNotSynced,
        Planted::HeadFirst,
        Planted::HeadNameNotSynced,
        Planted::SkeletonNotSynced,
    ] {
        let disk = new_disk();
        let repository = match wrong {
            Planted::SkeletonNotSynced => {
                Repository::create_skeleton(Arc::new(disk.clone()), Path::new(PATH)).unwrap()
            }
            _ => create(&disk),
        };
        let begin = disk.recorded();
        let mut history = History::default();
        let written = history.commits(3);
        commit_wrongly(&repository, &written, history.head.unwrap(), wrong).unwrap();
        let during = (begin..disk.recorded()).map(|prefix| (prefix, vec![None, history.head]));
        let after = (disk.recorded(), vec![history.head]);
        let mut cuts = during
            .chain([after])
            .flat_map(|(prefix, allowed)| (0..20).map(move |seed| (prefix, seed, allowed.clone())));
        let noticed =
            cuts.any(|(prefix, seed, allowed)| examine(&disk.power_cut_at(prefix, seed), &allowed).is_err());
        assert!(noticed, "{wrong:?}");
    }
}

#[test]
fn a_power_cut_at_any_step_of_a_commit_leaves_the_old_or_the_new() {
    let disk = new_disk();
    let repository = create(&disk);
    let mut history = History::default();
    let mut heads = vec![None];
    for _ in 0..3 {
        let begin = disk.recorded();
        let written = history.commits(3);
        repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
        heads.push(history.head);
        for prefix in begin..=disk.recorded() {
            let allowed = &heads[heads.len() - 2..];
            for seed in 0..SEEDS {
                check(&disk.power_cut_at(prefix, seed), allowed);
            }
            check(&disk.snapshot_at(prefix), allowed);
        }
        // Acknowledged: now only the new one.
        for seed in 0..SEEDS {
            check(&disk.power_cut(seed), &heads[heads.len() - 1..]);
        }
    }
}

#[test]
fn the_steps_of_many_repositories_share_one_sync() {
    let disk = new_disk();
    let begin = disk.recorded();
    let repository = Repository::create_skeleton(Arc::new(disk.clone()), Path::new(PATH)).unwrap();
    let mut history = History::default();
    let written = history.commits(3);
    let mut pack = repository.stage_pack(&pack_objects(&written)).unwrap();
    pack.close_files();
    pack.sync().unwrap();
    disk.sync_filesystem().unwrap();
    pack.publish().unwrap();
    let head = repository.stage_head(history.head.unwrap()).unwrap();
    disk.sync_filesystem().unwrap();
    head.publish().unwrap();
    disk.sync_filesystem().unwrap();
    for prefix in begin..=disk.recorded() {
        for seed in 0..SEEDS {
            let cut = disk.power_cut_at(prefix, seed);
            // Before the first sync there may be anything from nothing to a half-made folder;
            // what the journal still has is written again.
            let again = Repository::create_skeleton(Arc::new(cut.clone()), Path::new(PATH)).unwrap();
            again.sync_skeleton(Path::new(TENANT)).unwrap();
            again.sweep_temporary().unwrap();
            assert!([None, history.head].contains(&again.head().unwrap()));
            again.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
            check(&cut, &[history.head]);
        }
    }
    for seed in 0..SEEDS {
        check(&disk.power_cut(seed), &[history.head]);
    }
}

#[test]
fn a_power_cut_at_any_step_of_creation_is_made_good() {
    let disk = new_disk();
    let begin = disk.recorded();
    create(&disk);
    for prefix in begin..=disk.recorded() {
        for seed in 0..SEEDS * 3 {
            let cut = disk.power_cut_at(prefix, seed);
            if let Some(half) = open(&cut) {
                assert_eq!(half.head().unwrap(), None);
            }
            create(&cut);
            check(&cut, &[None]);
            check(&cut.power_cut(seed), &[None]);
        }
    }
    // Once synced it is there.
    check(&disk.power_cut(1), &[None]);
}

fn five_packs(disk: &SimDisk) -> (Repository, History, Vec<Written>) {
    let repository = create(disk);
    let mut history = History::default();
    let mut all = Vec::new();
    for _ in 0..5 {
        let written = history.commits(3);
        repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
        all.extend(written);
    }
    (repository, history, all)
}

#[test]
fn a_power_cut_at_any_step_of_a_merge_loses_nothing() {
    let disk = new_disk();
    let (repository, history, all) = five_packs(&disk);
    let begin = disk.recorded();
    repository.concatenate(2).unwrap().unwrap();
    for prefix in begin..=disk.recorded() {
        for seed in 0..SEEDS {
            let cut = disk.power_cut_at(prefix, seed);
            check(&cut, &[history.head]);
            let repository = open(&cut).unwrap();
            for (object, _) in &all {
                assert!(repository.read(&object.id).unwrap().is_some());
            }
            repository.concatenate(2).unwrap();
            assert_eq!(repository.pack_count().unwrap(), 1);
            check(&cut, &[history.head]);
        }
    }
}

#[test]
fn a_failing_disk_is_reported_and_nothing_is_lost() {
    for fault in [Fault::Eio, Fault::Enospc, Fault::Short, Fault::Eintr] {
        for repeat in [Repeat::Once, Repeat::Sticky] {
            for step in 1.. {
                let disk = new_disk();
                let (repository, mut history, _) = five_packs(&disk);
                let old = history.head;
                let written = history.commits(2);
                disk.fail_operation(disk.operations() + step, fault, repeat);
                let result = repository
                    .commit_objects(&pack_objects(&written), history.head.unwrap())
                    .and_then(|()| repository.concatenate(2).map(|_| ()));
                let hit = disk.faults_hit() > 0;
                disk.clear_faults();
                // A reader of this process, a kill and a power cut: all see old or new, whole.
                assert!([old, history.head].contains(&repository.head().unwrap()));
                check(&disk.snapshot(), &[old, history.head]);
                for seed in 0..2 {
                    let cut = disk.power_cut(seed);
                    let allowed = [history.head, old];
                    check(&cut, if result.is_ok() { &allowed[..1] } else { &allowed });
                }
                // The same process goes on where the disk does.
                repository.sweep_temporary().unwrap();
                repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
                repository.concatenate(2).unwrap();
                check(&disk.power_cut(3), &[history.head]);
                if !hit {
                    assert!(result.is_ok());
                    break;
                }
            }
        }
    }
}
