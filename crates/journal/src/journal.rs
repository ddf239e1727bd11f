use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock};
use vpr_types::{Clock, Disk, Entropy};

use crate::format::entry::{self, entry_bytes};
use crate::format::size;
use crate::maker::Maker;
use crate::options::ENTRY_BYTES_MAX;
use crate::room::Refusal;
use crate::segment::segment_path;
use crate::state::{Phase, State};
use crate::waiters::{Observer, Parking};
use crate::writer::Writer;
use crate::{
    Address, BoxError, Class, JournalError, JournalOptions, Pressure, RecoveryReport, Replayed, Stats, Ticket,
};

/// How long a thread sleeps when the disk has no room for what is queued.
const BLOCKED_PAUSE: Duration = Duration::from_millis(20);

/// The journal of one data directory. Clones are handles on the same journal.
///
/// Three parties use it: callers reserve, fill and wait; one thread runs [`Journal::run`] (or a
/// simulator calls [`Journal::step`]); one thread runs [`Journal::run_background`] (or a simulator
/// calls [`Journal::tend`]).
#[derive(Clone)]
pub struct Journal {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) folder: PathBuf,
    pub(crate) options: JournalOptions,
    pub(crate) recovery: RecoveryReport,
    // Locked in this order: writer, maker, state.
    pub(crate) writer: Mutex<Writer>,
    pub(crate) maker: Mutex<Maker>,
    pub(crate) state: Mutex<State>,
    /// The last durable ticket; written under `state`, read without.
    pub(crate) durable: AtomicU64,
    /// Told of every group that has an entry of their class.
    pub(crate) observers: RwLock<Vec<(Class, Observer)>>,
    /// Told when there may be something to write.
    pub(crate) work: Condvar,
    /// Told when there may be something to tend.
    pub(crate) chores: Condvar,
    /// Whether it is being closed, or is: the background begins nothing long, and ends what it began.
    pub(crate) closing: AtomicBool,
}

/// What one [`Journal::step`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A group is durable and its waiters were told.
    Wrote {
        /// Entries in it.
        entries: u64,
        /// Bytes of it on disk.
        bytes: u64,
    },
    /// Nothing is filled that is next in order.
    Idle,
    /// What is next in order finds no room on the disk. Nothing is lost: it goes on once segments
    /// are released or the disk has room again.
    Blocked,
    /// The journal was closed.
    Closed,
}

/// A place in the order of the log. Dropping it unfilled stops the journal, because what was built
/// on it must never become durable.
#[must_use = "an unfilled slot stops the journal"]
pub struct Slot {
    inner: Arc<Inner>,
    ticket: Ticket,
    filled: bool,
}

impl Journal {
    /// Opens the journal in `folder` of `disk`, creating it when there is none, and hands every entry
    /// that it holds to `on_entry`, in order. All of them are durable by then.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] when synced bytes are damaged or missing; [`JournalError::Format`];
    /// [`JournalError::Refused`] with the error of `on_entry`; [`JournalError::Io`];
    /// [`JournalError::Options`].
    pub fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        folder: &Path,
        options: JournalOptions,
        on_entry: &mut dyn FnMut(Replayed<'_>) -> Result<(), BoxError>,
    ) -> Result<Self, JournalError> {
        let inner = crate::recovery::open(disk, clock, entropy, folder, options, on_entry)?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What the start found.
    #[must_use]
    pub fn recovery(&self) -> &RecoveryReport {
        &self.inner.recovery
    }

    /// Takes the next place in the order of the log. Who needs the order to agree
    /// with another (a sequence number) holds that one's lock around this call.
    /// `bytes` is what the payload will take at the most, as well as it is known. Its room is on the
    /// disk when this returns; if none stands prepared, this waits until some is.
    ///
    /// # Errors
    /// [`JournalError::Full`] for changes when only the reserve is left, for others when that is used
    /// up; [`JournalError::Busy`]; [`JournalError::TooLarge`]; [`JournalError::Failed`];
    /// [`JournalError::Closed`]; those of [`Journal::make_room`]. Nothing was reserved then.
    pub fn reserve(&self, class: Class, bytes: u64) -> Result<Slot, JournalError> {
        loop {
            if let Some(slot) = self.try_reserve(class, bytes)? {
                return Ok(slot);
            }
            self.make_room(class, bytes)?;
        }
    }

    /// As [`Journal::reserve`], but never waits for the disk: `None` when room must be made first
    /// ([`Journal::make_room`]). For who holds a lock that others wait for.
    ///
    /// # Errors
    /// As [`Journal::reserve`].
    pub fn try_reserve(&self, class: Class, bytes: u64) -> Result<Option<Slot>, JournalError> {
        match self.inner.state.lock().reserve(&self.inner.options, class, bytes) {
            Ok(ticket) => Ok(Some(Slot { inner: Arc::clone(&self.inner), ticket, filled: false })),
            Err(Refusal::Wants(_)) => Ok(None),
            Err(Refusal::Error(error)) => Err(error),
        }
    }

    /// Prepares a piece of the room that an entry of this size wants, if it is not there. Afterwards
    /// [`Journal::try_reserve`] may want another one, or others may have taken it.
    ///
    /// # Errors
    /// [`JournalError::Full`] when the disk has no room; [`JournalError::Io`] when it fails, which
    /// concerns nothing that is in the log; [`JournalError::Failed`]; [`JournalError::Closed`].
    pub fn make_room(&self, class: Class, bytes: u64) -> Result<(), JournalError> {
        self.inner.make_room(class, bytes)
    }

    /// Writes all filled entries that are next in order as one group (bounded by
    /// [`JournalOptions::group_bytes_max`]), syncs it and tells its waiters.
    ///
    /// # Errors
    /// [`JournalError::Failed`]: sticky; nobody whose entry was not durable before is acknowledged.
    pub fn step(&self) -> Result<Step, JournalError> {
        self.inner.step()
    }

    /// Steps until the journal is closed: the body of the journal's thread.
    ///
    /// # Errors
    /// As [`Journal::step`].
    pub fn run(&self) -> Result<(), JournalError> {
        loop {
            match self.step()? {
                Step::Wrote { .. } => {}
                Step::Closed => return Ok(()),
                Step::Blocked => {
                    let mut state = self.inner.state.lock();
                    self.inner.work.wait_for(&mut state, BLOCKED_PAUSE);
                }
                Step::Idle => {
                    let mut state = self.inner.state.lock();
                    if state.next_filled().is_none() && state.failed.is_none() && state.phase != Phase::Closed
                    {
                        self.inner.work.wait(&mut state);
                    }
                }
            }
        }
    }

    /// Does one piece of background work: prepares or recycles a segment, removes one too many, or
    /// writes the empty group after a quiet spell. True when there may be more to do at once.
    pub fn tend(&self) -> bool {
        self.inner.tend()
    }

    /// Tends until the journal is closed or failed: the body of the background thread.
    pub fn run_background(&self) {
        let pause =
            Duration::from_micros(self.inner.options.quiet_micros.unsigned_abs().clamp(1_000, 1_000_000));
        loop {
            if self.tend() {
                continue;
            }
            let mut state = self.inner.state.lock();
            if state.failed.is_some() || state.phase == Phase::Closed {
                return;
            }
            self.inner.chores.wait_for(&mut state, pause);
        }
    }

    /// The last ticket that is durable, with all before it.
    #[must_use]
    pub fn durable(&self) -> Ticket {
        Ticket(self.inner.durable.load(Ordering::Acquire))
    }

    /// The sticky error, when there is one.
    #[must_use]
    pub fn failed(&self) -> Option<JournalError> {
        self.inner.state.lock().failed.clone()
    }

    /// Blocks until the entry is durable.
    ///
    /// # Errors
    /// [`JournalError::Failed`] or [`JournalError::Closed`]: it may or may not be there after the
    /// next start.
    pub fn wait(&self, ticket: Ticket) -> Result<(), JournalError> {
        if ticket <= self.durable() {
            return Ok(());
        }
        let parking = Arc::new(Parking::default());
        self.when_durable(ticket, parking.waiter());
        parking.wait()
    }

    /// Calls `then` once: when the entry is durable, or when it will never be (with the errors of
    /// [`Journal::wait`]); at once if that is known already. It runs in the thread that steps the
    /// journal: it must be quick, and must not step or close the journal itself.
    pub fn when_durable(&self, ticket: Ticket, then: Box<dyn FnOnce(Result<(), JournalError>) + Send>) {
        let outcome = {
            let mut state = self.inner.state.lock();
            if ticket <= self.durable() {
                Ok(())
            } else if let Some(error) = &state.failed {
                Err(error.clone())
            } else if state.phase == Phase::Closed {
                Err(JournalError::Closed)
            } else {
                state.waiters.add(ticket.0, then);
                return;
            }
        };
        then(outcome);
    }

    /// Calls `then` after every further group that has entries of `class` became durable: once a
    /// group, before those who wait for its tickets. It runs in the thread that steps the journal: it
    /// must be quick, and must not step or close the journal itself. It stays as long as the journal.
    pub fn on_durable(&self, class: Class, then: Box<dyn Fn() + Send + Sync>) {
        self.inner.observers.write().push((class, then));
    }

    /// Where a durable entry stands; `None` before it is durable and after its segment went.
    #[must_use]
    pub fn address(&self, ticket: Ticket) -> Option<Address> {
        self.inner.state.lock().address(ticket.0)
    }

    /// Reads an entry's payload and checks it.
    ///
    /// # Errors
    /// [`JournalError::NotHeld`] when its segment was released; [`JournalError::Corrupt`] when it is
    /// damaged; [`JournalError::Io`]. None of them is sticky.
    pub fn read(&self, address: Address) -> Result<Arc<[u8]>, JournalError> {
        let inner = &self.inner;
        let held = || inner.state.lock().segment(address.segment);
        let segment = held().ok_or(JournalError::NotHeld(address))?;
        let path = segment_path(&inner.folder, address.segment);
        let mut bytes = vec![0; size(entry_bytes(u64::from(address.len)))];
        let read = segment.file.read_exact_at(&mut bytes, address.offset);
        // A segment that went meanwhile is being zeroed: what was read says nothing.
        held().ok_or(JournalError::NotHeld(address))?;
        read.map_err(JournalError::io("read", &path))?;
        match entry::decode(&bytes, segment.epoch) {
            Some((_, payload)) if payload.len() as u64 == u64::from(address.len) => Ok(payload.into()),
            _ => Err(JournalError::Corrupt {
                segment: path.display().to_string(),
                offset: address.offset,
                what: "an entry fails its checksum",
            }),
        }
    }

    /// Says that every entry up to and including `ticket` is durable in its permanent place, so that
    /// segments which hold no later one may go. A smaller ticket than before changes nothing.
    pub fn release(&self, ticket: Ticket) {
        let mut state = self.inner.state.lock();
        state.released = state.released.max(ticket.0.min(self.durable().0));
        self.inner.chores.notify_one();
    }

    /// How full the journal is.
    #[must_use]
    pub fn pressure(&self) -> Pressure {
        self.inner.state.lock().pressure(&self.inner.options)
    }

    /// Counters for metrics.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.state.lock().stats()
    }

    /// Ends what [`Journal::close`] could not for want of room: who waits for what is queued is told
    /// [`JournalError::Full`], every handle answers `Closed` afterwards, and the threads end. Nothing
    /// that was acknowledged is concerned.
    pub fn abandon(&self) {
        self.inner.abandon();
    }

    /// Stops in good order: refuses new reservations, writes what is filled, waits for slots that other
    /// threads still hold, and syncs an empty group behind. Every handle answers `Closed` afterwards.
    ///
    /// # Errors
    /// [`JournalError::Failed`]; [`JournalError::Full`] when the disk has no room for what is queued:
    /// the caller may close again later, or [`Journal::abandon`] it.
    pub fn close(&self) -> Result<(), JournalError> {
        self.inner.close()
    }
}

impl Slot {
    /// The entry's number.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Fills the slot; the entry is written with the next group. Whether it became durable is told
    /// by [`Journal::wait`] and [`Journal::when_durable`].
    pub fn fill(mut self, payload: Arc<[u8]>) {
        self.filled = true;
        if payload.len() as u64 > ENTRY_BYTES_MAX {
            self.inner.fail("an entry was larger than any may be");
            return;
        }
        self.inner.state.lock().fill(self.ticket.0, payload);
        self.inner.work.notify_all();
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("folder", &self.inner.folder).finish_non_exhaustive()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.filled {
            self.inner.fail("a slot was reserved and never filled");
        }
    }
}

impl Inner {
    /// Stops the journal for good and tells everybody who waits.
    pub(crate) fn fail(&self, cause: &str) -> JournalError {
        let (error, waiters) = {
            let mut state = self.state.lock();
            let error = state.failed.get_or_insert_with(|| JournalError::Failed(cause.into())).clone();
            (error, std::mem::take(&mut state.waiters))
        };
        self.work.notify_all();
        self.chores.notify_all();
        waiters.tell(&Err(error.clone()));
        error
    }
}
