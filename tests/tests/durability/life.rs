//! The ledger of one life of an engine: what was issued, and from when on it is promised.

use std::sync::{Arc, Mutex};

use crate::inspect::{Expected, Inspection, Issued};
use crate::model::Model;

/// From one start to the next.
pub struct Life {
    /// The position in the disk's recording from which on this life's ledger counts.
    pub from: usize,
    pub model: Model,
    pub issued: Vec<Issued>,
    promises: Promises,
}

/// (position in the recording, the first so many entries are there from then on)
#[derive(Debug, Clone, Default)]
pub struct Promises(Arc<Mutex<Vec<(usize, usize)>>>);

impl Promises {
    /// From position `at` on, the first `count` entries must survive whatever happens.
    pub fn add(&self, at: usize, count: usize) {
        self.0.lock().unwrap().push((at, count));
    }
}

impl Life {
    pub fn new(from: usize) -> Self {
        Self { from, model: Model::default(), issued: Vec::new(), promises: Promises::default() }
    }

    /// How many entries were acknowledged or served at that position.
    pub fn promised(&self, position: usize) -> usize {
        let promises = self.promises.0.lock().unwrap();
        promises.iter().filter(|(at, _)| *at <= position).map(|(_, count)| *count).max().unwrap_or(0)
    }

    pub fn expected(&self, position: usize) -> Expected<'_> {
        Expected { model: &self.model, issued: &self.issued, promised: self.promised(position) }
    }

    /// The next life, when this one ended at `position` and `inspection` is what it left.
    pub fn next(&self, position: usize, from: usize, inspection: &Inspection) -> Self {
        let next = Self {
            from,
            model: self.model.until(&inspection.survivors),
            issued: self.issued[..inspection.count(&self.issued)].to_vec(),
            promises: Promises::default(),
        };
        next.promise(from, self.promised(position).min(next.issued.len()));
        next
    }

    pub fn promise(&self, at: usize, count: usize) {
        self.promises.add(at, count);
    }

    /// Where callbacks note what they were told.
    pub fn promises(&self) -> Promises {
        self.promises.clone()
    }

    /// How many entries there are up to the one that made `seq`.
    pub fn count_to(&self, tenant: &str, seq: u64) -> usize {
        let made = |issued: &Issued| matches!(issued, Issued::Change { tenant: t, seq: s } if t == tenant && *s == seq);
        self.issued.iter().rposition(made).map_or(0, |index| index + 1)
    }
}
