//! Decompression that cannot be made to expand without bound.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::kind::Compression;
use super::limits::Limits;

/// The largest window a zstd frame may demand: 2^27 bytes, what `zstd` itself accepts without `--long`.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Counts the bytes that pass.
pub(crate) struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    pub(crate) fn new(inner: R, count: Arc<AtomicU64>) -> Self {
        Self { inner, count }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// What comes out of a decoder, held against what went in.
struct Bounded<R> {
    decoder: R,
    consumed: Arc<AtomicU64>,
    produced: u64,
    limits: Limits,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(buffer)?;
        self.produced += read as u64;
        if self.produced > self.limits.expanded_bytes_max {
            return Err(io::Error::other(format!(
                "it expands to more than {} bytes",
                self.limits.expanded_bytes_max
            )));
        }
        let consumed = self.consumed.load(Ordering::Relaxed);
        let ratio_counts = self.produced > self.limits.ratio_free_bytes;
        if ratio_counts && self.produced / self.limits.ratio_max > consumed {
            return Err(io::Error::other(format!(
                "it expands to more than {} times its size",
                self.limits.ratio_max
            )));
        }
        Ok(read)
    }
}

/// The expanded bytes of `reader`. A truncated or damaged stream ends in an error, never quietly.
pub(crate) fn expand<'a>(
    reader: impl Read + 'a,
    compression: Compression,
    limits: &Limits,
) -> io::Result<Box<dyn Read + 'a>> {
    let consumed = Arc::new(AtomicU64::new(0));
    let reader = Counted::new(reader, Arc::clone(&consumed));
    let bounded = |decoder: Box<dyn Read + 'a>| Bounded { decoder, consumed, produced: 0, limits: *limits };
    Ok(match compression {
        Compression::None => Box::new(reader),
        Compression::Gzip => {
            Box::new(bounded(Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(reader)))))
        }
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(reader)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(bounded(Box::new(decoder)))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 19).unwrap()
    }

    fn small() -> Limits {
        Limits { expanded_bytes_max: 1 << 20, ratio_max: 50, ratio_free_bytes: 1 << 16, ..Limits::default() }
    }

    fn all(bytes: &[u8], compression: Compression) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let mut reader = expand(bytes, compression, &small()).map_err(|e| e.to_string())?;
        reader.read_to_end(&mut out).map_err(|e| e.to_string())?;
        Ok(out)
    }

    /// Text that does not compress to nothing: a linear congruential sequence as hex.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"0123456789abcdef"[(state >> 28) as usize]
        };
        (0..length).map(next).collect()
    }

    #[test]
    fn both_formats_expand_and_concatenated_streams_are_one() {
        let text = noise(100_000);
        assert_eq!(all(&gzip(&text), Compression::Gzip), Ok(text.clone()));
        assert_eq!(all(&zstd(&text), Compression::Zstd), Ok(text.clone()));
        let twice = [text.clone(), text.clone()].concat();
        assert_eq!(all(&[gzip(&text), gzip(&text)].concat(), Compression::Gzip), Ok(twice.clone()));
        assert_eq!(all(&[zstd(&text), zstd(&text)].concat(), Compression::Zstd), Ok(twice));
    }

    #[test]
    fn a_stream_cut_anywhere_is_an_error() {
        let text = noise(5_000);
        for (bytes, compression) in [(gzip(&text), Compression::Gzip), (zstd(&text), Compression::Zstd)] {
            for cut in (1..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
                assert!(all(&bytes[..cut], compression).is_err(), "{compression:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn bombs_are_stopped_by_ratio_and_by_size() {
        let zeros = vec![0; 900_000];
        for (bytes, compression) in [(gzip(&zeros), Compression::Gzip), (zstd(&zeros), Compression::Zstd)] {
            let error = all(&bytes, compression).unwrap_err();
            assert!(error.contains("50 times"), "{compression:?} {error}");
        }
        let large = noise((1 << 20) + 1);
        for (bytes, compression) in [(gzip(&large), Compression::Gzip), (zstd(&large), Compression::Zstd)] {
            let error = all(&bytes, compression).unwrap_err();
            assert!(error.contains("1048576 bytes"), "{compression:?} {error}");
        }
    }

    #[test]
    fn small_files_may_compress_very_well() {
        let zeros = vec![b' '; 60_000];
        assert_eq!(all(&gzip(&zeros), Compression::Gzip), Ok(zeros));
    }
}
