use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use vpr_journal::Ticket;
use vpr_types::{RepositoryId, Seq, TenantName};

use super::pending::{Pending, TenantLog};
use super::{Inner, Store};
use crate::StoreError;
use crate::feed::Feed;
use crate::logs::{AccessLog, StateLog};

impl Store {
    /// Brings every entry up to `cut` into its permanent place, in the order that survives a crash
    /// anywhere: Git (packs, then refs), then the logs, then the directory, then the journal lets
    /// go. What follows the first pending commit of a repository that another program holds locked
    /// waits for it; those repositories are the answer. The caller holds the background's lock.
    pub(super) fn checkpoint(&self, cut: Ticket) -> Result<Vec<RepositoryId>, StoreError> {
        #[cfg(feature = "sabotage")]
        if self.inner.options.sabotage.release_before_checkpoint {
            self.inner.journal.release(cut);
        }
        let dirty = self.inner.overlay.dirty(cut, 1);
        let locked = self.materialize_all(&dirty, cut)?;
        let waiting = locked.iter().filter_map(|id| self.inner.overlay.oldest(id)).min();
        let cut = waiting.map_or(cut, |ticket| Ticket(ticket.0.saturating_sub(1)));
        let entries = self.inner.pending.up_to(cut);
        if entries.is_empty() {
            return Ok(locked);
        }
        let positions = self.inner.append_logs(&entries)?;
        #[cfg(feature = "sabotage")]
        crate::sabotage::failpoint("checkpoint-feed");
        self.inner.directory.checkpoint(&positions)?;
        #[cfg(feature = "sabotage")]
        crate::sabotage::failpoint("checkpoint-directory");
        self.inner.pending.remove_up_to(cut);
        self.inner.journal.release(cut);
        #[cfg(feature = "sabotage")]
        crate::sabotage::failpoint("checkpoint-released");
        self.inner.concatenate(&dirty)?;
        Ok(locked)
    }
}

impl Inner {
    /// Appends to feed, access and state logs and syncs what was touched; answers the seq up to
    /// which each tenant's feed is permanent.
    fn append_logs(&self, entries: &[Pending]) -> Result<BTreeMap<TenantName, Seq>, StoreError> {
        let mut touched: BTreeMap<TenantName, (Arc<TenantLog>, [bool; 3])> = BTreeMap::new();
        let mut positions = BTreeMap::new();
        for entry in entries {
            let (tenant, which) = match entry {
                Pending::Change(change) => (&change.summary.tenant, 0),
                Pending::Access(access) => (&access.tenant, 1),
                Pending::State(state) => (&state.tenant, 2),
            };
            let (log, touched) = match touched.entry(tenant.clone()) {
                Entry::Occupied(there) => there.into_mut(),
                Entry::Vacant(new) => new.insert((self.tenant_log(tenant)?, [false; 3])),
            };
            match entry {
                Pending::Change(change) => {
                    log.feed.append(&change.summary)?;
                    positions.insert(tenant.clone(), change.summary.seq);
                }
                Pending::Access(access) => log.access.append(access)?,
                Pending::State(state) => log.state.append(state)?,
            }
            if let Some(touched) = touched.get_mut(which) {
                *touched = true;
            }
        }
        for (log, [feed, access, state]) in touched.into_values() {
            if feed {
                log.feed.sync()?;
            }
            if access {
                log.access.sync()?;
            }
            if state {
                log.state.sync()?;
            }
        }
        Ok(positions)
    }

    /// The tenant's logs, opened (or created) when it has none yet.
    fn tenant_log(&self, tenant: &TenantName) -> Result<Arc<TenantLog>, StoreError> {
        if let Some(log) = self.logs.lock().get(tenant) {
            return Ok(log.clone());
        }
        // Only the background opens logs, so nobody else opens the same ones meanwhile.
        let log = Arc::new(open_logs(self, tenant)?);
        self.logs.lock().insert(tenant.clone(), log.clone());
        Ok(log)
    }

    /// Joins the packs of repositories that have many, so that readers search few.
    fn concatenate(&self, touched: &[RepositoryId]) -> Result<(), StoreError> {
        for id in touched {
            if self.closing.load(Ordering::Acquire) {
                break;
            }
            if let Some(repository) = self.repositories.get(id)?
                && repository.pack_count()? > self.options.packs_max
            {
                repository.concatenate(self.options.packs_max)?;
            }
        }
        Ok(())
    }
}

/// Opens (or creates) the three logs of a tenant, cutting torn tails.
fn open_logs(inner: &Inner, tenant: &TenantName) -> Result<TenantLog, StoreError> {
    let disk = &inner.world.disk;
    Ok(TenantLog {
        feed: Feed::open(disk.clone(), tenant)?,
        access: AccessLog::open(disk.clone(), tenant)?,
        state: StateLog::open(disk.clone(), tenant)?,
    })
}
