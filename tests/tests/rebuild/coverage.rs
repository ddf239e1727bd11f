//! What was done, counted.

use std::collections::BTreeMap;

/// How often each thing was done.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    counts: BTreeMap<&'static str, u64>,
}

/// What a campaign must have done.
const REQUIRED: [&str; 22] = [
    "batch",
    "conditional create, made",
    "conditional create, found",
    "conditional delete, done",
    "conditional update, made",
    "conditional update, found",
    "create",
    "delete",
    "moved to another record",
    "reference to what is not there",
    "refused",
    "restart",
    "restart without the index",
    "return after deletion",
    "transaction",
    "transaction of linked creates",
    "update",
    "searches",
    "searches that found something",
    "searches of several pages",
    "histories",
    "everything of a patient",
];

impl Coverage {
    pub fn count(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    pub fn add(&mut self, what: &'static str, times: u64) {
        *self.counts.entry(what).or_default() += times;
    }

    pub fn of(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or_default()
    }

    pub fn join(&mut self, other: &Self) {
        other.counts.iter().for_each(|(what, times)| self.add(what, *times));
    }

    /// What should have been done and was not.
    pub fn lacking(&self) -> Vec<&'static str> {
        REQUIRED.into_iter().filter(|what| self.of(what) == 0).collect()
    }

    pub fn lines(&self) -> Vec<String> {
        self.counts.iter().map(|(what, times)| format!("  {times:7}  {what}")).collect()
    }
}
