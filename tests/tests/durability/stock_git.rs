//! After a random run on a real disk, stock git and libgit2 see what the engine says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use vpr_core::Engine;
use vpr_store::disk::RealDisk;
use vpr_store::{StoreOptions, World};
use vpr_testkit::{Dice, SeedEntropy, SimClock};
use vpr_types::RepositoryId;

use crate::model::{Answer, Model};
use crate::simulator::options;
use crate::{figure, git, inspect, plan};

fn open(folder: &Path, clock: &SimClock, seed: u64) -> Engine {
    let disk = Arc::new(RealDisk::open(folder).unwrap());
    let world = World { disk, clock: Arc::new(clock.clone()), entropy: Arc::new(SeedEntropy::new(seed)) };
    // Small packs that are joined, as in the simulated runs; syncs of a real disk are slow enough.
    let journal = vpr_store::JournalOptions { segments_max: 64, ..options().journal };
    Engine::open(world, StoreOptions { journal, ..options() }).unwrap().0
}

/// A random run on a real disk, with a restart in the middle.
fn run(folder: &Path, seed: u64, changes: u64) -> (Engine, Model) {
    let clock = SimClock::default();
    let mut dice = Dice::new(seed);
    let (mut model, mut serial) = (Model::default(), 0);
    let mut engine = open(folder, &clock, seed);
    for name in ["a", "b"] {
        engine.create_tenant(&plan::tenant(name)).unwrap();
        model.tenants.entry(name.into()).or_default().seq = 1;
    }
    for number in 0..changes {
        let change = plan::random(&model, &mut serial, &mut dice);
        let result = engine.commit(plan::change(&change));
        let time =
            result.as_ref().map_or(0, |done| done.outcomes.iter().map(|o| o.time.0).max().unwrap_or(0));
        let answer: Answer = plan::answer(&change, result.as_ref()).unwrap();
        assert_eq!(answer, model.perform(&change, time));
        clock.advance(40_000);
        if number % 3 == 0 {
            while engine.step_journal().unwrap() {}
            while engine.step_background().unwrap() {}
        }
        if number == changes / 2 {
            engine.close().unwrap();
            drop(engine);
            engine = open(folder, &clock, seed + 1);
        }
    }
    while engine.step_journal().unwrap() {}
    engine.materialize().unwrap();
    (engine, model)
}

/// Documents that a tree lists, by `<type>/<a>/<b>/<id>.json`.
fn listed(text: &str) -> BTreeSet<String> {
    let name = |path: &str| {
        let levels: Vec<&str> = path.split('/').collect();
        let [collection, a, b, file] = levels[..] else { panic!("{path} is no document's path") };
        let digit = |level: &str| level.len() == 1 && level.chars().all(|c| c.is_ascii_hexdigit());
        assert!(digit(a) && digit(b), "{path}");
        format!("{collection}/{}", file.strip_suffix(".json").unwrap())
    };
    text.lines().map(name).collect()
}

struct Check<'a> {
    engine: &'a Engine,
    model: &'a Model,
    folder: &'a Path,
    commits: usize,
    blobs: usize,
}

impl Check<'_> {
    fn repository(&mut self, id: &RepositoryId, clones: &Path) {
        let path = self.folder.join(id.path());
        git::check(&path).unwrap();
        let clone = clones.join(id.path().to_str().unwrap().replace('/', "_"));
        git::run(clones, &["clone", "--quiet", path.to_str().unwrap(), clone.to_str().unwrap()]).unwrap();
        git::check(&clone).unwrap();
        let log = git::run(&clone, &["log", "-p", "--format=commit %H%n%B"]).unwrap();
        let count = log.lines().filter(|line| line.starts_with("commit ")).count();
        assert_eq!(count, self.engine.log(id, 100_000).unwrap().len());
        self.commits += count;

        // Heads: what the tree holds is what the directory and the model say lives here.
        let tree = listed(&git::run(&clone, &["ls-tree", "-r", "--name-only", "HEAD"]).unwrap());
        let mut heads = BTreeMap::new();
        self.engine
            .documents(&id.tenant, Some(id), &mut |name, row| {
                if let Some(object) = row.object {
                    heads.insert(name.to_string(), object);
                }
                true
            })
            .unwrap();
        assert_eq!(tree, heads.keys().cloned().collect());
        for name in heads.keys().filter(|name| !name.starts_with("_tenant/")) {
            let alive = self.model.tenants[id.tenant.as_str()].alive(name).unwrap();
            let [collection, file] = name.split('/').collect::<Vec<_>>()[..] else { panic!("{name}") };
            let found = git::run(&clone, &["ls-files", &format!("{collection}/*/{file}.json")]).unwrap();
            assert_eq!(**alive.content.as_ref().unwrap(), *std::fs::read(clone.join(found.trim())).unwrap());
        }
    }

    /// Every version's blob, read with libgit2.
    fn versions(&mut self) {
        for (name, tenant) in &self.model.tenants {
            for (document, versions) in &tenant.documents {
                let page = self.engine.history(&plan::tenant(name), &plan::document(document), None, 10_000);
                let rows = page.unwrap().unwrap().versions;
                assert_eq!(rows.len(), versions.len());
                for (row, version) in rows.iter().rev().zip(versions) {
                    assert_eq!(
                        inspect::difference(self.engine, name, row, version.content.as_deref(), version),
                        None
                    );
                    let Some(object) = row.object else { continue };
                    let id = RepositoryId::new(plan::tenant(name), row.part, row.record);
                    let repository = git2::Repository::open_bare(self.folder.join(id.path())).unwrap();
                    let blob = repository.find_blob(git2::Oid::from_bytes(&object.0).unwrap()).unwrap();
                    assert_eq!(blob.content(), &**version.content.as_ref().unwrap());
                    let commit =
                        repository.find_commit(git2::Oid::from_bytes(&row.commit.0).unwrap()).unwrap();
                    assert!(commit.message().unwrap().contains("VPR-Digest: sha256:"));
                    self.blobs += 1;
                }
            }
        }
    }
}

#[test]
fn stock_git_and_libgit2_see_what_the_engine_says() {
    let (mut repositories, mut commits, mut blobs) = (0, 0, 0);
    for seed in 0..figure::size(2, 20) {
        let folder = tempfile::tempdir().unwrap();
        let (engine, model) = run(&folder.path().join("data"), seed, figure::size(150, 1_000));
        let data = folder.path().join("data");
        let clones = folder.path().join("clones");
        std::fs::create_dir(&clones).unwrap();
        let mut check = Check { engine: &engine, model: &model, folder: &data, commits: 0, blobs: 0 };
        for name in model.tenants.keys() {
            let tenant = plan::tenant(name);
            let mut all = vec![RepositoryId::registry(tenant.clone())];
            for record in engine.records(&tenant).unwrap() {
                let parts = record
                    .parts
                    .iter()
                    .map(|(part, _)| RepositoryId::new(tenant.clone(), *part, record.record));
                all.extend(parts);
            }
            all.dedup();
            for id in &all {
                check.repository(id, &clones);
                repositories += 1;
            }
        }
        check.versions();
        commits += check.commits;
        blobs += check.blobs;
        assert_eq!(engine.verify(&mut |_| {}).unwrap().damage, Vec::<String>::new());
        engine.close().unwrap();
    }
    let line = format!(
        "stock git: {repositories} repositories cloned and checked, {commits} commits, {blobs} blobs read with libgit2, all equal"
    );
    figure::publish("stock-git", &line);
    assert!(repositories > 10 && blobs > 200);
}
