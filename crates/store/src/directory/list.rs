use std::collections::BTreeMap;
use std::sync::Arc;

use redb::{AccessGuard, ReadableTable as _};
use vpr_types::{DocumentName, Part, RecordId, Seq, TenantName};

use super::Directory;
use super::error::{DirectoryError, from_redb};
use super::keys;
use super::read::with_tail;
use super::rows::{RepositoryRow, VersionRow, decode};
use crate::format::ChangeSummary;

impl Directory {
    /// Visits the newest version of every document of a tenant, deletions included, sorted by
    /// collection and id, until `visit` answers `false`. Changes that are applied meanwhile may be
    /// seen or not; no other document is left out or seen twice.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn documents(
        &self,
        tenant: &TenantName,
        visit: &mut dyn FnMut(DocumentName, VersionRow) -> bool,
    ) -> Result<(), DirectoryError> {
        // From before every key to after every key: a collection begins with no byte above `z`.
        self.documents_between(tenant, &[], &[0xff], visit)
    }

    /// As [`Directory::documents`], of one collection.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn documents_in(
        &self,
        tenant: &TenantName,
        collection: &str,
        visit: &mut dyn FnMut(DocumentName, VersionRow) -> bool,
    ) -> Result<(), DirectoryError> {
        let (start, end) = keys::collection(collection);
        self.documents_between(tenant, &start, &end, visit)
    }

    fn documents_between(
        &self,
        tenant: &TenantName,
        start: &[u8],
        end: &[u8],
        visit: &mut dyn FnMut(DocumentName, VersionRow) -> bool,
    ) -> Result<(), DirectoryError> {
        let heads = self.tail.get(tenant).map(|tail| tail.heads()).unwrap_or_default();
        let heads = heads.into_iter().map(|(name, row)| (keys::document(&name), (name, row)));
        let mut tail: BTreeMap<Vec<u8>, (DocumentName, VersionRow)> =
            heads.filter(|(key, _)| key.as_slice() >= start && key.as_slice() < end).collect();
        if let Some(mut range) =
            self.in_file(tenant, |tables| tables.heads.range(start..end).map_err(from_redb))?
        {
            // Only redb is guarded: `visit` is the caller's.
            while let Some((key, mut row)) = self.guarded(|| range.next().map(head).transpose())? {
                while let Some(first) = tail.first_entry()
                    && *first.key() < key
                {
                    let (name, row) = first.remove();
                    if !visit(name, row) {
                        return Ok(());
                    }
                }
                // A checkpoint since the tail was read may show a newer version than the tail had.
                if let Some((_, newer)) = tail.remove(&key)
                    && newer.version > row.version
                {
                    row = newer;
                }
                let malformed = || DirectoryError::Damaged("a document's name is malformed".to_owned());
                if !visit(keys::parse_document(&key).ok_or_else(malformed)?, row) {
                    return Ok(());
                }
            }
        }
        for (name, row) in tail.into_values() {
            if !visit(name, row) {
                break;
            }
        }
        Ok(())
    }

    /// The repositories of all records of a tenant, sorted by record, then part. The registry is
    /// no record's.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn records(
        &self,
        tenant: &TenantName,
    ) -> Result<Vec<(RecordId, Part, RepositoryRow)>, DirectoryError> {
        let tail = self.tail.get(tenant);
        let in_tail = tail.as_ref().map(|tail| tail.repositories()).unwrap_or_default();
        let in_tail = in_tail.into_iter().map(|(part, record)| {
            let rows = tail.as_ref().map(|tail| tail.repository(part, record)).unwrap_or_default();
            (keys::repository(part, record), rows)
        });
        let mut rows: BTreeMap<[u8; 17], Option<RepositoryRow>> = BTreeMap::new();
        let damaged = || DirectoryError::Damaged("a repository's key is malformed".to_owned());
        self.in_file(tenant, |tables| {
            for row in tables.repositories.iter().map_err(from_redb)? {
                let (key, value) = row.map_err(from_redb)?;
                let row = decode(key.value(), value.value())?;
                rows.insert(key.value().try_into().map_err(|_| damaged())?, Some(row));
            }
            Ok(())
        })?;
        for (key, tail) in in_tail {
            let row = rows.entry(key).or_default();
            *row = with_tail(row.take(), tail);
        }
        let mut records = Vec::with_capacity(rows.len());
        for (key, row) in rows {
            let (part, record) = keys::parse_repository(&key).ok_or_else(damaged)?;
            records.extend(row.filter(|_| part != Part::Registry).map(|row| (record, part, row)));
        }
        Ok(records)
    }

    /// Every tenant of which anything was applied or checkpointed, sorted.
    #[must_use]
    pub fn tenants(&self) -> Vec<TenantName> {
        let mut tenants: Vec<TenantName> = self.tail.tenants();
        tenants.retain(|tenant| self.position(tenant) > Seq(0));
        tenants.sort_unstable();
        tenants
    }

    /// The highest seq that was applied.
    #[must_use]
    pub fn position(&self, tenant: &TenantName) -> Seq {
        self.tail.get(tenant).map_or(Seq(0), |tail| {
            let pending = tail.pending.lock();
            pending.changes.last_key_value().map_or(pending.checkpointed, |(seq, _)| *seq)
        })
    }

    /// The seq up to which everything is in the file, and what was applied after both that and
    /// `after`, up to `last`, in order.
    pub(crate) fn changes_between(
        &self,
        tenant: &TenantName,
        after: Seq,
        last: Seq,
    ) -> (Seq, Vec<Arc<ChangeSummary>>) {
        let Some(tail) = self.tail.get(tenant) else { return (Seq(0), Vec::new()) };
        let pending = tail.pending.lock();
        let first = after.max(pending.checkpointed).next();
        if first > last {
            return (pending.checkpointed, Vec::new());
        }
        let changes = pending.changes.range(first..=last).map(|(_, change)| change.clone()).collect();
        (pending.checkpointed, changes)
    }

    /// The seq up to which everything is in the file.
    ///
    /// # Errors
    /// None now; a directory of another kind may have to ask its file.
    pub fn checkpointed(&self, tenant: &TenantName) -> Result<Seq, DirectoryError> {
        Ok(self.tail.get(tenant).map_or(Seq(0), |tail| tail.pending.lock().checkpointed))
    }

    /// How many documents, deleted ones not counted, each collection of a tenant has.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn counts(&self, tenant: &TenantName) -> Result<BTreeMap<String, u64>, DirectoryError> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let tail = self.tail.get_or_create(tenant);
        // A checkpoint shows its file under this lock, so nothing is counted twice.
        let pending = tail.pending.lock();
        self.in_file(tenant, |tables| {
            for row in tables.counts.iter().map_err(from_redb)? {
                let (collection, value) = row.map_err(from_redb)?;
                let collection = collection.value();
                let count = decode(collection, value.value())?;
                counts.insert(String::from_utf8_lossy(collection).into_owned(), count);
            }
            Ok(())
        })?;
        for (collection, change) in &pending.counts {
            let count = counts.entry(collection.clone()).or_default();
            *count = count.saturating_add_signed(*change);
        }
        counts.retain(|_, count| *count > 0);
        Ok(counts)
    }
}

type Row<'a> = (AccessGuard<'a, &'static [u8]>, AccessGuard<'a, &'static [u8]>);

fn head(row: Result<Row<'_>, redb::StorageError>) -> Result<(Vec<u8>, VersionRow), DirectoryError> {
    let (key, value) = row.map_err(from_redb)?;
    Ok((key.value().to_vec(), decode(key.value(), value.value())?))
}
