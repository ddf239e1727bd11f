//! Whether what is queued has its place on the disk already, in segments that stand prepared. Only
//! then is it admitted: an entry whose place must still be found would keep everything behind it
//! waiting on a disk that turns out to be full.

use crate::format::BLOCK_BYTES;
use crate::format::entry::entry_bytes;
use crate::format::group::group_bytes;
use crate::state::State;
use crate::{Class, JournalError, JournalOptions};

/// Bytes that an entry takes when it is alone in its group: an upper bound of its share.
pub(crate) fn cost(bytes: u64) -> u64 {
    group_bytes(entry_bytes(bytes))
}

/// Where what is queued ends when each entry is alone in its group. What is written in groups of
/// several ends there or before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail {
    /// Prepared segments that it goes into, behind the one that is being written.
    pub(crate) segments: usize,
    /// Bytes used of the last of these.
    position: u64,
    /// Bytes of the last of these.
    bytes: u64,
}

impl Tail {
    /// Unknown: to be found out by packing the queue.
    pub(crate) const UNKNOWN: Self = Self { segments: usize::MAX, position: u64::MAX, bytes: 0 };
}

/// What must be made before an entry has its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// One more prepared segment.
    Segment,
    /// So many bytes set aside, by which a segment will be made longer for a long entry.
    Aside(u64),
}

/// Why an entry was not admitted.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There may be room, once this is made.
    Wants(Want),
    /// There is none.
    Error(JournalError),
}

impl From<JournalError> for Refusal {
    fn from(error: JournalError) -> Self {
        Self::Error(error)
    }
}

impl State {
    /// Where an entry of this cost ends behind all that is queued. Behind a change as many prepared
    /// segments are left as the reserve has.
    pub(crate) fn place(&self, options: &JournalOptions, class: Class, cost: u64) -> Result<Tail, Refusal> {
        let kept = if class.may_use_reserve() { 0 } else { options.reserve_segments as usize };
        let fits = |tail: Tail| {
            let tail = self.put(tail, cost)?;
            (tail.segments.saturating_add(kept) <= self.ready.len()).then_some(tail)
        };
        // The tail is an upper bound that grows too large while the queue is never empty.
        let place = fits(self.tail).or_else(|| fits(self.pack()?));
        let growth = |bytes: u64| {
            let all = self.total_bytes.saturating_add(self.aside_bytes).saturating_add(bytes);
            self.no_room_until.is_none() && all <= options.capacity_bytes()
        };
        match place {
            Some(_) if self.is_long(cost) && self.queued_long + cost > self.aside_bytes => {
                Err(if growth(cost) { Refusal::Wants(Want::Aside(cost)) } else { JournalError::Full.into() })
            }
            Some(tail) => Ok(tail),
            None if self.oldest_is_free(self.released) || growth(options.segment_bytes) => {
                Err(Refusal::Wants(Want::Segment))
            }
            None => Err(JournalError::Full.into()),
        }
    }

    /// Whether an entry of this cost needs a segment that is made longer for it.
    pub(crate) fn is_long(&self, cost: u64) -> bool {
        BLOCK_BYTES + cost > self.segment_bytes
    }

    /// Where what is queued ends; `None` when it does not fit what stands prepared.
    pub(crate) fn pack(&self) -> Option<Tail> {
        let bytes = self.held.back()?.segment.bytes;
        let start = Tail { segments: 0, position: self.position, bytes };
        self.queue.iter().try_fold(start, |tail, queued| self.put(tail, queued.cost()))
    }

    /// Puts one entry behind `tail`, as the journal's thread will when it is alone in its group.
    fn put(&self, tail: Tail, cost: u64) -> Option<Tail> {
        let position = tail.position.saturating_add(cost);
        if position <= tail.bytes {
            return Some(Tail { position, ..tail });
        }
        if tail.position == BLOCK_BYTES && tail.bytes >= self.segment_bytes {
            // Unused, and too small for this one only.
            return Some(Tail { position, bytes: position, ..tail });
        }
        let next = self.ready.get(tail.segments)?;
        let position = BLOCK_BYTES + cost;
        Some(Tail { segments: tail.segments + 1, position, bytes: next.bytes.max(position) })
    }
}
