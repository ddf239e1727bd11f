//! The process that holds a data directory: lock, engine, its threads, and the routes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use vpr_api_rest::{Authentication, RestConfig};
use vpr_core::{Engine, EngineError};
use vpr_service::{Handling, Service, ServiceConfig};
use vpr_store::disk::RealDisk;
use vpr_store::lock::DataDirectoryLock;
use vpr_store::{StoreOptions, World};
use vpr_types::{PrincipalId, SystemClock, SystemEntropy, TenantName};

use crate::config::{Config, Environment};
use crate::failure::Failure;
use crate::operator;
use crate::search_index;

/// An open data directory. Nothing else can open it until this is closed or the process ends.
pub(crate) struct Node {
    engine: Engine,
    service: Service,
    threads: Vec<JoinHandle<()>>,
    projector: Option<JoinHandle<()>>,
    lock: DataDirectoryLock,
}

/// Whether a process searches, and so carries what is written into the search index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Searching {
    /// It does.
    Yes,
    /// It neither needs the index nor its database.
    No,
}

impl Node {
    /// Recovers what the journal holds, and starts the two threads of the engine and the one that
    /// carries changes into the search index. A database that is away keeps nothing from starting.
    pub(crate) fn open(
        config: &Config,
        lock: DataDirectoryLock,
        searching: Searching,
    ) -> Result<Self, Failure> {
        let data = &config.store.data_dir;
        let disk =
            RealDisk::open(data).map_err(|error| Failure::Failed(format!("{}: {error}", data.display())))?;
        let world =
            World { disk: Arc::new(disk), clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
        let (engine, recovery) = Engine::open(world, store_options(config)).map_err(Failure::of)?;
        tracing::info!(%recovery, "the data directory is open");
        let mut threads = Vec::new();
        let journal = engine.clone();
        threads.push(thread("vpr-journal", move || journal.run_journal())?);
        let background = engine.clone();
        threads.push(thread("vpr-background", move || background.run_background())?);
        let (service, projector) = match searching {
            Searching::No => (Service::open(service_config(config), engine.clone()), None),
            Searching::Yes => {
                let index = search_index::open(config)?;
                let service = Service::searching(service_config(config), engine.clone(), index);
                let follower = service.clone();
                (service, Some(thread("vpr-projector", move || follower.run_projector())?))
            }
        };
        Ok(Self { engine, service, threads, projector, lock })
    }

    /// Creates a tenant unless there is one of that name.
    pub(crate) fn ensure_tenant(&self, name: &TenantName) -> Result<(), Failure> {
        match self.engine.create_tenant(name) {
            Ok(barrier) => self.engine.wait(barrier).map_err(Failure::of),
            Err(EngineError::TenantExists(_)) => Ok(()),
            Err(error) => Err(Failure::of(error)),
        }
    }

    /// The routes for the network.
    pub(crate) fn public_routes(&self, config: &Config) -> Result<Router, Failure> {
        let rest = match (config.server.environment, &config.tenants.default) {
            (Environment::Development, Some(default)) => RestConfig::development(default.clone()),
            // `Config::may_serve` keeps production from getting here; a door that opens to nobody
            // is the answer if it ever does not.
            _ => RestConfig::closed(),
        };
        Ok(vpr_api_rest::router(self.service.clone(), with_limits(rest, config)))
    }

    /// The routes for this machine's operator: the operator's own, and FHIR as the operator.
    pub(crate) fn operator_routes(&self, config: &Config) -> Result<Router, Failure> {
        let principal =
            PrincipalId::new("operator").ok_or_else(|| Failure::Failed("no operator".to_owned()))?;
        let rest = RestConfig {
            authentication: Authentication::Development { principal },
            default_tenant: config.tenants.default.clone(),
            ..RestConfig::closed()
        };
        let fhir = vpr_api_rest::router(self.service.clone(), with_limits(rest, config));
        Ok(Router::new()
            .nest(operator::PREFIX, vpr_api_rest::operator_router(self.service.clone()))
            .fallback_service(fhir))
    }

    /// Whether the threads work, or have ended because the disk failed, which the probes
    /// report while reads go on. Otherwise they died of a bug.
    pub(crate) fn is_sound(&self) -> bool {
        let ended = self.threads.iter().chain(&self.projector).any(JoinHandle::is_finished);
        !ended || self.engine.health().failed.is_some()
    }

    /// Where this process serves commands.
    pub(crate) fn socket(&self) -> &Path {
        self.lock.socket()
    }

    /// Writes what is queued, brings everything into Git, ends the threads and lets go of the lock.
    pub(crate) fn close(self) -> Result<(), Failure> {
        self.service.stop_projector();
        if self.projector.is_some_and(|projector| projector.join().is_err()) {
            tracing::error!("the thread of the search index died");
        }
        let closed = self.engine.close().map_err(Failure::of);
        for thread in self.threads {
            if thread.join().is_err() {
                return Err(Failure::Failed("a thread of the engine died".to_owned()));
            }
        }
        drop(self.lock);
        closed
    }
}

/// Takes the lock of the configured data directory.
pub(crate) fn lock(config: &Config) -> Result<DataDirectoryLock, vpr_store::data_format::DataDirectoryError> {
    DataDirectoryLock::acquire(&config.store.data_dir)
}

fn with_limits(rest: RestConfig, config: &Config) -> RestConfig {
    RestConfig {
        tenant_hosts: config.tenants.hosts.clone(),
        cors_origins: config.server.cors_origins.clone(),
        trust_forwarded: config.server.trust_forwarded,
        request_timeout: config.server.request_time_max,
        body_bytes_max: usize::try_from(config.server.body_bytes_max).unwrap_or(usize::MAX),
        slow_search: config.search.slow,
        ..rest
    }
}

fn service_config(config: &Config) -> ServiceConfig {
    let defaults = ServiceConfig::default();
    ServiceConfig {
        audit: config.audit,
        cache_bytes: config.store.cache_bytes,
        search: vpr_service::SearchConfig {
            handling: if config.search.lenient { Handling::Lenient } else { Handling::Strict },
            searchable_wait_max: config.search.wait_max,
            gate_wait_max: config.search.wait_max.max(GATE_WAIT_MIN),
            ..defaults.search
        },
        ..defaults
    }
}

/// A conditional write waits at least so long for an index that is behind.
const GATE_WAIT_MIN: Duration = Duration::from_secs(1);

fn store_options(config: &Config) -> StoreOptions {
    let mut options = StoreOptions::default();
    options.journal.segment_bytes = config.journal.segment_bytes;
    options.journal.segments_max = config.journal.segments_max;
    options.journal.queue_bytes_max = config.journal.queue_bytes_max;
    options.pending_bytes_max = config.store.pending_bytes_max;
    options
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Failure> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(Failure::of)
}

/// The data directory as an absolute path, for messages that are read elsewhere.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
