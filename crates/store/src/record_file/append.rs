use std::path::Path;
use std::sync::Arc;

use vpr_types::{Digest, DiskFile, OpenMode};

use super::error::RecordError;
use super::frame::{self, PAYLOAD_BYTES_MAX};
use super::header::{HEADER_BYTES_U64, Header};
use super::index::SparseIndex;
use super::log::{Record, RecordLog};

/// Bytes of a segment, but for the end of its last record.
pub(super) const SEGMENT_BYTES: u64 = 16 << 20;
/// So many bytes of appended records wait in memory at the most.
const BUFFER_BYTES: usize = 256 << 10;

/// The end of a log, where records are appended.
pub(super) struct Writer {
    /// The last segment; absent while the log is empty.
    pub(super) segment: Option<OpenSegment>,
    /// Appended records that are not in the file yet.
    pub(super) buffer: Vec<u8>,
    /// The last appended record, 0 for none.
    pub(super) last: u64,
    /// Its chain.
    pub(super) chain: Digest,
    /// Everything up to this position is known to be on disk.
    pub(super) synced: u64,
    /// A sync failed.
    pub(super) stopped: bool,
    /// A segment that has so many bytes gets no further record.
    pub(super) segment_bytes: u64,
}

impl Writer {
    pub(super) fn new(segment: Option<OpenSegment>, last: u64, chain: Digest, synced: u64) -> Self {
        let buffer = Vec::new();
        Self { segment, buffer, last, chain, synced, stopped: false, segment_bytes: SEGMENT_BYTES }
    }

    /// Where in its segment the next record will stand.
    fn next_offset(&self) -> Option<u64> {
        self.segment.as_ref().map(|segment| segment.end + u64::try_from(self.buffer.len()).unwrap_or(0))
    }
}

pub(super) struct OpenSegment {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) index: Arc<SparseIndex>,
    /// Where the next write goes.
    pub(super) end: u64,
    /// From here on to `end` stands what was found at the start and may be in the cache only.
    pub(super) unproven: Option<u64>,
}

impl<R: Record> RecordLog<R> {
    /// Puts one record behind the last one.
    pub(super) fn push(&self, writer: &mut Writer, payload: &[u8]) -> Result<(), RecordError> {
        if writer.stopped {
            return Err(RecordError::Stopped { folder: self.folder.clone() });
        }
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(RecordError::TooLarge { folder: self.folder.clone(), bytes: payload.len() });
        }
        if writer.buffer.len() >= BUFFER_BYTES {
            self.flush(writer)?;
        }
        if writer.next_offset().is_none_or(|offset| offset >= writer.segment_bytes) {
            self.begin_segment(writer)?;
        }
        if let (Some(segment), Some(offset)) = (&writer.segment, writer.next_offset()) {
            segment.index.note(writer.last + 1, offset);
        }
        writer.chain = frame::encode(payload, &writer.chain, writer.synced, &mut writer.buffer);
        writer.last += 1;
        Ok(())
    }

    /// Writes what waits in memory. Fails without harm: the same bytes go to the same place again.
    pub(super) fn flush(&self, writer: &mut Writer) -> Result<(), RecordError> {
        if let Some(segment) = &mut writer.segment
            && !writer.buffer.is_empty()
        {
            segment.file.write_all_at(&writer.buffer, segment.end).map_err(|error| self.io(error))?;
            segment.end += u64::try_from(writer.buffer.len()).unwrap_or(0);
            writer.buffer.clear();
        }
        Ok(())
    }

    pub(super) fn sync_writer(&self, writer: &mut Writer) -> Result<(), RecordError> {
        if writer.stopped {
            return Err(RecordError::Stopped { folder: self.folder.clone() });
        }
        self.flush(writer)?;
        let Some(segment) = &writer.segment else { return Ok(()) };
        if writer.synced == writer.last && segment.unproven.is_none() {
            return Ok(());
        }
        if let Some(from) = segment.unproven {
            // A sync that failed in a process before this one may have marked these pages clean.
            rewrite(segment.file.as_ref(), from, segment.end).map_err(|error| self.io(error))?;
        }
        let file = segment.file.clone();
        let found = segment.unproven.is_some();
        self.sync_or_stop(writer, || {
            file.sync_data()?;
            if found { self.sync_names() } else { Ok(()) }
        })?;
        if let Some(segment) = &mut writer.segment {
            segment.unproven = None;
        }
        writer.synced = writer.last;
        Ok(())
    }

    /// Syncs the segment before and creates the next one, durably, without a record.
    fn begin_segment(&self, writer: &mut Writer) -> Result<(), RecordError> {
        self.sync_writer(writer)?;
        let first = writer.last + 1;
        let header = Header { first, chain: writer.chain }.encode(R::KIND.name);
        let create = || {
            self.disk.create_directories(&self.folder)?;
            let file = self.disk.open(&self.segment_path(first), OpenMode::Create)?;
            file.set_len(0)?;
            file.write_all_at(&header, 0)?;
            Ok(file)
        };
        let file = create().map_err(|error| self.io(error))?;
        let is_first = writer.segment.is_none();
        self.sync_or_stop(writer, || {
            file.sync_data()?;
            if is_first { self.sync_names() } else { self.disk.sync_directory(&self.folder) }
        })?;
        let index = Arc::new(SparseIndex::new(first, HEADER_BYTES_U64));
        self.segments.write().insert(first, index.clone());
        writer.segment = Some(OpenSegment { file, index, end: HEADER_BYTES_U64, unproven: None });
        Ok(())
    }

    /// Makes the last segment's name durable, and those of the folders it lies in.
    fn sync_names(&self) -> std::io::Result<()> {
        self.disk.sync_directory(&self.folder)?;
        self.disk.sync_directory(Path::new(self.tenant.as_str()))?;
        self.disk.sync_directory(Path::new(""))
    }

    /// After a failed sync nobody knows what is on disk, and another sync would not tell.
    fn sync_or_stop(
        &self,
        writer: &mut Writer,
        sync: impl FnOnce() -> std::io::Result<()>,
    ) -> Result<(), RecordError> {
        sync().map_err(|error| {
            writer.stopped = true;
            self.io(error)
        })
    }
}

fn rewrite(file: &dyn DiskFile, from: u64, to: u64) -> std::io::Result<()> {
    let mut bytes = vec![0; BUFFER_BYTES];
    let mut at = from;
    while at < to {
        let length = usize::try_from(to - at).unwrap_or(usize::MAX).min(bytes.len());
        let Some(piece) = bytes.get_mut(..length) else { break };
        file.read_exact_at(piece, at)?;
        file.write_all_at(piece, at)?;
        at += u64::try_from(length).unwrap_or(0);
    }
    Ok(())
}
