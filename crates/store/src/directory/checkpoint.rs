use std::collections::BTreeMap;
use std::sync::Arc;

use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction};
use vpr_types::{Instant, RecordId, Seq, TenantName};

use super::Directory;
use super::error::{DirectoryError, from_redb};
use super::keys::{self, Bytes, POSITIONS, Table};
use super::rows::{IdempotencyRow, RepositoryRow, VersionRow, count_of, decode, encode};
use super::snapshot::Snapshot;
use crate::format::ChangeSummary;

type Changes = Vec<Arc<ChangeSummary>>;

impl Directory {
    /// Takes a change in: from now on every reader finds it. It is on disk after the next
    /// checkpoint that covers it; until then the journal or the feed must have it. Changes of one
    /// document come in the order of seq; applying one again does nothing.
    pub fn apply(&self, summary: &ChangeSummary) {
        self.tail.get_or_create(&summary.tenant).apply(summary);
    }

    /// Writes everything up to these positions to the file, in one transaction that is on disk
    /// when this returns. Readers notice nothing.
    ///
    /// # Errors
    /// [`DirectoryError::Gap`] when a change up to a position was never applied: nothing is
    /// written. [`DirectoryError::Io`]; `StorageFull` leaves everything readable, and the call may
    /// be repeated when there is room.
    pub fn checkpoint(&self, up_to: &BTreeMap<TenantName, Seq>) -> Result<(), DirectoryError> {
        let database = self.database.lock();
        self.backend.settle()?;
        let mut work: BTreeMap<&TenantName, (Seq, Changes)> = BTreeMap::new();
        for (tenant, seq) in up_to {
            let changes = self.changes_up_to(tenant, *seq)?;
            if !changes.is_empty() {
                work.insert(tenant, (*seq, changes));
            }
        }
        if work.is_empty() {
            return Ok(());
        }
        let snapshot = self.guarded(|| {
            let transaction = begin_write(&database)?;
            for (tenant, (seq, changes)) in &work {
                write_changes(&transaction, tenant, changes)?;
                let mut positions = transaction.open_table(POSITIONS).map_err(from_redb)?;
                positions.insert(tenant.as_str(), seq.0).map_err(from_redb)?;
            }
            transaction.commit().map_err(from_redb)?;
            Ok(Arc::new(Snapshot::new(database.begin_read().map_err(from_redb)?)))
        })?;
        let tails: Vec<_> =
            work.iter().map(|(tenant, (seq, _))| (self.tail.get_or_create(tenant), *seq)).collect();
        let mut locked: Vec<_> = tails.iter().map(|(tail, seq)| (tail, tail.pending.lock(), *seq)).collect();
        // The new file first, then the rows go: whoever misses them in the tail finds them there.
        *self.snapshot.write() = snapshot;
        for (tail, pending, seq) in &mut locked {
            tail.drop_up_to(pending, *seq);
        }
        drop(locked);
        Ok(self.backend.settle()?)
    }

    fn changes_up_to(&self, tenant: &TenantName, seq: Seq) -> Result<Changes, DirectoryError> {
        let tail = self.tail.get_or_create(tenant);
        let pending = tail.pending.lock();
        let mut changes = Vec::new();
        for expected in pending.checkpointed.0 + 1..=seq.0 {
            let gap = || DirectoryError::Gap { tenant: tenant.clone(), seq: Seq(expected) };
            changes.push(pending.changes.get(&Seq(expected)).cloned().ok_or_else(gap)?);
        }
        Ok(changes)
    }

    /// Names a record by a key such as `ehr/<ehr_id>`, on disk when this returns.
    ///
    /// # Errors
    /// [`DirectoryError::Io`], as [`Directory::checkpoint`].
    pub fn set_alias(&self, tenant: &TenantName, key: &str, record: RecordId) -> Result<(), DirectoryError> {
        self.change_tables(tenant, |tables| {
            let key = key.as_bytes();
            tables.aliases.insert(key, encode(key, &record)?.as_slice()).map_err(from_redb)?;
            Ok(())
        })
    }

    /// Forgets the idempotency keys of the tenant that were used before `time`, as far as they are
    /// checkpointed; answers how many.
    ///
    /// # Errors
    /// [`DirectoryError::Io`], as [`Directory::checkpoint`].
    pub fn purge_idempotency_before(
        &self,
        tenant: &TenantName,
        time: Instant,
    ) -> Result<u64, DirectoryError> {
        self.change_tables(tenant, |tables| {
            let end = keys::time_prefix(time);
            let old: Vec<Vec<u8>> = tables
                .idempotency_times
                .range::<&[u8]>(..end.as_slice())
                .map_err(from_redb)?
                .map(|row| row.map(|(key, _)| key.value().to_vec()))
                .collect::<Result<_, _>>()
                .map_err(from_redb)?;
            for key in &old {
                tables.idempotency_times.remove(key.as_slice()).map_err(from_redb)?;
                tables.idempotency.remove(key.get(8..).unwrap_or_default()).map_err(from_redb)?;
            }
            Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
        })
    }

    fn change_tables<T>(
        &self,
        tenant: &TenantName,
        change: impl FnOnce(&mut WriteTables<'_>) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        let database = self.database.lock();
        self.backend.settle()?;
        let (changed, snapshot) = self.guarded(|| {
            let transaction = begin_write(&database)?;
            let changed = change(&mut WriteTables::open(&transaction, tenant)?)?;
            transaction.commit().map_err(from_redb)?;
            Ok((changed, Snapshot::new(database.begin_read().map_err(from_redb)?)))
        })?;
        *self.snapshot.write() = Arc::new(snapshot);
        self.backend.settle()?;
        Ok(changed)
    }
}

fn begin_write(database: &redb::Database) -> Result<WriteTransaction, DirectoryError> {
    let mut transaction = database.begin_write().map_err(from_redb)?;
    // A start after a crash must not walk the whole file.
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// One tenant's tables within a transaction that changes them.
struct WriteTables<'t> {
    heads: redb::Table<'t, Bytes, Bytes>,
    versions: redb::Table<'t, Bytes, Bytes>,
    repositories: redb::Table<'t, Bytes, Bytes>,
    idempotency: redb::Table<'t, Bytes, Bytes>,
    idempotency_times: redb::Table<'t, Bytes, Bytes>,
    aliases: redb::Table<'t, Bytes, Bytes>,
    counts: redb::Table<'t, Bytes, Bytes>,
}

impl<'t> WriteTables<'t> {
    fn open(transaction: &'t WriteTransaction, tenant: &TenantName) -> Result<Self, DirectoryError> {
        let open = |table: Table| {
            let name = table.name(tenant);
            transaction.open_table(TableDefinition::<Bytes, Bytes>::new(&name)).map_err(from_redb)
        };
        Ok(Self {
            heads: open(Table::Heads)?,
            versions: open(Table::Versions)?,
            repositories: open(Table::Repositories)?,
            idempotency: open(Table::Idempotency)?,
            idempotency_times: open(Table::IdempotencyTimes)?,
            aliases: open(Table::Aliases)?,
            counts: open(Table::Counts)?,
        })
    }

    /// The document's versions, oldest first, on top of what the file has.
    fn put_versions(&mut self, key: &[u8], rows: &[VersionRow]) -> Result<(), DirectoryError> {
        let Some((newest, superseded)) = rows.split_last() else { return Ok(()) };
        let before = self.heads.insert(key, encode(key, newest)?.as_slice()).map_err(from_redb)?;
        let before: Option<VersionRow> = before.map(|value| decode(key, value.value())).transpose()?;
        for row in before.iter().chain(superseded) {
            let key = keys::version(key, row.version);
            self.versions.insert(key.as_slice(), encode(&key, row)?.as_slice()).map_err(from_redb)?;
        }
        Ok(())
    }

    fn put_repository(&mut self, key: &[u8], mut row: RepositoryRow) -> Result<(), DirectoryError> {
        if let Some(before) = self.repositories.get(key).map_err(from_redb)? {
            row.commits += decode::<RepositoryRow>(key, before.value())?.commits;
        }
        self.repositories.insert(key, encode(key, &row)?.as_slice()).map_err(from_redb)?;
        Ok(())
    }

    fn put_idempotency(&mut self, row: &IdempotencyRow) -> Result<(), DirectoryError> {
        let key = row.idempotency.key;
        let digest = key.0.as_slice();
        let before = self.idempotency.insert(digest, encode(digest, row)?.as_slice()).map_err(from_redb)?;
        if let Some(before) = before {
            let before: IdempotencyRow = decode(digest, before.value())?;
            let key = keys::idempotency_time(before.time, &key);
            self.idempotency_times.remove(key.as_slice()).map_err(from_redb)?;
        }
        let key = keys::idempotency_time(row.time, &key);
        self.idempotency_times.insert(key.as_slice(), [].as_slice()).map_err(from_redb)?;
        Ok(())
    }

    fn add_count(&mut self, collection: &str, change: i64) -> Result<(), DirectoryError> {
        let key = collection.as_bytes();
        let before = self.counts.get(key).map_err(from_redb)?;
        let before: Option<u64> = before.map(|value| decode(key, value.value())).transpose()?;
        let after = before.unwrap_or(0).saturating_add_signed(change);
        self.counts.insert(key, encode(key, &after)?.as_slice()).map_err(from_redb)?;
        Ok(())
    }
}

/// Writes changes in the order of their keys, which is the order of the file's pages.
fn write_changes(
    transaction: &WriteTransaction,
    tenant: &TenantName,
    changes: &[Arc<ChangeSummary>],
) -> Result<(), DirectoryError> {
    let mut tables = WriteTables::open(transaction, tenant)?;
    let mut versions: BTreeMap<Vec<u8>, Vec<VersionRow>> = BTreeMap::new();
    let mut repositories: BTreeMap<[u8; 17], RepositoryRow> = BTreeMap::new();
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for summary in changes {
        for document in &summary.documents {
            if let Some(row) = VersionRow::of(summary, document) {
                versions.entry(keys::document(&document.name)).or_default().push(row);
            }
            *counts.entry(document.name.collection()).or_default() += count_of(document.operation);
        }
        for repository in &summary.repositories {
            let key = keys::repository(repository.part, repository.record);
            let commits = repositories.get(&key).map_or(0, |row| row.commits) + 1;
            let (head, tree, digest) = (repository.commit, repository.tree, repository.digest);
            repositories.insert(key, RepositoryRow { head, tree, digest, commits, seq: summary.seq });
        }
        if let Some(idempotency) = &summary.idempotency {
            let (seq, time) = (summary.seq, summary.time);
            tables.put_idempotency(&IdempotencyRow { seq, time, idempotency: idempotency.clone() })?;
        }
    }
    for (key, rows) in &versions {
        tables.put_versions(key, rows)?;
    }
    for (key, row) in repositories {
        tables.put_repository(&key, row)?;
    }
    counts.into_iter().try_for_each(|(collection, change)| tables.add_count(collection, change))
}
