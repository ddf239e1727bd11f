use vpr_store::StoreError;
use vpr_types::{DocumentName, TenantName, Version};

use crate::Barrier;

/// Why the engine did not do it. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The tenant does not exist.
    #[error("there is no tenant {0}")]
    NoTenant(TenantName),
    /// A tenant of that name exists.
    #[error("there is a tenant {0} already")]
    TenantExists(TenantName),
    /// A precondition does not hold. True once the barrier is passed.
    #[error("{name} is at {}", current.map_or_else(|| "no version".to_owned(), |v| format!("version {v}")))]
    Precondition {
        /// Which document.
        name: DocumentName,
        /// Its newest version, if it ever was.
        current: Option<Version>,
        /// Whether the newest version is a deletion.
        deleted: bool,
        /// Do not show this before.
        barrier: Barrier,
    },
    /// The idempotency key was used for another request. True once the barrier is passed.
    #[error("the idempotency key was used for a different request")]
    KeyReused {
        /// Do not show this before.
        barrier: Barrier,
    },
    /// A change names a document twice.
    #[error("{0} is written twice in one change")]
    WrittenTwice(DocumentName),
    /// A write under a gate goes to a collection, or a tenant, whose gate is not held.
    #[error("the gate of {0} is not held")]
    NotGated(String),
    /// The disk is full: reads go on, writes wait for room.
    #[error("there is no room for the write; reads go on")]
    Full,
    /// Too much is queued; try again.
    #[error("too many writes are in flight")]
    Busy,
    /// The server stopped acknowledging after an I/O error; a restart settles what is true.
    #[error("the store stopped after an I/O error and needs a restart: {0}")]
    Failed(String),
    /// Anything else the store reports.
    #[error(transparent)]
    Store(StoreError),
}
