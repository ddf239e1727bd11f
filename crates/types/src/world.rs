use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::Instant;

/// Tells the time. May jump; callers that need order keep the last value themselves.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Instant;
}

/// Gives random bytes that nobody can predict (or, in a test, exactly those of its seed).
pub trait Entropy: Send + Sync {
    /// Fills `buffer`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give; the caller must not go on without it.
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()>;
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// Must exist; read only.
    Read,
    /// Must exist; read and write.
    ReadWrite,
    /// Must not exist; read and write.
    CreateNew,
    /// Created if absent; read and write; content is kept.
    Create,
}

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Anything else (a symbolic link, a socket, …): never followed.
    Other,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// The name, without its path.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// The data directory as `store` sees it. Paths are relative to its root, without `..`.
///
/// What survives a power cut is what POSIX promises and no more: file content after
/// [`DiskFile::sync_data`], names (created, renamed, removed) after [`Disk::sync_directory`] of
/// their directory, everything after [`Disk::sync_filesystem`]. A rename is atomic.
/// A failed sync is never repeated by callers: the pages may be marked clean and lost.
pub trait Disk: Send + Sync {
    /// Opens or creates a file.
    ///
    /// # Errors
    /// As the operating system says; never follows a symbolic link as the last component.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>>;
    /// Renames, replacing what stands at `to`.
    ///
    /// # Errors
    /// As the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// As the operating system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Creates a directory and those above it; existing ones are no error.
    ///
    /// # Errors
    /// As the operating system says.
    fn create_directories(&self, path: &Path) -> io::Result<()>;
    /// The entries of a directory, sorted by name.
    ///
    /// # Errors
    /// `NotFound` when there is no such directory.
    fn list(&self, path: &Path) -> io::Result<Vec<DirectoryEntry>>;
    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// As the operating system says; what was not synced may be lost and must be written anew.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Makes everything written so far durable (`syncfs`).
    ///
    /// # Errors
    /// As [`Disk::sync_directory`].
    fn sync_filesystem(&self) -> io::Result<()>;
    /// Whether something stands at `path`, and its length if it is a file.
    ///
    /// # Errors
    /// As the operating system says; absence is `Ok(None)`.
    fn length(&self, path: &Path) -> io::Result<Option<u64>>;
}

/// An open file of a [`Disk`], addressed by position: no shared cursor.
pub trait DiskFile: Send + Sync {
    /// Reads at most `buffer.len()` bytes; 0 at the end of the file. May be short or interrupted.
    ///
    /// # Errors
    /// As the operating system says.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at most `bytes.len()` bytes. May be short or interrupted.
    ///
    /// # Errors
    /// As the operating system says.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Makes the file's content and length durable (`fdatasync`), not its name.
    ///
    /// # Errors
    /// As the operating system says; never repeat it.
    fn sync_data(&self) -> io::Result<()>;
    /// The length in bytes.
    ///
    /// # Errors
    /// As the operating system says.
    fn len(&self) -> io::Result<u64>;
    /// Whether the file has no byte.
    ///
    /// # Errors
    /// As [`DiskFile::len`].
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Cuts or extends with zeros.
    ///
    /// # Errors
    /// As the operating system says.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Writes all of `bytes`, going on after short and interrupted writes.
    ///
    /// # Errors
    /// The first error that is not an interruption; part of the bytes may be written then.
    fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_at(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    bytes = &bytes[n..];
                    offset += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Fills all of `buffer`, going on after short and interrupted reads.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file ends first; else the first error that is not an interruption.
    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read_at(buffer, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    buffer = &mut buffer[n..];
                    offset += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one adapter of the machine's clock")]
    fn now(&self) -> Instant {
        let micros = match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
        };
        Instant(micros)
    }
}

/// The machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        getrandom::fill(buffer).map_err(io::Error::from)
    }
}
