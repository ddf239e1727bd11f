//! The engine that the parts make: what is written goes through [`Store::commit`], what is read
//! comes from the directory and [`Store::read_blob`], and two loops ([`Store::run_journal`],
//! [`Store::run_background`]) carry entries from the queue to the journal and from there into Git.

mod append;
mod changes;
mod checkpoint;
mod commit;
mod materialize;
mod objects;
mod open;
mod overlay;
mod pending;
mod recover;
mod repositories;
mod run;
mod sequence;
mod stage;
mod trees;
mod verify;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

use parking_lot::Mutex;
use vpr_journal::{Journal, JournalOptions};
use vpr_types::{Clock, Digest, Disk, Entropy, ObjectId, TenantName};

pub use append::{AccessDraft, KeptOutcome};
pub use commit::{Accepted, ChangeDraft, DocumentDraft};
pub use open::Recovery;
pub use stage::{PathEdit, StagedRepository};
pub use verify::{VerifyProgress, VerifyReport};

use crate::StoreError;
use crate::directory::Directory;

/// The outside world of a store. Clones share it.
#[derive(Clone)]
pub struct World {
    /// The data directory.
    pub disk: Arc<dyn Disk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// How a store behaves.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The journal's own options.
    pub journal: JournalOptions,
    /// After this long without a write, in microseconds, everything pending goes into Git.
    pub quiet_micros: i64,
    /// A repository with this many pending commits is materialized even under load.
    pub hot_commits: usize,
    /// Bytes of pending entries held in memory before they are materialized even under load.
    pub pending_bytes_max: usize,
    /// How long, in microseconds, a stop brings commits into Git; what is left waits in the journal for
    /// the next start.
    pub close_micros: i64,
    /// Packs of one repository before they are concatenated.
    pub packs_max: usize,
    /// Bugs planted on purpose, to show that the harnesses catch them.
    #[cfg(feature = "sabotage")]
    pub sabotage: crate::Sabotage,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            journal: JournalOptions::default(),
            quiet_micros: 250_000,
            hot_commits: 32,
            pending_bytes_max: 96 * 1024 * 1024,
            close_micros: 5_000_000,
            packs_max: 8,
            #[cfg(feature = "sabotage")]
            sabotage: crate::Sabotage::default(),
        }
    }
}

/// A document's bytes as a Git blob: compressed and hashed, no lock needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedBlob {
    /// Its Git id.
    pub id: ObjectId,
    /// Bytes of the document.
    pub size: u32,
    /// SHA-256 of the document.
    pub digest: Digest,
    /// The zlib stream; clones share it.
    pub deflated: Arc<Vec<u8>>,
}

/// Compresses and hashes a document.
///
/// # Errors
/// When it is larger than an object may be.
pub fn encode_blob(bytes: &[u8]) -> Result<EncodedBlob, StoreError> {
    use sha2::Digest as _;
    let encoded = vpr_git::encode(vpr_git::ObjectKind::Blob, bytes)?;
    let digest = Digest(sha2::Sha256::digest(bytes).into());
    Ok(EncodedBlob { id: encoded.id, size: encoded.size, digest, deflated: Arc::new(encoded.deflated) })
}

/// What operators and probes want to know.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// Why acknowledging stopped, if it did.
    pub failed: Option<String>,
    /// Changes are refused for want of room.
    pub full: bool,
    /// Bytes of the journal in use.
    pub journal_used: u64,
    /// Bytes that the journal may use.
    pub journal_capacity: u64,
    /// Commits that Git does not have yet.
    pub unmaterialized: usize,
    /// Groups written since the start.
    pub groups: u64,
    /// Entries written since the start.
    pub entries: u64,
    /// How long the last sync of a group took, in microseconds.
    pub last_sync_micros: u64,
}

/// The store of one data directory. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    options: StoreOptions,
    journal: Journal,
    directory: Directory,
    sequences: sequence::Sequences,
    overlay: overlay::Overlay,
    pending: pending::PendingEntries,
    repositories: repositories::Repositories,
    trees: trees::TreeCache,
    /// Outcomes of repeatable writes that changed nothing; those of changes are in the directory.
    outcomes: Mutex<HashMap<(TenantName, Digest), KeptOutcome>>,
    logs: Mutex<pending::TenantLogs>,
    background: Mutex<run::Background>,
    failed: Mutex<Option<String>>,
    /// Whether the last change found no room.
    full: AtomicBool,
    closing: AtomicBool,
    /// From then on nothing more is brought into Git: the journal has it.
    close_by: AtomicI64,
}

impl Store {
    /// The world it lives in.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.inner.world
    }

    /// Who is where, in which version.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    /// All tenants that have at least one change.
    #[must_use]
    pub fn tenants(&self) -> Vec<TenantName> {
        self.inner.sequences.tenants()
    }
}
