use xxhash_rust::xxh3::xxh3_64;

use super::{BLOCK_BYTES, u32_at, u64_at};

const MAGIC: [u8; 8] = *b"VPRJRNL\n";
const VERSION: u32 = 1;
const BLOCK: usize = BLOCK_BYTES as usize;
const CHECKSUM_AT: usize = BLOCK - 8;

/// The first block of a segment's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) number: u64,
    pub(crate) epoch: u64,
    /// The file was prepared and synced with this length; it may have grown since, never shrunk.
    pub(crate) length: u64,
    /// The first group is a copy of the last one of the segment before, which may be torn there.
    pub(crate) rescued: bool,
}

/// Why a block is not the header of a segment that this version reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadHeader {
    Damaged,
    Version(u32),
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        block[..8].copy_from_slice(&MAGIC);
        block[8..12].copy_from_slice(&VERSION.to_le_bytes());
        block[12] = u8::from(self.rescued);
        block[16..24].copy_from_slice(&self.number.to_le_bytes());
        block[24..32].copy_from_slice(&self.epoch.to_le_bytes());
        block[32..40].copy_from_slice(&self.length.to_le_bytes());
        let checksum = xxh3_64(&block[..CHECKSUM_AT]);
        block[CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
        block
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, BadHeader> {
        let block = bytes.first_chunk::<BLOCK>().ok_or(BadHeader::Damaged)?;
        let field = |at| u64_at(block, at).ok_or(BadHeader::Damaged);
        if field(CHECKSUM_AT)? != xxh3_64(&block[..CHECKSUM_AT]) || block[..8] != MAGIC {
            return Err(BadHeader::Damaged);
        }
        match u32_at(block, 8) {
            Some(VERSION) => Ok(Self {
                number: field(16)?,
                epoch: field(24)?,
                length: field(32)?,
                rescued: block[12] == 1,
            }),
            Some(other) => Err(BadHeader::Version(other)),
            None => Err(BadHeader::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: SegmentHeader =
        SegmentHeader { number: 0x0102, epoch: 0xA1A2_A3A4_A5A6_A7A8, length: 1 << 20, rescued: true };

    #[test]
    fn every_field_stands_where_the_format_says() {
        let block = HEADER.encode();
        assert_eq!(&block[..16], b"VPRJRNL\n\x01\0\0\0\x01\0\0\0");
        assert_eq!(&block[16..24], [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&block[24..32], [0xA8, 0xA7, 0xA6, 0xA5, 0xA4, 0xA3, 0xA2, 0xA1]);
        assert_eq!(&block[32..40], [0, 0, 0x10, 0, 0, 0, 0, 0]);
        assert!(block[40..4088].iter().all(|byte| *byte == 0));
        assert_eq!(block[4088..], xxh3_64(&block[..4088]).to_le_bytes());
        assert_eq!(SegmentHeader::decode(&block), Ok(HEADER));
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let block = HEADER.encode();
        for at in 0..block.len() {
            for bit in 0..8 {
                let mut bad = block;
                bad[at] ^= 1 << bit;
                assert_eq!(SegmentHeader::decode(&bad), Err(BadHeader::Damaged), "byte {at}");
            }
        }
        assert_eq!(SegmentHeader::decode(&block[..4095]), Err(BadHeader::Damaged));
        assert_eq!(SegmentHeader::decode(&[0; 4096]), Err(BadHeader::Damaged));
    }

    #[test]
    fn a_later_version_is_named() {
        let mut block = HEADER.encode();
        block[8] = 7;
        let checksum = xxh3_64(&block[..CHECKSUM_AT]);
        block[CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(SegmentHeader::decode(&block), Err(BadHeader::Version(7)));
    }
}
