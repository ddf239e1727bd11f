//! A service in this process, its index on SQLite or Postgres, on a data directory that outlives it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use vpr_core::Engine;
use vpr_policy::Principal;
use vpr_projection::{Content, Limits, Projection};
use vpr_service::{
    Answer, AuditMode, Failure, FailureKind, Operation, ProjectorState, RequestContext, Service,
    ServiceConfig,
};
use vpr_store::disk::RealDisk;
use vpr_store::{JournalOptions, StoreOptions, World};
use vpr_testkit::postgres::PostgresDatabase;
use vpr_testkit::{SeedEntropy, SimClock};
use vpr_types::{PrincipalId, RequestId, TenantName};

pub const BASE: &str = "http://a.example/fhir";

/// How long the index may take to be built, or a stop.
const PATIENCE: Duration = Duration::from_secs(120);

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// Where the index is.
#[derive(Debug, Clone)]
pub enum Index {
    /// Files beside the data directory.
    Sqlite,
    /// A database that several homes share, each with a schema of its own.
    Postgres(PostgresDatabase),
}

/// A data directory, and everything about it that outlives a life.
pub struct Home {
    folder: TempDir,
    pub tenant: TenantName,
    pub clock: SimClock,
    pub seed: u64,
    /// Whether a write is answered only when searches show it: otherwise the projector gets many
    /// changes at once.
    pub in_step: bool,
}

/// A running service.
pub struct Life {
    pub service: Service,
    pub engine: Engine,
    pub projection: Projection,
    pub tenant: TenantName,
    threads: Vec<JoinHandle<()>>,
}

impl Home {
    /// An empty one.
    pub fn new(seed: u64) -> Self {
        // In memory where there is such a place: nothing here is about what a disk keeps.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let tenant = TenantName::new(&format!("s{seed}")).unwrap();
        let clock = SimClock::default();
        Self { folder: folder.unwrap(), tenant, clock, seed, in_step: !seed.is_multiple_of(3) }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where the index of SQLite is.
    pub fn projection(&self) -> PathBuf {
        self.folder.path().join("projection")
    }

    /// Starts a service; the tenant is made if it is not there.
    pub fn start(&self, index: &Index) -> Life {
        std::fs::create_dir_all(self.data()).unwrap();
        let world = World {
            disk: Arc::new(RealDisk::open(&self.data()).unwrap()),
            clock: Arc::new(self.clock.clone()),
            // Ids are not drawn twice: it is later than in the life before.
            entropy: Arc::new(SeedEntropy::new(
                self.seed ^ vpr_types::Clock::now(&self.clock).0.cast_unsigned(),
            )),
        };
        let (engine, _) = Engine::open(world, options(self.seed)).unwrap();
        let projection = Projection::open(self.place(index), Limits::default()).unwrap();
        let mut config = ServiceConfig { audit: AuditMode::Buffered, ..ServiceConfig::default() };
        if !self.in_step {
            config.search.searchable_wait_max = Duration::ZERO;
        }
        let service = Service::searching(config, engine.clone(), projection.clone());
        let (journal, background, projector) = (engine.clone(), engine.clone(), service.clone());
        let threads = vec![
            std::thread::spawn(move || journal.run_journal()),
            std::thread::spawn(move || background.run_background()),
            std::thread::spawn(move || projector.run_projector()),
        ];
        if engine.tenant(&self.tenant).is_none() {
            engine.wait(engine.create_tenant(&self.tenant).unwrap()).unwrap();
        }
        Life { service, engine, projection, tenant: self.tenant.clone(), threads }
    }

    fn place(&self, index: &Index) -> vpr_projection::Place {
        match index {
            Index::Sqlite => vpr_projection::Place::Sqlite { folder: self.projection() },
            Index::Postgres(urls) => vpr_projection::Place::Postgres {
                url: urls.serving_url.clone(),
                owner_url: Some(urls.owner_url.clone()),
                connections_min: 1,
                connections_max: 4,
                runtime: RUNTIME.handle().clone(),
            },
        }
    }
}

/// Some seeds bring their commits into Git as they come, others when they stop. Segments are small,
/// so that several come and go and none costs much.
fn options(seed: u64) -> StoreOptions {
    let usual = StoreOptions::default();
    let hot_commits = if seed.is_multiple_of(2) { 4 } else { usual.hot_commits };
    let journal =
        JournalOptions { segment_bytes: 1 << 20, group_bytes_max: 1 << 19, ..JournalOptions::default() };
    StoreOptions { journal, hot_commits, packs_max: 3, ..usual }
}

impl Life {
    /// Performs it as a patient caller does, who asks again when the index was not there.
    pub fn perform(&self, operation: Operation) -> Result<Answer, Failure> {
        match self.perform_once(operation.clone()) {
            Err(failure) if failure.kind == FailureKind::Unavailable => {
                self.settle();
                self.perform_once(operation)
            }
            answer => answer,
        }
    }

    fn perform_once(&self, operation: Operation) -> Result<Answer, Failure> {
        let context = RequestContext {
            request: RequestId::new("r").unwrap(),
            principal: Principal::development(PrincipalId::new("dev").unwrap(), self.tenant.clone()),
            tenant: self.tenant.clone(),
            purpose: None,
            received: self.engine.now(),
            base: BASE.to_owned(),
        };
        RUNTIME.block_on(self.service.perform(context, operation))
    }

    /// Waits until the index shows everything that is durable.
    pub fn settle(&self) {
        let end = Instant::now() + PATIENCE;
        let follows = || {
            let all = self.service.projections();
            all.iter().all(|one| one.applied == one.durable && one.state == ProjectorState::Following)
        };
        while !follows() {
            assert!(Instant::now() < end, "the index does not come: {:?}", self.service.projections());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What the index says.
    pub fn content(&self) -> Content {
        self.projection.content(&self.tenant).unwrap()
    }

    /// Has the index built again while the service runs.
    pub fn reindex(&self) {
        let before = self.service.projections()[0].rebuilds;
        let operator =
            self.service.operator(PrincipalId::new("operator").unwrap(), RequestId::new("r").unwrap());
        RUNTIME.block_on(operator.reindex(&self.tenant)).unwrap();
        let end = Instant::now() + PATIENCE;
        while self.service.projections()[0].rebuilds == before {
            assert!(Instant::now() < end, "nothing is rebuilt: {:?}", self.service.projections());
            std::thread::sleep(Duration::from_millis(1));
        }
        self.settle();
    }

    /// Ends in good order, with everything in Git.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.service.stop_projector();
        let closed = self.engine.close();
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking());
        }
        assert!(closed.is_ok() || std::thread::panicking(), "{closed:?}");
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.end();
        }
    }
}
