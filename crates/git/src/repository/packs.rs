use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use vpr_types::{DirectoryEntry, Disk};

use super::{Repository, read_whole};
use crate::Error;
use crate::pack::{PackFile, PackIndex};

/// A 4 GB index would be a repository of 150 million objects.
const INDEX_BYTES_MAX: u64 = 1 << 32;

/// Pack files kept open by all repositories of the process: descriptors are the process's, and
/// sockets need them too.
const OPEN_FILES_MAX: usize = 256;

/// The packs whose files are open, oldest first.
static OPEN_FILES: Mutex<VecDeque<Weak<OpenPack>>> = Mutex::new(VecDeque::new());

/// The packs of a repository as of some moment, newest known first.
#[derive(Default)]
pub(super) struct PackList {
    pub(super) packs: Vec<Arc<OpenPack>>,
    /// Indexes that could not be used.
    pub(super) broken: Vec<(PathBuf, &'static str)>,
    /// Every pack seen, sorted, broken ones included: to tell whether anything changed.
    names: Vec<String>,
}

/// A pack with its index in memory and its file opened at the first read.
pub(super) struct OpenPack {
    pub(super) name: String,
    pub(super) index: PackIndex,
    path: PathBuf,
    file: Mutex<Option<Arc<PackFile>>>,
}

impl OpenPack {
    pub(super) fn new(folder: &Path, name: &str, index: PackIndex) -> Self {
        let path = folder.join(format!("pack-{name}.pack"));
        Self { name: name.to_owned(), index, path, file: Mutex::new(None) }
    }

    /// The open file. Opened anew when others took its place among the open ones meanwhile.
    pub(super) fn file(self: &Arc<Self>, disk: &dyn Disk) -> Result<Arc<PackFile>, Error> {
        if let Some(file) = &*self.file.lock() {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(PackFile::open(disk, &self.path)?);
        if file.count() as usize != self.index.len() {
            return Err(Error::damaged("a pack and its index have different counts", &self.path));
        }
        *self.file.lock() = Some(Arc::clone(&file));
        // Another thread may have opened it as well; then it stands in the queue twice.
        let evicted = {
            let mut queue = OPEN_FILES.lock();
            queue.push_back(Arc::downgrade(self));
            if queue.len() > OPEN_FILES_MAX { queue.pop_front() } else { None }
        };
        if let Some(evicted) = evicted.and_then(|pack| pack.upgrade()) {
            evicted.file.lock().take();
        }
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Repository {
    /// How many packs there are.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn pack_count(&self) -> Result<usize, Error> {
        if let Some(list) = &*self.inner.packs.read() {
            return Ok(list.names.len());
        }
        Ok(self.pack_names()?.len())
    }

    /// Looks again which packs there are. Reads do this by themselves when they miss something.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn refresh(&self) -> Result<(), Error> {
        self.reload().map(|_| ())
    }

    /// The packs, from memory if they were read before.
    pub(super) fn packs(&self) -> Result<Arc<PackList>, Error> {
        if let Some(list) = &*self.inner.packs.read() {
            return Ok(Arc::clone(list));
        }
        self.reload()
    }

    pub(super) fn reload(&self) -> Result<Arc<PackList>, Error> {
        // Held while reading the folder: else a pack published meanwhile could be forgotten.
        let mut slot = self.inner.packs.write();
        let names = self.pack_names()?;
        let old = slot.clone().unwrap_or_default();
        if slot.is_some() && old.names == names && old.broken.is_empty() {
            return Ok(old);
        }
        let folder = self.pack_directory();
        let mut list = PackList::default();
        // What was known keeps its place, so that the newest stays first.
        for pack in &old.packs {
            if names.binary_search(&pack.name).is_ok() {
                list.packs.push(Arc::clone(pack));
            }
        }
        for name in &names {
            if list.packs.iter().any(|pack| pack.name == *name) {
                continue;
            }
            let path = folder.join(format!("pack-{name}.idx"));
            // Gone again: somebody else repacked between listing and reading.
            let Some(bytes) = read_whole(self.disk(), &path, INDEX_BYTES_MAX)? else { continue };
            match PackIndex::new(bytes) {
                Ok(index) => list.packs.push(Arc::new(OpenPack::new(&folder, name, index))),
                Err(Error::Malformed(what)) => list.broken.push((path, what)),
                Err(other) => return Err(other),
            }
        }
        list.names = names;
        let list = Arc::new(list);
        *slot = Some(Arc::clone(&list));
        Ok(list)
    }

    /// Puts a new pack in front, if the packs are in memory at all.
    pub(super) fn add_pack(&self, pack: OpenPack) {
        self.change_packs(|list| {
            list.packs.retain(|known| known.name != pack.name);
            list.packs.insert(0, Arc::new(pack));
        });
    }

    pub(super) fn forget_packs(&self, names: &[String]) {
        self.change_packs(|list| list.packs.retain(|pack| !names.contains(&pack.name)));
    }

    fn change_packs(&self, change: impl FnOnce(&mut PackList)) {
        let mut slot = self.inner.packs.write();
        let Some(old) = slot.as_ref() else { return };
        let mut list = PackList { packs: old.packs.clone(), broken: old.broken.clone(), names: Vec::new() };
        change(&mut list);
        let broken = list.broken.iter().filter_map(|(path, _)| path.file_name()?.to_str());
        let broken = broken.filter_map(|name| pack_name(name, ".idx"));
        list.names =
            list.packs.iter().map(|pack| pack.name.as_str()).chain(broken).map(str::to_owned).collect();
        list.names.sort_unstable();
        *slot = Some(Arc::new(list));
    }

    /// The names of packs that have both their files, sorted.
    fn pack_names(&self) -> Result<Vec<String>, Error> {
        let entries = match self.disk().list(&self.pack_directory()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let has = |name: String| entries.binary_search_by(|e: &DirectoryEntry| e.name.cmp(&name)).is_ok();
        let names = entries.iter().filter_map(|entry| pack_name(&entry.name, ".idx"));
        Ok(names.filter(|name| has(format!("pack-{name}.pack"))).map(str::to_owned).collect())
    }
}

pub(super) fn pack_name<'a>(file: &'a str, suffix: &str) -> Option<&'a str> {
    file.strip_prefix("pack-")?.strip_suffix(suffix)
}
