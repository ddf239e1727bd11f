use std::io;
use std::path::PathBuf;

/// Why a log could not be read or written. Names files and positions, never content.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Something that was permanent is not what was written.
    #[error("{} is damaged at byte {offset}: {what}", file.display())]
    Damaged {
        /// Relative to the data directory.
        file: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What is wrong, in words.
        what: &'static str,
    },
    /// A newer vpr wrote it.
    #[error("{} has format {found}, which this version of vpr does not know", file.display())]
    Version {
        /// Relative to the data directory.
        file: PathBuf,
        /// The version it names.
        found: u8,
    },
    /// The record does not follow the last one.
    #[error("position {position} cannot be appended to {} after {last}", folder.display())]
    Gap {
        /// Relative to the data directory.
        folder: PathBuf,
        /// The record's position.
        position: u64,
        /// The last position in the log, 0 when it is empty.
        last: u64,
    },
    /// Another record stands at the position already.
    #[error("position {position} of {} holds another record", folder.display())]
    Different {
        /// Relative to the data directory.
        folder: PathBuf,
        /// The record's position.
        position: u64,
    },
    /// The record belongs to another tenant.
    #[error("the record does not belong to {}", folder.display())]
    Foreign {
        /// Relative to the data directory.
        folder: PathBuf,
    },
    /// The record is larger than a frame may be.
    #[error("a record of {bytes} bytes is too large for {}", folder.display())]
    TooLarge {
        /// Relative to the data directory.
        folder: PathBuf,
        /// Its bytes.
        bytes: usize,
    },
    /// A sync failed before; what is on disk is known only after a restart.
    #[error("{} stopped after a failed sync", folder.display())]
    Stopped {
        /// Relative to the data directory.
        folder: PathBuf,
    },
    /// The disk failed or is full. Unless it was a sync, the same call may be tried again.
    #[error("{}: {source}", path.display())]
    Io {
        /// Relative to the data directory.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
}

/// What opening cut off a log: bytes of a crash, above everything that was known to be on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// Relative to the data directory.
    pub file: PathBuf,
    /// From where.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
}
