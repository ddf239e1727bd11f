//! An engine on a simulated disk, stepped by the test or run by threads of its own.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use vpr_core::{
    Action, Change, Committed, CommittedChange, Content, DocumentWrite, Engine, EngineError, Home,
    Precondition,
};
use vpr_store::format::{DocumentChange, Provenance};
use vpr_store::{StoreOptions, World, encode_blob};
use vpr_testkit::{SeedEntropy, SimClock, SimDisk};
use vpr_types::{DocumentName, Part, PrincipalId, Seq, TenantName};

/// Longer than anything here takes: who waits so long waits for ever.
pub const FOR_EVER: Duration = Duration::from_secs(120);

pub struct Bench {
    pub disk: SimDisk,
    options: StoreOptions,
    pub engine: Engine,
}

pub fn tenant() -> TenantName {
    TenantName::new("a").unwrap()
}

pub fn document(name: &str) -> DocumentName {
    let (collection, id) = name.split_once('/').unwrap();
    DocumentName::new(collection, id).unwrap()
}

/// `text` is also what the document says to searches.
pub fn put(name: &str, patient: &str, text: &str) -> DocumentWrite {
    let home = match patient {
        "" => Home::Registry,
        _ => Home::Record { key: format!("Patient/{patient}"), part: Part::Clinical },
    };
    let content = Content {
        blob: encode_blob(text.as_bytes()).unwrap(),
        details: DocumentChange::default(),
        index: Some(Arc::new(text.to_owned())),
    };
    DocumentWrite {
        name: document(name),
        precondition: Precondition::None,
        action: Action::Put { home, content, even_if_equal: false },
    }
}

pub fn delete(name: &str) -> DocumentWrite {
    DocumentWrite { name: document(name), precondition: Precondition::None, action: Action::Delete }
}

pub fn change(writes: Vec<DocumentWrite>) -> Change {
    let provenance = Provenance {
        author: PrincipalId::new("dr-ada").unwrap(),
        role: None,
        registration: None,
        care_location: None,
        on_behalf_of: None,
        purpose: None,
        request: "r-1".into(),
    };
    Change { tenant: tenant(), provenance, writes, repeat: None }
}

/// What a change did, in words; with what it brought along for searches, if that is there.
pub fn told(change: &CommittedChange) -> (u64, Vec<String>) {
    let documents = change.documents.iter().map(|document| {
        let (row, name) = (&document.row, &document.name);
        assert_eq!((row.seq, row.time, &row.author), (change.seq, change.time, &change.author));
        format!("{name} {} {}", row.version, row.operation.as_str())
    });
    (change.seq.0, documents.collect())
}

/// What the documents of a change say to searches.
pub fn indexes(change: &CommittedChange) -> Vec<Option<&str>> {
    change
        .documents
        .iter()
        .map(|document| document.index.as_ref()?.downcast_ref::<String>().map(String::as_str))
        .collect()
}

impl Bench {
    pub fn new() -> Self {
        Self::with(StoreOptions::default())
    }

    pub fn with(options: StoreOptions) -> Self {
        let disk = SimDisk::new();
        disk.stop_recording();
        Self::on(disk, options, true)
    }

    /// The engine as it comes up on what `disk` holds.
    pub fn on(disk: SimDisk, options: StoreOptions, fresh: bool) -> Self {
        let clock = Arc::new(SimClock::new(vpr_types::Instant(1_795_369_200_000_000)));
        let world = World {
            disk: Arc::new(disk.clone()),
            clock,
            entropy: Arc::new(SeedEntropy::new(disk.operations())),
        };
        let engine = Engine::open(world, options.clone()).unwrap().0;
        if fresh {
            engine.create_tenant(&tenant()).unwrap();
        }
        let bench = Self { disk, options, engine };
        bench.settle();
        bench
    }

    pub fn settle(&self) {
        while self.engine.step_journal().unwrap() {}
    }

    pub fn commit(&self, writes: Vec<DocumentWrite>) -> Committed {
        self.engine.commit(change(writes)).unwrap()
    }

    /// All of a stream, in batches of `limit`.
    pub fn stream(&self, limit: usize) -> Vec<Arc<CommittedChange>> {
        let mut all: Vec<Arc<CommittedChange>> = Vec::new();
        loop {
            let after = all.last().map_or(Seq(0), |change| change.seq);
            let batch = self.engine.changes(&tenant(), after, limit).unwrap();
            assert!(batch.len() <= limit);
            if batch.is_empty() {
                return all;
            }
            all.extend(batch);
        }
    }

    /// Starts anew: in good order, or on what is on the disk this very moment.
    pub fn restart(&mut self, in_good_order: bool) {
        if in_good_order {
            self.engine.close().unwrap();
        }
        *self = Self::on(self.disk.snapshot(), self.options.clone(), false);
    }
}

/// Runs `work` beside the engine's own threads, and stops them.
pub fn with_threads<R>(engine: &Engine, work: impl FnOnce() -> R) -> R {
    std::thread::scope(|scope| {
        scope.spawn(|| engine.run_journal());
        scope.spawn(|| engine.run_background());
        let result = work();
        engine.close().unwrap();
        result
    })
}

/// Rings whenever the engine says that there is more.
#[derive(Default, Clone)]
pub struct Bell(Arc<(Mutex<u64>, Condvar)>);

impl Bell {
    pub fn on(engine: &Engine) -> Self {
        let bell = Self::default();
        let ringing = bell.clone();
        engine.on_change(Box::new(move || ringing.ring()));
        bell
    }

    pub fn ring(&self) {
        *self.0.0.lock().unwrap() += 1;
        self.0.1.notify_all();
    }

    pub fn rung(&self) -> u64 {
        *self.0.0.lock().unwrap()
    }

    /// Waits until it has rung more often than `before`.
    pub fn wait(&self, before: u64) {
        let rung = self.0.0.lock().unwrap();
        let (_rung, waited) = self.0.1.wait_timeout_while(rung, FOR_EVER, |rung| *rung <= before).unwrap();
        assert!(!waited.timed_out(), "nobody was told of what came");
    }
}

/// A projection in memory: what every document says now, applied in the order of the stream.
pub struct Projector {
    pub applied: Mutex<(Seq, std::collections::BTreeMap<DocumentName, String>)>,
}

impl Projector {
    pub fn new() -> Self {
        Self { applied: Mutex::new((Seq(0), Default::default())) }
    }

    /// Applies what there is until `last` is applied.
    pub fn run(&self, engine: &Engine, bell: &Bell, last: impl Fn() -> Option<Seq>) {
        loop {
            let rung = bell.rung();
            while self.step(engine) > 0 {}
            if last().is_some_and(|last| self.applied.lock().unwrap().0 >= last) {
                return;
            }
            bell.wait(rung);
        }
    }

    pub fn step(&self, engine: &Engine) -> usize {
        let after = self.applied.lock().unwrap().0;
        let batch = engine.changes(&tenant(), after, 7).unwrap();
        let mut applied = self.applied.lock().unwrap();
        for change in &batch {
            assert_eq!(change.seq, applied.0.next());
            applied.0 = change.seq;
            for (document, index) in change.documents.iter().zip(indexes(change)) {
                match document.row.object {
                    None => drop(applied.1.remove(&document.name)),
                    Some(_) => {
                        let text = index.map(str::to_owned).unwrap_or_else(|| {
                            String::from_utf8(engine.content(&tenant(), &document.row).unwrap().to_vec())
                                .unwrap()
                        });
                        applied.1.insert(document.name.clone(), text);
                    }
                }
            }
        }
        batch.len()
    }
}

/// Commits as a caller does that may be told to come again.
pub fn commit_patiently(engine: &Engine, writes: Vec<DocumentWrite>) -> Committed {
    loop {
        match engine.commit(change(writes.clone())) {
            Err(EngineError::Full | EngineError::Busy) => std::thread::yield_now(),
            other => return other.unwrap(),
        }
    }
}
