use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{size, u32_at, u64_at};
use crate::Class;

/// Bytes before an entry's payload.
pub(crate) const ENTRY_HEADER_BYTES: u64 = 16;

/// Bytes that an entry of `len` bytes takes within its group.
pub(crate) fn entry_bytes(len: u64) -> u64 {
    ENTRY_HEADER_BYTES + len.next_multiple_of(8)
}

/// Appends one entry. The payload is at most 1 GiB, which the caller checked.
pub(crate) fn encode(buffer: &mut Vec<u8>, epoch: u64, class: Class, payload: &[u8]) {
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut header = [0; 8];
    header[..4].copy_from_slice(&len.to_le_bytes());
    header[4] = class as u8;
    buffer.extend_from_slice(&header);
    buffer.extend_from_slice(&checksum(epoch, header, payload).to_le_bytes());
    buffer.extend_from_slice(payload);
    buffer.resize(buffer.len().next_multiple_of(8), 0);
}

/// The entry that begins `bytes`: its class and payload. `None` when it is damaged.
pub(crate) fn decode(bytes: &[u8], epoch: u64) -> Option<(Class, &[u8])> {
    let header = *bytes.first_chunk::<8>()?;
    let class = Class::from_byte(header[4])?;
    let start = size(ENTRY_HEADER_BYTES);
    let payload = bytes.get(start..start.checked_add(u32_at(bytes, 0)? as usize)?)?;
    (u64_at(bytes, 8)? == checksum(epoch, header, payload)).then_some((class, payload))
}

fn checksum(epoch: u64, header: [u8; 8], payload: &[u8]) -> u64 {
    xxh3_64_with_seed(payload, epoch ^ u64::from_le_bytes(header))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_stands_where_the_format_says() {
        let mut bytes = Vec::new();
        encode(&mut bytes, 5, Class::Access, b"hello");
        assert_eq!(bytes.len() as u64, entry_bytes(5));
        assert_eq!(&bytes[..8], [5, 0, 0, 0, 2, 0, 0, 0]);
        let checksum = xxh3_64_with_seed(b"hello", 5 ^ 0x0000_0002_0000_0005);
        assert_eq!(&bytes[8..16], checksum.to_le_bytes());
        assert_eq!(&bytes[16..], b"hello\0\0\0");
        assert_eq!(decode(&bytes, 5), Some((Class::Access, &b"hello"[..])));
        assert_eq!(decode(&bytes, 6), None, "of another epoch");
    }

    #[test]
    fn every_flipped_bit_but_in_the_padding_is_seen() {
        let mut bytes = Vec::new();
        encode(&mut bytes, 9, Class::Change, b"12345678abc");
        for at in 0..16 + 11 {
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                assert_eq!(decode(&bad, 9), None, "byte {at}");
            }
        }
        for cut in 0..16 + 11 {
            assert_eq!(decode(&bytes[..cut], 9), None);
        }
    }

    #[test]
    fn an_empty_payload_is_an_entry() {
        let mut bytes = Vec::new();
        encode(&mut bytes, 1, Class::Marker, b"");
        assert_eq!(bytes.len(), 16);
        assert_eq!(decode(&bytes, 1), Some((Class::Marker, &[][..])));
    }
}
