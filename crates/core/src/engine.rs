use std::sync::Arc;

use vpr_store::{Recovery, Store, StoreOptions, Ticket, World};
use vpr_types::{Instant, Seq, TenantName};

use crate::EngineError;
use crate::locks::Stripes;
use crate::tenants::Tenants;

/// Records and ids in flight at once that do not wait for each other by accident.
const STRIPES: usize = 4096;

/// The record engine. Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) keys: Arc<Stripes>,
    pub(crate) ids: Arc<Stripes>,
    pub(crate) records: Arc<Stripes>,
}

/// A point of the journal that must be on disk before something is shown. Ordered: the later one
/// includes the earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Barrier(Option<Ticket>);

impl Barrier {
    /// Nothing to wait for.
    pub const PASSED: Self = Self(None);

    pub(crate) fn at(ticket: impl Into<Option<Ticket>>) -> Self {
        Self(ticket.into())
    }
}

/// Whether the engine can do its work.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Why acknowledging stopped, if it did; only a restart helps.
    pub failed: Option<String>,
    /// Writes are refused for want of room; reads go on.
    pub full: bool,
    /// Bytes of the journal in use.
    pub journal_used: u64,
    /// Bytes that the journal may use.
    pub journal_capacity: u64,
    /// Commits that stock git does not see yet.
    pub unmaterialized: usize,
    /// Groups written since the start.
    pub groups: u64,
    /// Entries written since the start.
    pub entries: u64,
    /// How long the last group's sync took, in microseconds.
    pub last_sync_micros: u64,
}

impl Health {
    /// Whether requests should be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.failed.is_none()
    }
}

impl Engine {
    /// Opens the data directory and recovers what the journal holds. Whoever opens it holds the
    /// directory's lock.
    ///
    /// # Errors
    /// When the journal, the feed or a registry is damaged, or the disk fails.
    pub fn open(world: World, options: StoreOptions) -> Result<(Self, Recovery), EngineError> {
        let (store, recovery) = Store::open(world, options)?;
        let tenants = Arc::new(Tenants::load(&store)?);
        let stripes = || Arc::new(Stripes::new(STRIPES));
        Ok((Self { store, tenants, keys: stripes(), ids: stripes(), records: stripes() }, recovery))
    }

    /// An id for a document whose caller named none: a UUID that begins with the time (RFC 9562
    /// §5.7), because the directory takes ascending keys twenty times faster than random ones.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn new_id(&self) -> Result<String, EngineError> {
        let [_, _, _, _, _, _, random @ ..] = self.random()?;
        let millis = u64::try_from(self.now().0 / 1000).unwrap_or_default();
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string())
    }

    pub(crate) fn random(&self) -> Result<[u8; 16], EngineError> {
        let mut bytes = [0; 16];
        self.store
            .world()
            .entropy
            .fill(&mut bytes)
            .map_err(|error| EngineError::Failed(error.to_string()))?;
        Ok(bytes)
    }

    /// The engine's clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.store.world().clock.now()
    }

    /// What must be durable before anything that `seq` did is shown.
    #[must_use]
    pub fn barrier(&self, tenant: &TenantName, seq: Seq) -> Barrier {
        Barrier(self.store.barrier(tenant, seq))
    }

    /// Waits until the barrier is passed.
    ///
    /// # Errors
    /// [`EngineError::Failed`] when acknowledging stopped before it was.
    pub fn wait(&self, barrier: Barrier) -> Result<(), EngineError> {
        match barrier.0 {
            Some(ticket) => Ok(self.store.wait(ticket)?),
            None => Ok(()),
        }
    }

    /// Whether the barrier is passed.
    #[must_use]
    pub fn is_durable(&self, barrier: Barrier) -> bool {
        barrier.0.is_none_or(|ticket| self.store.is_durable(ticket))
    }

    /// Calls `then` once the barrier is passed (at once if it is) or acknowledging has stopped.
    pub fn when_durable(&self, barrier: Barrier, then: Box<dyn FnOnce(Result<(), EngineError>) + Send>) {
        match barrier.0 {
            Some(ticket) => {
                self.store.when_durable(ticket, Box::new(|result| then(result.map_err(EngineError::from))));
            }
            None => then(Ok(())),
        }
    }

    /// Whether the engine can do its work, and some counts.
    #[must_use]
    pub fn health(&self) -> Health {
        let status = self.store.status();
        Health {
            failed: status.failed,
            full: status.full,
            journal_used: status.journal_used,
            journal_capacity: status.journal_capacity,
            unmaterialized: status.unmaterialized,
            groups: status.groups,
            entries: status.entries,
            last_sync_micros: status.last_sync_micros,
        }
    }

    /// Writes groups until [`Engine::close`]. One thread's whole work.
    pub fn run_journal(&self) {
        self.store.run_journal();
    }

    /// Materializes, checkpoints and recycles until [`Engine::close`]. One thread's whole work.
    pub fn run_background(&self) {
        self.store.run_background();
    }

    /// Writes one group, if anything is queued: what [`Engine::run_journal`] repeats.
    ///
    /// # Errors
    /// [`EngineError::Failed`] when the disk failed; it stays so.
    pub fn step_journal(&self) -> Result<bool, EngineError> {
        Ok(self.store.step_journal()?)
    }

    /// Does what the background has to do now: what [`Engine::run_background`] repeats.
    ///
    /// # Errors
    /// [`EngineError::Failed`] when the disk failed; it stays so.
    pub fn step_background(&self) -> Result<bool, EngineError> {
        Ok(self.store.step_background()?)
    }

    /// Brings everything durable into Git, so that stock git sees it.
    ///
    /// # Errors
    /// When the disk is full or failed.
    pub fn materialize(&self) -> Result<(), EngineError> {
        Ok(self.store.materialize()?)
    }

    /// Stops: what is queued is written, everything is brought into Git, the threads end.
    ///
    /// # Errors
    /// When the disk failed; what was acknowledged is in the journal all the same.
    pub fn close(&self) -> Result<(), EngineError> {
        Ok(self.store.close()?)
    }
}

impl From<vpr_store::StoreError> for EngineError {
    fn from(error: vpr_store::StoreError) -> Self {
        use vpr_store::StoreError as E;
        match error {
            E::Full => Self::Full,
            E::Busy => Self::Busy,
            E::Failed(why) => Self::Failed(why),
            other => Self::Store(other),
        }
    }
}
