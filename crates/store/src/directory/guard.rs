use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use vpr_types::OpenMode;

use super::Directory;
use super::error::DirectoryError;

/// Stands in the directory's folder once damage was met; the next start builds the directory anew.
pub(super) const DAMAGE_FILE: &str = "directory/DAMAGED";

impl Directory {
    /// Runs what touches redb's pages. redb does not check them when it reads, so rotten ones can
    /// make it panic: that is damage of a derived file, and must not take the server down.
    pub(super) fn guarded<T>(
        &self,
        work: impl FnOnce() -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        let outcome = caught(work);
        if let Err(DirectoryError::Damaged(_)) = outcome {
            // Nothing hangs on it: without the file, the next reader of the page says so again.
            let _ = self.disk.open(Path::new(DAMAGE_FILE), OpenMode::Create);
        }
        outcome
    }
}

/// A panic of redb as an error.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, DirectoryError>) -> Result<T, DirectoryError> {
    let gave_up = |_| Err(DirectoryError::Damaged("redb gave up on a page".to_owned()));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(gave_up)
}
