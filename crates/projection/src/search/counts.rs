use std::collections::HashMap;

use parking_lot::Mutex;

use crate::sql::Statement;

/// So many are remembered; then all are forgotten.
const REMEMBERED_MAX: usize = 2048;

/// What gives fewer is counted again each time: that costs less than the memory.
const WORTH: i64 = 500;

/// How many changes later a number still tells what drives a search; it decides nothing else.
const NEAR: i64 = 5000;

/// Numbers of rows that were counted, with the moment at which they were.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// By the epoch in which the statement counted.
    counted: Mutex<HashMap<(i64, Statement), Counted>>,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    number: i64,
    at: i64,
}

/// What is remembered, for a reader who sees the tables at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) counts: &'a Counts,
    pub(crate) epoch: i64,
    pub(crate) applied: i64,
    /// The last seq that touched a type that matters.
    pub(crate) changed: i64,
    /// How many resources of the types that are looked for there are.
    pub(crate) living: i64,
}

impl Known<'_> {
    /// What the statement counts, or counted a while ago.
    pub(crate) fn near(&self, statement: &Statement) -> Option<i64> {
        self.counted(statement)
            .filter(|found| self.applied.abs_diff(found.at) < NEAR.unsigned_abs())
            .map(number)
    }

    /// What the statement counts: nothing that matters has changed since it was counted.
    pub(crate) fn exact(&self, statement: &Statement) -> Option<i64> {
        self.counted(statement)
            .filter(|found| self.changed <= found.at && found.at <= self.applied)
            .map(number)
    }

    /// Remembers what the statement counted.
    pub(crate) fn learn(&self, statement: &Statement, number: i64) {
        if number < WORTH {
            return;
        }
        let mut counted = self.counts.counted.lock();
        if counted.len() >= REMEMBERED_MAX {
            counted.clear();
        }
        counted.insert((self.epoch, statement.clone()), Counted { number, at: self.applied });
    }

    fn counted(&self, statement: &Statement) -> Option<Counted> {
        let counted = self.counts.counted.lock();
        if counted.is_empty() {
            return None;
        }
        counted.get(&(self.epoch, statement.clone())).copied()
    }
}

fn number(counted: Counted) -> i64 {
    counted.number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_holds_until_something_that_matters_changes() {
        let counts = Counts::default();
        let statement = |text: &str| Statement { text: text.to_owned(), binds: vec![] };
        let known = |epoch, applied, changed| Known { counts: &counts, epoch, applied, changed, living: 0 };
        known(1, 100, 90).learn(&statement("a"), 1000);
        known(1, 100, 90).learn(&statement("b"), WORTH - 1);
        assert_eq!(known(1, 100, 90).exact(&statement("a")), Some(1000));
        assert_eq!(known(1, 120, 100).exact(&statement("a")), Some(1000));
        assert_eq!(known(1, 120, 101).exact(&statement("a")), None);
        // Transactions were lost: what was counted is not there any more.
        assert_eq!(known(1, 99, 90).exact(&statement("a")), None);
        assert_eq!(known(2, 100, 90).exact(&statement("a")), None);
        assert_eq!(known(1, 100, 90).exact(&statement("b")), None);
        assert_eq!(known(1, 120, 101).near(&statement("a")), Some(1000));
        assert_eq!(known(1, 100 + NEAR, 101).near(&statement("a")), None);
    }
}
