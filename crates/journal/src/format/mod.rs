//! The bytes of a segment, format version 1; all numbers are little-endian, all checksums xxh3-64.
//!
//! ```text
//! segment  header block of 4 KiB, then groups back to back, then zeros
//! header   0 "VPRJRNL\n"  8 version u32  12 rescued u32  16 segment number u64  24 epoch u64
//!          32 length of the file as prepared u64  40 zeros  4088 checksum of bytes 0..4088
//!          rescued: 1 when the first group is a copy of the last one of the segment before
//! group    header of 64 bytes, entries, zeros up to a multiple of 4 KiB
//!          0 "VPRGROUP"  8 group number u64  16 epoch u64  24 last group known to be synced u64
//!          32 entries u32  36 zero u32  40 bytes of the entries u64
//!          48 checksum, seeded by the epoch, of all that follows the header
//!          56 checksum, seeded by the epoch, of bytes 0..56
//! entry    0 length u32  4 class u8  5 zeros  8 checksum of the payload, seeded by the epoch xor
//!          bytes 0..8 as u64  16 payload, zeros up to a multiple of 8
//! ```
//!
//! The epoch is random for each use of a segment's file: what an earlier use left, and what a
//! client put into a payload, never passes for a group of this one.

pub(crate) mod entry;
pub(crate) mod group;
pub(crate) mod segment;

/// Segments' headers and groups begin at multiples of this.
pub(crate) const BLOCK_BYTES: u64 = 4096;

/// `bytes` rounded up to whole blocks.
pub(crate) fn blocks(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK_BYTES)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A length that is known to fit memory.
pub(crate) fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
