use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use vpr_types::{DiskFile, ObjectId, OpenMode};

use super::packs::OpenPack;
use super::{BRANCH, Repository, remove_if_there};
use crate::pack::PackIndex;
use crate::{Error, Pack, PackObject, write_pack};

/// Begins the names of files that are being written. Stock Git takes everything that ends in
/// `.idx` for an index, so they have no ending; and `tmp_…` for leftovers, which `git gc` removes
/// when they are old.
pub(super) const TEMPORARY: &str = "tmp_vpr_";

/// A pack that is written, but that nobody can see yet. Dropped, it is removed again.
/// Holds two files open until it is published; see [`StagedPack::close_files`].
#[must_use = "a pack that is not published is removed again"]
pub struct StagedPack {
    repository: Repository,
    name: String,
    /// The middle of the temporary names.
    stem: String,
    index: Option<PackIndex>,
    files: Vec<Arc<dyn DiskFile>>,
    published: bool,
}

/// The branch's next commit, written but not in force. Dropped, it is removed again.
#[must_use = "a head that is not published is removed again"]
pub struct StagedHead {
    repository: Repository,
    file: Arc<dyn DiskFile>,
    published: bool,
}

impl Repository {
    /// Writes a pack of these objects and its index under temporary names; no sync.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Malformed`] when the base of a delta is not among the objects.
    pub fn stage_pack(&self, objects: &[PackObject<'_>]) -> Result<StagedPack, Error> {
        let Pack { name, bytes, index_bytes } = write_pack(objects)?;
        let mut staged = StagedPack::begin(self, &name);
        staged.create("pack")?.write_all_at(&bytes, 0)?;
        staged.end(name, index_bytes)?;
        Ok(staged)
    }

    /// Makes the names of published packs durable.
    ///
    /// # Errors
    /// [`Error::Io`]: the packs may be lost; write them anew.
    pub fn sync_pack_directory(&self) -> Result<(), Error> {
        Ok(self.disk().sync_directory(&self.pack_directory())?)
    }

    /// Writes the branch's next commit to its lock file; no sync. The packs that hold the commit
    /// and all it needs are durable by then.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Locked`] when the lock file exists: overwriting it could undo what
    /// stock Git is about to do with the ref, so try again later.
    pub fn stage_head(&self, head: ObjectId) -> Result<StagedHead, Error> {
        let path = self.lock_path();
        let file = match self.disk().open(&path, OpenMode::CreateNew) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(Error::Locked(path)),
            Err(error) => return Err(error.into()),
        };
        let staged = StagedHead { repository: self.clone(), file, published: false };
        staged.file.write_all_at(format!("{head}\n").as_bytes(), 0)?;
        Ok(staged)
    }

    /// Makes the branch's move durable.
    ///
    /// # Errors
    /// [`Error::Io`]: the branch may stand at the old commit after a crash.
    pub fn sync_refs_directory(&self) -> Result<(), Error> {
        Ok(self.disk().sync_directory(&self.inner.path.join("refs/heads"))?)
    }
}

impl StagedPack {
    /// The pack's name: 40 hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes the content of both files durable.
    ///
    /// # Errors
    /// [`Error::Io`]; never repeat it, stage the pack anew.
    pub fn sync(&self) -> Result<(), Error> {
        for file in &self.files {
            file.sync_data()?;
        }
        Ok(())
    }

    /// Closes the two files, for a caller that stages many packs and makes them durable with one
    /// `sync_filesystem`. [`StagedPack::sync`] does nothing afterwards.
    pub fn close_files(&mut self) {
        self.files.clear();
    }

    /// Gives the pack its name: from now on it is read. The caller has made its content durable.
    /// A pack of that name that is there already has the same content and is replaced.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn publish(mut self) -> Result<(), Error> {
        let folder = self.repository.pack_directory();
        // A pack without an index is not looked at; an index without its pack is an error.
        for kind in ["pack", "idx"] {
            let place = folder.join(format!("pack-{}.{kind}", self.name));
            self.repository.disk().rename(&self.temporary(kind), &place)?;
        }
        self.published = true;
        if let Some(index) = self.index.take() {
            self.repository.add_pack(OpenPack::new(&folder, &self.name, index));
        }
        Ok(())
    }

    pub(super) fn begin(repository: &Repository, stem: &str) -> Self {
        Self {
            repository: repository.clone(),
            name: String::new(),
            stem: stem.to_owned(),
            index: None,
            files: Vec::with_capacity(2),
            published: false,
        }
    }

    /// Creates a file under its temporary name, empty also if a crash left one.
    pub(super) fn create(&mut self, kind: &str) -> Result<Arc<dyn DiskFile>, Error> {
        let file = self.repository.disk().open(&self.temporary(kind), OpenMode::Create)?;
        self.files.push(Arc::clone(&file));
        file.set_len(0)?;
        Ok(file)
    }

    /// Writes the index of the pack that is now complete.
    pub(super) fn end(&mut self, name: String, index_bytes: Vec<u8>) -> Result<(), Error> {
        self.create("idx")?.write_all_at(&index_bytes, 0)?;
        self.name = name;
        self.index = Some(PackIndex::new(index_bytes)?);
        Ok(())
    }

    fn temporary(&self, kind: &str) -> PathBuf {
        self.repository.pack_directory().join(format!("{TEMPORARY}{kind}_{}", self.stem))
    }
}

impl Drop for StagedPack {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        // What cannot be removed now, the sweep of the next start removes.
        for kind in ["pack", "idx"] {
            let _ = remove_if_there(self.repository.disk(), &self.temporary(kind));
        }
    }
}

impl StagedHead {
    /// Makes the content of the lock file durable.
    ///
    /// # Errors
    /// [`Error::Io`]; never repeat it, stage the head anew.
    pub fn sync(&self) -> Result<(), Error> {
        Ok(self.file.sync_data()?)
    }

    /// Moves the branch. The caller has made the lock file durable.
    ///
    /// # Errors
    /// [`Error::Io`]: the branch stands where it stood, or has moved.
    pub fn publish(mut self) -> Result<(), Error> {
        let path = self.repository.inner.path.join(BRANCH);
        self.repository.disk().rename(&self.repository.lock_path(), &path)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for StagedHead {
    fn drop(&mut self) {
        if !self.published {
            let _ = remove_if_there(self.repository.disk(), &self.repository.lock_path());
        }
    }
}
