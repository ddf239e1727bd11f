use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::Address;

/// Why the owner of a journal refuses an entry at start.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What can go wrong. Texts name places, never what is in an entry.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// Only the reserve is left: changes are refused until segments are released or the disk has
    /// room again (HTTP 507). Not sticky.
    #[error("the journal is full")]
    Full,
    /// More is queued than memory should hold: try again shortly (HTTP 503). Not sticky.
    #[error("the journal's queue is full")]
    Busy,
    /// The journal was closed in good order.
    #[error("the journal is closed")]
    Closed,
    /// Sticky: something failed after which nothing may be acknowledged until the next start.
    #[error("the journal stopped: {0}")]
    Failed(Arc<str>),
    /// No entry may be this large.
    #[error("an entry of {bytes} bytes is too large for the journal")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// The entry's segment was released: it stands in its permanent place.
    #[error("the journal no longer holds {0}")]
    NotHeld(Address),
    /// Synced bytes are damaged: restore from a backup or a replica.
    #[error("{segment} is damaged at byte {offset}: {what}")]
    Corrupt {
        /// The segment's file.
        segment: String,
        /// The byte in it at which the damage was found: the start of the unit that fails its check.
        offset: u64,
        /// What does not hold.
        what: &'static str,
    },
    /// A segment was written by a later version of this program.
    #[error("{segment} has format version {found}, which this version does not know")]
    Format {
        /// The segment's file.
        segment: String,
        /// Its format version.
        found: u32,
    },
    /// The disk or the source of randomness failed at start.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or directory.
        path: String,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The callback of [`crate::Journal::open`] refused an entry.
    #[error("replay stopped: {0}")]
    Refused(Arc<dyn Error + Send + Sync>),
    /// The options contradict themselves.
    #[error("journal options: {0}")]
    Options(&'static str),
}

/// No file can be opened for now, in the machine or in this process: others will close theirs.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

impl JournalError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::Io { action, path: path.clone(), source: Arc::new(source) }
    }

    /// Whether there may be room later without anybody's repair.
    pub(crate) fn is_no_space(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge)
                || matches!(source.raw_os_error(), Some(ENFILE | EMFILE)))
    }
}
