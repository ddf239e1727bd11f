use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vpr_types::{EntryKind, ObjectId};

use super::packs::{OpenPack, PackList};
use super::{Repository, read_whole, skeleton};
use crate::deflate::inflate_claimed;
use crate::pack::{Base, Extents, PackFile};
use crate::tree::{self, apply_delta};
use crate::{Commit, Error, Mode, Object, ObjectKind, id_of};

/// Bytes of inflated bases kept while a pack is gone through.
const BASES_MAX: usize = 32 * 1024 * 1024;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong; ids and forms, never content.
    pub what: String,
    /// The file, relative to the data directory, or the repository's folder.
    pub path: PathBuf,
}

/// What [`Repository::verify`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Packs gone through.
    pub packs: usize,
    /// Objects whose content matched their id, copies counted each time.
    pub objects: usize,
    /// Commits that the branch reaches, all their objects being there.
    pub commits: usize,
    /// What is wrong; empty when all is well.
    pub damage: Vec<Damage>,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }
}

impl Repository {
    /// Reads everything: every pack matches its checksums, every object inflates from exactly its
    /// bytes and matches its id, and the branch reaches a complete history of complete trees.
    ///
    /// # Errors
    /// [`Error::Io`] only; damage is in the report.
    pub fn verify(&self) -> Result<VerifyReport, Error> {
        let mut check = Check { repository: self, report: VerifyReport::default(), kinds: HashMap::new() };
        check.head_file()?;
        let list = self.open_all()?;
        for (path, what) in &list.broken {
            check.damage(*what, path);
        }
        for pack in &list.packs {
            let verified = pack.file(self.disk()).and_then(|file| check.pack(pack, file));
            check.note(verified)?;
        }
        check.loose()?;
        match self.head() {
            Ok(None) => {}
            Ok(Some(head)) => check.history(head)?,
            Err(error) => check.note(Err(error))?,
        }
        Ok(check.report)
    }

    /// The packs with their files open: what happens to the names from here on does not matter.
    fn open_all(&self) -> Result<Arc<PackList>, Error> {
        let list = self.reload()?;
        let gone = |pack: &Arc<OpenPack>| pack.file(self.disk()).is_err_and(|error| error.is_not_found());
        // Merged away between listing and opening: the next listing has what took its place.
        if list.packs.iter().any(gone) { self.reload() } else { Ok(list) }
    }
}

struct Check<'r> {
    repository: &'r Repository,
    report: VerifyReport,
    /// Every sound object.
    kinds: HashMap<ObjectId, ObjectKind>,
}

impl Check<'_> {
    fn damage(&mut self, what: impl Into<String>, path: &Path) {
        self.report.damage.push(Damage { what: what.into(), path: path.to_owned() });
    }

    /// Damage goes into the report, everything else that is wrong ends the run.
    fn note(&mut self, result: Result<(), Error>) -> Result<(), Error> {
        match result {
            Err(Error::Damaged { what, path }) => self.damage(what, &path),
            other => return other,
        }
        Ok(())
    }

    fn head_file(&mut self) -> Result<(), Error> {
        let path = self.repository.path().join("HEAD");
        let content = read_whole(self.repository.disk(), &path, 4096);
        match content {
            Ok(Some(bytes)) if bytes == skeleton::HEAD => Ok(()),
            Ok(_) => {
                self.damage("HEAD does not name the branch", &path);
                Ok(())
            }
            Err(error) => self.note(Err(error)),
        }
    }

    fn pack(&mut self, pack: &OpenPack, file: Arc<PackFile>) -> Result<(), Error> {
        self.report.packs += 1;
        match file.checksum() {
            Ok(checksum) if checksum == pack.index.pack_checksum() => {}
            Ok(_) => self.damage("a pack is not the one that its index was made for", file.path()),
            Err(error) => self.note(Err(error))?,
        }
        let mut extents = Extents::new(Arc::clone(&file), &pack.index)?;
        let mut bases = Bases::default();
        for number in 0..extents.len() {
            let verified = self.object(&mut extents, number, &mut bases);
            self.note(verified)?;
        }
        Ok(())
    }

    fn object(&mut self, extents: &mut Extents<'_>, number: usize, bases: &mut Bases) -> Result<(), Error> {
        let (file, index) = (Arc::clone(extents.file()), extents.index());
        let extent = extents.get(number)?;
        // A stream that ends before its last byte would be followed by bytes that are nobody's.
        let cut = &extent.deflated[..extent.deflated.len().saturating_sub(1)];
        let data = match inflate_claimed(extent.deflated, extent.size) {
            Some(data) if inflate_claimed(cut, extent.size).is_none() => data,
            _ => return Err(file.damaged("an object does not inflate from exactly its bytes")),
        };
        let (id, offset) = (extent.id, extent.offset);
        let object = match file.base_of(index, offset, extent.kind)? {
            Base::None(kind) => Object { kind, content: data },
            Base::At(at) => {
                let base = match bases.get(at) {
                    Some(base) => base,
                    None => Arc::new(file.read(index, at)?),
                };
                let content = apply_delta(&base.content, &data).map_err(|error| error.at(file.path()))?;
                Object { kind: base.kind, content }
            }
        };
        if id_of(object.kind, &object.content) != id {
            return Err(file.damaged("an object does not match its id"));
        }
        self.report.objects += 1;
        self.kinds.insert(id, object.kind);
        bases.put(offset, object);
        Ok(())
    }

    fn loose(&mut self) -> Result<(), Error> {
        let folder = self.repository.path().join("objects");
        let disk = self.repository.disk();
        let fans =
            disk.list(&folder)?.into_iter().filter(|e| e.kind == EntryKind::Directory && e.name.len() == 2);
        for fan in fans {
            for entry in disk.list(&folder.join(&fan.name))? {
                let Ok(id) = format!("{}{}", fan.name, entry.name).parse::<ObjectId>() else { continue };
                match self.repository.read_loose(&id) {
                    Ok(Some(object)) => {
                        self.report.objects += 1;
                        self.kinds.insert(id, object.kind);
                    }
                    Ok(None) => {}
                    Err(error) => self.note(Err(error))?,
                }
            }
        }
        Ok(())
    }

    fn history(&mut self, head: ObjectId) -> Result<(), Error> {
        let mut seen = HashSet::new();
        let mut open = vec![(head, ObjectKind::Commit)];
        while let Some((id, kind)) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let path = self.repository.path().to_owned();
            match self.kinds.get(&id) {
                Some(known) if *known == kind => {}
                Some(_) => {
                    self.damage(format!("object {id} is not a {}", kind.as_str()), &path);
                    continue;
                }
                None => {
                    self.damage(format!("{} {id} is missing or broken", kind.as_str()), &path);
                    continue;
                }
            }
            let referred = self.referred(&id, kind);
            match referred {
                Ok(referred) => {
                    self.report.commits += usize::from(kind == ObjectKind::Commit);
                    open.extend(referred);
                }
                Err(Error::Malformed(what)) => self.damage(format!("{} {id}: {what}", kind.as_str()), &path),
                Err(other) => self.note(Err(other))?,
            }
        }
        Ok(())
    }

    fn referred(&self, id: &ObjectId, kind: ObjectKind) -> Result<Vec<(ObjectId, ObjectKind)>, Error> {
        match kind {
            ObjectKind::Blob => Ok(Vec::new()),
            ObjectKind::Commit => {
                let Commit { tree, parents, .. } = self.repository.read_commit(id)?;
                let parents = parents.into_iter().map(|parent| (parent, ObjectKind::Commit));
                Ok(parents.chain([(tree, ObjectKind::Tree)]).collect())
            }
            ObjectKind::Tree => {
                let content = self.repository.read_tree(id)?;
                let kind = |mode| if mode == Mode::Tree { ObjectKind::Tree } else { ObjectKind::Blob };
                tree::parse(&content).map(|entry| entry.map(|e| (e.id, kind(e.mode)))).collect()
            }
        }
    }
}

/// Objects of a pack by their offset, as many as fit.
#[derive(Default)]
struct Bases {
    objects: HashMap<u64, Arc<Object>>,
    bytes: usize,
}

impl Bases {
    fn get(&self, offset: u64) -> Option<Arc<Object>> {
        self.objects.get(&offset).map(Arc::clone)
    }

    fn put(&mut self, offset: u64, object: Object) {
        if self.bytes + object.content.len() > BASES_MAX {
            *self = Self::default();
        }
        self.bytes += object.content.len();
        self.objects.insert(offset, Arc::new(object));
    }
}
