use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::entry::{self, entry_bytes};
use super::{blocks, size, u32_at, u64_at};
use crate::Class;

const MAGIC: [u8; 8] = *b"VPRGROUP";
/// Bytes before a group's first entry.
pub(crate) const GROUP_HEADER_BYTES: u64 = 64;
const HEADER: usize = GROUP_HEADER_BYTES as usize;

/// What a group says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupHeader {
    /// 1, 2, 3 … through all segments.
    pub(crate) number: u64,
    /// Every group up to this one was synced before this one was written.
    pub(crate) synced: u64,
    /// 0 in the empty group that vouches for the one before it.
    pub(crate) entries: u32,
    /// Bytes of the entries, without the zeros behind them.
    pub(crate) bytes: u64,
    checksum: u64,
}

/// A group that passed its checks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group<'a> {
    pub(crate) header: GroupHeader,
    epoch: u64,
    body: &'a [u8],
}

/// Bytes that a group takes in its segment whose entries take `entries` bytes.
pub(crate) fn group_bytes(entries: u64) -> u64 {
    blocks(GROUP_HEADER_BYTES + entries)
}

/// Puts a group into `buffer`, which is emptied first. Gives where each entry begins in it.
pub(crate) fn encode<'a>(
    buffer: &mut Vec<u8>,
    epoch: u64,
    number: u64,
    synced: u64,
    entries: impl Iterator<Item = (Class, &'a [u8])>,
) -> Vec<u64> {
    buffer.clear();
    buffer.resize(HEADER, 0);
    let mut starts = Vec::new();
    for (class, payload) in entries {
        starts.push(buffer.len() as u64);
        entry::encode(buffer, epoch, class, payload);
    }
    let bytes = (buffer.len() - HEADER) as u64;
    buffer.resize(size(group_bytes(bytes)), 0);

    let (header, body) = buffer.split_at_mut(HEADER);
    let count = u32::try_from(starts.len()).unwrap_or(u32::MAX);
    header[..8].copy_from_slice(&MAGIC);
    header[8..16].copy_from_slice(&number.to_le_bytes());
    header[16..24].copy_from_slice(&epoch.to_le_bytes());
    header[24..32].copy_from_slice(&synced.to_le_bytes());
    header[32..36].copy_from_slice(&count.to_le_bytes());
    header[40..48].copy_from_slice(&bytes.to_le_bytes());
    header[48..56].copy_from_slice(&xxh3_64_with_seed(body, epoch).to_le_bytes());
    let checksum = xxh3_64_with_seed(&header[..56], epoch);
    header[56..].copy_from_slice(&checksum.to_le_bytes());
    starts
}

impl GroupHeader {
    /// The header that begins `bytes`, in a segment of `epoch`; `None` when there is none.
    pub(crate) fn decode(bytes: &[u8], epoch: u64) -> Option<Self> {
        let header = bytes.first_chunk::<HEADER>()?;
        let good = header[..8] == MAGIC
            && u64_at(header, 16)? == epoch
            && u64_at(header, 56)? == xxh3_64_with_seed(&header[..56], epoch);
        good.then_some(())?;
        Some(Self {
            number: u64_at(header, 8)?,
            synced: u64_at(header, 24)?,
            entries: u32_at(header, 32)?,
            bytes: u64_at(header, 40)?,
            checksum: u64_at(header, 48)?,
        })
    }
}

impl<'a> Group<'a> {
    /// The group that begins `bytes`, whole and undamaged; `None` when there is none.
    pub(crate) fn decode(bytes: &'a [u8], epoch: u64) -> Option<Self> {
        let header = GroupHeader::decode(bytes, epoch)?;
        if header.bytes > bytes.len() as u64 {
            return None;
        }
        let body = bytes.get(HEADER..size(group_bytes(header.bytes)))?;
        let group = Self { header, epoch, body };
        let whole = xxh3_64_with_seed(body, epoch) == header.checksum
            && group.entries().count() as u64 == u64::from(header.entries);
        whole.then_some(group)
    }

    /// Bytes that it takes in its segment.
    pub(crate) fn len(&self) -> u64 {
        GROUP_HEADER_BYTES + self.body.len() as u64
    }

    /// Each entry: where it begins in the group, its class, its payload.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, Class, &'a [u8])> + use<'a> {
        let (body, epoch) = (&self.body[..size(self.header.bytes)], self.epoch);
        let mut at = 0;
        std::iter::from_fn(move || {
            let (class, payload) = entry::decode(body.get(at..)?, epoch)?;
            let start = GROUP_HEADER_BYTES + at as u64;
            at += size(entry_bytes(payload.len() as u64));
            Some((start, class, payload))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Vec<u8> {
        let mut buffer = vec![9; 10];
        let entries = [(Class::Change, &b"first"[..]), (Class::State, b"second entry")];
        assert_eq!(encode(&mut buffer, 77, 12, 11, entries.into_iter()), [64, 88]);
        buffer
    }

    #[test]
    fn every_field_stands_where_the_format_says() {
        let bytes = group();
        assert_eq!(bytes.len(), 4096);
        assert_eq!(&bytes[..8], b"VPRGROUP");
        assert_eq!(u64_at(&bytes, 8), Some(12), "number");
        assert_eq!(u64_at(&bytes, 16), Some(77), "epoch");
        assert_eq!(u64_at(&bytes, 24), Some(11), "synced");
        assert_eq!(u32_at(&bytes, 32), Some(2), "entries");
        assert_eq!(u32_at(&bytes, 36), Some(0));
        assert_eq!(u64_at(&bytes, 40), Some(24 + 32), "bytes of the entries");
        assert_eq!(u64_at(&bytes, 48), Some(xxh3_64_with_seed(&bytes[64..], 77)));
        assert_eq!(u64_at(&bytes, 56), Some(xxh3_64_with_seed(&bytes[..56], 77)));
        let group = Group::decode(&bytes, 77).unwrap();
        let entries: Vec<_> = group.entries().collect();
        assert_eq!(entries, [(64, Class::Change, &b"first"[..]), (88, Class::State, &b"second entry"[..])]);
        assert_eq!((group.len(), group.header.number, group.header.synced), (4096, 12, 11));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_seen() {
        let bytes = group();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << (at % 8);
            assert!(Group::decode(&bad, 77).is_none(), "byte {at}");
        }
        for cut in (0..bytes.len()).step_by(61) {
            assert!(Group::decode(&bytes[..cut], 77).is_none(), "cut at {cut}");
        }
        assert!(Group::decode(&bytes, 78).is_none(), "of another epoch");
    }

    #[test]
    fn a_group_ends_on_a_block() {
        assert_eq!(group_bytes(0), 4096);
        assert_eq!(group_bytes(4032), 4096);
        assert_eq!(group_bytes(4033), 8192);
        let mut buffer = Vec::new();
        let payload = vec![1; 4032 - 16];
        encode(&mut buffer, 1, 1, 0, [(Class::Change, &payload[..])].into_iter());
        assert_eq!(buffer.len(), 4096);
        let mut empty = Vec::new();
        assert!(encode(&mut empty, 1, 2, 1, std::iter::empty()).is_empty());
        assert_eq!(Group::decode(&empty, 1).unwrap().header.entries, 0);
        buffer.extend_from_slice(&empty);
        assert_eq!(Group::decode(&buffer, 1).unwrap().len(), 4096, "what follows is not part of it");
    }

    #[test]
    fn a_header_that_claims_more_than_there_is_is_no_group() {
        let mut bytes = group();
        bytes[40..48].copy_from_slice(&u64::MAX.to_le_bytes());
        let checksum = xxh3_64_with_seed(&bytes[..56], 77);
        bytes[56..64].copy_from_slice(&checksum.to_le_bytes());
        assert!(GroupHeader::decode(&bytes, 77).is_some());
        assert!(Group::decode(&bytes, 77).is_none());
    }
}
