//! What makes a change durable: journal, directory, feed and the Git repositories in one engine.
//!
//! The only crate that opens a file of the data directory. It knows documents, repositories,
//! tenants and versions, never FHIR or openEHR, and nothing of HTTP or tokio.
//!
//! Reading order: [`format`] (what stands on disk), then the parts.

pub mod data_format;
pub mod disk;
pub mod feed;
pub mod format;
pub mod layout;
pub mod lock;
pub mod logs;
pub mod record_file;
pub mod trailers;
