use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use vpr_types::{Digest, Disk, TenantName};

use super::append::Writer;
use super::error::{RecordError, TornTail};
use super::index::SparseIndex;
use super::read::Records;
use super::repair;

/// Which log a record belongs to.
#[derive(Debug, Clone, Copy)]
pub struct RecordKind {
    /// The folder below the tenant's, and the extension of its files. At most 8 ASCII letters.
    pub name: &'static str,
}

/// What can be appended to a log.
pub trait Record: Serialize + DeserializeOwned + PartialEq {
    /// Which log it belongs to.
    const KIND: RecordKind;
    /// Whose it is.
    fn tenant(&self) -> &TenantName;
    /// Its place: 1, 2, 3 … without gaps.
    fn position(&self) -> u64;
}

/// One tenant's append-only log of one kind of record. All methods may be called from several
/// threads; one appends, others read.
pub struct RecordLog<R> {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) tenant: TenantName,
    pub(super) folder: PathBuf,
    pub(super) writer: Mutex<Writer>,
    /// By the position of their first record. Locked after `writer`.
    pub(super) segments: RwLock<BTreeMap<u64, Arc<SparseIndex>>>,
    torn_tail: Option<TornTail>,
    record: PhantomData<fn() -> R>,
}

impl<R> std::fmt::Debug for RecordLog<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordLog").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl<R: Record> RecordLog<R> {
    /// Opens the tenant's log; an absent one is empty and comes into being with its first record.
    /// A torn tail is cut and reported by [`RecordLog::torn_tail`].
    ///
    /// # Errors
    /// [`RecordError::Damaged`] and [`RecordError::Version`] by what stands in the last segment
    /// (earlier ones are checked when they are read); [`RecordError::Io`].
    pub fn open(disk: Arc<dyn Disk>, tenant: &TenantName) -> Result<Self, RecordError> {
        let folder = Path::new(tenant.as_str()).join(R::KIND.name);
        let found = repair::open(disk.as_ref(), &folder, R::KIND, tenant)?;
        Ok(Self {
            disk,
            tenant: tenant.clone(),
            folder,
            writer: Mutex::new(found.writer),
            segments: RwLock::new(found.segments),
            torn_tail: found.torn_tail,
            record: PhantomData,
        })
    }

    /// The position of the last record, 0 when there is none. It is on disk after a
    /// [`RecordLog::sync`].
    #[must_use]
    pub fn last(&self) -> u64 {
        self.writer.lock().last
    }

    /// The hash chain over all records.
    #[must_use]
    pub fn last_chain(&self) -> Digest {
        self.writer.lock().chain
    }

    /// What opening cut off.
    #[must_use]
    pub fn torn_tail(&self) -> Option<&TornTail> {
        self.torn_tail.as_ref()
    }

    /// Appends a record behind the last one; appending what stands at its position already does
    /// nothing. It is permanent after the next [`RecordLog::sync`].
    ///
    /// # Errors
    /// [`RecordError::Gap`], [`RecordError::Different`], [`RecordError::Foreign`],
    /// [`RecordError::TooLarge`], [`RecordError::Stopped`]; [`RecordError::Io`], after which the
    /// same record may be appended again.
    pub fn append(&self, record: &R) -> Result<(), RecordError> {
        let position = record.position();
        if *record.tenant() != self.tenant {
            return Err(RecordError::Foreign { folder: self.folder.clone() });
        }
        let mut writer = self.writer.lock();
        let last = writer.last;
        if position == 0 || position > last + 1 {
            return Err(RecordError::Gap { folder: self.folder.clone(), position, last });
        }
        if position <= last {
            drop(writer);
            return match self.get(position)? {
                Some(there) if there == *record => Ok(()),
                _ => Err(RecordError::Different { folder: self.folder.clone(), position }),
            };
        }
        let payload =
            postcard::to_stdvec(record).map_err(|error| self.io(std::io::Error::other(error.to_string())))?;
        self.push(&mut writer, &payload)
    }

    /// Appends several records, as [`RecordLog::append`].
    ///
    /// # Errors
    /// As [`RecordLog::append`]; those before the one that failed are appended.
    pub fn append_all<'a>(&self, records: impl IntoIterator<Item = &'a R>) -> Result<(), RecordError>
    where
        R: 'a,
    {
        records.into_iter().try_for_each(|record| self.append(record))
    }

    /// Makes everything that was appended or found permanent.
    ///
    /// # Errors
    /// [`RecordError::Io`]; if it was the sync that failed, every later call answers
    /// [`RecordError::Stopped`], since what is on disk is then unknown.
    pub fn sync(&self) -> Result<(), RecordError> {
        self.sync_writer(&mut self.writer.lock())
    }

    /// The record at `position`; `None` outside the log.
    ///
    /// # Errors
    /// As the items of [`RecordLog::read_from`].
    pub fn get(&self, position: u64) -> Result<Option<R>, RecordError> {
        if position == 0 {
            return Ok(None);
        }
        self.read_from(position)?.next().transpose()
    }

    /// The records from `position` (0 and 1 both mean the first) to the last one now, in order.
    ///
    /// # Errors
    /// [`RecordError::Io`] when what was appended cannot be written out. The items are errors
    /// where a segment is damaged or cannot be read, and end there.
    pub fn read_from(&self, position: u64) -> Result<Records<'_, R>, RecordError> {
        let last = {
            let mut writer = self.writer.lock();
            self.flush(&mut writer)?;
            writer.last
        };
        Ok(Records::new(self, position.max(1), last))
    }

    /// The records from `position` to `last`, as far as they are known to be permanent. Writes
    /// nothing, so that it works on a full disk.
    #[must_use]
    pub fn read_synced(&self, position: u64, last: u64) -> Records<'_, R> {
        let synced = self.writer.lock().synced;
        Records::new(self, position.max(1), last.min(synced))
    }

    /// Reads the whole log: every checksum, every link of the chain, every record.
    ///
    /// # Errors
    /// The first damage.
    pub fn verify(&self) -> Result<(), RecordError> {
        self.read_from(1)?.try_for_each(|record| record.map(drop))
    }

    pub(super) fn io(&self, source: std::io::Error) -> RecordError {
        RecordError::Io { path: self.folder.clone(), source }
    }

    pub(super) fn segment_path(&self, first: u64) -> PathBuf {
        segment_path(&self.folder, R::KIND, first)
    }
}

pub(super) fn segment_path(folder: &Path, kind: RecordKind, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.{}", kind.name))
}
