use std::sync::atomic::Ordering;
use std::time::Duration;

use vpr_journal::{JournalError, Ticket};
use vpr_types::{Instant, RepositoryId, Seq, TenantName, limits};

use super::{Status, Store};
use crate::StoreError;

/// How often the background looks for work, and the hottest repositories for theirs.
const TICK: Duration = Duration::from_millis(20);
const HOT_MICROS: i64 = 200_000;
/// While so few commits are pending, Git is kept within a second of the journal under load too.
const LIGHT_COMMITS: usize = 64;
const LIGHT_MICROS: i64 = 1_000_000;
/// Entries (accesses, mostly) that may wait in memory for their permanent place.
const PENDING_ENTRIES_MAX: usize = 100_000;
/// How often keys of repeatable writes that are too old are forgotten.
const PURGE_MICROS: i64 = 3_600_000_000;

/// What the background remembers between its steps.
#[derive(Default)]
pub(super) struct Background {
    seen: Ticket,
    seen_at: Instant,
    checkpoint_at: Instant,
    hot_at: Instant,
    purged_at: Instant,
    /// What was said once is not said again while it lasts.
    is_behind: bool,
    locked: usize,
    /// A full disk or a locked branch is retried after a while, not in a loop.
    retry_at: Instant,
}

impl Store {
    /// Writes groups until [`Store::close`]; returns early if the disk fails.
    pub fn run_journal(&self) {
        // Its error is sticky and is reported by `status` to whoever asks.
        let _ = self.inner.journal.run();
    }

    /// Writes one group, if anything is queued.
    ///
    /// # Errors
    /// [`StoreError::Failed`]; it stays so.
    pub fn step_journal(&self) -> Result<bool, StoreError> {
        Ok(matches!(self.inner.journal.step()?, vpr_journal::Step::Wrote { .. }))
    }

    /// Does background work until [`Store::close`].
    pub fn run_background(&self) {
        while !self.inner.closing.load(Ordering::Acquire) {
            match self.step_background() {
                Ok(true) => {}
                Ok(false) => std::thread::sleep(TICK),
                // Remembered by `fail`; the probes report it.
                Err(_) => return,
            }
        }
    }

    /// One round of background work; `false` when there was none.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the disk failed; it stays so. A full disk is no error here.
    pub fn step_background(&self) -> Result<bool, StoreError> {
        self.check_failed()?;
        let mut background = self.inner.background.lock();
        let tended = self.inner.journal.tend();
        let now = self.inner.world.clock.now();
        let cut = self.inner.journal.durable();
        if cut != background.seen {
            background.seen = cut;
            background.seen_at = now;
        }
        if now.0 - background.purged_at.0 >= PURGE_MICROS {
            background.purged_at = now;
            self.purge(Instant(now.0 - limits::IDEMPOTENCY_MICROS)).map_err(|error| self.fail(error))?;
        }
        if self.inner.pending.len() == 0 || now < background.retry_at {
            return Ok(tended);
        }
        let worked = if self.is_checkpoint_due(&background, now) {
            background.checkpoint_at = now;
            let locked = self.checkpoint(cut);
            self.notice(&mut background, now, locked).map(|()| true)
        } else if now.0 - background.hot_at.0 >= HOT_MICROS {
            background.hot_at = now;
            let hot = self.inner.overlay.dirty(cut, self.inner.options.hot_commits);
            self.materialize_all(&hot, cut).map(|_| !hot.is_empty())
        } else {
            Ok(false)
        };
        match worked {
            Ok(worked) => Ok(worked || tended),
            Err(error @ (StoreError::Full | StoreError::Busy)) => {
                if !background.is_behind {
                    background.is_behind = true;
                    tracing::warn!(%error, "Git stays behind the journal for now");
                }
                background.retry_at = Instant(now.0 + LIGHT_MICROS);
                Ok(tended)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Says once what an operator must know, and lets a locked branch rest for a while.
    fn notice(
        &self,
        background: &mut Background,
        now: Instant,
        locked: Result<Vec<RepositoryId>, StoreError>,
    ) -> Result<(), StoreError> {
        let locked = locked?;
        if background.is_behind {
            background.is_behind = false;
            tracing::info!("Git has caught up with the journal");
        }
        if let Some(first) = locked.first().filter(|_| !self.inner.closing.load(Ordering::Acquire)) {
            background.retry_at = Instant(now.0 + LIGHT_MICROS);
            if locked.len() != background.locked {
                let path = first.path();
                tracing::warn!(
                    count = locked.len(),
                    first = %path.display(),
                    "repositories are locked by another program; their commits wait in the journal \
                     (if none runs there, remove refs/heads/main.lock)"
                );
            }
        }
        background.locked = locked.len();
        Ok(())
    }

    /// Forgets the keys of repeatable writes that were used before `time`.
    fn purge(&self, time: Instant) -> Result<(), StoreError> {
        self.inner.outcomes.lock().retain(|_, kept| kept.time >= time);
        for tenant in self.tenants() {
            match self.inner.directory.purge_idempotency_before(&tenant, time).map_err(StoreError::from) {
                // There is another hour.
                Ok(_) | Err(StoreError::Full) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn is_checkpoint_due(&self, background: &Background, now: Instant) -> bool {
        let inner = &self.inner;
        let pressure = inner.journal.pressure();
        let commits = inner.overlay.len();
        now.0 - background.seen_at.0 >= inner.options.quiet_micros
            || pressure.used_bytes * 2 > pressure.capacity_bytes
            || inner.overlay.bytes() > inner.options.pending_bytes_max
            || inner.pending.len() > PENDING_ENTRIES_MAX
            || (commits <= LIGHT_COMMITS && now.0 - background.checkpoint_at.0 >= LIGHT_MICROS)
    }

    /// Brings everything that is durable now into its permanent place.
    ///
    /// # Errors
    /// [`StoreError::Full`] when the disk is full: it is tried again; [`StoreError::Failed`].
    pub fn materialize(&self) -> Result<(), StoreError> {
        self.check_failed()?;
        let _background = self.inner.background.lock();
        let cut = self.inner.journal.durable();
        let locked = self.checkpoint(cut).map_err(|error| match error {
            passing @ (StoreError::Full | StoreError::Busy) => passing,
            other => self.fail(other),
        })?;
        locked.first().map_or(Ok(()), |id| Err(StoreError::Locked(id.path())))
    }

    /// Stops: the queue is written, everything goes to its permanent place as far as there is time
    /// ([`super::StoreOptions::close_micros`]), the loops end in any case.
    ///
    /// # Errors
    /// [`StoreError::Full`] when something queued found no room and was refused; when the disk failed.
    /// What was acknowledged is in the journal all the same.
    pub fn close(&self) -> Result<(), StoreError> {
        let inner = &self.inner;
        let begun = inner.world.clock.now();
        inner.close_by.store(begun.0.saturating_add(inner.options.close_micros), Ordering::Release);
        inner.closing.store(true, Ordering::Release);
        let written = self.close_journal();
        let commits = inner.overlay.len();
        tracing::info!(commits, "nothing more is queued; what Git does not have yet is brought there");
        let brought = match self.materialize() {
            // The journal keeps it until there is room, or time, or the lock is gone.
            Ok(()) | Err(StoreError::Full | StoreError::Busy | StoreError::Locked(_)) => Ok(()),
            Err(error) => Err(error),
        };
        let (left, micros) = (inner.overlay.len(), inner.world.clock.now().0 - begun.0);
        if left > 0 {
            tracing::warn!(left, micros, "some commits stay in the journal until the next start");
        } else {
            tracing::info!(micros, "Git has everything");
        }
        written.and(brought)
    }

    /// Writes the queue. What finds no room even when everything durable has left the journal is
    /// refused: it was never acknowledged.
    fn close_journal(&self) -> Result<(), StoreError> {
        let journal = &self.inner.journal;
        match journal.close() {
            Err(JournalError::Full) => {}
            done => return Ok(done?),
        }
        if let Err(error) = self.materialize() {
            tracing::warn!(%error, "the disk is full, and the journal cannot be emptied");
        }
        let closed = journal.close();
        if matches!(closed, Err(JournalError::Full)) {
            tracing::warn!("the disk is full: what is queued is refused");
            journal.abandon();
        }
        Ok(closed?)
    }

    /// What must be durable before anything of `seq` is shown; `None` if it is already.
    #[must_use]
    pub fn barrier(&self, tenant: &TenantName, seq: Seq) -> Option<Ticket> {
        self.inner.sequences.get(tenant)?.barrier(seq, || self.inner.journal.durable())
    }

    /// Waits until `ticket` is durable.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when acknowledging stopped before.
    pub fn wait(&self, ticket: Ticket) -> Result<(), StoreError> {
        Ok(self.inner.journal.wait(ticket)?)
    }

    /// Whether `ticket` is durable.
    #[must_use]
    pub fn is_durable(&self, ticket: Ticket) -> bool {
        self.inner.journal.durable() >= ticket
    }

    /// Calls `then` once `ticket` is durable or acknowledging has stopped.
    pub fn when_durable(&self, ticket: Ticket, then: Box<dyn FnOnce(Result<(), StoreError>) + Send>) {
        self.inner.journal.when_durable(ticket, Box::new(|result| then(result.map_err(StoreError::from))));
    }

    /// What operators and probes want to know.
    #[must_use]
    pub fn status(&self) -> Status {
        let pressure = self.inner.journal.pressure();
        let stats = self.inner.journal.stats();
        let failed = self.inner.failed.lock().clone();
        Status {
            failed: failed.or_else(|| self.inner.journal.failed().map(|error| error.to_string())),
            full: self.inner.full.load(Ordering::Relaxed),
            journal_used: pressure.used_bytes,
            journal_capacity: pressure.capacity_bytes,
            unmaterialized: self.inner.overlay.len(),
            groups: stats.groups,
            entries: stats.entries,
            last_sync_micros: stats.last_sync_micros.unsigned_abs(),
        }
    }

    /// Stops taking entries after an error between journal and Git. What the journal has synced
    /// stays acknowledged; replay at the next start brings it to its place.
    pub(super) fn fail(&self, error: StoreError) -> StoreError {
        let why = error.to_string();
        tracing::error!(%why, "the store takes no more writes; a restart settles what is true");
        self.inner.failed.lock().get_or_insert_with(|| why.clone());
        StoreError::Failed(why)
    }

    pub(super) fn check_failed(&self) -> Result<(), StoreError> {
        match self.inner.failed.lock().clone() {
            Some(why) => Err(StoreError::Failed(why)),
            None => Ok(()),
        }
    }
}
