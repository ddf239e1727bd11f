//! The feed: what each seq of a tenant did, kept for ever in `<tenant>/feed/`. Projections, caches
//! and subscriptions resume from any seq; a lost feed is rebuilt from the commits' trailers and
//! has the same hash chain again.

use std::sync::Arc;

use vpr_types::{Digest, Disk, Seq, TenantName};

use crate::format::ChangeSummary;
use crate::record_file::{Record, RecordError, RecordKind, RecordLog, Records, TornTail};

impl Record for ChangeSummary {
    const KIND: RecordKind = RecordKind { name: "feed" };

    fn tenant(&self) -> &TenantName {
        &self.tenant
    }

    fn position(&self) -> u64 {
        self.seq.0
    }
}

/// One tenant's feed. See [`RecordLog`] for what is guaranteed.
#[derive(Debug)]
pub struct Feed(RecordLog<ChangeSummary>);

impl Feed {
    /// Opens the tenant's feed; an absent one is empty.
    ///
    /// # Errors
    /// As [`RecordLog::open`].
    pub fn open(disk: Arc<dyn Disk>, tenant: &TenantName) -> Result<Self, RecordError> {
        RecordLog::open(disk, tenant).map(Self)
    }

    /// Appends what one seq did; one that is there already, equal, is no error.
    ///
    /// # Errors
    /// As [`RecordLog::append`].
    pub fn append(&self, summary: &ChangeSummary) -> Result<(), RecordError> {
        self.0.append(summary)
    }

    /// Appends several, ascending.
    ///
    /// # Errors
    /// As [`RecordLog::append_all`].
    pub fn append_all<'a>(
        &self,
        summaries: impl IntoIterator<Item = &'a ChangeSummary>,
    ) -> Result<(), RecordError> {
        self.0.append_all(summaries)
    }

    /// Makes everything that was appended or found permanent.
    ///
    /// # Errors
    /// As [`RecordLog::sync`].
    pub fn sync(&self) -> Result<(), RecordError> {
        self.0.sync()
    }

    /// The last seq, 0 when the feed is empty.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        Seq(self.0.last())
    }

    /// The hash chain over the feed up to its last seq.
    #[must_use]
    pub fn last_chain(&self) -> Digest {
        self.0.last_chain()
    }

    /// What one seq did; `None` outside the feed.
    ///
    /// # Errors
    /// As [`RecordLog::get`].
    pub fn get(&self, seq: Seq) -> Result<Option<ChangeSummary>, RecordError> {
        self.0.get(seq.0)
    }

    /// What was done from `seq` (0 and 1 both mean the first) to the last one now, in order.
    ///
    /// # Errors
    /// As [`RecordLog::read_from`].
    pub fn read_from(&self, seq: Seq) -> Result<Records<'_, ChangeSummary>, RecordError> {
        self.0.read_from(seq.0)
    }

    /// What was done from `seq` to `last`, in order, as far as it is known to be permanent. Works on
    /// a full disk, too.
    #[must_use]
    pub fn read_synced(&self, seq: Seq, last: Seq) -> Records<'_, ChangeSummary> {
        self.0.read_synced(seq.0, last.0)
    }

    /// What opening cut off.
    #[must_use]
    pub fn torn_tail(&self) -> Option<&TornTail> {
        self.0.torn_tail()
    }

    /// Reads the whole feed and checks every record and link.
    ///
    /// # Errors
    /// The first damage.
    pub fn verify(&self) -> Result<(), RecordError> {
        self.0.verify()
    }
}
