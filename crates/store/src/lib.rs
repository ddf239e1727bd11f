//! What makes a change durable: journal, directory, feed and the Git repositories in one engine.
//!
//! The only crate that opens a file of the data directory. It knows documents, repositories,
//! tenants and versions, never FHIR or openEHR, and nothing of HTTP or tokio.
//!
//! Reading order: [`mod@format`] (what stands on disk), then the parts.

pub mod data_format;
pub mod directory;
pub mod disk;
pub mod feed;
pub mod format;
#[cfg(test)]
mod golden;
pub mod layout;
pub mod lock;
pub mod logs;
pub mod rebuild;
pub mod record_file;
pub mod trailers;

mod engine;
mod error;
#[cfg(feature = "sabotage")]
mod sabotage;
mod variables;

pub use engine::{
    Accepted, AccessDraft, ChangeDraft, DocumentDraft, EncodedBlob, KeptOutcome, PathEdit, Recovery,
    StagedRepository, Status, Store, StoreOptions, VerifyProgress, VerifyReport, World, encode_blob,
};
pub use error::StoreError;
#[cfg(feature = "sabotage")]
pub use sabotage::{FAILPOINTS, Sabotage};
pub use variables::TEST_VARIABLES;
#[cfg(feature = "sabotage")]
pub use vpr_journal::Sabotage as JournalSabotage;
pub use vpr_journal::{JournalOptions, Ticket};
