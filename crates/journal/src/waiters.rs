use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::JournalError;

/// Called once, with what became of an entry.
pub(crate) type Waiter = Box<dyn FnOnce(Result<(), JournalError>) + Send>;

/// Called again and again, when further entries are durable.
pub(crate) type Observer = Box<dyn Fn() + Send + Sync>;

/// Who waits for which ticket.
#[derive(Default)]
pub(crate) struct Waiters {
    by_ticket: BTreeMap<u64, Vec<Waiter>>,
}

impl Waiters {
    pub(crate) fn add(&mut self, ticket: u64, waiter: Waiter) {
        self.by_ticket.entry(ticket).or_default().push(waiter);
    }

    /// Takes out who waits for `durable` or an earlier ticket.
    pub(crate) fn due(&mut self, durable: u64) -> Self {
        let later = self.by_ticket.split_off(&(durable + 1));
        Self { by_ticket: std::mem::replace(&mut self.by_ticket, later) }
    }

    /// Tells them, in the order of their tickets. Never under a lock.
    pub(crate) fn tell(self, outcome: &Result<(), JournalError>) {
        for waiter in self.by_ticket.into_values().flatten() {
            waiter(outcome.clone());
        }
    }
}

/// Blocks one thread until its waiter was told.
#[derive(Default)]
pub(crate) struct Parking {
    outcome: Mutex<Option<Result<(), JournalError>>>,
    told: Condvar,
}

impl Parking {
    pub(crate) fn waiter(self: &Arc<Self>) -> Waiter {
        let parking = Arc::clone(self);
        Box::new(move |outcome| {
            *parking.outcome.lock() = Some(outcome);
            parking.told.notify_one();
        })
    }

    pub(crate) fn wait(&self) -> Result<(), JournalError> {
        let mut outcome = self.outcome.lock();
        loop {
            match outcome.take() {
                Some(outcome) => return outcome,
                None => self.told.wait(&mut outcome),
            }
        }
    }
}
