use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;
use vpr_types::{Seq, TenantName};

/// Where a tenant's search projection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionStatus {
    /// Whose.
    pub tenant: TenantName,
    /// What is going on.
    pub state: ProjectorState,
    /// Searches show everything up to here.
    pub applied: Seq,
    /// What is on disk; `durable - applied` changes are on their way.
    pub durable: Seq,
    /// What a rebuild has to reach; 0 when there is none.
    pub rebuilding_to: Seq,
    /// How often the projection was rebuilt since the start.
    pub rebuilds: u64,
    /// Why the last attempt failed, if it did. Names no values of resources.
    pub last_error: Option<String>,
}

/// What is going on with a tenant's projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProjectorState {
    /// It was not looked at yet.
    #[default]
    Starting,
    /// It follows the changes.
    Following,
    /// It is built anew; searches are refused until it is done.
    Rebuilding,
    /// The database is away or fails.
    Unavailable,
}

/// Where a tenant's projection stands, for those who wait for it.
pub(crate) struct Follower {
    progress: Mutex<Progress>,
    moved: Condvar,
    /// Wakes waiters of the asynchronous world: the applied seq, and a count of other news.
    news: watch::Sender<(Seq, u64)>,
    /// The newest write that a caller was told of: searches must show it.
    told: AtomicU64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    pub(super) state: ProjectorState,
    pub(super) opened: bool,
    pub(super) applied: Seq,
    pub(super) rebuild_requested: bool,
    pub(super) rebuilding_to: Seq,
    pub(super) rebuilds: u64,
    pub(super) last_error: Option<String>,
    pub(super) failures: u32,
    pub(super) retry_at: Option<Instant>,
}

/// Between two attempts to reach a database that is away.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(2);

impl Default for Follower {
    fn default() -> Self {
        Self {
            progress: Mutex::default(),
            moved: Condvar::new(),
            news: watch::Sender::new((Seq(0), 0)),
            told: AtomicU64::new(0),
        }
    }
}

impl Follower {
    pub(crate) fn state(&self) -> ProjectorState {
        self.progress.lock().state
    }

    pub(crate) fn applied(&self) -> Seq {
        self.progress.lock().applied
    }

    pub(super) fn request_rebuild(&self) {
        self.progress.lock().rebuild_requested = true;
    }

    pub(super) fn look(&self) -> Progress {
        self.progress.lock().clone()
    }

    /// Changes what is known, and wakes all who wait.
    pub(super) fn change(&self, change: impl FnOnce(&mut Progress)) {
        let mut progress = self.progress.lock();
        change(&mut progress);
        let applied = progress.applied;
        drop(progress);
        self.moved.notify_all();
        self.news.send_modify(|(seq, count)| {
            *seq = applied;
            *count += 1;
        });
    }

    pub(super) fn failed(&self, why: String) {
        self.change(|progress| {
            let wait = RETRY_FIRST.saturating_mul(1 << progress.failures.min(10)).min(RETRY_LAST);
            progress.failures = progress.failures.saturating_add(1);
            progress.retry_at = Some(Instant::now() + wait);
            progress.state = ProjectorState::Unavailable;
            progress.last_error = Some(why);
        });
    }

    /// Remembers that a caller is told of the write `seq`.
    pub(crate) fn tell(&self, seq: Seq) {
        self.told.fetch_max(seq.0, Ordering::Relaxed);
    }

    /// The newest write that a caller was told of.
    pub(crate) fn told(&self) -> Seq {
        Seq(self.told.load(Ordering::Relaxed))
    }

    /// Waits until searches show `seq`; `false` when they do not in time, or nobody can say when
    /// they will: the database is away, or the projection is rebuilt.
    pub(crate) async fn reached(&self, seq: Seq, most: Duration) -> bool {
        if self.applied() >= seq {
            return true;
        }
        let mut news = self.news.subscribe();
        let wait = async {
            loop {
                news.borrow_and_update();
                let (applied, state) = {
                    let progress = self.progress.lock();
                    (progress.applied, progress.state)
                };
                if applied >= seq {
                    return true;
                }
                if !may_move(state) || news.changed().await.is_err() {
                    return false;
                }
            }
        };
        tokio::time::timeout(most, wait).await.unwrap_or(false)
    }

    /// As [`Follower::reached`], on a thread that may block.
    pub(crate) fn reached_blocking(&self, seq: Seq, most: Duration) -> bool {
        let end = Instant::now() + most;
        let mut progress = self.progress.lock();
        while progress.applied < seq {
            if !may_move(progress.state) || self.moved.wait_until(&mut progress, end).timed_out() {
                return progress.applied >= seq;
            }
        }
        true
    }

    /// What is going on; waits a while for the projection to be opened, on a thread that may block.
    pub(crate) fn started_blocking(&self, most: Duration) -> ProjectorState {
        let end = Instant::now() + most;
        let mut progress = self.progress.lock();
        while progress.state == ProjectorState::Starting {
            if self.moved.wait_until(&mut progress, end).timed_out() {
                break;
            }
        }
        progress.state
    }

    pub(crate) fn status(&self, tenant: &TenantName, durable: Seq) -> ProjectionStatus {
        let Progress { state, applied, rebuilding_to, rebuilds, last_error, .. } = self.look();
        let tenant = tenant.clone();
        ProjectionStatus { tenant, state, applied, durable, rebuilding_to, rebuilds, last_error }
    }
}

fn may_move(state: ProjectorState) -> bool {
    matches!(state, ProjectorState::Starting | ProjectorState::Following)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn waiting_ends_when_the_seq_is_reached_or_cannot_be() {
        let follower = Arc::new(Follower::default());
        let most = Duration::from_secs(20);
        assert!(!follower.reached_blocking(Seq(1), Duration::from_millis(1)));
        let waiter = Arc::clone(&follower);
        let waiting = std::thread::spawn(move || waiter.reached_blocking(Seq(5), most));
        for seq in 1..=5 {
            follower.change(|progress| progress.applied = Seq(seq));
        }
        assert!(waiting.join().unwrap());
        let waiter = Arc::clone(&follower);
        let waiting = std::thread::spawn(move || waiter.reached_blocking(Seq(9), most));
        follower.failed("away".to_owned());
        assert!(!waiting.join().unwrap(), "nobody waits for a database that is away");
        assert!(follower.reached_blocking(Seq(5), most), "what it shows, it shows");
    }

    #[tokio::test]
    async fn waiting_without_a_thread_is_the_same() {
        let follower = Arc::new(Follower::default());
        let most = Duration::from_secs(20);
        assert!(!follower.reached(Seq(1), Duration::from_millis(1)).await);
        let waiter = Arc::clone(&follower);
        let waiting = tokio::spawn(async move { waiter.reached(Seq(5), most).await });
        follower.change(|progress| progress.applied = Seq(5));
        assert!(waiting.await.unwrap());
        let waiter = Arc::clone(&follower);
        let waiting = tokio::spawn(async move { waiter.reached(Seq(9), most).await });
        follower.change(|progress| progress.state = ProjectorState::Rebuilding);
        assert!(!waiting.await.unwrap());
    }

    #[test]
    fn attempts_become_more_seldom() {
        let follower = Follower::default();
        let mut last = Duration::ZERO;
        for _ in 0..20 {
            let before = Instant::now();
            follower.failed("away".to_owned());
            let wait = follower.look().retry_at.unwrap() - before;
            assert!(wait >= last.mul_f32(0.9) && wait <= RETRY_LAST + RETRY_FIRST, "{wait:?}");
            last = wait;
        }
        assert!(last > RETRY_LAST / 2);
    }
}
