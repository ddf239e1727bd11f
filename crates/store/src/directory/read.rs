use std::sync::Arc;

use redb::ReadableTable as _;
use uuid::Uuid;
use vpr_types::{Digest, DocumentName, Instant, Part, RecordId, RepositoryId, Seq, TenantName, Version};

use super::Directory;
use super::error::{DirectoryError, from_redb};
use super::keys;
use super::rows::{IdempotencyRow, RepositoryRow, VersionRow, decode};
use super::snapshot::Tables;
use crate::format::Idempotency;

/// Every lookup asks the tail first and the file second: see the module.
impl Directory {
    /// The newest version of a document, a deletion included.
    ///
    /// # Errors
    /// [`DirectoryError::Io`], [`DirectoryError::Damaged`].
    pub fn head(
        &self,
        tenant: &TenantName,
        name: &DocumentName,
    ) -> Result<Option<VersionRow>, DirectoryError> {
        let newest = self.tail.get(tenant).and_then(|tail| tail.document(name, |rows| rows.last().cloned()));
        if let Some(Some(row)) = newest {
            return Ok(Some(row));
        }
        let Some(tables) = self.tables(tenant)? else { return Ok(None) };
        head_of(&tables, &keys::document(name))
    }

    /// One version of a document.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn version(
        &self,
        tenant: &TenantName,
        name: &DocumentName,
        version: Version,
    ) -> Result<Option<VersionRow>, DirectoryError> {
        let of_version = |rows: &[VersionRow]| rows.iter().find(|row| row.version == version).cloned();
        let found = self.tail.get(tenant).and_then(|tail| tail.document(name, of_version));
        if let Some(Some(row)) = found {
            return Ok(Some(row));
        }
        let Some(tables) = self.tables(tenant)? else { return Ok(None) };
        let key = keys::document(name);
        match head_of(&tables, &key)? {
            Some(head) if head.version == version => Ok(Some(head)),
            Some(head) if head.version > version => {
                let key = keys::version(&key, version);
                let row = tables.versions.get(key.as_slice()).map_err(from_redb)?;
                row.map(|value| decode(value.value())).transpose()
            }
            _ => Ok(None),
        }
    }

    /// At most `limit` versions of a document, newest first, beginning below `before` (with the
    /// newest when it is absent).
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn versions(
        &self,
        tenant: &TenantName,
        name: &DocumentName,
        before: Option<Version>,
        limit: usize,
    ) -> Result<Vec<VersionRow>, DirectoryError> {
        let below = |row: &VersionRow| before.is_none_or(|before| row.version < before);
        let in_tail = self.tail.get(tenant).and_then(|tail| {
            tail.document(name, |rows| rows.iter().rev().filter(|row| below(row)).cloned().collect())
        });
        let mut rows: Vec<VersionRow> = in_tail.unwrap_or_default();
        rows.truncate(limit);
        let Some(tables) = self.tables(tenant)? else { return Ok(rows) };
        let key = keys::document(name);
        let Some(head) = head_of(&tables, &key)? else { return Ok(rows) };
        // A checkpoint since the tail was read may show the same versions, or newer ones, again.
        let is_older =
            |rows: &[VersionRow], row: &VersionRow| rows.last().is_none_or(|last| row.version < last.version);
        if rows.len() < limit && below(&head) && is_older(&rows, &head) {
            rows.push(head.clone());
        }
        let lowest = keys::version(&key, Version(0));
        let first = before.unwrap_or(Version(u32::MAX)).min(head.version);
        let highest = keys::version(&key, first);
        let range = tables.versions.range(lowest.as_slice()..highest.as_slice()).map_err(from_redb)?;
        for row in range.rev() {
            if rows.len() >= limit {
                break;
            }
            let row: VersionRow = decode(row.map_err(from_redb)?.1.value())?;
            if is_older(&rows, &row) {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// The version that stood after the change `seq`; a deletion when it was deleted then.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn as_of(
        &self,
        tenant: &TenantName,
        name: &DocumentName,
        seq: Seq,
    ) -> Result<Option<VersionRow>, DirectoryError> {
        let until = |rows: &[VersionRow]| rows.iter().rev().find(|row| row.seq <= seq).cloned();
        let found = self.tail.get(tenant).and_then(|tail| tail.document(name, until));
        if let Some(Some(row)) = found {
            return Ok(Some(row));
        }
        let Some(tables) = self.tables(tenant)? else { return Ok(None) };
        let key = keys::document(name);
        let Some(head) = head_of(&tables, &key)? else { return Ok(None) };
        if head.seq <= seq {
            return Ok(Some(head));
        }
        // Versions ascend with seq: the newest up to `seq` is found by halving.
        let (mut low, mut high, mut best) = (1, head.version.0, None);
        while low < high {
            let middle = low + (high - low) / 2;
            let range = keys::version(&key, Version(low))..=keys::version(&key, Version(middle));
            let (start, end) = (range.start().as_slice(), range.end().as_slice());
            let row = tables.versions.range(start..=end).map_err(from_redb)?.next_back();
            match row.transpose().map_err(from_redb)? {
                None => low = middle + 1,
                Some((_, value)) => {
                    let row: VersionRow = decode(value.value())?;
                    if row.seq <= seq {
                        best = Some(row);
                        low = middle + 1;
                    } else {
                        high = row.version.0;
                    }
                }
            }
        }
        Ok(best)
    }

    /// Where a repository's branch stands.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn repository(&self, id: &RepositoryId) -> Result<Option<RepositoryRow>, DirectoryError> {
        let tail =
            self.tail.get(&id.tenant).map(|tail| tail.repository(id.part, id.record)).unwrap_or_default();
        let tables = self.tables(&id.tenant)?;
        repository_of(tables.as_deref(), id.part, id.record, tail)
    }

    /// What was answered under an idempotency key, by which change and when. Whether it has
    /// expired is the caller's to say.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn idempotent(
        &self,
        tenant: &TenantName,
        key: &Digest,
    ) -> Result<Option<(Seq, Instant, Idempotency)>, DirectoryError> {
        let out = |row: IdempotencyRow| (row.seq, row.time, row.idempotency);
        if let Some(row) = self.tail.get(tenant).and_then(|tail| tail.idempotent(key)) {
            return Ok(Some(out(row)));
        }
        let Some(tables) = self.tables(tenant)? else { return Ok(None) };
        let row = tables.idempotency.get(key.0.as_slice()).map_err(from_redb)?;
        row.map(|value| decode(value.value()).map(out)).transpose()
    }

    /// The record that a key names.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn alias(&self, tenant: &TenantName, key: &str) -> Result<Option<RecordId>, DirectoryError> {
        let Some(tables) = self.tables(tenant)? else { return Ok(None) };
        let Some(row) = tables.aliases.get(key.as_bytes()).map_err(from_redb)? else { return Ok(None) };
        let record = Uuid::from_slice(row.value());
        let damaged = |_| DirectoryError::Damaged("an alias names no record".to_owned());
        record.map(|record| Some(RecordId(record))).map_err(damaged)
    }

    pub(super) fn tables(&self, tenant: &TenantName) -> Result<Option<Arc<Tables>>, DirectoryError> {
        let snapshot = self.snapshot.read().clone();
        snapshot.tables(tenant)
    }
}

fn head_of(tables: &Tables, key: &[u8]) -> Result<Option<VersionRow>, DirectoryError> {
    let row = tables.heads.get(key).map_err(from_redb)?;
    row.map(|value| decode(value.value())).transpose()
}

/// The newest row, with the commits of file and tail counted together.
pub(super) fn repository_of(
    tables: Option<&Tables>,
    part: Part,
    record: RecordId,
    tail: Vec<RepositoryRow>,
) -> Result<Option<RepositoryRow>, DirectoryError> {
    let in_file = match tables {
        Some(tables) => {
            let key = keys::repository(part, record);
            let row = tables.repositories.get(key.as_slice()).map_err(from_redb)?;
            row.map(|value| decode::<RepositoryRow>(value.value())).transpose()?
        }
        None => None,
    };
    // A checkpoint since the tail was read may have some of its rows.
    let (commits, checkpointed) = in_file.as_ref().map_or((0, Seq(0)), |row| (row.commits, row.seq));
    let newer = tail.into_iter().filter(|row| row.seq > checkpointed);
    let after = newer.fold(None, |before: Option<RepositoryRow>, row| {
        let commits = before.map_or(commits, |before| before.commits) + 1;
        Some(RepositoryRow { commits, ..row })
    });
    Ok(after.or(in_file))
}
