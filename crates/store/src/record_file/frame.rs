//! One record on disk, all numbers little-endian:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | marker `F6` (never part of UTF-8 text) |
//! | 1 | 1 | version 1 |
//! | 2 | 4 | n, the bytes of the payload |
//! | 6 | n | the record in postcard |
//! | 6+n | 32 | chain: SHA-256(chain before, bytes 0 to 6+n) |
//! | 38+n | 8 | the highest position known to be on disk when this was written |
//! | 46+n | 8 | XXH3-64 of bytes 0 to 46+n |
//!
//! What was synced when is no part of the chain: a log that is rebuilt has the same chain.

use sha2::{Digest as _, Sha256};
use vpr_types::Digest;
use xxhash_rust::xxh3::xxh3_64;

pub(super) const MARKER: u8 = 0xf6;
const VERSION: u8 = 1;
const HEAD: usize = 6;
const TAIL: usize = 48;
/// Bytes of a frame with an empty payload.
pub(super) const FRAME_BYTES_MIN: usize = HEAD + TAIL;
/// Bytes of the largest payload. A transaction of 50,000 documents takes about 8 MiB.
pub(super) const PAYLOAD_BYTES_MAX: usize = 256 << 20;

/// A frame whose checksum holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) payload: &'a [u8],
    pub(super) chain: Digest,
    /// The highest position known to be on disk when the frame was written.
    pub(super) synced: u64,
    /// Bytes of the whole frame.
    pub(super) size: usize,
    covered_by_chain: &'a [u8],
}

impl Frame<'_> {
    /// Whether the frame follows one whose chain is `before`.
    pub(super) fn follows(&self, before: &Digest) -> bool {
        link(before, self.covered_by_chain) == self.chain
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The frame needs so many bytes from its start.
    Short(usize),
    /// Marker, length or checksum are wrong.
    Broken(&'static str),
    /// Checksum and all may be right, the version is not known.
    Version(u8),
}

/// Reads the frame at the start of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let Some((head, _)) = bytes.split_first_chunk::<HEAD>() else {
        return Err(Fault::Short(FRAME_BYTES_MIN));
    };
    let [marker, version, length @ ..] = head;
    // Version 0 is never written: zeros stand where a crash left a hole.
    if *marker != MARKER || *version == 0 {
        return Err(Fault::Broken("no record begins here"));
    }
    if *version != VERSION {
        return Err(Fault::Version(*version));
    }
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > PAYLOAD_BYTES_MAX {
        return Err(Fault::Broken("a record cannot be so long"));
    }
    let size = FRAME_BYTES_MIN + length;
    let Some(frame) = bytes.get(..size) else { return Err(Fault::Short(size)) };
    let (covered_by_chain, tail) = frame.split_at(HEAD + length);
    let (checked, sum) = frame.split_at(size - 8);
    if xxh3_64(checked).to_le_bytes() != sum {
        return Err(Fault::Broken("the checksum of a record is wrong"));
    }
    let (chain, rest) = tail.split_at(Digest::LEN);
    Ok(Frame {
        payload: covered_by_chain.get(HEAD..).unwrap_or_default(),
        chain: Digest(chain.try_into().unwrap_or_default()),
        synced: u64::from_le_bytes(rest.get(..8).unwrap_or_default().try_into().unwrap_or_default()),
        size,
        covered_by_chain,
    })
}

/// Appends a frame to `out` and answers its chain. `payload` is at most [`PAYLOAD_BYTES_MAX`].
pub(super) fn encode(payload: &[u8], before: &Digest, synced: u64, out: &mut Vec<u8>) -> Digest {
    let start = out.len();
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    out.reserve(FRAME_BYTES_MIN + payload.len());
    out.extend([MARKER, VERSION]);
    out.extend(length.to_le_bytes());
    out.extend(payload);
    let chain = link(before, out.get(start..).unwrap_or_default());
    out.extend(chain.0);
    out.extend(synced.to_le_bytes());
    let sum = xxh3_64(out.get(start..).unwrap_or_default());
    out.extend(sum.to_le_bytes());
    chain
}

fn link(before: &Digest, covered: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(before.0);
    hash.update(covered);
    Digest(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_length_beyond_the_limit_is_not_waited_for() {
        let head = |length: usize| {
            let mut head = vec![MARKER, VERSION];
            head.extend(u32::try_from(length).unwrap().to_le_bytes());
            head
        };
        assert_eq!(parse(&head(PAYLOAD_BYTES_MAX)), Err(Fault::Short(PAYLOAD_BYTES_MAX + FRAME_BYTES_MIN)));
        assert!(matches!(parse(&head(PAYLOAD_BYTES_MAX + 1)), Err(Fault::Broken(_))));
    }

    proptest! {
        #[test]
        fn a_frame_reads_back_and_follows_only_its_predecessor(
            payload in vec(any::<u8>(), 0..300), before in any::<[u8; 32]>(), synced in any::<u64>(), rest in vec(any::<u8>(), 0..9),
        ) {
            let mut bytes = Vec::new();
            let chain = encode(&payload, &Digest(before), synced, &mut bytes);
            let size = bytes.len();
            bytes.extend(&rest);
            let frame = parse(&bytes).unwrap();
            prop_assert_eq!((frame.payload, frame.chain, frame.synced, frame.size), (&payload[..], chain, synced, size));
            prop_assert!(frame.follows(&Digest(before)));
            let mut other = before;
            other[7] ^= 1;
            prop_assert!(!frame.follows(&Digest(other)));
        }

        #[test]
        fn a_flipped_bit_or_a_cut_is_noticed(payload in vec(any::<u8>(), 0..80), bit in any::<usize>(), cut in any::<usize>()) {
            let mut bytes = Vec::new();
            encode(&payload, &Digest([3; 32]), 9, &mut bytes);
            prop_assert!(matches!(parse(&bytes[..cut % bytes.len()]), Err(Fault::Short(_))));
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(parse(&bytes).is_err());
        }

        #[test]
        fn the_chain_does_not_depend_on_what_was_synced(payload in vec(any::<u8>(), 0..80), a in any::<u64>(), b in any::<u64>()) {
            let chain = |synced| encode(&payload, &Digest([3; 32]), synced, &mut Vec::new());
            prop_assert_eq!(chain(a), chain(b));
        }
    }
}
