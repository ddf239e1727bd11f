//! Who is where, in which version: the store's own key-value file, so that reading by id, by
//! version and as of a seq needs neither SQL nor a walk through Git.
//!
//! Everything here is derived: from the feed, or from the commits' trailers. On disk stands what
//! was checkpointed (redb, `directory/directory.redb`), in memory the tail of changes since then.
//! Readers look into the tail first and into the file second, and a checkpoint shows the new file
//! before it drops the tail's rows: whatever was applied is found at every moment.
//!
//! The newest version of a document stands whole in the table of heads; a version moves to the
//! table of versions when the next one supersedes it (docs/decisions/0006-directory-engine.md).

mod backend;
mod checkpoint;
mod error;
mod guard;
pub(crate) mod keys;
mod list;
mod open;
mod read;
mod rows;
mod snapshot;
mod tail;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use vpr_types::Disk;

pub use error::DirectoryError;
pub use rows::{RepositoryRow, VersionRow};

/// The directory of one data directory. All methods may be called from several threads.
pub struct Directory {
    /// The file as of the last checkpoint; let go before the database is closed.
    snapshot: RwLock<Arc<snapshot::Snapshot>>,
    /// Locked by whoever changes the file.
    database: Mutex<redb::Database>,
    backend: Arc<backend::Backing>,
    disk: Arc<dyn Disk>,
    tail: tail::Tail,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").finish_non_exhaustive()
    }
}
