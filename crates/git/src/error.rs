use std::io;
use std::path::{Path, PathBuf};

use vpr_types::ObjectId;

/// What can go wrong with a repository. No variant's text repeats content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk said no. A failed write or sync is not repeated; what was staged is lost.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Bytes on disk are not what was written: a checksum, an id or a form is wrong.
    #[error("damaged: {what} in {}", path.display())]
    Damaged {
        /// What is wrong.
        what: &'static str,
        /// The file, relative to the data directory.
        path: PathBuf,
    },
    /// An object that must be there is not.
    #[error("object {0} is missing")]
    Missing(ObjectId),
    /// Bytes or values given by the caller do not have the form that Git demands.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// Somebody else (stock `git`, or a crash not yet swept) holds the branch's lock file.
    #[error("{} is held by another writer", .0.display())]
    Locked(PathBuf),
}

impl Error {
    pub(crate) fn damaged(what: &'static str, path: &Path) -> Self {
        Self::Damaged { what, path: path.to_owned() }
    }

    /// A `Malformed` found in bytes that came from `path`; everything else as it is.
    pub(crate) fn at(self, path: &Path) -> Self {
        match self {
            Self::Malformed(what) => Self::damaged(what, path),
            other => other,
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}
