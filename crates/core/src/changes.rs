use std::sync::Arc;

use vpr_types::{Seq, TenantName};

use crate::tenants::Hosted;
use crate::window::CommittedChange;
use crate::{Engine, EngineError};

/// Keeps what was accepted after a seq within reach of [`crate::Gate::since`], as long as the
/// window's bounds allow, until it is dropped.
#[must_use = "what is not held keeps nothing"]
pub struct Pin {
    kept: Option<(Arc<Hosted>, Seq)>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        if let Some((hosted, seq)) = self.kept.take() {
            hosted.window.unpin(seq);
        }
    }
}

impl Engine {
    /// What was done after `after`, in order and without gaps, at most `limit` of it, all of it
    /// durable. Fewer than `limit` does not mean that there is no more: ask again until there is
    /// none. Documents carry their index while it is in memory.
    ///
    /// Whoever asks says that everything up to `after` has reached it: the window lets go of that.
    /// So one consumer, the projector, asks here.
    ///
    /// # Errors
    /// [`EngineError::NoTenant`], or when the feed is damaged or cannot be read.
    pub fn changes(
        &self,
        tenant: &TenantName,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<CommittedChange>>, EngineError> {
        let hosted = self.tenants.get(tenant)?;
        hosted.window.take(after);
        let last = self.store.last_durable(tenant).min(Seq(after.0.saturating_add(limit as u64)));
        if last <= after {
            return Ok(Vec::new());
        }
        match hosted.window.between(after, last) {
            Ok(changes) => Ok(changes),
            Err(base) => {
                // What the window has comes from there the next time, with its indexes.
                let behind = usize::try_from(base.0 - after.next().0).unwrap_or(limit);
                let summaries = self.store.summaries(tenant, after, limit.min(behind))?;
                Ok(summaries.iter().map(|summary| Arc::new(CommittedChange::of(summary, None))).collect())
            }
        }
    }

    /// Calls `then` whenever further changes, of whichever tenants, became durable: once for all that
    /// became so together, and after that [`Engine::changes`] has them. It runs in the journal's
    /// thread and must be quick.
    pub fn on_change(&self, then: Box<dyn Fn() + Send + Sync>) {
        self.store.on_change(then);
    }

    /// The last change that is on disk, with all before it; 0 when there is none.
    #[must_use]
    pub fn last_durable(&self, tenant: &TenantName) -> Seq {
        self.store.last_durable(tenant)
    }

    /// The last change that has its place in the order; it may not be on disk yet.
    #[must_use]
    pub fn last_accepted(&self, tenant: &TenantName) -> Seq {
        self.store.last_accepted(tenant)
    }

    /// Keeps what was accepted after `seq` within reach of [`crate::Gate::since`] while the pin is
    /// held, if it still is. Of an unknown tenant there is nothing to keep.
    pub fn pin(&self, tenant: &TenantName, seq: Seq) -> Pin {
        let kept = self.tenants.get(tenant).ok().map(|hosted| {
            hosted.window.pin(seq);
            (hosted, seq)
        });
        Pin { kept }
    }
}
