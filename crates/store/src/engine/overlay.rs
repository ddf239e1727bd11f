use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;
use vpr_journal::Ticket;
use vpr_types::{ObjectId, RepositoryId};

use crate::format::{ChangeEntry, ObjectEntry};

/// Commits that are in the journal and not yet in Git, readable as if they were.
pub(super) struct Overlay {
    shards: Vec<RwLock<HashMap<RepositoryId, PendingRepository>>>,
    bytes: AtomicUsize,
    commits: AtomicUsize,
}

#[derive(Default)]
struct PendingRepository {
    commits: VecDeque<PendingCommit>,
    objects: HashMap<ObjectId, Place>,
}

/// One repository's share of one entry.
#[derive(Clone)]
pub(super) struct PendingCommit {
    pub(super) ticket: Ticket,
    entry: Arc<ChangeEntry>,
    repository: usize,
}

#[derive(Clone)]
struct Place {
    entry: Arc<ChangeEntry>,
    repository: usize,
    object: usize,
    /// How many deltas lead to a whole object.
    depth: u8,
}

/// An object that is pending.
pub(super) struct PendingObject {
    place: Place,
}

impl PendingObject {
    pub(super) fn object(&self) -> Option<&ObjectEntry> {
        self.place.object()
    }
}

impl Place {
    fn object(&self) -> Option<&ObjectEntry> {
        self.entry.repositories.get(self.repository)?.objects.get(self.object)
    }
}

impl PendingCommit {
    pub(super) fn objects(&self) -> &[ObjectEntry] {
        self.entry.repositories.get(self.repository).map_or(&[], |change| &change.objects)
    }

    pub(super) fn head(&self) -> Option<ObjectId> {
        self.entry.summary.repositories.get(self.repository).map(|summary| summary.commit)
    }

    /// Whether it is the repository's first commit of all.
    pub(super) fn is_first(&self) -> bool {
        self.entry.repositories.get(self.repository).is_some_and(|change| change.old_head.is_none())
    }

    fn bytes(&self) -> usize {
        self.objects().iter().map(|object| object.deflated.len() + size_of::<ObjectEntry>()).sum()
    }
}

impl Overlay {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..64).map(|_| RwLock::default()).collect(),
            bytes: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
        }
    }

    fn shard(&self, repository: &RepositoryId) -> &RwLock<HashMap<RepositoryId, PendingRepository>> {
        let mut hasher = DefaultHasher::new();
        repository.hash(&mut hasher);
        &self.shards[usize::try_from(hasher.finish() % 64).unwrap_or(0)]
    }

    /// Adds what an entry made. Called under the locks of its records, so in order per repository.
    pub(super) fn insert(&self, ticket: Ticket, entry: &Arc<ChangeEntry>) {
        for (index, summary) in entry.summary.repositories.iter().enumerate() {
            let id = RepositoryId::new(entry.summary.tenant.clone(), summary.part, summary.record);
            let commit = PendingCommit { ticket, entry: entry.clone(), repository: index };
            self.bytes.fetch_add(commit.bytes(), Ordering::Relaxed);
            self.commits.fetch_add(1, Ordering::Relaxed);
            let mut shard = self.shard(&id).write();
            let pending = shard.entry(id).or_default();
            for (object, entry_object) in commit.objects().iter().enumerate() {
                let depth = entry_object
                    .base
                    .and_then(|base| pending.objects.get(&base))
                    .map_or(0, |base| base.depth.saturating_add(1));
                // The earliest place stays: until it is in Git, later ones say the same.
                pending.objects.entry(entry_object.id).or_insert_with(|| Place {
                    entry: entry.clone(),
                    repository: index,
                    object,
                    depth,
                });
            }
            pending.commits.push_back(commit);
        }
    }

    pub(super) fn object(&self, repository: &RepositoryId, id: &ObjectId) -> Option<PendingObject> {
        let shard = self.shard(repository).read();
        let place = shard.get(repository)?.objects.get(id)?.clone();
        Some(PendingObject { place })
    }

    /// Whether a delta to `base` can make `new`: `base` is pending, the chain that leads to it is
    /// shorter than `depth_max`, and `new` is no part of that chain (a change back to an earlier
    /// tree would otherwise rest on itself).
    pub(super) fn is_base_for(
        &self,
        repository: &RepositoryId,
        base: &ObjectId,
        new: &ObjectId,
        depth_max: u8,
    ) -> bool {
        let shard = self.shard(repository).read();
        let Some(pending) = shard.get(repository) else { return false };
        if pending.objects.get(base).is_none_or(|place| place.depth >= depth_max) {
            return false;
        }
        let mut next = Some(*base);
        while let Some(id) = next {
            if id == *new {
                return false;
            }
            let object = pending.objects.get(&id).and_then(Place::object);
            next = object.and_then(|object| object.base);
        }
        true
    }

    /// The commits of a repository up to `cut`, oldest first.
    pub(super) fn commits(&self, repository: &RepositoryId, cut: Ticket) -> Vec<PendingCommit> {
        let shard = self.shard(repository).read();
        shard.get(repository).map_or_else(Vec::new, |pending| {
            pending.commits.iter().take_while(|commit| commit.ticket <= cut).cloned().collect()
        })
    }

    /// The first commit of a repository that is pending.
    pub(super) fn oldest(&self, repository: &RepositoryId) -> Option<Ticket> {
        Some(self.shard(repository).read().get(repository)?.commits.front()?.ticket)
    }

    /// The repositories with at least `least` commits up to `cut`, sorted.
    pub(super) fn dirty(&self, cut: Ticket, least: usize) -> Vec<RepositoryId> {
        let mut dirty = Vec::new();
        for shard in &self.shards {
            let shard = shard.read();
            dirty.extend(
                shard
                    .iter()
                    .filter(|(_, pending)| {
                        pending.commits.iter().take_while(|commit| commit.ticket <= cut).count() >= least
                    })
                    .map(|(id, _)| id.clone()),
            );
        }
        dirty.sort_unstable();
        dirty
    }

    /// Forgets the commits up to `cut`: Git has them, and readers find them there.
    pub(super) fn remove(&self, repository: &RepositoryId, cut: Ticket) {
        let mut shard = self.shard(repository).write();
        let Some(pending) = shard.get_mut(repository) else { return };
        while let Some(commit) = pending.commits.front()
            && commit.ticket <= cut
        {
            for object in commit.objects() {
                // Another commit's place for the same object stays.
                if pending
                    .objects
                    .get(&object.id)
                    .is_some_and(|place| Arc::ptr_eq(&place.entry, &commit.entry))
                {
                    pending.objects.remove(&object.id);
                }
            }
            self.bytes.fetch_sub(commit.bytes(), Ordering::Relaxed);
            self.commits.fetch_sub(1, Ordering::Relaxed);
            pending.commits.pop_front();
        }
        if pending.commits.is_empty() {
            shard.remove(repository);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn len(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }
}
