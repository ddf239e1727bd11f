use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use vpr_types::Seq;

use crate::rows::IndexKey;
use crate::search::Counts;
use crate::{Epoch, ProjectionError};

/// So many rids are remembered; then all are forgotten.
const RIDS_MAX: usize = 500_000;

/// An open tenant.
pub(crate) struct Tenant {
    index_key: [u8; 32],
    key: IndexKey,
    epoch: RwLock<Epoch>,
    applied: AtomicU64,
    applying: Mutex<Applying>,
    counts: Counts,
}

/// What the one who applies remembers from batch to batch.
#[derive(Default)]
pub(crate) struct Applying {
    /// By type number and id. A rid never changes while the epoch lasts.
    rids: HashMap<i64, HashMap<Box<str>, i64>>,
    remembered: usize,
    /// The time of the change at which removed rows were last let go.
    pub(crate) pruned_at: Option<i64>,
}

impl Applying {
    /// The rid of a resource, where it is remembered.
    pub(crate) fn rid(&self, resource: i64, id: &str) -> Option<i64> {
        self.rids.get(&resource)?.get(id).copied()
    }

    /// Remembers what was committed.
    pub(crate) fn remember(&mut self, found: impl Iterator<Item = (i64, Box<str>, i64)>) {
        if self.remembered > RIDS_MAX {
            self.rids.clear();
            self.remembered = 0;
        }
        for (resource, id, rid) in found {
            self.remembered += usize::from(self.rids.entry(resource).or_default().insert(id, rid).is_none());
        }
    }
}

impl Tenant {
    pub(crate) fn new(index_key: [u8; 32], epoch: Epoch, applied: i64) -> Self {
        Self {
            index_key,
            key: IndexKey::new(&index_key),
            epoch: RwLock::new(epoch),
            applied: AtomicU64::new(applied.cast_unsigned()),
            applying: Mutex::default(),
            counts: Counts::default(),
        }
    }

    pub(crate) fn index_key(&self) -> &[u8; 32] {
        &self.index_key
    }

    pub(crate) fn key(&self) -> &IndexKey {
        &self.key
    }

    /// What searches have counted.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn epoch(&self) -> Epoch {
        *self.epoch.read()
    }

    pub(crate) fn applied(&self) -> Seq {
        Seq(self.applied.load(Ordering::Acquire))
    }

    /// Runs `apply` alone; its outcome is the last seq applied.
    pub(crate) fn apply(
        &self,
        apply: impl FnOnce(&mut Applying) -> Result<i64, ProjectionError>,
    ) -> Result<Seq, ProjectionError> {
        let mut applying = self.applying.lock();
        let applied = apply(&mut applying)?.cast_unsigned();
        self.applied.store(applied, Ordering::Release);
        Ok(Seq(applied))
    }

    /// The database stands at `applied`. If that is not where it was left, another process has written,
    /// or a server has lost its last transactions, or its answer was lost: nothing that is remembered
    /// of the tables need be true.
    pub(crate) fn found_at(&self, applied: i64) {
        let mut applying = self.applying.lock();
        if self.applied.swap(applied.cast_unsigned(), Ordering::AcqRel) != applied.cast_unsigned() {
            *applying = Applying::default();
        }
    }

    /// Runs `reset` alone; nothing is applied then, and `epoch` has begun.
    pub(crate) fn reset(
        &self,
        epoch: Epoch,
        reset: impl FnOnce() -> Result<(), ProjectionError>,
    ) -> Result<(), ProjectionError> {
        let mut applying = self.applying.lock();
        reset()?;
        *applying = Applying::default();
        *self.epoch.write() = epoch;
        self.applied.store(0, Ordering::Release);
        Ok(())
    }
}
