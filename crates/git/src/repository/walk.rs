use vpr_types::ObjectId;

use super::Repository;
use crate::{Commit, Error, Mode, ObjectKind, tree};

/// Folders inside folders: document paths have five.
const TREE_DEPTH_MAX: usize = 64;

impl Repository {
    /// The commits from `from` on, newest to oldest, along first parents.
    #[must_use]
    pub fn commits(&self, from: ObjectId) -> Commits<'_> {
        Commits { repository: self, next: Some(from) }
    }

    /// All entries below a tree with their paths (`a/b/c`), folders before what is in them, in
    /// Git's order.
    #[must_use]
    pub fn walk_tree(&self, tree: ObjectId) -> TreeWalk<'_> {
        TreeWalk { repository: self, stack: Vec::new(), open: Some((String::new(), tree)) }
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Malformed`] when it is no commit of this crate's form; else
    /// as [`Repository::read`].
    pub fn read_commit(&self, id: &ObjectId) -> Result<Commit, Error> {
        let object = self.read_existing(id)?;
        if object.kind != ObjectKind::Commit {
            return Err(Error::Malformed("an object is not a commit"));
        }
        Commit::parse(&object.content)
    }

    /// The content of a tree object.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Malformed`] when it is no tree; else as [`Repository::read`].
    pub fn read_tree(&self, id: &ObjectId) -> Result<Vec<u8>, Error> {
        let object = self.read_existing(id)?;
        if object.kind != ObjectKind::Tree {
            return Err(Error::Malformed("an object is not a tree"));
        }
        Ok(object.content)
    }
}

/// See [`Repository::commits`]. After an error the iterator ends.
pub struct Commits<'r> {
    repository: &'r Repository,
    next: Option<ObjectId>,
}

impl Iterator for Commits<'_> {
    type Item = Result<(ObjectId, Commit), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next.take()?;
        let commit = self.repository.read_commit(&id);
        if let Ok(commit) = &commit {
            self.next = commit.parents.first().copied();
        }
        Some(commit.map(|commit| (id, commit)))
    }
}

/// See [`Repository::walk_tree`]. After an error the iterator ends.
pub struct TreeWalk<'r> {
    repository: &'r Repository,
    stack: Vec<OpenFolder>,
    /// The folder to read next.
    open: Option<(String, ObjectId)>,
}

struct OpenFolder {
    /// With `/` at its end; empty for the root.
    path: String,
    /// What is left in it, last entry first.
    entries: Vec<(String, Mode, ObjectId)>,
}

impl TreeWalk<'_> {
    fn enter(&mut self) -> Result<(), Error> {
        let Some((path, id)) = self.open.take() else { return Ok(()) };
        if self.stack.len() >= TREE_DEPTH_MAX {
            return Err(Error::Malformed("folders are nested too deep"));
        }
        let content = self.repository.read_tree(&id)?;
        let entries = tree::parse(&content).map(|e| e.map(|e| (e.name.to_owned(), e.mode, e.id)));
        let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
        entries.reverse();
        self.stack.push(OpenFolder { path, entries });
        Ok(())
    }
}

impl Iterator for TreeWalk<'_> {
    type Item = Result<(String, Mode, ObjectId), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.enter() {
            self.stack.clear();
            return Some(Err(error));
        }
        while let Some(folder) = self.stack.last_mut() {
            if let Some((name, mode, id)) = folder.entries.pop() {
                let path = format!("{}{name}", folder.path);
                if mode == Mode::Tree {
                    self.open = Some((format!("{path}/"), id));
                }
                return Some(Ok((path, mode, id)));
            }
            self.stack.pop();
        }
        None
    }
}
