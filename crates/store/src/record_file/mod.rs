//! The one framing of every permanent append-only file: feed, access log, state log.
//!
//! A log is a folder of segments `<first position, 20 digits>.<extension>`. A segment is a header
//! (`header`) and frames (`frame`); positions are dense, so a frame's position is the
//! segment's first plus its number. Every frame carries a checksum of its own, so that it can be
//! read alone, and the hash chain over all records since the first, so that none can be exchanged.
//!
//! **Torn or damaged?** Each frame names the highest position that was known to be on disk when it
//! was written. Damage above the highest position that any readable frame names is the torn tail
//! of a crash and is cut; damage at or below it would lose what was permanent and is an error that
//! names file and offset. A segment is synced before the next one comes into being, so damage in
//! any but the last is never a torn tail. A flip in the very last records, before another sync was
//! followed by another record, cannot be told from a torn write: journal or Git still has them.
//!
//! **Found is not durable**: after a killed process the last frames may stand in the page cache
//! only. The first [`RecordLog::sync`] writes the unproven tail again before it syncs.

mod append;
mod error;
mod frame;
mod header;
mod index;
mod log;
mod read;
mod repair;
#[cfg(test)]
mod tests;

pub use error::{RecordError, TornTail};
pub use log::{Record, RecordKind, RecordLog};
pub use read::Records;
