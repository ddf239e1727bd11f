use vpr_types::ObjectId;

use crate::{Error, ObjectKind};

const BROKEN: Error = Error::Malformed("a pack entry's header is broken");

/// What stands in front of an object's zlib stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// The content follows.
    Whole(ObjectKind),
    /// A delta follows; its base begins this many bytes before this entry.
    OfsDelta(u64),
    /// A delta follows; its base has this id.
    RefDelta(ObjectId),
}

/// Room for any entry header: ten bytes of size, then ten of distance or twenty of id.
pub(crate) const HEADER_MAX: usize = 30;

const OFS_DELTA: u8 = 6;
const REF_DELTA: u8 = 7;

pub(crate) fn write(out: &mut Vec<u8>, kind: EntryKind, mut size: u64) {
    let number = match kind {
        EntryKind::Whole(kind) => kind.pack_number(),
        EntryKind::OfsDelta(_) => OFS_DELTA,
        EntryKind::RefDelta(_) => REF_DELTA,
    };
    let mut byte = (number << 4) | (size & 0x0f) as u8;
    size >>= 4;
    while size > 0 {
        out.push(byte | 0x80);
        byte = (size & 0x7f) as u8;
        size >>= 7;
    }
    out.push(byte);
    match kind {
        EntryKind::Whole(_) => {}
        EntryKind::RefDelta(id) => out.extend_from_slice(&id.0),
        EntryKind::OfsDelta(mut distance) => {
            let mut bytes = [0; 10];
            let mut at = bytes.len() - 1;
            bytes[at] = (distance & 0x7f) as u8;
            distance >>= 7;
            // Each further byte stands for one more than its bits say: no distance has two forms.
            while distance > 0 {
                distance -= 1;
                at -= 1;
                bytes[at] = 0x80 | (distance & 0x7f) as u8;
                distance >>= 7;
            }
            out.extend_from_slice(&bytes[at..]);
        }
    }
}

/// Reads a header: what the entry is, its inflated size, and the length of the header.
pub(crate) fn parse(bytes: &[u8]) -> Result<(EntryKind, u64, usize), Error> {
    let mut at = 0;
    let mut next = || {
        let byte = bytes.get(at).copied().ok_or(BROKEN);
        at += 1;
        byte
    };
    let mut byte = next()?;
    let number = (byte >> 4) & 7;
    let mut size = u64::from(byte & 0x0f);
    let mut shift = 4;
    while byte & 0x80 != 0 {
        byte = next()?;
        if shift > 53 {
            return Err(BROKEN);
        }
        size |= u64::from(byte & 0x7f) << shift;
        shift += 7;
    }
    let kind = match number {
        OFS_DELTA => {
            let mut byte = next()?;
            let mut distance = u64::from(byte & 0x7f);
            while byte & 0x80 != 0 {
                byte = next()?;
                if distance >= 1 << 55 {
                    return Err(BROKEN);
                }
                distance = ((distance + 1) << 7) | u64::from(byte & 0x7f);
            }
            EntryKind::OfsDelta(distance)
        }
        REF_DELTA => {
            let id = bytes.get(at..at + 20).and_then(|id| id.try_into().ok()).ok_or(BROKEN)?;
            at += 20;
            EntryKind::RefDelta(ObjectId(id))
        }
        number => {
            let kind = ObjectKind::from_pack_number(number);
            EntryKind::Whole(kind.ok_or(Error::Malformed("an object has a kind that is not served"))?)
        }
    };
    Ok((kind, size, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_read_back_at_every_border() {
        let borders = (0..60).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        let distances = [127, 128, 129, 16_511, 16_512, 2_113_663, 2_113_664, 270_549_119, 270_549_120];
        for value in borders.chain(distances).filter(|v| *v < 1 << 55) {
            for kind in [
                EntryKind::Whole(ObjectKind::Blob),
                EntryKind::OfsDelta(value),
                EntryKind::RefDelta(ObjectId([9; 20])),
            ] {
                let mut bytes = Vec::new();
                write(&mut bytes, kind, value);
                assert!(bytes.len() <= HEADER_MAX);
                assert_eq!(parse(&bytes).unwrap(), (kind, value, bytes.len()));
                assert!(parse(&bytes[..bytes.len() - 1]).is_err());
            }
        }
    }

    #[test]
    fn a_header_without_end_is_refused() {
        assert!(parse(&[0xff; HEADER_MAX]).is_err());
        let mut distance = vec![0x60];
        distance.extend([0xff; 29]);
        assert!(parse(&distance).is_err());
        for number in [0, 4, 5] {
            assert!(parse(&[number << 4, 0]).is_err(), "{number}");
        }
    }
}
