//! A journal on a simulated disk, and what its owner knows.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use vpr_journal::{Class, Journal, JournalError, JournalOptions, Step, Ticket};
use vpr_testkit::{Dice, SeedEntropy, SimClock, SimDisk};

pub const FOLDER: &str = "journal";

pub type Payloads = Vec<Arc<[u8]>>;

/// Small segments, so that short workloads pass through many.
pub fn options() -> JournalOptions {
    JournalOptions { segment_bytes: 32 << 10, segments_max: 8, ..JournalOptions::default() }
}

#[derive(Clone)]
pub struct World {
    pub disk: SimDisk,
    pub clock: SimClock,
    pub options: JournalOptions,
}

impl World {
    pub fn new(options: JournalOptions) -> Self {
        Self { disk: SimDisk::new(), clock: SimClock::default(), options }
    }

    pub fn with_disk(&self, disk: SimDisk) -> Self {
        Self { disk, clock: SimClock::default(), options: self.options.clone() }
    }

    /// Opens the journal; gives what it replayed.
    pub fn open(&self) -> Result<(Journal, Payloads), JournalError> {
        let mut replayed = Payloads::new();
        // Another seed for each opening: an epoch must not come twice.
        let entropy = SeedEntropy::new(self.disk.operations());
        let journal = Journal::open(
            Arc::new(self.disk.clone()),
            Arc::new(self.clock.clone()),
            Arc::new(entropy),
            Path::new(FOLDER),
            self.options.clone(),
            &mut |entry| {
                assert_eq!(entry.ticket.0, replayed.len() as u64 + 1);
                replayed.push(entry.payload.into());
                Ok(())
            },
        )?;
        assert_eq!(journal.recovery().entries, replayed.len() as u64);
        assert_eq!(journal.durable(), Ticket(replayed.len() as u64));
        Ok((journal, replayed))
    }
}

/// Writes one entry and waits for it the way a simulator does.
pub fn write(journal: &Journal, class: Class, payload: &[u8]) -> Result<Ticket, JournalError> {
    let slot = journal.reserve(class, payload.len() as u64)?;
    let ticket = slot.ticket();
    slot.fill(payload.into());
    while let Step::Wrote { .. } = journal.step()? {}
    assert!(journal.durable() >= ticket, "the journal is blocked");
    Ok(ticket)
}

/// A payload that names its place in the history; the rest is random, so that no two are alike.
pub fn payload(index: usize, len: usize, dice: &mut Dice) -> Arc<[u8]> {
    let mut bytes = vec![0; len.max(16)];
    dice.fill(&mut bytes);
    bytes[..8].copy_from_slice(&(index as u64).to_le_bytes());
    bytes.into()
}

pub fn index_of(payload: &[u8]) -> usize {
    usize::try_from(u64::from_le_bytes(*payload.first_chunk().unwrap())).unwrap()
}

/// What the owner of a journal was told, and when in the recording of the disk.
#[derive(Default)]
pub struct Told {
    /// Position in the recording, entries durable from the first of all on.
    pub durable: Vec<(usize, usize)>,
    /// Waiters of this process that were told.
    pub outcomes: usize,
}

/// An owner that writes, releases, stops and starts, and remembers everything.
pub struct Owner {
    pub world: World,
    pub journal: Journal,
    pub told: Arc<Mutex<Told>>,
    /// From which position in the recording which history counts. Each begins with what survived.
    pub histories: Vec<(usize, Payloads)>,
    /// Position in the recording, entries released from then on.
    pub released: Vec<(usize, usize)>,
    /// Entries that had gone before this process's first one.
    gone: usize,
    /// Waiters of this process.
    pub waiting: usize,
}

impl Owner {
    pub fn new(world: World) -> Result<Self, JournalError> {
        let at = world.disk.recorded();
        let (journal, replayed) = world.open()?;
        assert!(replayed.is_empty());
        Ok(Self {
            world,
            journal,
            told: Arc::default(),
            histories: vec![(at, Vec::new())],
            released: Vec::new(),
            gone: 0,
            waiting: 0,
        })
    }

    pub fn history(&mut self) -> &mut Payloads {
        &mut self.histories.last_mut().unwrap().1
    }

    pub fn durable(&self) -> usize {
        self.told.lock().durable.iter().map(|(_, count)| *count).max().unwrap_or(0)
    }

    /// Reserves a slot for the next entry of the history; filling it is left to the caller.
    pub fn reserve(
        &mut self,
        class: Class,
        len: usize,
        dice: &mut Dice,
    ) -> Result<(vpr_journal::Slot, Arc<[u8]>), JournalError> {
        let slot = self.journal.reserve(class, len.max(16) as u64)?;
        let index = self.history().len();
        assert_eq!(slot.ticket().0, (index - self.gone) as u64 + 1, "tickets are dense");
        let payload = payload(index, len, dice);
        self.history().push(Arc::clone(&payload));
        let (told, disk) = (Arc::clone(&self.told), self.world.disk.clone());
        let then = move |outcome: Result<(), JournalError>| {
            let mut told = told.lock();
            told.outcomes += 1;
            if outcome.is_ok() {
                told.durable.push((disk.recorded(), index + 1));
            }
        };
        self.journal.when_durable(slot.ticket(), Box::new(then));
        self.waiting += 1;
        Ok((slot, payload))
    }

    pub fn write(&mut self, class: Class, len: usize, dice: &mut Dice) -> Result<(), JournalError> {
        let (slot, payload) = self.reserve(class, len, dice)?;
        slot.fill(payload);
        Ok(())
    }

    /// Releases everything below the `count`th entry of the history.
    pub fn release(&mut self, count: usize) {
        let count = count.min(self.durable());
        if count > self.gone {
            self.released.push((self.world.disk.recorded(), count));
            self.journal.release(Ticket((count - self.gone) as u64));
        }
    }

    /// Starts again on the same disk, after kill -9 or a clean stop.
    pub fn reopen(&mut self) -> Result<(), String> {
        let at = self.world.disk.recorded();
        let (journal, replayed) = self.world.open().map_err(|error| error.to_string())?;
        let mut history = self.history().clone();
        let end = self.check(&replayed, &history, usize::MAX)?;
        history.truncate(end);
        self.gone = end - replayed.len();
        self.journal = journal;
        self.waiting = 0;
        let mut told = self.told.lock();
        told.outcomes = 0;
        told.durable.push((self.world.disk.recorded(), end));
        drop(told);
        self.histories.push((at, history));
        Ok(())
    }

    /// Whether `replayed` is what may be there after a crash at `position` of the recording: a part of
    /// the history without a gap, with all that was acknowledged and not released. Gives its end.
    pub fn check(
        &self,
        replayed: &[Arc<[u8]>],
        history: &[Arc<[u8]>],
        position: usize,
    ) -> Result<usize, String> {
        let until = |marks: &[(usize, usize)]| {
            marks.iter().filter(|(at, _)| *at <= position).map(|(_, count)| *count).max().unwrap_or(0)
        };
        let (acknowledged, released) = (until(&self.told.lock().durable), until(&self.released));
        let start = replayed.first().map_or(acknowledged, |first| index_of(first));
        let end = start + replayed.len();
        if start > released {
            return Err(format!("begins at {start}, only {released} were released"));
        }
        if end < acknowledged {
            return Err(format!("ends at {end}, {acknowledged} were acknowledged"));
        }
        if history.get(start..end) != Some(replayed) {
            return Err(format!("entries {start}..{end} are not those of the history"));
        }
        Ok(end)
    }

    pub fn history_at(&self, position: usize) -> &[Arc<[u8]>] {
        let of = self.histories.iter().rfind(|(at, _)| *at <= position);
        of.map_or(&[], |(_, history)| history)
    }
}
