use std::sync::Arc;

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
        Ok(self.in_file(tenant, |tables| head_of(tables, &keys::document(name)))?.flatten())
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
        let in_file = self.in_file(tenant, |tables| {
            let key = keys::document(name);
            match head_of(tables, &key)? {
                Some(head) if head.version == version => Ok(Some(head)),
                Some(head) if head.version > version && version >= Version::FIRST => {
                    let key = keys::version(&key, version);
                    let row = tables.versions.get(key.as_slice()).map_err(from_redb)?;
                    let row = row.map(|value| decode(&key, value.value())).transpose()?;
                    row.map(Some).ok_or_else(is_missing)
                }
                _ => Ok(None),
            }
        });
        Ok(in_file?.flatten())
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
        let below = |row: &&VersionRow| before.is_none_or(|before| row.version < before);
        let in_tail = self.tail.get(tenant).and_then(|tail| {
            tail.document(name, |rows| rows.iter().rev().filter(below).take(limit).cloned().collect())
        });
        let mut rows: Vec<VersionRow> = in_tail.unwrap_or_default();
        self.in_file(tenant, |tables| add_versions(tables, &keys::document(name), before, limit, &mut rows))?;
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
        Ok(self.in_file(tenant, |tables| as_of(tables, &keys::document(name), seq))?.flatten())
    }

    /// Where a repository's branch stands.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn repository(&self, id: &RepositoryId) -> Result<Option<RepositoryRow>, DirectoryError> {
        let tail =
            self.tail.get(&id.tenant).map(|tail| tail.repository(id.part, id.record)).unwrap_or_default();
        let in_file = self.in_file(&id.tenant, |tables| repository_of(tables, id.part, id.record))?;
        Ok(with_tail(in_file.flatten(), tail))
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
        let key = key.0.as_slice();
        let in_file = self.in_file(tenant, |tables| {
            let row = tables.idempotency.get(key).map_err(from_redb)?;
            row.map(|value| decode(key, value.value()).map(out)).transpose()
        });
        Ok(in_file?.flatten())
    }

    /// The record that a key names.
    ///
    /// # Errors
    /// As [`Directory::head`].
    pub fn alias(&self, tenant: &TenantName, key: &str) -> Result<Option<RecordId>, DirectoryError> {
        let key = key.as_bytes();
        let in_file = self.in_file(tenant, |tables| {
            let row = tables.aliases.get(key).map_err(from_redb)?;
            row.map(|value| decode(key, value.value())).transpose()
        });
        Ok(in_file?.flatten())
    }

    /// Reads in the tenant's tables as of the last checkpoint; `None` when it has none.
    pub(super) fn in_file<T>(
        &self,
        tenant: &TenantName,
        read: impl FnOnce(&Tables) -> Result<T, DirectoryError>,
    ) -> Result<Option<T>, DirectoryError> {
        self.guarded(|| self.tables(tenant)?.map(|tables| read(&tables)).transpose())
    }

    pub(super) fn tables(&self, tenant: &TenantName) -> Result<Option<Arc<Tables>>, DirectoryError> {
        let snapshot = self.snapshot.read().clone();
        snapshot.tables(tenant)
    }
}

fn head_of(tables: &Tables, key: &[u8]) -> Result<Option<VersionRow>, DirectoryError> {
    let row = tables.heads.get(key).map_err(from_redb)?;
    row.map(|value| decode(key, value.value())).transpose()
}

/// Adds the versions that follow `rows`, which the tail has, to the limit.
fn add_versions(
    tables: &Tables,
    key: &[u8],
    before: Option<Version>,
    limit: usize,
    rows: &mut Vec<VersionRow>,
) -> Result<(), DirectoryError> {
    let Some(head) = head_of(tables, key)? else { return Ok(()) };
    // A checkpoint since the tail was read may show the same versions, or newer ones, again.
    let is_older =
        |rows: &[VersionRow], row: &VersionRow| rows.last().is_none_or(|last| row.version < last.version);
    let first = before.unwrap_or(Version(u32::MAX)).min(head.version);
    if rows.len() < limit && before.is_none_or(|before| head.version < before) && is_older(rows, &head) {
        rows.push(head);
    }
    let (lowest, highest) = (keys::version(key, Version(0)), keys::version(key, first));
    let range = tables.versions.range(lowest.as_slice()..highest.as_slice()).map_err(from_redb)?;
    let mut expected = first;
    for row in range.rev() {
        if rows.len() >= limit {
            return Ok(());
        }
        let (key, value) = row.map_err(from_redb)?;
        let row: VersionRow = decode(key.value(), value.value())?;
        if row.version.next() != expected {
            return Err(is_missing());
        }
        expected = row.version;
        if is_older(rows, &row) {
            rows.push(row);
        }
    }
    if rows.len() >= limit || expected <= Version::FIRST { Ok(()) } else { Err(is_missing()) }
}

/// A document's versions are dense. redb does not check its pages when it reads, so that one turned
/// bit can hide rows: that must not be taken for an answer.
fn is_missing() -> DirectoryError {
    DirectoryError::Damaged("a version between two others is missing".to_owned())
}

/// Versions ascend with seq: the newest up to `seq` is found by halving.
fn as_of(tables: &Tables, key: &[u8], seq: Seq) -> Result<Option<VersionRow>, DirectoryError> {
    let Some(head) = head_of(tables, key)? else { return Ok(None) };
    if head.seq <= seq {
        return Ok(Some(head));
    }
    let (mut low, mut high, mut best) = (1, head.version.0, None);
    while low < high {
        let middle = low + (high - low) / 2;
        let place = keys::version(key, Version(middle));
        let row = tables.versions.get(place.as_slice()).map_err(from_redb)?.ok_or_else(is_missing)?;
        let row: VersionRow = decode(&place, row.value())?;
        if row.seq <= seq {
            best = Some(row);
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(best)
}

pub(super) fn repository_of(
    tables: &Tables,
    part: Part,
    record: RecordId,
) -> Result<Option<RepositoryRow>, DirectoryError> {
    let key = keys::repository(part, record);
    let row = tables.repositories.get(key.as_slice()).map_err(from_redb)?;
    row.map(|value| decode(&key, value.value())).transpose()
}

/// The newest row, with the commits of file and tail counted together. A checkpoint since the tail
/// was read may have some of its rows.
pub(super) fn with_tail(in_file: Option<RepositoryRow>, tail: Vec<RepositoryRow>) -> Option<RepositoryRow> {
    let (commits, checkpointed) = in_file.as_ref().map_or((0, Seq(0)), |row| (row.commits, row.seq));
    let newer = tail.into_iter().filter(|row| row.seq > checkpointed);
    let after = newer.fold(None, |before: Option<RepositoryRow>, row| {
        let commits = before.map_or(commits, |before| before.commits) + 1;
        Some(RepositoryRow { commits, ..row })
    });
    after.or(in_file)
}
