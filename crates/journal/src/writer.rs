use std::sync::Arc;
use std::sync::atomic::Ordering;

use vpr_types::Instant;

use crate::format::entry::entry_bytes;
use crate::format::group::{self, group_bytes};
use crate::format::{BLOCK_BYTES, size};
use crate::journal::{Inner, Step};
use crate::options::Sabotage;
use crate::segment::{Held, Segment, segment_path};
use crate::state::Phase;
use crate::{Class, JournalError};

/// Who writes groups holds this: the journal's thread, and the background for an empty group.
pub(crate) struct Writer {
    pub(crate) segment: Arc<Segment>,
    pub(crate) position: u64,
    /// Every group before it was synced, or the journal has failed.
    pub(crate) next_group: u64,
    /// The last group has entries and no later group says that it was synced.
    pub(crate) doubtful: bool,
    pub(crate) last_write: Instant,
    pub(crate) buffer: Vec<u8>,
}

enum Taken {
    Batch(Vec<(Class, Arc<[u8]>)>),
    /// The next entry needs this many bytes and the segment has fewer.
    NoRoom(u64),
    Nothing(Step),
}

impl Inner {
    pub(crate) fn step(&self) -> Result<Step, JournalError> {
        let mut writer = self.writer.lock();
        loop {
            match self.take(&writer)? {
                Taken::Nothing(step) => return Ok(step),
                Taken::Batch(batch) => return self.write_batch(&mut writer, &batch),
                Taken::NoRoom(bytes) => {
                    if !self.next_segment(&mut writer, bytes)? {
                        return Ok(Step::Blocked);
                    }
                }
            }
        }
    }

    fn take(&self, writer: &Writer) -> Result<Taken, JournalError> {
        let mut state = self.state.lock();
        state.check()?;
        if state.phase == Phase::Closed {
            return Ok(Taken::Nothing(Step::Closed));
        }
        let Some(first) = state.next_filled() else { return Ok(Taken::Nothing(Step::Idle)) };
        let room = writer.segment.bytes - writer.position;
        let needed = group_bytes(entry_bytes(first));
        if needed > room {
            return Ok(Taken::NoRoom(needed));
        }
        let limit = room.min(self.options.group_bytes_max.max(needed));
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(next) = state.next_filled() {
            if group_bytes(bytes + entry_bytes(next)) > limit {
                break;
            }
            bytes += entry_bytes(next);
            batch.extend(state.take());
        }
        state.position += group_bytes(bytes);
        Ok(Taken::Batch(batch))
    }

    fn write_batch(&self, writer: &mut Writer, batch: &[(Class, Arc<[u8]>)]) -> Result<Step, JournalError> {
        let starts = self.encode(writer, batch);
        let places = starts
            .iter()
            .zip(batch)
            .map(|(start, (_, payload))| (narrow(writer.position + start), narrow(payload.len() as u64)))
            .collect();
        let bytes = writer.buffer.len() as u64;
        if self.options.sabotaged(Sabotage::AcknowledgeBeforeSync) {
            self.put(writer)?;
            self.acknowledge(places, batch, bytes, 0);
            self.sync(writer)?;
        } else {
            self.put(writer)?;
            let micros = self.sync(writer)?;
            self.acknowledge(places, batch, bytes, micros);
        }
        writer.doubtful = true;
        writer.buffer.shrink_to(size(self.options.group_bytes_max));
        Ok(Step::Wrote { entries: batch.len() as u64, bytes })
    }

    /// Syncs an empty group behind the last one, which says that the last one was synced. False when
    /// more is queued, or the segment has no room for it.
    pub(crate) fn write_marker(&self, writer: &mut Writer) -> Result<bool, JournalError> {
        {
            let mut state = self.state.lock();
            state.check()?;
            // What is queued counts on the room, and will vouch itself.
            if !state.queue.is_empty() || writer.segment.bytes - writer.position < BLOCK_BYTES {
                return Ok(false);
            }
            state.position += BLOCK_BYTES;
        }
        self.encode(writer, &[]);
        self.put(writer)?;
        self.sync(writer)?;
        writer.doubtful = false;
        self.state.lock().stats.markers += 1;
        Ok(true)
    }

    fn encode(&self, writer: &mut Writer, batch: &[(Class, Arc<[u8]>)]) -> Vec<u64> {
        let entries = batch.iter().map(|(class, payload)| (*class, &payload[..]));
        let (number, epoch) = (writer.next_group, writer.segment.epoch);
        group::encode(&mut writer.buffer, epoch, number, number - 1, entries)
    }

    fn put(&self, writer: &mut Writer) -> Result<(), JournalError> {
        let written = writer.segment.file.write_all_at(&writer.buffer, writer.position);
        written.map_err(|error| self.fail(&self.described("write", &writer.segment, &error)))?;
        writer.position += writer.buffer.len() as u64;
        writer.next_group += 1;
        Ok(())
    }

    fn sync(&self, writer: &mut Writer) -> Result<i64, JournalError> {
        let before = self.clock.now();
        if !self.options.sabotaged(Sabotage::SkipSync) {
            let synced = writer.segment.file.sync_data();
            synced.map_err(|error| self.fail(&self.described("sync", &writer.segment, &error)))?;
        }
        writer.last_write = self.clock.now();
        Ok(writer.last_write.0 - before.0)
    }

    fn described(&self, action: &'static str, segment: &Segment, error: &std::io::Error) -> String {
        format!("cannot {action} {}: {error}", segment_path(&self.folder, segment.number).display())
    }

    fn acknowledge(
        &self,
        places: Vec<(u32, u32)>,
        batch: &[(Class, Arc<[u8]>)],
        bytes: u64,
        sync_micros: i64,
    ) {
        let due = {
            let mut state = self.state.lock();
            state.stats.groups += 1;
            state.stats.entries += places.len() as u64;
            state.stats.bytes += bytes;
            state.stats.last_sync_micros = sync_micros;
            let Some(held) = state.held.back_mut() else { return };
            held.places.extend(places);
            let durable = held.end() - 1;
            self.durable.store(durable, Ordering::Release);
            state.waiters.due(durable)
        };
        for (class, observer) in self.observers.read().iter() {
            if batch.iter().any(|(of, _)| of == class) {
                observer();
            }
        }
        due.tell(&Ok(()));
    }

    /// Goes on to a prepared segment that has room for a group of `bytes`. False when there is none
    /// and the disk has no room.
    fn next_segment(&self, writer: &mut Writer, bytes: u64) -> Result<bool, JournalError> {
        // An unused regular segment is too small for this group only: it is made longer below.
        let unused = writer.position == BLOCK_BYTES && writer.segment.bytes >= self.options.segment_bytes;
        if !unused {
            while !self.switch(writer) {
                if !self.make_inline()? {
                    return Ok(false);
                }
            }
        }
        if writer.position + bytes <= writer.segment.bytes { Ok(true) } else { self.lengthen(writer, bytes) }
    }

    /// Makes the next prepared segment the one to write; false when there is none.
    fn switch(&self, writer: &mut Writer) -> bool {
        let mut state = self.state.lock();
        let Some(segment) = state.ready.pop_front() else { return false };
        let first = state.held.back().map_or(1, Held::end);
        state.held.push_back(Held::new(Arc::clone(&segment), first));
        state.position = BLOCK_BYTES;
        state.tail.segments = state.tail.segments.saturating_sub(1);
        writer.segment = segment;
        writer.position = BLOCK_BYTES;
        self.chores.notify_one();
        true
    }

    /// Makes the segment, which holds no group yet, long enough for a group of `bytes`.
    fn lengthen(&self, writer: &mut Writer, bytes: u64) -> Result<bool, JournalError> {
        let is_aside = self.state.lock().aside_bytes > 0;
        if !is_aside && !self.growth_is_due() {
            return Ok(false);
        }
        let old = &writer.segment;
        let length = writer.position + bytes;
        self.give_back(bytes);
        if let Err(error) = self.write_zeros(&*old.file, old.number, old.bytes, length) {
            if !error.is_no_space() {
                return Err(self.fail(&error.to_string()));
            }
            // What was got so far is given back; if that fails too, it is used at the next attempt.
            drop(old.file.set_len(old.bytes));
            self.refuse_growth();
            return Ok(false);
        }
        let longer = Arc::new(Segment {
            number: old.number,
            epoch: old.epoch,
            bytes: length,
            file: Arc::clone(&old.file),
        });
        let mut state = self.state.lock();
        state.total_bytes += length - old.bytes;
        if let Some(held) = state.held.back_mut() {
            held.segment = Arc::clone(&longer);
        }
        writer.segment = longer;
        Ok(true)
    }

    pub(crate) fn close(&self) -> Result<(), JournalError> {
        self.closing.store(true, Ordering::Release);
        {
            let mut state = self.state.lock();
            state.check()?;
            if state.phase == Phase::Open {
                state.phase = Phase::Closing;
            }
        }
        loop {
            match self.step()? {
                Step::Wrote { .. } => {}
                Step::Closed => return Ok(()),
                Step::Blocked => return Err(JournalError::Full),
                Step::Idle => {
                    let mut state = self.state.lock();
                    if state.queue.is_empty() {
                        break;
                    }
                    if state.next_filled().is_none() {
                        self.work.wait(&mut state);
                    }
                }
            }
        }
        let mut writer = self.writer.lock();
        if writer.doubtful {
            self.write_marker(&mut writer)?;
        }
        self.end(&JournalError::Closed);
        Ok(())
    }

    pub(crate) fn abandon(&self) {
        self.closing.store(true, Ordering::Release);
        // A group that is being written is told of in its own way.
        let _writer = self.writer.lock();
        self.end(&JournalError::Full);
    }

    fn end(&self, told: &JournalError) {
        let waiters = {
            let mut state = self.state.lock();
            state.phase = Phase::Closed;
            state.forget_queue();
            std::mem::take(&mut state.waiters)
        };
        self.work.notify_all();
        self.chores.notify_all();
        waiters.tell(&Err(told.clone()));
    }
}

/// Offsets and lengths within a segment: below 2 GiB by the limits of segments and entries.
fn narrow(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
