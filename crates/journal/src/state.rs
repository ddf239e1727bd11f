use std::collections::VecDeque;
use std::sync::Arc;

use vpr_types::Instant;

use crate::options::ENTRY_BYTES_MAX;
use crate::room::{Refusal, Tail, cost};
use crate::segment::{Held, Segment};
use crate::waiters::Waiters;
use crate::{Address, Class, JournalError, JournalOptions, Pressure, Stats, Ticket};

/// Memory of a queued entry beside its payload.
const SLOT_BYTES: u64 = 64;

/// A place in the order of the log, reserved and perhaps filled.
pub(crate) struct Queued {
    pub(crate) class: Class,
    pub(crate) payload: Option<Arc<[u8]>>,
    /// Bytes of the payload, or what was expected while it is not there.
    bytes: u64,
}

impl Queued {
    /// Bytes that it takes on disk when it is alone in its group: an upper bound of its share.
    pub(crate) fn cost(&self) -> u64 {
        cost(self.bytes)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    Closing,
    Closed,
}

/// All that is shared between callers, the journal's thread and the background. Never locked
/// during input or output.
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) failed: Option<JournalError>,
    pub(crate) waiters: Waiters,
    pub(crate) queue: VecDeque<Queued>,
    /// The ticket of the next reservation.
    pub(crate) next_ticket: u64,
    queued_bytes: u64,
    queued_cost: u64,
    /// The part of it that needs longer segments than regular ones.
    pub(crate) queued_long: u64,
    /// An upper bound of where the queue ends.
    pub(crate) tail: Tail,
    /// Bytes of a regular segment.
    pub(crate) segment_bytes: u64,
    /// Bytes of files that hold the room for long entries.
    pub(crate) aside_bytes: u64,
    /// Segments with entries, oldest first; the last one is being written.
    pub(crate) held: VecDeque<Held>,
    /// Bytes used of the last held segment.
    pub(crate) position: u64,
    /// Prepared segments, in the order of their use.
    pub(crate) ready: VecDeque<Arc<Segment>>,
    /// Every entry up to this ticket stands in its permanent place.
    pub(crate) released: u64,
    /// The number of the next segment to be prepared.
    pub(crate) next_segment: u64,
    /// Bytes of all files but the short ones with which processes begin.
    pub(crate) total_bytes: u64,
    /// When to try again to grow, after the disk refused.
    pub(crate) no_room_until: Option<Instant>,
    pub(crate) stats: Stats,
}

impl State {
    /// The state after replay: `held` is not empty.
    pub(crate) fn new(held: VecDeque<Held>, position: u64, segment_bytes: u64) -> Self {
        let end = held.back().map_or(1, Held::end);
        Self {
            phase: Phase::Open,
            failed: None,
            waiters: Waiters::default(),
            queue: VecDeque::new(),
            next_ticket: end,
            queued_bytes: 0,
            queued_cost: 0,
            queued_long: 0,
            tail: Tail::UNKNOWN,
            segment_bytes,
            aside_bytes: 0,
            next_segment: held.back().map_or(1, |held| held.segment.number + 1),
            total_bytes: held.iter().map(|held| held.segment.counted_bytes(segment_bytes)).sum(),
            held,
            position,
            ready: VecDeque::new(),
            released: 0,
            no_room_until: None,
            stats: Stats::default(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), JournalError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// Takes a place in the order, if there is room on the disk for what goes there.
    pub(crate) fn reserve(
        &mut self,
        options: &JournalOptions,
        class: Class,
        bytes: u64,
    ) -> Result<Ticket, Refusal> {
        self.check()?;
        if self.phase != Phase::Open {
            return Err(JournalError::Closed.into());
        }
        if bytes > ENTRY_BYTES_MAX {
            return Err(JournalError::TooLarge { bytes }.into());
        }
        if !self.queue.is_empty() && self.queued_bytes + bytes + SLOT_BYTES > options.queue_bytes_max {
            return Err(JournalError::Busy.into());
        }
        self.tail = self.place(options, class, cost(bytes))?;
        let queued = Queued { class, payload: None, bytes };
        self.queued_bytes += bytes + SLOT_BYTES;
        self.count(queued.cost());
        self.queue.push_back(queued);
        self.next_ticket += 1;
        Ok(Ticket(self.next_ticket - 1))
    }

    /// Fills the place of `ticket`. False when it is no longer awaited.
    pub(crate) fn fill(&mut self, ticket: u64, payload: Arc<[u8]>) -> bool {
        let first = self.next_ticket - self.queue.len() as u64;
        let index = ticket.checked_sub(first).map(crate::format::size);
        let Some(queued) = index.and_then(|index| self.queue.get_mut(index)) else { return false };
        let (expected, expected_cost) = (queued.bytes, queued.cost());
        queued.bytes = payload.len() as u64;
        queued.payload = Some(payload);
        let (bytes, cost) = (queued.bytes, queued.cost());
        self.queued_bytes = self.queued_bytes - expected + bytes;
        self.uncount(expected_cost);
        self.count(cost);
        if cost > expected_cost {
            self.tail = Tail::UNKNOWN;
        }
        true
    }

    /// Bytes of the payload that is next in order, if it is there.
    pub(crate) fn next_filled(&self) -> Option<u64> {
        self.queue.front().and_then(|queued| queued.payload.as_ref()).map(|payload| payload.len() as u64)
    }

    /// Slots that are filled later fill nothing.
    pub(crate) fn forget_queue(&mut self) {
        self.queue.clear();
        (self.queued_bytes, self.queued_cost, self.queued_long) = (0, 0, 0);
        self.tail = Tail::UNKNOWN;
    }

    fn count(&mut self, cost: u64) {
        self.queued_cost += cost;
        if self.is_long(cost) {
            self.queued_long += cost;
        }
    }

    fn uncount(&mut self, cost: u64) {
        self.queued_cost -= cost;
        if self.is_long(cost) {
            self.queued_long -= cost;
        }
    }

    /// Takes the next entry out.
    pub(crate) fn take(&mut self) -> Option<(Class, Arc<[u8]>)> {
        self.next_filled()?;
        let queued = self.queue.pop_front()?;
        self.queued_bytes -= queued.bytes + SLOT_BYTES;
        self.uncount(queued.cost());
        if self.queue.is_empty() {
            self.tail = Tail::UNKNOWN;
        }
        queued.payload.map(|payload| (queued.class, payload))
    }

    /// Whether the oldest segment may go: no entry in it is needed, and it is not being written.
    pub(crate) fn oldest_is_free(&self, released: u64) -> bool {
        self.held.len() > 1 && self.held.front().is_some_and(|oldest| oldest.end() <= released + 1)
    }

    pub(crate) fn address(&self, ticket: u64) -> Option<Address> {
        let after = self.held.partition_point(|held| held.first <= ticket);
        let held = self.held.get(after.checked_sub(1)?)?;
        let (offset, len) = *held.places.get(crate::format::size(ticket - held.first))?;
        Some(Address { segment: held.segment.number, offset: u64::from(offset), len })
    }

    pub(crate) fn segment(&self, number: u64) -> Option<Arc<Segment>> {
        let index = self.held.binary_search_by_key(&number, |held| held.segment.number).ok()?;
        self.held.get(index).map(|held| Arc::clone(&held.segment))
    }

    pub(crate) fn pressure(&self, options: &JournalOptions) -> Pressure {
        let sealed = self.held.iter().rev().skip(1).map(|held| held.segment.bytes).sum::<u64>();
        let capacity_bytes =
            if self.no_room_until.is_some() { self.total_bytes } else { options.capacity_bytes() };
        Pressure {
            used_bytes: sealed + self.position + self.queued_cost,
            capacity_bytes,
            oldest_held_ticket: self
                .held
                .iter()
                .find(|held| !held.places.is_empty())
                .map(|held| Ticket(held.first)),
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            queued_bytes: self.queued_bytes,
            ready_segments: self.ready.len() as u64,
            held_segments: self.held.len() as u64,
            ..self.stats
        }
    }
}
