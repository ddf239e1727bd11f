//! The record engine: commit, read, history, tenants. Knows documents, not FHIR.
//!
//! Synchronous and free of tokio: what must wait for the disk returns a [`Barrier`], and the
//! caller waits for it in its own way ([`Engine::wait`], [`Engine::when_durable`]).
//! Invariants: nothing that [`Engine::commit`] returns may be shown before its barrier; a version
//! number is given out once; locks are taken in one order (gates of collections, keys, ids, records,
//! each sorted).
//!
//! What was done comes out again as a stream: [`Engine::changes`] gives what is durable, in order and
//! without gaps, from memory or from the feed; under [`Engine::gated`] a caller sees what was accepted
//! and not yet durable, and can write knowing that nothing comes between.

mod change;
mod changes;
mod commit;
mod engine;
mod error;
mod gates;
mod locks;
mod operate;
mod read;
mod tenants;
mod window;

pub use change::{
    Action, Change, Committed, Content, DocumentWrite, Home, Precondition, Repeat, WriteOutcome, WriteResult,
};
pub use changes::Pin;
pub use engine::{Barrier, Engine, Health};
pub use error::EngineError;
pub use gates::Gate;
pub use operate::{CommitView, RecordSummary};
pub use read::{Access, Found, HistoryPage};
pub use tenants::Tenant;
pub use window::{CommittedChange, CommittedDocument, Index};
