//! What the writers count.

use std::ops::AddAssign;

/// How many of what is found wrong are kept in words.
const DETAILS_MAX: usize = 20;

/// Counts of what was done and of what was found wrong.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Writes (documents, not requests) that were acknowledged.
    pub acknowledged: u64,
    /// Requests whose answer was missing.
    pub unanswered: u64,
    /// Those of them that had taken effect.
    pub had_taken_effect: u64,
    /// Transactions whose answer was missing and that were found whole or absent.
    pub transactions_settled: u64,
    /// Answers of an earlier request under the same key.
    pub replayed: u64,
    /// Versions read, read by version and listed in a history, and found as acknowledged.
    pub checked: u64,
    /// Documents searched for by id and by content.
    pub searched: u64,
    /// Acknowledged versions that are missing or differ.
    pub lost: u64,
    /// Transactions of which only a part is there.
    pub torn: u64,
    /// What is there twice, or without having been asked for.
    pub doubled: u64,
    /// The first of these in words.
    pub details: Vec<String>,
}

impl Findings {
    /// Whether nothing is lost, torn or doubled.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.lost + self.torn + self.doubled == 0
    }

    pub(super) fn lost(&mut self, what: String) {
        self.lost += 1;
        self.note(format!("lost: {what}"));
    }

    pub(super) fn torn(&mut self, what: String) {
        self.torn += 1;
        self.note(format!("torn: {what}"));
    }

    pub(crate) fn doubled(&mut self, what: String) {
        self.doubled += 1;
        self.note(format!("doubled: {what}"));
    }

    fn note(&mut self, what: String) {
        if self.details.len() < DETAILS_MAX {
            self.details.push(what);
        }
    }
}

impl AddAssign for Findings {
    fn add_assign(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.unanswered += other.unanswered;
        self.had_taken_effect += other.had_taken_effect;
        self.transactions_settled += other.transactions_settled;
        self.replayed += other.replayed;
        self.checked += other.checked;
        self.searched += other.searched;
        self.lost += other.lost;
        self.torn += other.torn;
        self.doubled += other.doubled;
        other.details.into_iter().for_each(|what| self.note(what));
    }
}
