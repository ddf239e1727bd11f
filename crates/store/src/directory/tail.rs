use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use vpr_types::{Digest, DocumentName, Part, RecordId, Seq, TenantName};

use super::rows::{IdempotencyRow, RepositoryRow, VersionRow, count_of};
use crate::format::ChangeSummary;

/// What was applied since the last checkpoint, by tenant.
#[derive(Default)]
pub(super) struct Tail(RwLock<HashMap<TenantName, Arc<TenantTail>>>);

/// One tenant's part of the tail. Whoever changes it holds `pending`; readers lock one shard.
#[derive(Default)]
pub(super) struct TenantTail {
    pub(super) pending: Mutex<Pending>,
    documents: Sharded<DocumentName, VersionRow>,
    /// `commits` counts the tail's commits only.
    repositories: Sharded<(Part, RecordId), RepositoryRow>,
    idempotency: RwLock<HashMap<Digest, IdempotencyRow>>,
}

/// The changes whose rows are in the tail.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) changes: BTreeMap<Seq, Arc<ChangeSummary>>,
    /// Everything up to here is in the file.
    pub(super) checkpointed: Seq,
    /// By collection: what `changes` add to the file's counts.
    pub(super) counts: HashMap<String, i64>,
}

impl Pending {
    fn count(&mut self, collection: &str, change: i64) {
        match self.counts.get_mut(collection) {
            Some(count) => *count += change,
            None => {
                self.counts.insert(collection.to_owned(), change);
            }
        }
    }
}

impl Tail {
    pub(super) fn get(&self, tenant: &TenantName) -> Option<Arc<TenantTail>> {
        self.0.read().get(tenant).cloned()
    }

    pub(super) fn get_or_create(&self, tenant: &TenantName) -> Arc<TenantTail> {
        if let Some(tail) = self.get(tenant) {
            return tail;
        }
        self.0.write().entry(tenant.clone()).or_default().clone()
    }

    pub(super) fn tenants(&self) -> Vec<TenantName> {
        self.0.read().keys().cloned().collect()
    }
}

impl TenantTail {
    /// Takes a change in; one that is in the file or in the tail already changes nothing.
    pub(super) fn apply(&self, summary: &ChangeSummary) {
        let mut pending = self.pending.lock();
        if summary.seq <= pending.checkpointed || pending.changes.contains_key(&summary.seq) {
            return;
        }
        for document in &summary.documents {
            if let Some(row) = VersionRow::of(summary, document) {
                self.documents.push(&document.name, row);
            }
            pending.count(document.name.collection(), count_of(document.operation));
        }
        for repository in &summary.repositories {
            let row = RepositoryRow {
                head: repository.commit,
                tree: repository.tree,
                digest: repository.digest,
                commits: 1,
                seq: summary.seq,
            };
            self.repositories.push(&(repository.part, repository.record), row);
        }
        if let Some(idempotency) = &summary.idempotency {
            let row =
                IdempotencyRow { seq: summary.seq, time: summary.time, idempotency: idempotency.clone() };
            self.idempotency.write().insert(idempotency.key, row);
        }
        pending.changes.insert(summary.seq, Arc::new(summary.clone()));
    }

    /// Drops the rows of everything up to `seq`, which the file has by now.
    pub(super) fn drop_up_to(&self, pending: &mut Pending, seq: Seq) {
        let rest = pending.changes.split_off(&seq.next());
        let gone = std::mem::replace(&mut pending.changes, rest);
        pending.checkpointed = pending.checkpointed.max(seq);
        for summary in gone.values() {
            for document in &summary.documents {
                self.documents.drop_up_to(&document.name, seq);
                pending.count(document.name.collection(), -count_of(document.operation));
            }
            for repository in &summary.repositories {
                self.repositories.drop_up_to(&(repository.part, repository.record), seq);
            }
            if let Some(idempotency) = &summary.idempotency {
                let mut rows = self.idempotency.write();
                if rows.get(&idempotency.key).is_some_and(|row| row.seq <= seq) {
                    rows.remove(&idempotency.key);
                }
            }
        }
    }

    /// Reads the document's rows, oldest first; `None` when the tail has none.
    pub(super) fn document<T>(
        &self,
        name: &DocumentName,
        read: impl FnOnce(&[VersionRow]) -> T,
    ) -> Option<T> {
        self.documents.get(name, read)
    }

    /// The repository's rows, oldest first.
    pub(super) fn repository(&self, part: Part, record: RecordId) -> Vec<RepositoryRow> {
        self.repositories.get(&(part, record), <[_]>::to_vec).unwrap_or_default()
    }

    pub(super) fn idempotent(&self, key: &Digest) -> Option<IdempotencyRow> {
        self.idempotency.read().get(key).cloned()
    }

    /// The newest row of every document.
    pub(super) fn heads(&self) -> Vec<(DocumentName, VersionRow)> {
        self.documents.newest()
    }

    /// Every repository that the tail has rows of.
    pub(super) fn repositories(&self) -> Vec<(Part, RecordId)> {
        self.repositories.newest().into_iter().map(|(key, _)| key).collect()
    }
}

/// A row that a change made.
trait Row: Clone {
    fn seq(&self) -> Seq;
}

impl Row for VersionRow {
    fn seq(&self) -> Seq {
        self.seq
    }
}

impl Row for RepositoryRow {
    fn seq(&self) -> Seq {
        self.seq
    }
}

const SHARDS: usize = 32;

/// Rows by key, oldest first, in maps that are locked one by one.
struct Sharded<K, V> {
    hasher: RandomState,
    shards: [RwLock<HashMap<K, Vec<V>>>; SHARDS],
}

impl<K, V> Default for Sharded<K, V> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| RwLock::default()) }
    }
}

impl<K: Hash + Eq + Clone, V: Row> Sharded<K, V> {
    fn shard(&self, key: &K) -> &RwLock<HashMap<K, Vec<V>>> {
        let at = self.hasher.hash_one(key) % (SHARDS as u64);
        &self.shards[usize::try_from(at).unwrap_or(0)]
    }

    fn push(&self, key: &K, row: V) {
        let mut shard = self.shard(key).write();
        let rows = shard.entry(key.clone()).or_default();
        // Writers of one key come in the order of seq; a replay need not.
        let at = rows.partition_point(|there| there.seq() <= row.seq());
        rows.insert(at, row);
    }

    fn get<T>(&self, key: &K, read: impl FnOnce(&[V]) -> T) -> Option<T> {
        self.shard(key).read().get(key).map(|rows| read(rows))
    }

    fn drop_up_to(&self, key: &K, seq: Seq) {
        let mut shard = self.shard(key).write();
        if let Some(rows) = shard.get_mut(key) {
            rows.retain(|row| row.seq() > seq);
            if rows.is_empty() {
                shard.remove(key);
            }
        }
    }

    fn newest(&self) -> Vec<(K, V)> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.read();
            all.extend(shard.iter().filter_map(|(key, rows)| Some((key.clone(), rows.last()?.clone()))));
        }
        all
    }
}
