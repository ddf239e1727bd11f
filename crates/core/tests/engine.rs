//! The engine on the simulated disk: what callers may rely on, one test a promise.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::path::Path;
use std::sync::Arc;

use vpr_core::{
    Action, Change, Committed, Content, DocumentWrite, Engine, EngineError, Home, Precondition, Repeat,
    WriteResult,
};
use vpr_store::format::{DocumentChange, Provenance};
use vpr_store::{StoreOptions, World, encode_blob};
use vpr_testkit::{SeedEntropy, SimClock, SimDisk};
use vpr_types::{Digest, Disk, DocumentName, OpenMode, Part, PrincipalId, RepositoryId, TenantName, Version};

struct Bench {
    disk: SimDisk,
    clock: Arc<SimClock>,
    engine: Engine,
}

fn tenant(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

fn open(disk: &SimDisk, clock: &Arc<SimClock>) -> Engine {
    let world =
        World { disk: Arc::new(disk.clone()), clock: clock.clone(), entropy: Arc::new(SeedEntropy::new(7)) };
    Engine::open(world, StoreOptions::default()).unwrap().0
}

impl Bench {
    fn new() -> Self {
        let disk = SimDisk::new();
        let clock = Arc::new(SimClock::new(vpr_types::Instant(1_795_369_200_000_000)));
        let engine = open(&disk, &clock);
        engine.create_tenant(&tenant("a")).unwrap();
        engine.create_tenant(&tenant("b")).unwrap();
        while engine.step_journal().unwrap() {}
        Self { disk, clock, engine }
    }

    fn commit(&self, tenant_name: &str, writes: Vec<DocumentWrite>) -> Result<Committed, EngineError> {
        self.commit_as(tenant_name, writes, None)
    }

    fn commit_as(
        &self,
        tenant_name: &str,
        writes: Vec<DocumentWrite>,
        repeat: Option<Repeat>,
    ) -> Result<Committed, EngineError> {
        let provenance = Provenance {
            author: PrincipalId::new("dr-ada").unwrap(),
            role: None,
            registration: None,
            care_location: None,
            on_behalf_of: None,
            purpose: Some("TREAT".into()),
            request: "r-1".into(),
        };
        self.engine.commit(Change { tenant: tenant(tenant_name), provenance, writes, repeat })
    }

    /// Everything queued becomes durable, everything durable goes into Git, and the engine starts anew.
    fn restart(&mut self) {
        self.engine.close().unwrap();
        self.engine = open(&self.disk, &self.clock);
    }

    fn text(&self, tenant_name: &str, name: &str) -> Option<String> {
        let found = self.engine.read(&tenant(tenant_name), &document(name)).unwrap()?;
        found.row.object?;
        let bytes = self.engine.content(&tenant(tenant_name), &found.row).unwrap();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn versions(&self, tenant_name: &str, name: &str) -> Vec<(u32, &'static str)> {
        let page = self.engine.history(&tenant(tenant_name), &document(name), None, 100).unwrap();
        page.map_or_else(Vec::new, |page| {
            page.versions.iter().map(|row| (row.version.0, row.operation.as_str())).collect()
        })
    }
}

fn document(name: &str) -> DocumentName {
    let (collection, id) = name.split_once('/').unwrap();
    DocumentName::new(collection, id).unwrap()
}

fn put(name: &str, home: Option<&str>, text: &str) -> DocumentWrite {
    let home = match home {
        Some(key) => Home::Record { key: key.into(), part: Part::Clinical },
        None => Home::Registry,
    };
    let content = Content {
        blob: encode_blob(text.as_bytes()).unwrap(),
        details: DocumentChange::default(),
        index: None,
    };
    DocumentWrite {
        name: document(name),
        precondition: Precondition::None,
        action: Action::Put { home, content, even_if_equal: false },
    }
}

fn delete(name: &str) -> DocumentWrite {
    DocumentWrite { name: document(name), precondition: Precondition::None, action: Action::Delete }
}

fn when(precondition: Precondition, write: DocumentWrite) -> DocumentWrite {
    DocumentWrite { precondition, ..write }
}

fn results(committed: &Committed) -> Vec<(WriteResult, Option<u32>)> {
    committed.outcomes.iter().map(|o| (o.result, o.version.map(|v| v.0))).collect()
}

const P1: Option<&str> = Some("Patient/1");
const P2: Option<&str> = Some("Patient/2");

#[test]
fn versions_count_up_through_updates_deletion_and_return() {
    let mut bench = Bench::new();
    let steps = [
        (put("Obs/1", P1, "one"), WriteResult::Created, 1),
        (put("Obs/1", P1, "two"), WriteResult::Updated, 2),
        (put("Obs/1", P1, "two"), WriteResult::Unchanged, 2),
        (delete("Obs/1"), WriteResult::Deleted, 3),
        (delete("Obs/1"), WriteResult::NothingToDelete, 3),
        (put("Obs/1", P1, "three"), WriteResult::Created, 4),
    ];
    for (write, result, version) in steps {
        let committed = bench.commit("a", vec![write]).unwrap();
        assert_eq!(results(&committed), [(result, Some(version))]);
    }
    let expected = [(4, "create"), (3, "delete"), (2, "update"), (1, "create")];
    for _ in 0..3 {
        assert_eq!(bench.versions("a", "Obs/1"), expected);
        assert_eq!(bench.text("a", "Obs/1").as_deref(), Some("three"));
        let first = bench.engine.version(&tenant("a"), &document("Obs/1"), Version(1)).unwrap().unwrap();
        assert_eq!(&*bench.engine.content(&tenant("a"), &first.row).unwrap(), b"one");
        assert_eq!(bench.text("b", "Obs/1"), None);
        bench.restart();
    }
    assert_eq!(bench.engine.verify(&mut |_| {}).unwrap().damage, Vec::<String>::new());
}

#[test]
fn nothing_is_durable_before_the_journal_has_written_it() {
    let bench = Bench::new();
    let committed = bench.commit("a", vec![put("Obs/1", P1, "one")]).unwrap();
    let read = bench.engine.read(&tenant("a"), &document("Obs/1")).unwrap().unwrap();
    assert!(!bench.engine.is_durable(committed.barrier));
    assert!(!bench.engine.is_durable(read.barrier), "a read of it must wait too");
    let unchanged = bench.commit("a", vec![put("Obs/1", P1, "one")]).unwrap();
    assert!(!bench.engine.is_durable(unchanged.barrier), "so must an answer that rests on it");
    let refused = bench.commit("a", vec![when(Precondition::Absent, put("Obs/1", P1, "x"))]).unwrap_err();
    let EngineError::Precondition { barrier, current, .. } = refused else { panic!("{refused}") };
    assert!(!bench.engine.is_durable(barrier), "and a refusal");
    assert_eq!(current, Some(Version(1)));
    assert!(bench.engine.step_journal().unwrap());
    for barrier in [committed.barrier, read.barrier, unchanged.barrier, barrier] {
        assert!(bench.engine.is_durable(barrier));
    }
}

#[test]
fn a_change_is_whole_or_absent() {
    let bench = Bench::new();
    bench.commit("a", vec![put("Obs/1", P1, "one")]).unwrap();
    let refused = bench
        .commit(
            "a",
            vec![
                put("Obs/2", P1, "two"),
                put("Org/1", None, "org"),
                when(Precondition::VersionIs(Version(9)), put("Obs/1", P2, "x")),
            ],
        )
        .unwrap_err();
    assert!(matches!(refused, EngineError::Precondition { .. }));
    assert_eq!(bench.text("a", "Obs/2"), None);
    assert_eq!(bench.text("a", "Org/1"), None);
    let twice = bench.commit("a", vec![put("Obs/2", P1, "two"), put("Obs/2", P1, "three")]).unwrap_err();
    assert!(matches!(twice, EngineError::WrittenTwice(_)));
    let committed = bench
        .commit("a", vec![put("Obs/2", P1, "two"), put("Org/1", None, "org"), put("Obs/3", P2, "three")])
        .unwrap();
    assert_eq!(results(&committed), [(WriteResult::Created, Some(1)); 3]);
    let seqs: Vec<_> = ["Obs/2", "Org/1", "Obs/3"]
        .map(|name| bench.engine.read(&tenant("a"), &document(name)).unwrap().unwrap().row.seq)
        .into();
    assert_eq!(seqs, [committed.seq.unwrap(); 3]);
}

#[test]
fn a_document_that_changes_its_patient_moves_and_keeps_its_versions() {
    let mut bench = Bench::new();
    bench.commit("a", vec![put("Obs/1", P1, "one")]).unwrap();
    let committed = bench.commit("a", vec![put("Obs/1", P2, "one")]).unwrap();
    assert_eq!(results(&committed), [(WriteResult::Updated, Some(2))], "equal bytes, another home");
    bench.restart();
    let (one, two) = (
        bench.engine.record_of(&tenant("a"), "Patient/1").unwrap(),
        bench.engine.record_of(&tenant("a"), "Patient/2").unwrap(),
    );
    let page = bench.engine.history(&tenant("a"), &document("Obs/1"), None, 9).unwrap().unwrap();
    assert_eq!(page.versions.iter().map(|row| row.record).collect::<Vec<_>>(), [two, one]);
    for (record, commits) in [(one, 2), (two, 1)] {
        let repository = RepositoryId::new(tenant("a"), Part::Clinical, record);
        assert_eq!(bench.engine.log(&repository, 9).unwrap().len(), commits);
    }
    assert_eq!(bench.engine.verify(&mut |_| {}).unwrap().damage, Vec::<String>::new());
}

#[test]
fn a_repeated_key_gives_the_first_answer_and_writes_nothing() {
    let mut bench = Bench::new();
    let repeat =
        |body: u8| Some(Repeat { key: Digest([1; 32]), body: Digest([body; 32]), hint: b"hint".to_vec() });
    let first = bench.commit_as("a", vec![put("Obs/1", P1, "one")], repeat(1)).unwrap();
    bench.commit("a", vec![put("Obs/1", P1, "two")]).unwrap();
    for round in 0..3 {
        let again = bench.commit_as("a", vec![put("Obs/1", P1, "one")], repeat(1)).unwrap();
        assert_eq!(again.repeated.as_deref(), Some(b"hint".as_slice()), "round {round}");
        assert_eq!((again.seq, &again.outcomes), (first.seq, &first.outcomes));
        assert_eq!(bench.text("a", "Obs/1").as_deref(), Some("two"));
        let other = bench.commit_as("a", vec![put("Obs/1", P1, "x")], repeat(2)).unwrap_err();
        assert!(matches!(other, EngineError::KeyReused { .. }));
        bench.restart();
    }
    // An answer of a write that changed nothing is remembered as well.
    let nothing = Some(Repeat { key: Digest([2; 32]), body: Digest([2; 32]), hint: Vec::new() });
    bench.commit_as("a", vec![put("Obs/1", P1, "two")], nothing.clone()).unwrap();
    bench.commit("a", vec![put("Obs/1", P1, "three")]).unwrap();
    bench.restart();
    let again = bench.commit_as("a", vec![put("Obs/1", P1, "two")], nothing).unwrap();
    assert!(again.repeated.is_some());
    assert_eq!(bench.text("a", "Obs/1").as_deref(), Some("three"));
}

#[test]
fn everything_comes_back_from_git_alone() {
    let mut bench = Bench::new();
    for round in 0..20 {
        let text = format!("round {round}");
        let mut writes =
            vec![put(&format!("Obs/{round}"), P1, &text), put("Obs/all", [P1, P2][round % 2], &text)];
        if round % 3 == 0 {
            writes.push(put("Org/1", None, &text));
        }
        if round % 5 == 4 {
            writes.push(delete(&format!("Obs/{}", round - 1)));
        }
        bench.commit(["a", "b"][round % 2], writes).unwrap();
        while bench.engine.step_journal().unwrap() {}
        bench.engine.materialize().unwrap();
    }
    let answers = |bench: &Bench| {
        let mut answers = Vec::new();
        for name in (0..20).map(|n| format!("Obs/{n}")).chain(["Obs/all".into(), "Org/1".into()]) {
            for tenant in ["a", "b"] {
                answers.push((name.clone(), bench.versions(tenant, &name), bench.text(tenant, &name)));
            }
        }
        answers
    };
    let before = answers(&bench);
    bench.engine.close().unwrap();
    for folder in ["journal", "directory", "a/feed", "b/feed"] {
        for entry in bench.disk.list(Path::new(folder)).unwrap() {
            bench.disk.remove_file(&Path::new(folder).join(entry.name)).unwrap();
        }
    }
    bench.engine = open(&bench.disk, &bench.clock);
    assert_eq!(answers(&bench), before);
    assert_eq!(bench.engine.verify(&mut |_| {}).unwrap().damage, Vec::<String>::new());
}

#[test]
fn a_key_is_forgotten_after_thirty_days() {
    let bench = Bench::new();
    let repeat = || Some(Repeat { key: Digest([3; 32]), body: Digest([3; 32]), hint: Vec::new() });
    bench.commit_as("a", vec![put("Obs/1", P1, "one")], repeat()).unwrap();
    while bench.engine.step_journal().unwrap() {}
    bench.engine.materialize().unwrap();
    bench.clock.advance(vpr_types::limits::IDEMPOTENCY_MICROS - 1_000_000);
    bench.engine.step_background().unwrap();
    assert!(bench.commit_as("a", vec![put("Obs/1", P1, "one")], repeat()).unwrap().repeated.is_some());
    bench.clock.advance(2_000_000);
    assert!(bench.commit_as("a", vec![put("Obs/1", P1, "two")], repeat()).unwrap().repeated.is_none());
    assert_eq!(bench.text("a", "Obs/1").as_deref(), Some("two"));
}

#[test]
fn a_branch_that_another_program_holds_keeps_nobody_else_waiting() {
    let mut bench = Bench::new();
    bench.commit("a", vec![put("Obs/1", P1, "one"), put("Obs/2", P2, "one")]).unwrap();
    bench.restart();
    let repository = |key| {
        let record = bench.engine.record_of(&tenant("a"), key).unwrap();
        RepositoryId::new(tenant("a"), Part::Clinical, record)
    };
    let (held, free) = (repository("Patient/1"), repository("Patient/2"));
    let lock = held.path().join("refs/heads/main.lock");
    bench.disk.open(&lock, OpenMode::Create).unwrap();
    // The first write after a start sweeps what a crash left; a lock that comes later is respected.
    bench.disk.remove_file(&lock).unwrap();
    bench.commit("a", vec![put("Obs/1", P1, "two")]).unwrap();
    while bench.engine.step_journal().unwrap() {}
    bench.engine.materialize().unwrap();
    bench.disk.open(&lock, OpenMode::Create).unwrap();
    bench.commit("a", vec![put("Obs/1", P1, "three")]).unwrap();
    bench.commit("a", vec![put("Obs/2", P2, "two")]).unwrap();
    while bench.engine.step_journal().unwrap() {}
    let refused = bench.engine.materialize().unwrap_err();
    assert!(refused.to_string().contains("main.lock"), "{refused}");
    assert_eq!(bench.engine.health().unmaterialized, 1);
    assert_eq!(bench.text("a", "Obs/1").as_deref(), Some("three"));
    assert!(bench.engine.health().is_ready());
    bench.disk.remove_file(&lock).unwrap();
    assert_eq!(bench.engine.log(&held, 9).unwrap().len(), 3);
    assert_eq!(bench.engine.log(&free, 9).unwrap().len(), 2);
    assert_eq!(bench.engine.verify(&mut |_| {}).unwrap().damage, Vec::<String>::new());
}
