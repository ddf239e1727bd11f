use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use parking_lot::{Condvar, Mutex, RwLock};
use vpr_types::{Clock, Disk, Entropy, EntryKind};

use crate::format::group;
use crate::format::segment::SegmentHeader;
use crate::format::{BLOCK_BYTES, blocks};
use crate::journal::Inner;
use crate::maker::{Maker, Preparation, draw_epoch};
use crate::options::Sabotage;
use crate::scan::Scan;
use crate::segment::{FileKind, Held, Segment, segment_path, spare_path};
use crate::state::State;
use crate::writer::Writer;
use crate::{Address, BoxError, Class, JournalError, JournalOptions, Replayed, Ticket};

/// Bytes for groups in the segment that a process begins with, beside a rescued one: small, so that starting is quick. Always shorter
/// than a regular segment, because short ones do not count against the journal's capacity: a start
/// while the journal is full must not eat the reserve.
fn start_bytes(options: &JournalOptions) -> u64 {
    START_BYTES_MAX.min(blocks(options.segment_bytes / 2))
}

const START_BYTES_MAX: u64 = 1 << 20;

type OnEntry<'a> = &'a mut dyn FnMut(Replayed<'_>) -> Result<(), BoxError>;

/// What the start found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Segments that hold entries.
    pub segments: u64,
    /// Whole groups in them, empty ones included.
    pub groups: u64,
    /// Entries that were handed out.
    pub entries: u64,
    /// Entries of the last group, which nothing showed to be synced: they were written anew and synced
    /// before they were handed out.
    pub rescued_entries: u64,
    /// Torn groups that were dropped; nobody was told that they are durable.
    pub dropped_groups: u64,
    /// Bytes of them.
    pub dropped_bytes: u64,
    /// The file and offset of the first dropped group.
    pub dropped_at: Option<(String, u64)>,
}

/// The last group's entries, while nothing shows that they were synced.
struct Tail {
    number: u64,
    entries: Vec<(Class, Vec<u8>)>,
}

pub(crate) fn open(
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    folder: &Path,
    options: JournalOptions,
    on_entry: OnEntry<'_>,
) -> Result<Inner, JournalError> {
    options.check()?;
    make_folder(&*disk, folder)?;
    let numbers = sweep(&*disk, folder)?;
    let mut scans = Vec::with_capacity(numbers.len());
    for number in numbers {
        scans.push(Scan::read(&*disk, segment_path(folder, number), number)?);
    }
    check_numbers(&scans, folder)?;
    let last = scans.iter().rposition(|scan| !scan.groups.is_empty());
    let after_last = chain(&mut scans, last)?;
    let ends_empty = last.is_some_and(|last| scans[last].ends_empty());
    let mut report = RecoveryReport::default();
    drop_behind(&*disk, folder, &mut scans, last, &mut report)?;

    let tail = match options.sabotaged(Sabotage::ServeReplayedTailBeforeSync) {
        true => None,
        false => take_tail(&mut scans)?,
    };
    let number = scans.last().map_or(1, |scan| scan.number + 1);
    let (start, buffer) = begin(&*disk, folder, &options, draw_epoch(&*entropy)?, number, tail.as_ref())?;

    let mut held = deliver(&scans, on_entry, &mut report)?;
    held.push_back(Held::new(Arc::clone(&start), held.back().map_or(1, Held::end)));
    if let (Some(tail), Some(held)) = (&tail, held.back_mut()) {
        report.groups += 1;
        report.rescued_entries = tail.entries.len() as u64;
        let mut offset = BLOCK_BYTES + group::GROUP_HEADER_BYTES;
        for (class, payload) in &tail.entries {
            hand_out(held, on_entry, offset, *class, payload)?;
            offset += crate::format::entry::entry_bytes(payload.len() as u64);
        }
    }
    report.segments = held.iter().filter(|held| !held.places.is_empty()).count() as u64;
    report.entries = held.back().map_or(0, |held| held.end() - 1);

    let position = BLOCK_BYTES + buffer.len() as u64;
    let segment_bytes = options.segment_bytes;
    let writer = Writer {
        segment: start,
        position,
        next_group: if ends_empty { after_last - 1 } else { after_last },
        doubtful: tail.is_some(),
        last_write: clock.now(),
        buffer,
    };
    Ok(Inner {
        disk,
        clock,
        entropy,
        folder: folder.to_path_buf(),
        options,
        durable: AtomicU64::new(report.entries),
        recovery: report,
        writer: Mutex::new(writer),
        maker: Mutex::new(Maker { prepared: 1, is_awaited: false, aside: Vec::new() }),
        state: Mutex::new(State::new(held, position, segment_bytes)),
        observers: RwLock::default(),
        work: Condvar::new(),
        chores: Condvar::new(),
        closing: AtomicBool::new(false),
    })
}

fn make_folder(disk: &dyn Disk, folder: &Path) -> Result<(), JournalError> {
    disk.create_directories(folder).map_err(JournalError::io("create", folder))?;
    for parent in folder.ancestors().skip(1) {
        disk.sync_directory(parent).map_err(JournalError::io("sync", parent))?;
    }
    Ok(())
}

/// Removes what was in preparation; gives the numbers of the segments, in order.
fn sweep(disk: &dyn Disk, folder: &Path) -> Result<Vec<u64>, JournalError> {
    let mut numbers = Vec::new();
    for entry in disk.list(folder).map_err(JournalError::io("list", folder))? {
        match FileKind::of(&entry.name) {
            FileKind::Segment(number) if entry.kind == EntryKind::File => numbers.push(number),
            FileKind::Spare if entry.kind == EntryKind::File => {
                let path = folder.join(&entry.name);
                disk.remove_file(&path).map_err(JournalError::io("remove", &path))?;
            }
            _ => {}
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn check_numbers(scans: &[Scan], folder: &Path) -> Result<(), JournalError> {
    for pair in scans.windows(2) {
        let missing = pair[0].number + 1;
        if pair[1].number != missing {
            let segment = segment_path(folder, missing).display().to_string();
            return Err(JournalError::Corrupt { segment, offset: 0, what: "the segment is missing" });
        }
    }
    Ok(())
}

/// Checks that the groups of all segments follow one another; gives the number of the next group.
/// A process that rescues the last group writes it again, under its number, at the beginning of its
/// first segment: the later copy counts. It gives the number of an empty last group, which may not be
/// durable, to the next group.
fn chain(scans: &mut [Scan], last: Option<usize>) -> Result<u64, JournalError> {
    let mut before: Option<usize> = None;
    let mut unreadable: Option<usize> = None;
    let mut next = 1;
    for index in 0..last.map_or(0, |last| last + 1) {
        let scan = &scans[index];
        let (Some(first), Some(end)) = (scan.groups.first(), scan.groups.last()) else {
            if scan.rest_bytes > 0 {
                unreadable = Some(index);
            }
            continue;
        };
        let (first, end, rescued) = (first.number, end.number, scan.rescued);
        // A segment whose first group is torn holds nothing, and is removed at the next start before
        // another begins; unless that group was rescued, and the next segment begins with it.
        if let Some(unreadable) = unreadable.take().filter(|_| !rescued) {
            let scan = &scans[unreadable];
            return Err(scan.corrupt(scan.end, "a group that was synced fails its checksum"));
        }
        match before {
            Some(before) if first + 1 == next && (rescued || scans[before].ends_empty()) => {
                scans[before].groups.pop();
            }
            Some(before) if first > next => {
                return Err(scans[before].corrupt(scans[before].end, "a group that was synced is missing"));
            }
            Some(_) if first < next => {
                return Err(scan.corrupt(BLOCK_BYTES, "a group's number was used before"));
            }
            _ => {}
        }
        before = Some(index);
        next = end + 1;
    }
    Ok(next)
}

/// Drops what is torn behind the last whole group, and the segments after it, which hold nothing.
/// From the last one down, each durably: a gap would look like a lost segment.
fn drop_behind(
    disk: &dyn Disk,
    folder: &Path,
    scans: &mut Vec<Scan>,
    last: Option<usize>,
    report: &mut RecoveryReport,
) -> Result<(), JournalError> {
    let keep = last.map_or(0, |last| last + 1);
    for scan in scans.iter().skip(keep.saturating_sub(1)).filter(|scan| scan.rest_bytes > 0) {
        report.dropped_groups += 1;
        report.dropped_bytes += scan.rest_bytes;
        report.dropped_at.get_or_insert_with(|| (scan.path.display().to_string(), scan.end));
    }
    for scan in scans.drain(keep..).rev() {
        disk.remove_file(&scan.path).map_err(JournalError::io("remove", &scan.path))?;
        disk.sync_directory(folder).map_err(JournalError::io("sync", folder))?;
    }
    Ok(())
}

/// Takes the last group out: no later group says that it was synced. Gives it when it has entries.
fn take_tail(scans: &mut [Scan]) -> Result<Option<Tail>, JournalError> {
    let Some(scan) = scans.last_mut() else { return Ok(None) };
    if scan.ends_empty() {
        scan.groups.pop();
        return Ok(None);
    }
    let Some(found) = scan.groups.pop() else { return Ok(None) };
    let others = std::mem::replace(&mut scan.groups, vec![found]);
    let mut entries = Vec::new();
    scan.entries(&mut |_, class, payload| {
        entries.push((class, payload.to_vec()));
        Ok(())
    })?;
    scan.groups = others;
    Ok(Some(Tail { number: found.number, entries }))
}

/// Makes the segment that this process begins with, the rescued group at its beginning; durable with
/// its name. Gives the bytes of that group.
fn begin(
    disk: &dyn Disk,
    folder: &Path,
    options: &JournalOptions,
    epoch: u64,
    number: u64,
    tail: Option<&Tail>,
) -> Result<(Arc<Segment>, Vec<u8>), JournalError> {
    let mut groups = Vec::new();
    if let Some(tail) = tail {
        let entries = tail.entries.iter().map(|(class, payload)| (*class, &payload[..]));
        group::encode(&mut groups, epoch, tail.number, tail.number - 1, entries);
    }
    let length = BLOCK_BYTES + groups.len() as u64 + start_bytes(options);
    let header = SegmentHeader { number, epoch, length, rescued: tail.is_some() };
    let preparation = Preparation { folder, header, groups: &groups, stop: None };
    let segment = preparation.create(disk, &spare_path(folder, 1))?;
    disk.sync_directory(folder).map_err(JournalError::io("sync", folder))?;
    Ok((segment, groups))
}

fn deliver(
    scans: &[Scan],
    on_entry: OnEntry<'_>,
    report: &mut RecoveryReport,
) -> Result<VecDeque<Held>, JournalError> {
    let mut all: VecDeque<Held> = VecDeque::new();
    for scan in scans {
        let (number, epoch, bytes) = (scan.number, scan.epoch, scan.bytes);
        let segment = Arc::new(Segment { number, epoch, bytes, file: Arc::clone(&scan.file) });
        let mut held = Held::new(segment, all.back().map_or(1, Held::end));
        scan.entries(&mut |offset, class, payload| hand_out(&mut held, on_entry, offset, class, payload))?;
        report.groups += scan.groups.len() as u64;
        all.push_back(held);
    }
    Ok(all)
}

fn hand_out(
    held: &mut Held,
    on_entry: OnEntry<'_>,
    offset: u64,
    class: Class,
    payload: &[u8],
) -> Result<(), JournalError> {
    let too_large = |_| JournalError::TooLarge { bytes: payload.len() as u64 };
    let place = (u32::try_from(offset).map_err(too_large)?, u32::try_from(payload.len()).map_err(too_large)?);
    let address = Address { segment: held.segment.number, offset, len: place.1 };
    let replayed = Replayed { ticket: Ticket(held.end()), class, payload, address };
    on_entry(replayed).map_err(|error| JournalError::Refused(error.into()))?;
    held.places.push(place);
    Ok(())
}
