//! The record engine: commit, read, history, tenants. Knows documents, not FHIR.
//!
//! Synchronous and free of tokio: what must wait for the disk returns a [`Barrier`], and the
//! caller waits for it in its own way ([`Engine::wait`], [`Engine::when_durable`]).
//! Invariants: nothing that [`Engine::commit`] returns may be shown before its barrier; a version
//! number is given out once; locks are taken in one order (keys, ids, records, each sorted).

mod change;
mod commit;
mod engine;
mod error;
mod locks;
mod operate;
mod read;
mod tenants;

pub use change::{
    Action, Change, Committed, Content, DocumentWrite, Home, Precondition, Repeat, WriteOutcome, WriteResult,
};
pub use engine::{Barrier, Engine, Health};
pub use error::EngineError;
pub use operate::{CommitView, RecordSummary};
pub use read::{Access, Found, HistoryPage};
pub use tenants::Tenant;
