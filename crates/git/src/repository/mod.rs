//! A bare repository with one branch.
//!
//! Reading order: `skeleton` (a new folder), `stage` (writing in steps), `packs` (which packs
//! there are), `read`, `refs`, `walk`, `concatenate`, `verify`.

mod concatenate;
mod loose;
mod packs;
mod read;
mod refs;
mod skeleton;
mod stage;
mod verify;
mod walk;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use vpr_types::{Disk, ObjectId, OpenMode};

use crate::{Error, PackObject};
use packs::PackList;

pub use concatenate::Concatenated;
pub use stage::{StagedHead, StagedPack};
pub use verify::{Damage, VerifyReport};
pub use walk::{Commits, TreeWalk};

/// The one branch.
pub const BRANCH: &str = "refs/heads/main";

/// A bare repository. Cheap to clone; clones share what they know of the packs.
///
/// Reads may run in any number of threads, also beside one writer. Writers of one repository take
/// turns: that is the caller's part. A repository holds the bytes of its indexes in memory; of the
/// pack files that were read last, a process keeps 256 open.
#[derive(Clone)]
pub struct Repository {
    inner: Arc<Inner>,
}

struct Inner {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// `None` until somebody reads.
    packs: RwLock<Option<Arc<PackList>>>,
}

impl Repository {
    /// The repository at `path`; `None` when there is none, or only the beginning of one that a
    /// crash left: then [`Repository::create_skeleton`] makes it whole.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn open(disk: Arc<dyn Disk>, path: &Path) -> Result<Option<Self>, Error> {
        match disk.length(&path.join("HEAD"))? {
            None | Some(0) => Ok(None),
            Some(_) => Ok(Some(Self::at(disk, path))),
        }
    }

    fn at(disk: Arc<dyn Disk>, path: &Path) -> Self {
        let inner = Inner { disk, path: path.to_owned(), packs: RwLock::new(None) };
        Self { inner: Arc::new(inner) }
    }

    /// The folder, relative to the data directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Writes objects and moves the branch, each step durable before the next begins: pack and
    /// index, their names, then the ref, its name. When this returns, the commit survives a power
    /// cut; when it fails, the branch stands where it stood or at `head`.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Locked`], or [`Error::Malformed`] when the base of a delta is not
    /// among the objects.
    pub fn commit_objects(&self, objects: &[PackObject<'_>], head: ObjectId) -> Result<(), Error> {
        let pack = self.stage_pack(objects)?;
        pack.sync()?;
        pack.publish()?;
        self.sync_pack_directory()?;
        let staged = self.stage_head(head)?;
        staged.sync()?;
        staged.publish()?;
        self.sync_refs_directory()
    }

    fn disk(&self) -> &dyn Disk {
        &*self.inner.disk
    }

    fn pack_directory(&self) -> PathBuf {
        self.inner.path.join("objects").join("pack")
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

/// The whole of a small file; `None` when it does not exist.
fn read_whole(disk: &dyn Disk, path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, Error> {
    let file = match disk.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let length = file.len()?;
    if length > bytes_max {
        return Err(Error::damaged("a file is longer than allowed", path));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(Some(bytes))
}

/// Removes a file; its absence is no error.
fn remove_if_there(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    match disk.remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
