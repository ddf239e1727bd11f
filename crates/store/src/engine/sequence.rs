use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use vpr_journal::Ticket;
use vpr_types::{Instant, Seq, TenantName};

/// The counters of every tenant.
#[derive(Default)]
pub(super) struct Sequences(RwLock<BTreeMap<TenantName, Arc<Sequence>>>);

/// One tenant's counters. Whoever reserves a journal slot holds `state`, so that the order of the
/// journal is the order of seq.
#[derive(Default)]
pub(super) struct Sequence {
    /// Every seq up to here is on disk: the fast path of every read.
    durable: AtomicU64,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) seq: Seq,
    pub(super) time: Instant,
    pub(super) access_seq: u64,
    pub(super) state_seq: u64,
    /// What is not known to be on disk, oldest first; dense in seq.
    in_flight: VecDeque<(Seq, Ticket)>,
}

impl State {
    /// Counts one change on; `now` never goes back within a tenant.
    pub(super) fn next(&mut self, now: Instant, ticket: Ticket) -> (Seq, Instant) {
        self.seq = self.seq.next();
        self.time = self.time.max(now);
        self.in_flight.push_back((self.seq, ticket));
        (self.seq, self.time)
    }
}

impl Sequences {
    pub(super) fn get(&self, tenant: &TenantName) -> Option<Arc<Sequence>> {
        self.0.read().get(tenant).cloned()
    }

    pub(super) fn get_or_create(&self, tenant: &TenantName) -> Arc<Sequence> {
        if let Some(sequence) = self.get(tenant) {
            return sequence;
        }
        self.0.write().entry(tenant.clone()).or_default().clone()
    }

    pub(super) fn tenants(&self) -> Vec<TenantName> {
        self.0.read().keys().cloned().collect()
    }
}

impl Sequence {
    /// The last seq that is on disk.
    pub(super) fn last_durable(&self, durable: impl Fn() -> Ticket) -> Seq {
        let mut state = self.state.lock();
        self.pass(&mut state, durable());
        Seq(self.durable.load(Ordering::Acquire))
    }

    fn pass(&self, state: &mut State, durable: Ticket) {
        while let Some((passed, ticket)) = state.in_flight.front().copied()
            && ticket <= durable
        {
            state.in_flight.pop_front();
            self.durable.fetch_max(passed.0, Ordering::AcqRel);
        }
    }

    /// The ticket that must be durable before anything of `seq` is shown; `None` if it is.
    pub(super) fn barrier(&self, seq: Seq, durable: impl Fn() -> Ticket) -> Option<Ticket> {
        if seq.0 <= self.durable.load(Ordering::Acquire) {
            return None;
        }
        let mut state = self.state.lock();
        self.pass(&mut state, durable());
        let first = state.in_flight.front().map(|(seq, _)| *seq)?;
        let place = usize::try_from(seq.0.checked_sub(first.0)?).ok()?;
        state.in_flight.get(place).map(|(_, ticket)| *ticket)
    }
}

impl Sequences {
    /// Everything that was recovered is on disk.
    pub(super) fn all_durable(&self) {
        for sequence in self.0.read().values() {
            let seq = sequence.state.lock().seq;
            sequence.durable.fetch_max(seq.0, Ordering::AcqRel);
        }
    }
}
