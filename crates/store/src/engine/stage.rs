use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use vpr_git::{Mode, ObjectKind};
use vpr_types::{DocumentName, ObjectId, RepositoryId};

use super::{EncodedBlob, Store};
use crate::StoreError;
use crate::directory::RepositoryRow;
use crate::format::ObjectEntry;
use crate::layout::{DocumentForm, document_path};

/// Deltas that may lead to a whole tree: readers walk them one by one.
const DELTA_DEPTH_MAX: u8 = 48;

/// One file of a repository that changes.
#[derive(Debug, Clone)]
pub struct PathEdit<'a> {
    path: String,
    blob: Option<&'a EncodedBlob>,
}

impl<'a> PathEdit<'a> {
    /// The document's file gets these bytes.
    #[must_use]
    pub fn put(name: &DocumentName, blob: &'a EncodedBlob) -> Self {
        Self { path: document_path(name, DocumentForm::Json), blob: Some(blob) }
    }

    /// The document's file goes away.
    #[must_use]
    pub fn remove(name: &DocumentName) -> Self {
        Self { path: document_path(name, DocumentForm::Json), blob: None }
    }
}

/// A repository's next tree, ready to be committed under the locks it was staged under.
#[derive(Debug)]
pub struct StagedRepository {
    pub(super) id: RepositoryId,
    pub(super) parent: Option<RepositoryRow>,
    pub(super) tree: ObjectId,
    pub(super) objects: Vec<ObjectEntry>,
}

/// A folder to change: what becomes of each name in it.
enum Node {
    Folder(BTreeMap<String, Node>),
    File(Option<ObjectId>),
}

impl Store {
    /// Splices `edits` into the repository's newest tree. The caller holds the record's lock until
    /// [`Store::commit`] has returned: the result builds on a head that may not be durable yet.
    ///
    /// # Errors
    /// When a tree cannot be read.
    pub fn stage(&self, id: &RepositoryId, edits: &[PathEdit<'_>]) -> Result<StagedRepository, StoreError> {
        let parent = self.inner.directory.repository(id)?;
        let mut root = BTreeMap::new();
        let mut staging = Staging { store: self, id, objects: Vec::new(), known: HashSet::new() };
        for edit in edits {
            insert(&mut root, &edit.path, edit.blob.map(|blob| blob.id));
            if let Some(blob) = edit.blob
                && staging.known.insert(blob.id)
            {
                staging.objects.push(ObjectEntry {
                    id: blob.id,
                    kind: ObjectKind::Blob.pack_number(),
                    base: None,
                    size: blob.size,
                    deflated: blob.deflated.to_vec(),
                });
            }
        }
        let before = parent.as_ref().map(|row| row.tree);
        let tree = match staging.splice(before, root)? {
            Some(tree) => tree,
            // The last document left: the root stays, as Git's empty tree.
            None => staging.keep_tree(None, Vec::new())?,
        };
        let objects = staging.objects;
        Ok(StagedRepository { id: id.clone(), parent, tree, objects })
    }
}

fn insert(folder: &mut BTreeMap<String, Node>, path: &str, file: Option<ObjectId>) {
    match path.split_once('/') {
        None => {
            folder.insert(path.to_owned(), Node::File(file));
        }
        Some((first, rest)) => {
            let node = folder.entry(first.to_owned()).or_insert_with(|| Node::Folder(BTreeMap::new()));
            if let Node::Folder(inner) = node {
                insert(inner, rest, file);
            }
        }
    }
}

struct Staging<'a> {
    store: &'a Store,
    id: &'a RepositoryId,
    objects: Vec<ObjectEntry>,
    known: HashSet<ObjectId>,
}

impl Staging<'_> {
    /// The folder's new tree; `None` when nothing is left in it.
    fn splice(
        &mut self,
        base: Option<ObjectId>,
        folder: BTreeMap<String, Node>,
    ) -> Result<Option<ObjectId>, StoreError> {
        let before = base.map(|base| self.store.read_tree(self.id, &base)).transpose()?;
        let old: &[u8] = before.as_deref().unwrap_or_default();
        let mut edits = Vec::with_capacity(folder.len());
        for (name, node) in folder {
            let after = match node {
                Node::File(file) => file.map(|file| (Mode::File, file)),
                Node::Folder(inner) => {
                    let child = vpr_git::tree::find(old, &name)?.map(|(_, id)| id);
                    self.splice(child, inner)?.map(|tree| (Mode::Tree, tree))
                }
            };
            edits.push((name, after));
        }
        let borrowed: Vec<_> = edits.iter().map(|(name, after)| (name.as_str(), *after)).collect();
        let new = vpr_git::tree::splice(old, &borrowed)?;
        if new.is_empty() {
            return Ok(None);
        }
        if let Some(base) = base
            && new == old
        {
            return Ok(Some(base));
        }
        self.keep_tree(base.zip(before), new).map(Some)
    }

    /// Adds a tree to the commit's objects: as a delta to the one before if that goes into the
    /// same pack, else whole.
    fn keep_tree(
        &mut self,
        before: Option<(ObjectId, Arc<[u8]>)>,
        new: Vec<u8>,
    ) -> Result<ObjectId, StoreError> {
        let id = vpr_git::id_of(ObjectKind::Tree, &new);
        let overlay = &self.store.inner.overlay;
        let base = before.filter(|(base, _)| overlay.is_base_for(self.id, base, &id, DELTA_DEPTH_MAX));
        let (encoded, base) = match base {
            // Under a few entries a delta saves nothing.
            Some((base, old)) if new.len() > 256 => {
                (vpr_git::encode_delta(ObjectKind::Tree, &old, &new)?, Some(base))
            }
            _ => (vpr_git::encode(ObjectKind::Tree, &new)?, None),
        };
        if self.known.insert(encoded.id) {
            self.objects.push(ObjectEntry {
                id: encoded.id,
                kind: ObjectKind::Tree.pack_number(),
                base,
                size: encoded.size,
                deflated: encoded.deflated,
            });
            self.store.inner.trees.insert(self.id, encoded.id, Arc::from(new));
        }
        Ok(encoded.id)
    }
}
