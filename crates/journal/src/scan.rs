use std::path::{Path, PathBuf};
use std::sync::Arc;

use vpr_types::{Disk, DiskFile, OpenMode};

use crate::format::group::{Group, GroupHeader};
use crate::format::segment::{BadHeader, SegmentHeader};
use crate::format::{BLOCK_BYTES, size};
use crate::{Class, JournalError};

pub(crate) type EachEntry<'a> = &'a mut dyn FnMut(u64, Class, &[u8]) -> Result<(), JournalError>;

/// A group that stands whole in a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) number: u64,
    pub(crate) entries: u32,
    pub(crate) offset: u64,
}

/// What a segment's file holds.
pub(crate) struct Scan {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn DiskFile>,
    /// 0 when the header is damaged and nothing was ever written behind it.
    pub(crate) epoch: u64,
    /// Its first group is a copy of the last one of the segment before.
    pub(crate) rescued: bool,
    pub(crate) bytes: u64,
    /// Whole groups, from the first block on, without a gap.
    pub(crate) groups: Vec<Found>,
    /// Where the first group would begin that is not whole.
    pub(crate) end: u64,
    /// Bytes from there to the last one that is not zero: a torn write, or damage.
    pub(crate) rest_bytes: u64,
}

impl Scan {
    /// Reads and checks a whole segment.
    ///
    /// A group is begun only after the one before it was synced. So a good group header behind a bad
    /// group proves that the bad one was whole once: corruption.
    pub(crate) fn read(disk: &dyn Disk, path: PathBuf, number: u64) -> Result<Self, JournalError> {
        let file = disk.open(&path, OpenMode::ReadWrite).map_err(JournalError::io("open", &path))?;
        let bytes = load(&*file, &path)?;
        let mut scan = Self {
            number,
            path,
            file,
            epoch: 0,
            rescued: false,
            bytes: bytes.len() as u64,
            groups: Vec::new(),
            end: BLOCK_BYTES,
            rest_bytes: 0,
        };
        let header = match SegmentHeader::decode(&bytes) {
            Ok(header) => header,
            Err(BadHeader::Version(found)) => {
                return Err(JournalError::Format { segment: scan.path.display().to_string(), found });
            }
            // The header was synced before the file got its name: it is damaged, not torn. That costs
            // nothing where no group was ever written.
            Err(BadHeader::Damaged) if scan.bytes > BLOCK_BYTES && zeros(&bytes[size(BLOCK_BYTES)..]) => {
                return Ok(scan);
            }
            Err(BadHeader::Damaged) => return Err(scan.corrupt(0, "the segment's header fails its checksum")),
        };
        if header.number != number {
            return Err(scan.corrupt(0, "the segment's number is not that of its file"));
        }
        if header.length > scan.bytes {
            return Err(scan.corrupt(scan.bytes, "the file is shorter than it was prepared"));
        }
        scan.epoch = header.epoch;
        scan.rescued = header.rescued;
        scan.walk(&bytes)?;
        Ok(scan)
    }

    fn walk(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        while let Some(group) = bytes.get(size(self.end)..).and_then(|rest| Group::decode(rest, self.epoch)) {
            let (number, entries) = (group.header.number, group.header.entries);
            if self.groups.last().is_some_and(|last| last.number + 1 != number) {
                return Err(self.corrupt(self.end, "a group's number does not follow the one before"));
            }
            self.groups.push(Found { number, entries, offset: self.end });
            self.end += group.len();
        }
        let rest = bytes.get(size(self.end)..).unwrap_or_default();
        for (index, block) in rest.chunks(size(BLOCK_BYTES)).enumerate() {
            if zeros(block) {
                continue;
            }
            if index > 0 && GroupHeader::decode(block, self.epoch).is_some() {
                return Err(self.corrupt(self.end, "a group that was synced fails its checksum"));
            }
            let used = block.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
            self.rest_bytes = index as u64 * BLOCK_BYTES + used;
        }
        Ok(())
    }

    /// Whether its last whole group is an empty one.
    pub(crate) fn ends_empty(&self) -> bool {
        self.groups.last().is_some_and(|found| found.entries == 0)
    }

    /// Hands out the entries of the whole groups: where each begins in the file, its class, its payload.
    pub(crate) fn entries(&self, each: EachEntry<'_>) -> Result<(), JournalError> {
        if self.groups.iter().all(|found| found.entries == 0) {
            return Ok(());
        }
        let bytes = load(&*self.file, &self.path)?;
        for found in &self.groups {
            let group = bytes
                .get(size(found.offset)..)
                .and_then(|rest| Group::decode(rest, self.epoch))
                .filter(|group| group.header.number == found.number)
                .ok_or_else(|| self.corrupt(found.offset, "a group changed while it was read"))?;
            for (start, class, payload) in group.entries() {
                each(found.offset + start, class, payload)?;
            }
        }
        Ok(())
    }

    pub(crate) fn corrupt(&self, offset: u64, what: &'static str) -> JournalError {
        JournalError::Corrupt { segment: self.path.display().to_string(), offset, what }
    }
}

fn zeros(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

fn load(file: &dyn DiskFile, path: &Path) -> Result<Vec<u8>, JournalError> {
    let length = file.len().map_err(JournalError::io("measure", path))?;
    let mut bytes = vec![0; size(length)];
    file.read_exact_at(&mut bytes, 0).map_err(JournalError::io("read", path))?;
    Ok(bytes)
}
