use std::path::PathBuf;
use std::sync::Arc;

use vpr_types::{Digest, DiskFile, OpenMode};

use super::error::RecordError;
use super::frame::{self, Fault, Frame};
use super::header::{HEADER_BYTES, HEADER_BYTES_U64, Header, HeaderFault, genesis};
use super::index::SparseIndex;
use super::log::{Record, RecordLog};

/// The first read takes what a single record needs, later ones what a long run needs.
const READ_BYTES_FIRST: usize = 32 << 10;
const READ_BYTES: usize = 256 << 10;

/// Records in order, each checked against its checksum, its place and the chain of the one before.
/// Ends after the first error.
pub struct Records<'a, R> {
    log: &'a RecordLog<R>,
    next: u64,
    last: u64,
    cursor: Option<Cursor>,
    failed: bool,
}

impl<R> std::fmt::Debug for Records<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("next", &self.next).field("last", &self.last).finish_non_exhaustive()
    }
}

impl<'a, R: Record> Records<'a, R> {
    pub(super) fn new(log: &'a RecordLog<R>, next: u64, last: u64) -> Self {
        Self { log, next, last, cursor: None, failed: false }
    }

    fn step(&mut self) -> Result<R, RecordError> {
        let log = self.log;
        let mut cursor = match self.cursor.take() {
            Some(cursor) if self.next < cursor.until => cursor,
            Some(before) => Cursor::open(log, self.next, before.chain)?,
            None => Cursor::open(log, self.next, None)?,
        };
        while cursor.position < self.next {
            cursor.frame(|_| Ok(()))?;
        }
        let position = self.next;
        let record: R = cursor.frame(|frame| {
            let record: R = postcard::from_bytes(frame.payload).map_err(|_| "a record does not decode")?;
            if record.position() != position || *record.tenant() != log.tenant {
                return Err("a record stands where another belongs");
            }
            Ok(record)
        })?;
        self.next += 1;
        self.cursor = Some(cursor);
        Ok(record)
    }
}

impl<R: Record> Iterator for Records<'_, R> {
    type Item = Result<R, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.next > self.last {
            return None;
        }
        let record = self.step();
        self.failed = record.is_err();
        Some(record)
    }
}

/// A place in one segment.
struct Cursor {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    index: Arc<SparseIndex>,
    /// The record that comes next.
    position: u64,
    /// The first record of the next segment.
    until: u64,
    /// The chain before `position`, unless reading began in the middle.
    chain: Option<Digest>,
    /// The offset in the file of `buffer[used..]`.
    offset: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl Cursor {
    /// Opens the segment that holds `position`; `chain` is that of the record before, if known.
    fn open<R: Record>(
        log: &RecordLog<R>,
        position: u64,
        chain: Option<Digest>,
    ) -> Result<Self, RecordError> {
        let (first, index, until) = {
            let segments = log.segments.read();
            let Some((first, index)) = segments.range(..=position).next_back() else {
                let what = "its first records are missing";
                return Err(RecordError::Damaged { file: log.folder.clone(), offset: 0, what });
            };
            let until = segments.range(position + 1..).next().map_or(u64::MAX, |(first, _)| *first);
            (*first, index.clone(), until)
        };
        let path = log.segment_path(first);
        let file = log.disk.open(&path, OpenMode::Read);
        let file = file.map_err(|source| RecordError::Io { path: path.clone(), source })?;
        let mut cursor = Self {
            path,
            file,
            index,
            position: first,
            until,
            chain: None,
            offset: HEADER_BYTES_U64,
            buffer: Vec::new(),
            used: 0,
        };
        let header = cursor.header(R::KIND.name)?;
        let expected = if first == 1 { Some(genesis(R::KIND.name, &log.tenant)) } else { chain };
        if header.first != first || (position == first && expected.is_some_and(|chain| chain != header.chain))
        {
            return Err(cursor.damaged(0, "the segment does not follow the one before it"));
        }
        (cursor.position, cursor.offset) = cursor.index.nearest(position);
        cursor.chain = (cursor.position == first).then_some(header.chain);
        Ok(cursor)
    }

    fn header(&self, kind: &str) -> Result<Header, RecordError> {
        let mut bytes = [0; HEADER_BYTES];
        match self.file.read_exact_at(&mut bytes, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(self.damaged(0, "the segment ends inside its header"));
            }
            Err(source) => return Err(RecordError::Io { path: self.path.clone(), source }),
        }
        Header::parse(&bytes, kind).map_err(|fault| match fault {
            HeaderFault::Broken => self.damaged(0, "the segment's header is wrong"),
            HeaderFault::Version(found) => RecordError::Version { file: self.path.clone(), found },
        })
    }

    fn damaged(&self, offset: u64, what: &'static str) -> RecordError {
        RecordError::Damaged { file: self.path.clone(), offset, what }
    }

    /// Reads the next frame, checks it and hands it to `take`.
    fn frame<T>(
        &mut self,
        take: impl FnOnce(&Frame<'_>) -> Result<T, &'static str>,
    ) -> Result<T, RecordError> {
        loop {
            let unread = self.buffer.get(self.used..).unwrap_or_default();
            let what = match frame::parse(unread) {
                Ok(frame) if self.chain.is_some_and(|before| !frame.follows(&before)) => {
                    "the hash chain is broken"
                }
                Ok(frame) => match take(&frame) {
                    Ok(taken) => {
                        self.index.note(self.position, self.offset);
                        self.chain = Some(frame.chain);
                        self.used += frame.size;
                        self.offset += u64::try_from(frame.size).unwrap_or(0);
                        self.position += 1;
                        return Ok(taken);
                    }
                    Err(what) => what,
                },
                Err(Fault::Short(needed)) => {
                    if self.fill(needed)? {
                        continue;
                    }
                    "the file ends where a record belongs"
                }
                Err(Fault::Broken(what)) => what,
                Err(Fault::Version(found)) => {
                    return Err(RecordError::Version { file: self.path.clone(), found });
                }
            };
            return Err(self.damaged(self.offset, what));
        }
    }

    /// Reads on until `needed` bytes are unread in the buffer; `false` when the file has not so many.
    fn fill(&mut self, needed: usize) -> Result<bool, RecordError> {
        let io = |source| RecordError::Io { path: self.path.clone(), source };
        let length = self.file.len().map_err(io)?;
        if self.offset.saturating_add(u64::try_from(needed).unwrap_or(u64::MAX)) > length {
            return Ok(false);
        }
        let first_read = self.buffer.is_empty();
        self.buffer.drain(..self.used);
        self.used = 0;
        let kept = self.buffer.len();
        let chunk = if first_read { READ_BYTES_FIRST } else { READ_BYTES };
        let left = usize::try_from(length - self.offset).unwrap_or(usize::MAX);
        self.buffer.resize(needed.max(chunk).min(left).max(kept), 0);
        let at = self.offset + u64::try_from(kept).unwrap_or(0);
        let Some(space) = self.buffer.get_mut(kept..) else { return Ok(true) };
        self.file.read_exact_at(space, at).map_err(io)?;
        Ok(true)
    }
}
