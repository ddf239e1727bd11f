//! What makes a change durable: journal, directory, feed and the Git repositories in one engine.
//!
//! The only crate that opens a file of the data directory. It knows documents, repositories,
//! tenants and versions, never FHIR or openEHR, and nothing of HTTP or tokio.
//!
//! Reading order: [`format`] (what stands on disk), then the parts.

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

pub use engine::{
    Accepted, AccessDraft, ChangeDraft, DocumentDraft, EncodedBlob, KeptOutcome, PathEdit, Recovery,
    StagedRepository, Status, Store, StoreOptions, VerifyProgress, VerifyReport, World, encode_blob,
};
pub use error::StoreError;
#[cfg(feature = "sabotage")]
pub use sabotage::{FAILPOINTS, Sabotage, VARIABLES as TEST_VARIABLES};
/// Environment variables that only test builds listen to: none here.
#[cfg(not(feature = "sabotage"))]
pub const TEST_VARIABLES: [&str; 0] = [];
#[cfg(feature = "sabotage")]
pub use vpr_journal::Sabotage as JournalSabotage;
pub use vpr_journal::{JournalOptions, Ticket};
