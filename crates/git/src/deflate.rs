use std::cell::RefCell;

use libdeflater::{Adler32, CompressionLvl, Compressor, DecompressionError, Decompressor};

use crate::{Error, OBJECT_BYTES_MAX};

/// DEFLATE cannot expand a byte to more than this (RFC 1951: 258 bytes from two bits).
const RATIO_MAX: u64 = 1032;

thread_local! {
    static COMPRESSOR: RefCell<Option<(Compressor, Vec<u8>)>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor>> = const { RefCell::new(None) };
}

/// Compresses to a zlib stream (RFC 1950), fast level. The result has no spare capacity.
#[must_use]
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    COMPRESSOR.with_borrow_mut(|slot| {
        let (compressor, scratch) = slot.get_or_insert_with(|| {
            let level = CompressionLvl::new(1).unwrap_or_default();
            (Compressor::new(level), Vec::new())
        });
        let bound = compressor.zlib_compress_bound(bytes.len());
        if scratch.len() < bound {
            scratch.resize(bound, 0);
        }
        let deflated = match compressor.zlib_compress(bytes, scratch) {
            Ok(length) => scratch[..length].to_vec(),
            Err(_) => deflate_stored(bytes),
        };
        // One huge object must not keep its buffer for the life of the thread.
        if scratch.len() > 1024 * 1024 {
            *scratch = Vec::new();
        }
        deflated
    })
}

/// Wraps bytes that do not compress (sealed ones) into a zlib stream of stored blocks.
#[must_use]
pub fn deflate_stored(bytes: &[u8]) -> Vec<u8> {
    let blocks = bytes.len().div_ceil(usize::from(u16::MAX)).max(1);
    let mut out = Vec::with_capacity(2 + blocks * 5 + bytes.len() + 4);
    out.extend_from_slice(&[0x78, 0x01]);
    let mut rest = bytes;
    loop {
        let (block, after) = rest.split_at(rest.len().min(usize::from(u16::MAX)));
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(after.is_empty()));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let mut adler = Adler32::new();
    adler.update(bytes);
    out.extend_from_slice(&adler.sum().to_be_bytes());
    out
}

/// Inflates a zlib stream that must give exactly `size` bytes. Bytes behind the stream are ignored.
///
/// # Errors
/// [`Error::Malformed`] when the stream is broken, gives another size, claims more than
/// [`OBJECT_BYTES_MAX`] or more than its length could ever give; nothing is allocated then.
pub fn inflate(deflated: &[u8], size: u32) -> Result<Vec<u8>, Error> {
    check_claim(u64::from(size), deflated.len() as u64)?;
    inflate_claimed(deflated, size as usize)
        .ok_or(Error::Malformed("a zlib stream does not inflate to its size"))
}

/// Refuses a claimed inflated size that is above the cap or impossible.
pub(crate) fn check_claim(size: u64, deflated: u64) -> Result<(), Error> {
    if size > OBJECT_BYTES_MAX as u64 {
        return Err(Error::Malformed("an object claims more bytes than allowed"));
    }
    if size > deflated.saturating_mul(RATIO_MAX) {
        return Err(Error::Malformed("an object claims more bytes than its data can give"));
    }
    Ok(())
}

/// Inflates to exactly `size` bytes; `None` when the stream is broken, cut or of another size.
/// The caller has bounded `size`.
pub(crate) fn inflate_claimed(deflated: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; size];
    let length = with_decompressor(|d| d.zlib_decompress(deflated, &mut out)).ok()?;
    (length == size).then_some(out)
}

/// Inflates a stream whose size is not known, at most `OBJECT_BYTES_MAX` and a header.
pub(crate) fn inflate_unsized(deflated: &[u8]) -> Option<Vec<u8>> {
    let cap = OBJECT_BYTES_MAX + 64;
    let mut size = (deflated.len() * 4).clamp(256, cap);
    loop {
        let mut out = vec![0; size];
        match with_decompressor(|d| d.zlib_decompress(deflated, &mut out)) {
            Ok(length) => {
                out.truncate(length);
                return Some(out);
            }
            Err(DecompressionError::InsufficientSpace) if size < cap => size = (size * 4).min(cap),
            Err(_) => return None,
        }
    }
}

fn with_decompressor<T>(run: impl FnOnce(&mut Decompressor) -> T) -> T {
    DECOMPRESSOR.with_borrow_mut(|slot| run(slot.get_or_insert_with(Decompressor::new)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_streams_inflate_at_every_block_border() {
        for length in [0, 1, 65_534, 65_535, 65_536, 131_070, 131_071, 200_000] {
            let bytes: Vec<u8> = (0..length).map(|i: u32| (i * 7 + i / 256) as u8).collect();
            let stored = deflate_stored(&bytes);
            assert_eq!(inflate(&stored, length).unwrap(), bytes, "{length}");
            assert_eq!(inflate(&deflate(&bytes), length).unwrap(), bytes, "{length}");
            assert_eq!(inflate_unsized(&stored).unwrap(), bytes, "{length}");
        }
    }

    #[test]
    fn a_wrong_size_or_a_cut_stream_is_refused() {
        let deflated = deflate(b"the same words, the same words, the same words");
        for size in [0, 45, 47, 4000] {
            assert!(matches!(inflate(&deflated, size), Err(Error::Malformed(_))), "{size}");
        }
        assert!(inflate(&deflated[..deflated.len() - 1], 46).is_err());
    }

    #[test]
    fn a_bomb_is_refused_before_anything_is_allocated() {
        let zeros = deflate(&vec![0; 1_000_000]);
        assert!(zeros.len() < 10_000);
        for size in [u32::MAX, u32::try_from(OBJECT_BYTES_MAX).unwrap() + 1, 60_000_000] {
            assert!(matches!(inflate(&zeros, size), Err(Error::Malformed(_))), "{size}");
        }
        let bomb = deflate(&vec![0; OBJECT_BYTES_MAX + 65]);
        assert!(inflate_unsized(&bomb).is_none());
    }
}
