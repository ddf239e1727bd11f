//! Segments come into being here, and go.
//!
//! A file is prepared under a name that replay never reads: zeros, then the header, then a sync. It
//! gets its segment's name only then, and that name is synced before the first group is written.
//! So a file with a segment's name has a good header, or it is damaged.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vpr_types::{DiskFile, OpenMode};

use crate::format::segment::SegmentHeader;
use crate::format::{BLOCK_BYTES, size};
use crate::journal::Inner;
use crate::room::{Refusal, Want, cost};
use crate::segment::{Held, Segment, segment_path, spare_path};
use crate::{Class, JournalError};

/// Bytes of zeros written at a time, and synced: small enough not to keep the journal's own syncs
/// waiting behind it.
const ZERO_CHUNK_BYTES: u64 = 1 << 20;

/// Who prepares or removes segments holds this.
pub(crate) struct Maker {
    /// Files prepared so far, for names that are never used twice.
    pub(crate) prepared: u64,
    /// Whether the journal's thread waits for what is prepared.
    pub(crate) is_awaited: bool,
    /// Files that hold the room for long entries, with their bytes.
    pub(crate) aside: Vec<(PathBuf, u64)>,
}

/// A new segment's content, and where it is to be written.
pub(crate) struct Preparation<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) header: SegmentHeader,
    /// Groups that are there from the beginning.
    pub(crate) groups: &'a [u8],
    /// Set when the preparation is no longer wanted.
    pub(crate) stop: Option<&'a AtomicBool>,
}

impl Preparation<'_> {
    /// Writes zeros, groups and header, in this order, and syncs.
    fn write(&self, file: &dyn DiskFile, path: &Path) -> Result<(), JournalError> {
        let start = BLOCK_BYTES + self.groups.len() as u64;
        zero(file, path, start, self.header.length, self.stop)?;
        let failed = || JournalError::io("write", path);
        file.write_all_at(self.groups, BLOCK_BYTES).map_err(failed())?;
        file.write_all_at(&self.header.encode(), 0).map_err(failed())?;
        file.sync_data().map_err(JournalError::io("sync", path))
    }

    /// Prepares a new file at `spare` and gives it its segment's name, which is not yet durable.
    pub(crate) fn create(
        &self,
        disk: &dyn vpr_types::Disk,
        spare: &Path,
    ) -> Result<Arc<Segment>, JournalError> {
        let file = disk.open(spare, OpenMode::CreateNew).map_err(JournalError::io("create", spare))?;
        self.finish(disk, spare, file)
    }

    /// Prepares the file that stands at `spare` anew. It is removed when that fails: a file whose sync
    /// failed cannot be trusted again.
    fn finish(
        &self,
        disk: &dyn vpr_types::Disk,
        spare: &Path,
        file: Arc<dyn DiskFile>,
    ) -> Result<Arc<Segment>, JournalError> {
        let path = segment_path(self.folder, self.header.number);
        let done = self
            .write(&*file, spare)
            .and_then(|()| disk.rename(spare, &path).map_err(JournalError::io("rename", spare)));
        if let Err(error) = done {
            // Only its name would be left behind, which is swept at the next start.
            drop(disk.remove_file(spare));
            return Err(error);
        }
        let SegmentHeader { number, epoch, length, .. } = self.header;
        Ok(Arc::new(Segment { number, epoch, bytes: length, file }))
    }
}

/// Writes zeros from `start` to `end`, syncing often.
fn zero(
    file: &dyn DiskFile,
    path: &Path,
    start: u64,
    end: u64,
    stop: Option<&AtomicBool>,
) -> Result<(), JournalError> {
    let zeros = vec![0; size(ZERO_CHUNK_BYTES.min(end.saturating_sub(start)))];
    let mut at = start;
    while at < end {
        if stop.is_some_and(|stop| stop.load(Ordering::Acquire)) {
            return Err(JournalError::Closed);
        }
        let count = ZERO_CHUNK_BYTES.min(end - at);
        file.write_all_at(&zeros[..size(count)], at).map_err(JournalError::io("write", path))?;
        at += count;
        if at < end {
            file.sync_data().map_err(JournalError::io("sync", path))?;
        }
    }
    Ok(())
}

impl Inner {
    /// Writes zeros to a segment's file and syncs them.
    pub(crate) fn write_zeros(
        &self,
        file: &dyn DiskFile,
        number: u64,
        start: u64,
        end: u64,
    ) -> Result<(), JournalError> {
        let path = segment_path(&self.folder, number);
        zero(file, &path, start, end, None)?;
        file.sync_data().map_err(JournalError::io("sync", &path))
    }

    /// No growth until the next attempt is due.
    pub(crate) fn refuse_growth(&self) {
        let until = vpr_types::Instant(self.clock.now().0.saturating_add(self.options.retry_micros));
        self.state.lock().no_room_until = Some(until);
    }

    /// Prepares what an entry wants that is not admitted for the lack of it.
    pub(crate) fn make_room(&self, class: Class, bytes: u64) -> Result<(), JournalError> {
        let mut maker = self.maker.lock();
        // Whoever had the lock before may have made it.
        let wanted = self.state.lock().place(&self.options, class, cost(bytes));
        let made = match wanted {
            Ok(_) => return Ok(()),
            Err(Refusal::Error(error)) => return Err(error),
            Err(Refusal::Wants(Want::Aside(bytes))) => self.set_aside(&mut maker, bytes),
            Err(Refusal::Wants(Want::Segment)) => match self.free_oldest() {
                Some(oldest) => self.recycle(&mut maker, oldest),
                None if self.may_grow() => self.create(&mut maker),
                None => return Err(JournalError::Full),
            },
        };
        match made {
            Ok(()) => {
                self.state.lock().stats.inline_segments += 1;
                Ok(())
            }
            Err(error) if error.is_no_space() => Err(JournalError::Full),
            // Nothing was written to the log: it goes on with what stands prepared.
            Err(error) => Err(error),
        }
    }

    /// Holds room for a long entry in a file that is removed before a segment is made longer.
    fn set_aside(&self, maker: &mut Maker, bytes: u64) -> Result<(), JournalError> {
        let spare = self.next_spare(maker);
        let held = self.disk.open(&spare, OpenMode::CreateNew).map_err(JournalError::io("create", &spare));
        let held = held.and_then(|file| {
            zero(&*file, &spare, 0, bytes, Some(&self.closing))?;
            file.sync_data().map_err(JournalError::io("sync", &spare))
        });
        if held.is_err() {
            // Its name is swept at the next start if this fails, too.
            drop(self.disk.remove_file(&spare));
            return held;
        }
        maker.aside.push((spare, bytes));
        self.state.lock().aside_bytes += bytes;
        Ok(())
    }

    /// Gives back what was set aside for an entry of `bytes`.
    pub(crate) fn give_back(&self, bytes: u64) {
        let mut maker = self.maker.lock();
        let place = maker.aside.iter().position(|(_, there)| *there >= bytes);
        if let Some(place) = place {
            let aside = maker.aside.swap_remove(place);
            self.remove_aside(&aside);
        }
    }

    /// Gives back all that was set aside: nobody needs it.
    pub(crate) fn give_back_all(&self, maker: &mut Maker) {
        for aside in maker.aside.drain(..) {
            self.remove_aside(&aside);
        }
    }

    fn remove_aside(&self, (spare, bytes): &(PathBuf, u64)) {
        // Room that stays taken is found missing soon enough, and the name is swept at the next start.
        drop(self.disk.remove_file(spare));
        self.state.lock().aside_bytes -= bytes;
    }

    /// Prepares a segment because the journal's thread needs one now. False when the disk has no room.
    pub(crate) fn make_inline(&self) -> Result<bool, JournalError> {
        let mut maker = self.maker.lock();
        if !self.state.lock().ready.is_empty() {
            return Ok(true);
        }
        maker.is_awaited = true;
        let made = match self.free_oldest() {
            Some(oldest) => self.recycle(&mut maker, oldest),
            None if self.may_grow() => self.create(&mut maker),
            None => Err(JournalError::Full),
        };
        maker.is_awaited = false;
        match made {
            Err(JournalError::Full) => Ok(false),
            Ok(()) => {
                self.state.lock().stats.inline_segments += 1;
                Ok(true)
            }
            Err(error) if error.is_no_space() => Ok(false),
            Err(error) => Err(self.fail(&error.to_string())),
        }
    }

    /// Whether the disk did not just refuse to give room.
    pub(crate) fn growth_is_due(&self) -> bool {
        let now = self.clock.now();
        self.state.lock().no_room_until.is_none_or(|until| {
            // A clock that jumped back must not delay the attempt for long.
            now >= until || until.0.saturating_sub(now.0) > self.options.retry_micros
        })
    }

    /// Whether to prepare another file: it fits into the configured size, and is due.
    pub(crate) fn may_grow(&self) -> bool {
        let total = {
            let state = self.state.lock();
            state.total_bytes + state.aside_bytes
        };
        total + self.options.segment_bytes <= self.options.capacity_bytes() && self.growth_is_due()
    }

    /// Prepares a segment in a new file.
    pub(crate) fn create(&self, maker: &mut Maker) -> Result<(), JournalError> {
        let spare = self.next_spare(maker);
        let made = self
            .preparation_header()
            .and_then(|header| self.preparation(header, maker).create(&*self.disk, &spare));
        match made {
            Ok(segment) => self.make_ready(segment, true),
            Err(error) => {
                self.refuse_growth();
                Err(error)
            }
        }
    }

    /// Prepares the file of a segment that nobody needs for its next use.
    pub(crate) fn recycle(&self, maker: &mut Maker, oldest: Held) -> Result<(), JournalError> {
        if oldest.segment.bytes != self.options.segment_bytes {
            // Shorter or longer than a regular one, or of other options: not worth keeping.
            self.remove(oldest)?;
            return if self.may_grow() { self.create(maker) } else { Ok(()) };
        }
        let header = match self.preparation_header() {
            Ok(header) => header,
            Err(error) => {
                self.state.lock().held.push_front(oldest);
                return Err(error);
            }
        };
        let spare = self.next_spare(maker);
        let path = segment_path(&self.folder, oldest.segment.number);
        if let Err(error) = self.disk.rename(&path, &spare) {
            self.state.lock().held.push_front(oldest);
            return Err(JournalError::io("rename", &path)(error));
        }
        // Its old name must be gone for good before its old content is.
        self.sync_folder()?;
        match self.preparation(header, maker).finish(&*self.disk, &spare, Arc::clone(&oldest.segment.file)) {
            Ok(segment) => self.make_ready(segment, false),
            Err(error) => {
                self.state.lock().total_bytes -= oldest.segment.bytes;
                Err(error)
            }
        }
    }

    /// Gives the file of a segment that nobody needs back to the disk.
    pub(crate) fn remove(&self, oldest: Held) -> Result<(), JournalError> {
        let path = segment_path(&self.folder, oldest.segment.number);
        if let Err(error) = self.disk.remove_file(&path) {
            self.state.lock().held.push_front(oldest);
            return Err(JournalError::io("remove", &path)(error));
        }
        // In order, one by one: a gap between segments would look like a lost one.
        self.sync_folder()?;
        let mut state = self.state.lock();
        state.total_bytes -= oldest.segment.counted_bytes(self.options.segment_bytes);
        state.no_room_until = None;
        Ok(())
    }

    fn make_ready(&self, segment: Arc<Segment>, grown: bool) -> Result<(), JournalError> {
        self.sync_folder()?;
        let mut state = self.state.lock();
        state.next_segment = segment.number + 1;
        if grown {
            state.total_bytes += segment.bytes;
            state.no_room_until = None;
        }
        state.ready.push_back(segment);
        drop(state);
        self.work.notify_all();
        Ok(())
    }

    /// A failed sync of names is sticky: which files stand under which names is unknown.
    fn sync_folder(&self) -> Result<(), JournalError> {
        self.disk.sync_directory(&self.folder).map_err(|error| {
            let error = JournalError::io("sync", &self.folder)(error);
            self.fail(&error.to_string())
        })
    }

    /// What the journal's thread waits for is finished even while the journal is closed.
    fn preparation(&self, header: SegmentHeader, maker: &Maker) -> Preparation<'_> {
        let stop = (!maker.is_awaited).then_some(&self.closing);
        Preparation { folder: &self.folder, header, groups: &[], stop }
    }

    fn preparation_header(&self) -> Result<SegmentHeader, JournalError> {
        let number = self.state.lock().next_segment;
        let epoch = draw_epoch(&*self.entropy)?;
        Ok(SegmentHeader { number, epoch, length: self.options.segment_bytes, rescued: false })
    }

    fn next_spare(&self, maker: &mut Maker) -> PathBuf {
        maker.prepared += 1;
        spare_path(&self.folder, maker.prepared)
    }
}

/// A segment's salt, never 0.
pub(crate) fn draw_epoch(entropy: &dyn vpr_types::Entropy) -> Result<u64, JournalError> {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes).map_err(JournalError::io("draw", Path::new("randomness")))?;
    Ok(u64::from_le_bytes(bytes).max(1))
}
