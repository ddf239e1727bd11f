use std::sync::Arc;

use vpr_journal::Class;
use vpr_types::{Seq, TenantName};

use super::Store;
use crate::StoreError;
use crate::format::ChangeSummary;

impl Store {
    /// What was done after `after`, in order and without gaps, at most `limit` of it: from the feed,
    /// and from what is on its way there. Everything in it is durable.
    ///
    /// # Errors
    /// When the feed is damaged or cannot be read.
    pub fn summaries(
        &self,
        tenant: &TenantName,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<ChangeSummary>>, StoreError> {
        let last = self.last_durable(tenant).min(Seq(after.0.saturating_add(limit as u64)));
        if last <= after {
            return Ok(Vec::new());
        }
        // The tail first: what a checkpoint takes out of it meanwhile is in the feed by then.
        let (checkpointed, tail) = self.inner.directory.changes_between(tenant, after, last);
        let mut found = Vec::new();
        if after < checkpointed {
            let log = self.inner.logs.lock().get(tenant).cloned();
            let gap = || StoreError::Damaged(format!("tenant {tenant} has no feed"));
            let log = log.ok_or_else(gap)?;
            for summary in log.feed.read_synced(after.next(), last.min(checkpointed)) {
                found.push(Arc::new(summary?));
            }
        }
        found.extend(tail);
        let mut expected = after;
        for summary in &found {
            expected = expected.next();
            if summary.seq != expected {
                return Err(gap_at(tenant, expected));
            }
        }
        if expected == last { Ok(found) } else { Err(gap_at(tenant, expected.next())) }
    }

    /// The last change that is on disk, with all before it.
    #[must_use]
    pub fn last_durable(&self, tenant: &TenantName) -> Seq {
        let durable = || self.inner.journal.durable();
        self.inner.sequences.get(tenant).map_or(Seq(0), |sequence| sequence.last_durable(durable))
    }

    /// The last change that has its place in the order; it may not be on disk yet.
    #[must_use]
    pub fn last_accepted(&self, tenant: &TenantName) -> Seq {
        self.inner.sequences.get(tenant).map_or(Seq(0), |sequence| sequence.state.lock().seq)
    }

    /// Calls `then` whenever further changes, of whichever tenants, became durable: once for all
    /// that became so together. It runs in the journal's thread and must be quick.
    pub fn on_change(&self, then: Box<dyn Fn() + Send + Sync>) {
        self.inner.journal.on_durable(Class::Change, then);
    }
}

fn gap_at(tenant: &TenantName, seq: Seq) -> StoreError {
    StoreError::Damaged(format!("feed and directory of tenant {tenant} have nothing of seq {seq}"))
}
