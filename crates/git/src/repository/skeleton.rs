use std::path::{Path, PathBuf};
use std::sync::Arc;

use vpr_types::{Disk, OpenMode};

use super::{Repository, read_whole, remove_if_there};
use crate::Error;

pub(super) const HEAD: &[u8] = b"ref: refs/heads/main\n";
const CONFIG: &[u8] = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The folders that stock Git insists on, and the one that packs go to.
const FOLDERS: [&str; 4] = ["objects", "objects/pack", "refs", "refs/heads"];

impl Repository {
    /// Makes an empty bare repository at `path` that stock Git accepts, and the folders above it.
    /// What a crash left half made is made whole; what is there is kept. Nothing is synced:
    /// see [`Repository::sync_skeleton`].
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create_skeleton(disk: Arc<dyn Disk>, path: &Path) -> Result<Self, Error> {
        let repository = Self::at(disk, path);
        repository.mend()?;
        Ok(repository)
    }

    /// Writes what is missing or torn; says whether there was such.
    fn mend(&self) -> Result<bool, Error> {
        let path = &self.inner.path;
        self.disk().create_directories(&path.join("objects/pack"))?;
        self.disk().create_directories(&path.join("refs/heads"))?;
        let mut mended = false;
        // HEAD last: it is what `open` goes by.
        for (name, content) in [("config", CONFIG), ("HEAD", HEAD)] {
            let file = path.join(name);
            let there = read_whole(self.disk(), &file, FILE_BYTES_MAX)?.unwrap_or_default();
            // An operator may have changed the configuration; a power cut leaves zeros or a part.
            let whole = if name == "HEAD" {
                there == HEAD
            } else {
                !there.contains(&0) && !CONFIG.starts_with(&there)
            };
            if !whole && there != content {
                let file = self.disk().open(&file, OpenMode::Create)?;
                file.set_len(0)?;
                file.write_all_at(content, 0)?;
                mended = true;
            }
        }
        Ok(mended)
    }

    /// Makes the empty repository durable: its two files, its folders, and the names of the
    /// folders up to `root`, which is durable itself (the tenant's folder).
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Malformed`] when the repository does not lie below `root`.
    pub fn sync_skeleton(&self, root: &Path) -> Result<(), Error> {
        let path = &self.inner.path;
        if !path.starts_with(root) {
            return Err(Error::Malformed("a repository does not lie below its root"));
        }
        for name in ["config", "HEAD"] {
            self.disk().open(&path.join(name), OpenMode::ReadWrite)?.sync_data()?;
        }
        for folder in FOLDERS {
            self.disk().sync_directory(&path.join(folder))?;
        }
        for folder in path.ancestors() {
            self.disk().sync_directory(folder)?;
            if folder == root {
                break;
            }
        }
        Ok(())
    }

    /// Puts right what a crash left. Removes files that were being written, halves of a pack (no
    /// ref can point into them), and the branch's lock file; writes `HEAD` and `config` anew, and
    /// makes them durable, where they are torn. To be called before the first write after a
    /// start, while no other program writes to the repository.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn sweep_temporary(&self) -> Result<(), Error> {
        if self.mend()? {
            self.sync_skeleton(&self.inner.path)?;
        }
        let folder = self.pack_directory();
        let entries = self.disk().list(&folder)?;
        let there = |name: &str| entries.binary_search_by(|e| e.name.as_str().cmp(name)).is_ok();
        for entry in &entries {
            let name = entry.name.as_str();
            let half = |own: &str, other: &str| {
                name.strip_suffix(own)
                    .is_some_and(|stem| name.starts_with("pack-") && !there(&format!("{stem}{other}")))
            };
            if name.starts_with(super::stage::TEMPORARY) || half(".pack", ".idx") || half(".idx", ".pack") {
                remove_if_there(self.disk(), &folder.join(name))?;
            }
        }
        remove_if_there(self.disk(), &self.lock_path())
    }

    pub(super) fn lock_path(&self) -> PathBuf {
        self.inner.path.join("refs/heads/main.lock")
    }
}
