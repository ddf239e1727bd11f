//! What the bodies of all requests in flight may hold in memory together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vpr_fhir::IssueType;

use crate::rejection::Rejection;

/// Budgets are counted in pieces of this many bytes.
const PIECE_BYTES: usize = 1024;

/// How long a body waits for others to be done before it is refused.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Where there is no waiting with the runtime, the budget is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A budget of bytes over all requests in flight. Cheap to clone; all clones are one budget.
#[derive(Debug, Clone)]
pub(crate) struct BodyBudget(Arc<Semaphore>);

impl BodyBudget {
    /// A budget of `bytes`, but never less than one body of `body_bytes_max` needs, sent compressed
    /// and expanded: such a one could never be read.
    pub(crate) fn new(bytes: usize, body_bytes_max: usize) -> Self {
        let pieces = bytes.max(body_bytes_max.saturating_mul(2)).div_ceil(PIECE_BYTES) + 2;
        Self(Arc::new(Semaphore::new(pieces.min(Semaphore::MAX_PERMITS))))
    }

    /// A share that holds nothing yet.
    pub(crate) fn share(&self) -> Share {
        Share { budget: Arc::clone(&self.0), bytes: 0, held: None }
    }
}

/// What one request holds of the budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Semaphore>,
    bytes: usize,
    held: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Takes `bytes` more, waiting a short time for others to be done.
    ///
    /// # Errors
    /// 503 when the budget stays used up.
    pub(crate) async fn grow(&mut self, bytes: usize) -> Result<(), Rejection> {
        if self.take(bytes) {
            return Ok(());
        }
        let budget = Arc::clone(&self.budget);
        let more = budget.acquire_many_owned(self.missing(bytes));
        match tokio::time::timeout(WAIT_MAX, more).await {
            Ok(Ok(permit)) => self.add(bytes, permit),
            _ => return Err(used_up()),
        }
        Ok(())
    }

    /// The same on a thread that may block, for at most `wait`.
    ///
    /// # Errors
    /// 503 when the budget stays used up.
    pub(crate) fn grow_blocking(&mut self, bytes: usize, wait: Duration) -> Result<(), Rejection> {
        let begun = Instant::now();
        while !self.take(bytes) {
            if begun.elapsed() >= wait {
                return Err(used_up());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Whether it is worth no task of its own to give this back on time.
    pub(crate) fn is_small(&self) -> bool {
        self.bytes <= 16 * PIECE_BYTES
    }

    /// How long [`Share::grow`] waits.
    pub(crate) const WAIT_MAX: Duration = WAIT_MAX;

    fn take(&mut self, bytes: usize) -> bool {
        let permit = match self.missing(bytes) {
            0 => None,
            missing => match Arc::clone(&self.budget).try_acquire_many_owned(missing) {
                Ok(permit) => Some(permit),
                Err(_) => return false,
            },
        };
        match permit {
            Some(permit) => self.add(bytes, permit),
            None => self.bytes += bytes,
        }
        true
    }

    fn missing(&self, bytes: usize) -> u32 {
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = self.bytes.saturating_add(bytes).div_ceil(PIECE_BYTES);
        u32::try_from(wanted.saturating_sub(held)).unwrap_or(u32::MAX)
    }

    fn add(&mut self, bytes: usize, permit: OwnedSemaphorePermit) {
        self.bytes += bytes;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
    }
}

fn used_up() -> Rejection {
    let text = "the bodies of other requests take up the memory that there is for them; try again";
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, IssueType::Throttled, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shares_together_hold_no_more_than_the_budget_and_give_it_back() {
        let budget = BodyBudget::new(100 * PIECE_BYTES, PIECE_BYTES);
        let (mut a, mut b) = (budget.share(), budget.share());
        for _ in 0..60 {
            a.grow(PIECE_BYTES).await.unwrap();
        }
        b.grow(40 * PIECE_BYTES).await.unwrap();
        let refused = b.grow(3 * PIECE_BYTES).await.unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.is_transient()), (503, true));
        assert_eq!(b.grow_blocking(3 * PIECE_BYTES, LOOK_EVERY).unwrap_err().status, 503);
        drop(a);
        b.grow(62 * PIECE_BYTES).await.unwrap();
        drop(b);
        assert_eq!(budget.0.available_permits(), 102);
    }

    #[tokio::test]
    async fn parts_of_a_piece_are_not_counted_as_whole_ones() {
        let budget = BodyBudget::new(10 * PIECE_BYTES, PIECE_BYTES);
        let mut share = budget.share();
        for _ in 0..PIECE_BYTES {
            share.grow(1).await.unwrap();
        }
        assert_eq!(budget.0.available_permits(), 11);
    }

    #[test]
    fn one_body_always_fits() {
        let budget = BodyBudget::new(0, 1_000_000);
        assert!(budget.share().take(2_000_000));
    }
}
