use std::io;
use std::path::PathBuf;

use vpr_types::ObjectId;

use crate::data_format::DataDirectoryError;
use crate::directory::DirectoryError;
use crate::record_file::RecordError;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no room for changes; reads go on, and so do writes once there is room.
    #[error("the disk is full")]
    Full,
    /// The queue is full, or no file can be opened for now; try again.
    #[error("too much is queued, or too many files are open")]
    Busy,
    /// Another program holds a branch's lock, or died holding it.
    #[error("{} is locked by another program; if none runs there, remove refs/heads/main.lock", .0.display())]
    Locked(PathBuf),
    /// Acknowledging stopped; a restart settles what is true.
    #[error("stopped after an error: {0}")]
    Failed(String),
    /// An object that the directory names is in neither journal nor repository.
    #[error("object {object} is missing from {}", repository.display())]
    Missing {
        /// The repository's folder.
        repository: PathBuf,
        /// Which object.
        object: ObjectId,
    },
    /// Something on disk is not what was written.
    #[error("damaged: {0}")]
    Damaged(String),
    /// A repository is damaged or cannot be read.
    #[error(transparent)]
    Git(vpr_git::Error),
    /// The journal is damaged or cannot be read.
    #[error(transparent)]
    Journal(vpr_journal::JournalError),
    /// The directory cannot be read.
    #[error(transparent)]
    Directory(DirectoryError),
    /// A feed or log is damaged or cannot be read.
    #[error(transparent)]
    Record(RecordError),
    /// Bytes that this version cannot read.
    #[error(transparent)]
    Format(#[from] crate::format::FormatError),
    /// A commit message that is not ours, or not whole.
    #[error(transparent)]
    Trailers(#[from] crate::trailers::TrailerError),
    /// The folder is not a data directory that this version can use.
    #[error(transparent)]
    DataDirectory(DataDirectoryError),
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Io(io::Error),
}

/// Whether the process or the machine has no file descriptor left: others will close theirs.
fn is_out_of_files(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    matches!(code, Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE))
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        if is_full(&error) {
            Self::Full
        } else if is_out_of_files(&error) {
            Self::Busy
        } else {
            Self::Io(error)
        }
    }
}

impl From<vpr_git::Error> for StoreError {
    fn from(error: vpr_git::Error) -> Self {
        match error {
            vpr_git::Error::Io(error) => error.into(),
            vpr_git::Error::Locked(path) => Self::Locked(path),
            other => Self::Git(other),
        }
    }
}

impl From<vpr_journal::JournalError> for StoreError {
    fn from(error: vpr_journal::JournalError) -> Self {
        use vpr_journal::JournalError as E;
        match error {
            E::Full => Self::Full,
            E::Busy => Self::Busy,
            E::Failed(why) => Self::Failed(why.to_string()),
            E::Closed => Self::Failed("the store is closed".into()),
            other => Self::Journal(other),
        }
    }
}

impl From<RecordError> for StoreError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Io { source, .. } if is_full(&source) => Self::Full,
            RecordError::Io { source, .. } if is_out_of_files(&source) => Self::Busy,
            other => Self::Record(other),
        }
    }
}

impl From<DirectoryError> for StoreError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Io(error) => error.into(),
            other => Self::Directory(other),
        }
    }
}

impl From<DataDirectoryError> for StoreError {
    fn from(error: DataDirectoryError) -> Self {
        match error {
            DataDirectoryError::Io(error) => error.into(),
            other => Self::DataDirectory(other),
        }
    }
}
