use sha1::{Digest, Sha1};
use vpr_types::ObjectId;

use crate::Error;

const MAGIC: [u8; 8] = *b"\xfftOc\0\0\0\x02";
const FANOUT: usize = 8;
const IDS: usize = FANOUT + 256 * 4;
/// Marks an offset that stands in the table of 64-bit offsets.
const FAR: u32 = 1 << 31;

#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexEntry {
    pub(crate) id: ObjectId,
    pub(crate) crc: u32,
    pub(crate) offset: u64,
}

/// The index file of a pack; sorts the entries.
pub(crate) fn build(entries: &mut [IndexEntry], pack: ObjectId) -> Vec<u8> {
    entries.sort_unstable_by_key(|entry| entry.id);
    let mut out = Vec::with_capacity(IDS + entries.len() * 28 + 40);
    out.extend_from_slice(&MAGIC);
    let mut counts = [0_u32; 256];
    for entry in entries.iter() {
        counts[usize::from(entry.id.0[0])] += 1;
    }
    let mut sum = 0;
    for count in counts {
        sum += count;
        out.extend_from_slice(&sum.to_be_bytes());
    }
    for entry in entries.iter() {
        out.extend_from_slice(&entry.id.0);
    }
    for entry in entries.iter() {
        out.extend_from_slice(&entry.crc.to_be_bytes());
    }
    let mut far: Vec<u64> = Vec::new();
    for entry in entries.iter() {
        let near = match u32::try_from(entry.offset) {
            Ok(offset) if offset < FAR => offset,
            _ => {
                far.push(entry.offset);
                FAR | (far.len() - 1) as u32
            }
        };
        out.extend_from_slice(&near.to_be_bytes());
    }
    for offset in far {
        out.extend_from_slice(&offset.to_be_bytes());
    }
    out.extend_from_slice(&pack.0);
    let checksum: [u8; 20] = Sha1::digest(&out).into();
    out.extend_from_slice(&checksum);
    out
}

/// A pack's index, kept as the bytes of its file.
#[derive(Debug, Clone)]
pub struct PackIndex {
    bytes: Vec<u8>,
    count: usize,
}

impl PackIndex {
    /// Checks an index file: its checksum, its length, the order of its ids and its offsets.
    ///
    /// # Errors
    /// [`Error::Malformed`] when anything is wrong, or when it is not version 2 for SHA-1.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Error> {
        const BROKEN: Error = Error::Malformed("a pack index is broken");
        if bytes.len() < IDS + 40 || bytes[..8] != MAGIC {
            return Err(BROKEN);
        }
        let (body, checksum) = bytes.split_at(bytes.len() - 20);
        if Sha1::digest(body)[..] != *checksum {
            return Err(Error::Malformed("a pack index does not match its checksum"));
        }
        let count = u32_at(&bytes, IDS - 4) as usize;
        let near = IDS + count * 24;
        let far = near + count * 4;
        if bytes.len() < far + 40 {
            return Err(BROKEN);
        }
        let far_count = (0..count).filter(|i| u32_at(&bytes, near + i * 4) & FAR != 0).count();
        if bytes.len() != far + far_count * 8 + 40 {
            return Err(BROKEN);
        }
        let index = Self { bytes, count };
        let ids = &index.bytes[IDS..IDS + count * 20];
        let sorted = ids.chunks_exact(20).zip(ids.chunks_exact(20).skip(1)).all(|(a, b)| a < b);
        let mut start = 0;
        for first in 0..=255_u8 {
            let end = index.fanout(first);
            let range = ids.get(start * 20..end * 20).ok_or(BROKEN)?;
            if range.chunks_exact(20).any(|id| id[0] != first) {
                return Err(BROKEN);
            }
            start = end;
        }
        if !sorted || (0..count).any(|i| index.offset(i).is_none()) {
            return Err(BROKEN);
        }
        Ok(index)
    }

    /// How many objects the pack has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether the pack has no object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where the object begins in the pack file, in bytes.
    #[must_use]
    pub fn find(&self, id: &ObjectId) -> Option<u64> {
        let first = id.0[0];
        let mut low = if first == 0 { 0 } else { self.fanout(first - 1) };
        let mut high = self.fanout(first);
        while low < high {
            let middle = low.midpoint(high);
            match self.id_bytes(middle).cmp(&id.0) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.offset(middle),
            }
        }
        None
    }

    /// The checksum of the pack that this index belongs to.
    #[must_use]
    pub fn pack_checksum(&self) -> ObjectId {
        id_at(&self.bytes, self.bytes.len() - 40)
    }

    /// The ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        (0..self.count).map(|i| id_at(&self.bytes, IDS + i * 20))
    }

    /// All entries in the order in which they stand in the pack.
    pub(crate) fn entries_by_offset(&self) -> Vec<IndexEntry> {
        let mut entries: Vec<IndexEntry> = (0..self.count)
            .map(|i| IndexEntry {
                id: id_at(&self.bytes, IDS + i * 20),
                crc: u32_at(&self.bytes, IDS + self.count * 20 + i * 4),
                offset: self.offset(i).unwrap_or(0),
            })
            .collect();
        entries.sort_unstable_by_key(|entry| entry.offset);
        entries
    }

    fn fanout(&self, first: u8) -> usize {
        u32_at(&self.bytes, FANOUT + usize::from(first) * 4) as usize
    }

    fn id_bytes(&self, i: usize) -> &[u8] {
        &self.bytes[IDS + i * 20..IDS + i * 20 + 20]
    }

    fn offset(&self, i: usize) -> Option<u64> {
        let near = u32_at(&self.bytes, IDS + self.count * 24 + i * 4);
        if near & FAR == 0 {
            return Some(u64::from(near));
        }
        let at = IDS + self.count * 28 + (near & !FAR) as usize * 8;
        let far = self.bytes.get(at..at + 8).filter(|_| at + 8 <= self.bytes.len() - 40)?;
        Some(u64::from_be_bytes(far.try_into().ok()?))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut value = [0; 4];
    value.copy_from_slice(&bytes[at..at + 4]);
    u32::from_be_bytes(value)
}

fn id_at(bytes: &[u8], at: usize) -> ObjectId {
    let mut id = [0; 20];
    id.copy_from_slice(&bytes[at..at + 20]);
    ObjectId(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: u32) -> Vec<IndexEntry> {
        (0..count)
            .map(|i| IndexEntry {
                id: ObjectId(Sha1::digest(i.to_be_bytes()).into()),
                crc: i.wrapping_mul(0x9e37_79b9),
                // Every third lies beyond what 31 bits can say.
                offset: u64::from(i) * 1000 + 12 + if i % 3 == 0 { 1 << 33 } else { 0 },
            })
            .collect()
    }

    #[test]
    fn near_and_far_offsets_are_found() {
        for count in [0, 1, 2, 300, 3000] {
            let mut all = entries(count);
            let index = PackIndex::new(build(&mut all, ObjectId([5; 20]))).unwrap();
            assert_eq!((index.len(), index.is_empty()), (all.len(), count == 0));
            assert_eq!(index.pack_checksum(), ObjectId([5; 20]));
            for entry in &all {
                assert_eq!(index.find(&entry.id), Some(entry.offset));
                let mut other = entry.id;
                other.0[19] ^= 1;
                assert_eq!(index.find(&other), None);
            }
            assert!(index.ids().eq(all.iter().map(|e| e.id)));
            let by_offset = index.entries_by_offset();
            assert!(by_offset.is_sorted_by_key(|e| e.offset));
            assert_eq!(
                by_offset.iter().map(|e| u64::from(e.crc)).sum::<u64>(),
                all.iter().map(|e| u64::from(e.crc)).sum()
            );
        }
    }

    #[test]
    fn a_well_signed_lie_is_refused() {
        let resign = |mut bytes: Vec<u8>| {
            let end = bytes.len() - 20;
            let checksum: [u8; 20] = Sha1::digest(&bytes[..end]).into();
            bytes[end..].copy_from_slice(&checksum);
            PackIndex::new(bytes)
        };
        let good = build(&mut entries(10), ObjectId([5; 20]));
        assert!(resign(good.clone()).is_ok());
        let lies: [fn(&mut Vec<u8>); 6] = [
            |b| b[IDS - 1] += 1,
            |b| b[IDS - 4] = 0x7f,
            |b| b[FANOUT] = 1,
            |b| b.swap(IDS, IDS + 20),
            |b| {
                // A far offset beyond its table.
                let at = (0..10).map(|i| IDS + 10 * 24 + i * 4).find(|at| b[*at] & 0x80 != 0).unwrap();
                b[at + 3] = 99;
            },
            |b| {
                let end = b.len() - 8;
                b.truncate(end);
            },
        ];
        for (number, lie) in lies.into_iter().enumerate() {
            let mut bytes = good.clone();
            lie(&mut bytes);
            assert!(resign(bytes).is_err(), "{number}");
        }
        assert!(PackIndex::new(good[..100].to_vec()).is_err());
    }
}
