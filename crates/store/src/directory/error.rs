use std::io;

use vpr_types::{Seq, TenantName};

/// Why the directory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The file is not what was written, or of a version that is not known here. It is derived:
    /// delete it, open again, and apply the feeds.
    #[error("the directory is damaged: {0}")]
    Damaged(String),
    /// A change between the last checkpoint and the one asked for was never applied.
    #[error("seq {seq} of tenant {tenant} was not applied to the directory")]
    Gap {
        /// Whose change.
        tenant: TenantName,
        /// The first that is missing.
        seq: Seq,
    },
    /// The disk failed. `StorageFull` from a checkpoint leaves everything readable, and the same
    /// checkpoint may be tried again.
    #[error("the directory: {0}")]
    Io(#[from] io::Error),
}

/// Every error of redb is one of these two to us.
pub(super) fn from_redb(error: impl Into<redb::Error>) -> DirectoryError {
    match error.into() {
        redb::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            DirectoryError::Damaged("the file is shorter than it says".to_owned())
        }
        redb::Error::Io(error) => DirectoryError::Io(error),
        error @ (redb::Error::PreviousIo | redb::Error::DatabaseClosed | redb::Error::LockPoisoned(_)) => {
            DirectoryError::Io(io::Error::other(error.to_string()))
        }
        error => DirectoryError::Damaged(error.to_string()),
    }
}
