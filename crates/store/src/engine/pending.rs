use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use vpr_journal::Ticket;
use vpr_types::TenantName;

use crate::feed::Feed;
use crate::format::{AccessEntry, ChangeEntry, StateEntry};
use crate::logs::{AccessLog, StateLog};

/// An entry on its way from the journal to its permanent place.
#[derive(Clone)]
pub(super) enum Pending {
    Change(Arc<ChangeEntry>),
    Access(Arc<AccessEntry>),
    State(Arc<StateEntry>),
}

/// Entries that are not in their permanent place yet, in the journal's order.
#[derive(Default)]
pub(super) struct PendingEntries(Mutex<BTreeMap<Ticket, Pending>>);

impl PendingEntries {
    pub(super) fn insert(&self, ticket: Ticket, entry: Pending) {
        self.0.lock().insert(ticket, entry);
    }

    pub(super) fn up_to(&self, cut: Ticket) -> Vec<Pending> {
        self.0.lock().range(..=cut).map(|(_, entry)| entry.clone()).collect()
    }

    pub(super) fn remove_up_to(&self, cut: Ticket) {
        let mut entries = self.0.lock();
        let rest = entries.split_off(&cut);
        let at_cut = std::mem::replace(&mut *entries, rest);
        drop(at_cut);
        entries.remove(&cut);
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().len()
    }
}

/// The permanent append-only files of one tenant.
pub(super) struct TenantLog {
    pub(super) feed: Feed,
    pub(super) access: AccessLog,
    pub(super) state: StateLog,
}

/// Those of all tenants.
pub(super) type TenantLogs = BTreeMap<TenantName, Arc<TenantLog>>;
