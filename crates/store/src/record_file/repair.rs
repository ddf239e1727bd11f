//! Opening a log: what of its last segment is whole, what is a crash's torn tail, what is damage.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vpr_types::{Digest, Disk, DiskFile, EntryKind, OpenMode, TenantName};

use super::append::{OpenSegment, SEGMENT_BYTES, Writer};
use super::error::{RecordError, TornTail};
use super::frame::{self, FRAME_BYTES_MIN, Fault, MARKER};
use super::header::{HEADER_BYTES, HEADER_BYTES_U64, Header, HeaderFault, genesis};
use super::index::SparseIndex;
use super::log::{RecordKind, segment_path};

pub(super) struct Found {
    pub(super) writer: Writer,
    pub(super) segments: BTreeMap<u64, Arc<SparseIndex>>,
    pub(super) torn_tail: Option<TornTail>,
}

pub(super) fn open(
    disk: &dyn Disk,
    folder: &Path,
    kind: RecordKind,
    tenant: &TenantName,
) -> Result<Found, RecordError> {
    let mut firsts = list(disk, folder, kind)?;
    let mut left_over = None;
    let last = match firsts.last() {
        None => None,
        Some(first) => match Segment::read(disk, folder, kind, *first)? {
            Some(segment) => Some(segment),
            // Its header was never on disk, so it never had a record.
            None => {
                let path = segment_path(folder, kind, *first);
                disk.remove_file(&path).and_then(|()| disk.sync_directory(folder)).map_err(at(&path))?;
                firsts.pop();
                left_over = Some(TornTail { file: path, offset: 0, bytes: HEADER_BYTES_U64 });
                match firsts.last() {
                    None => None,
                    Some(first) => Some(Segment::read(disk, folder, kind, *first)?.ok_or_else(|| {
                        let file = segment_path(folder, kind, *first);
                        RecordError::Damaged { file, offset: 0, what: "the segment's header is wrong" }
                    })?),
                }
            }
        },
    };
    let segments: BTreeMap<_, _> =
        firsts.iter().map(|first| (*first, Arc::new(SparseIndex::new(*first, HEADER_BYTES_U64)))).collect();
    let Some(segment) = last else {
        let writer = Writer::new(None, 0, genesis(kind.name, tenant), 0);
        return Ok(Found { writer, segments, torn_tail: left_over });
    };
    if segment.header.first == 1 && segment.header.chain != genesis(kind.name, tenant) {
        return Err(segment.damaged(0, "the log is another tenant's"));
    }
    // A later segment came into being only after all of this one was on disk.
    let all_synced = left_over.is_some();
    let (writer, torn_tail) = segment.repair(&segments, all_synced)?;
    Ok(Found { writer, segments, torn_tail: torn_tail.or(left_over) })
}

fn at(path: &Path) -> impl Fn(io::Error) -> RecordError {
    let path = path.to_owned();
    move |source| RecordError::Io { path: path.clone(), source }
}

/// The first positions of all segments, ascending.
fn list(disk: &dyn Disk, folder: &Path, kind: RecordKind) -> Result<Vec<u64>, RecordError> {
    let entries = match disk.list(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(folder)(error)),
    };
    let first_of = |name: &str| {
        let digits = name.strip_suffix(kind.name)?.strip_suffix('.')?;
        let all_digits = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
        if all_digits { digits.parse::<u64>().ok() } else { None }
    };
    let files = entries.iter().filter(|entry| entry.kind == EntryKind::File);
    let mut firsts: Vec<u64> = files.filter_map(|entry| first_of(&entry.name)).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

/// The last segment, read whole.
struct Segment {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    header: Header,
    bytes: Vec<u8>,
}

impl Segment {
    /// `None` when the segment has no header and nothing behind it: a creation that was cut short.
    fn read(
        disk: &dyn Disk,
        folder: &Path,
        kind: RecordKind,
        first: u64,
    ) -> Result<Option<Self>, RecordError> {
        let path = segment_path(folder, kind, first);
        let file = disk.open(&path, OpenMode::ReadWrite).map_err(at(&path))?;
        let length = usize::try_from(file.len().map_err(at(&path))?).unwrap_or(usize::MAX);
        let damaged = |what| RecordError::Damaged { file: path.clone(), offset: 0, what };
        // The last record may reach beyond the limit, another one cannot begin there.
        let length_max = usize::try_from(SEGMENT_BYTES).unwrap_or(usize::MAX) + 2 * frame::PAYLOAD_BYTES_MAX;
        if length > length_max {
            return Err(damaged("the segment is longer than one can be"));
        }
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, 0).map_err(at(&path))?;
        let Some(head) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        match Header::parse(head, kind.name) {
            Ok(header) if header.first == first => Ok(Some(Self { path, file, header, bytes })),
            Ok(_) => Err(damaged("the segment has another one's name")),
            Err(HeaderFault::Version(found)) => Err(RecordError::Version { file: path, found }),
            Err(HeaderFault::Broken) if length == HEADER_BYTES => Ok(None),
            Err(HeaderFault::Broken) => Err(damaged("the segment's header is wrong")),
        }
    }

    fn damaged(&self, offset: usize, what: &'static str) -> RecordError {
        let offset = u64::try_from(offset).unwrap_or(u64::MAX);
        RecordError::Damaged { file: self.path.clone(), offset, what }
    }

    /// Walks the frames; cuts what a crash tore.
    fn repair(
        self,
        segments: &BTreeMap<u64, Arc<SparseIndex>>,
        all_synced: bool,
    ) -> Result<(Writer, Option<TornTail>), RecordError> {
        let index = segments.get(&self.header.first).cloned();
        let index = index.unwrap_or_else(|| Arc::new(SparseIndex::new(self.header.first, HEADER_BYTES_U64)));
        let walked = self.walk(&index);
        let last = walked.last;
        let mut proven = walked.synced.max(self.header.first - 1).min(last);
        let mut torn_tail = None;
        if let Some(fault) = walked.fault {
            if let Fault::Version(found) = fault {
                return Err(RecordError::Version { file: self.path.clone(), found });
            }
            let what = match fault {
                Fault::Broken(what) => what,
                Fault::Short(_) | Fault::Version(_) => "the file ends where a record belongs",
            };
            let beyond = highest_synced(self.bytes.get(walked.end..).unwrap_or_default());
            if all_synced || walked.synced.max(beyond.unwrap_or(u64::MAX)) > last {
                return Err(self.damaged(walked.end, what));
            }
            let offset = u64::try_from(walked.end).unwrap_or(u64::MAX);
            let cut = self.file.set_len(offset).and_then(|()| self.file.sync_data());
            cut.map_err(at(&self.path))?;
            let bytes = u64::try_from(self.bytes.len() - walked.end).unwrap_or(0);
            torn_tail = Some(TornTail { file: self.path.clone(), offset, bytes });
        }
        if all_synced {
            proven = last;
        }
        let end = u64::try_from(walked.end).unwrap_or(u64::MAX);
        // Without a record, not even the header is proven.
        let is_proven = proven == last && last >= self.header.first;
        let unproven = (!is_proven).then(|| self.offset_after(&index, proven));
        let segment = OpenSegment { file: self.file, index, end, unproven };
        Ok((Writer::new(Some(segment), last, walked.chain, proven), torn_tail))
    }

    fn walk(&self, index: &SparseIndex) -> Walked {
        let mut walked = Walked {
            end: HEADER_BYTES,
            last: self.header.first - 1,
            chain: self.header.chain,
            synced: 0,
            fault: None,
        };
        while let Some(rest) = self.bytes.get(walked.end..)
            && !rest.is_empty()
        {
            match frame::parse(rest) {
                Ok(frame) if frame.follows(&walked.chain) => {
                    index.note(walked.last + 1, u64::try_from(walked.end).unwrap_or(u64::MAX));
                    walked.end += frame.size;
                    walked.last += 1;
                    walked.chain = frame.chain;
                    walked.synced = walked.synced.max(frame.synced);
                }
                Ok(_) => {
                    walked.fault = Some(Fault::Broken("the hash chain is broken"));
                    break;
                }
                Err(fault) => {
                    walked.fault = Some(fault);
                    break;
                }
            }
        }
        walked
    }

    /// Where the record after `position` begins, or something before it.
    fn offset_after(&self, index: &SparseIndex, position: u64) -> u64 {
        if position < self.header.first { 0 } else { index.nearest(position + 1).1 }
    }
}

/// How far the whole frames reach.
struct Walked {
    end: usize,
    last: u64,
    chain: Digest,
    synced: u64,
    fault: Option<Fault>,
}

/// The highest synced position that any frame somewhere in `bytes` names, 0 without a frame.
/// `None` when looking for one took too long: nobody writes such bytes by accident.
fn highest_synced(bytes: &[u8]) -> Option<u64> {
    let mut budget = 64 * (usize::try_from(SEGMENT_BYTES).unwrap_or(usize::MAX));
    let mut highest = 0;
    let mut at = 0;
    while let Some(rest) = bytes.get(at..)
        && rest.len() >= FRAME_BYTES_MIN
    {
        if rest.first() != Some(&MARKER) {
            at += 1;
            continue;
        }
        match frame::parse(rest) {
            Ok(frame) => {
                highest = highest.max(frame.synced);
                at += frame.size;
            }
            Err(Fault::Broken(_)) => {
                let length = rest.get(2..6).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
                let hashed = usize::try_from(length.unwrap_or(0)).unwrap_or(0).min(rest.len());
                budget = budget.checked_sub(hashed)?;
                at += 1;
            }
            Err(_) => at += 1,
        }
    }
    Some(highest)
}
