//! What stands on disk. Every format begins with a version; each has a golden example in
//! `tests/golden/` that every later version must read (docs/decisions/0003-stored-formats.md).

mod access;
#[cfg(test)]
pub(crate) mod arbitrary;
mod change;
mod envelope;
#[cfg(test)]
pub(crate) mod sample;
mod state;
mod summary;
#[cfg(test)]
mod tests;

pub use access::{AccessAction, AccessEntry};
pub use change::{
    BlobReference, ChangeEntry, DocumentChange, IndexKeys, ObjectEntry, RepositoryChange, SealedKey,
};
pub use envelope::{Entry, FormatError, decode, encode, encode_change};
pub use state::StateEntry;
pub use summary::{
    ChangeOperation, ChangeSummary, DocumentSummary, Idempotency, Provenance, RepositorySummary,
};
