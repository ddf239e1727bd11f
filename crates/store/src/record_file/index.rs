use parking_lot::Mutex;

/// A point of the index stands at every so manieth record.
const STRIDE: u64 = 64;

/// Where some records of a segment begin: filled while the segment is read or written, derived
/// from it, never stored.
#[derive(Debug)]
pub(super) struct SparseIndex {
    first: u64,
    /// Offset of record `first + STRIDE * i`.
    points: Mutex<Vec<u64>>,
}

impl SparseIndex {
    pub(super) fn new(first: u64, header_bytes: u64) -> Self {
        Self { first, points: Mutex::new(vec![header_bytes]) }
    }

    /// Notes that record `position` begins at `offset`.
    pub(super) fn note(&self, position: u64, offset: u64) {
        let number = position - self.first;
        if !number.is_multiple_of(STRIDE) {
            return;
        }
        let mut points = self.points.lock();
        if u64::try_from(points.len()) == Ok(number / STRIDE) {
            points.push(offset);
        }
    }

    /// The nearest known record at or before `position`, which is not before the segment's first.
    pub(super) fn nearest(&self, position: u64) -> (u64, u64) {
        let points = self.points.lock();
        let wanted = usize::try_from((position - self.first) / STRIDE).unwrap_or(usize::MAX);
        let at = wanted.min(points.len() - 1);
        (self.first + STRIDE * u64::try_from(at).unwrap_or(0), points[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_record_is_found() {
        let index = SparseIndex::new(101, 64);
        assert_eq!(index.nearest(101), (101, 64));
        assert_eq!(index.nearest(9_999), (101, 64));
        for number in 0..200 {
            index.note(101 + number, 64 + number * 10);
        }
        // A reader that comes later notes the same again.
        index.note(101 + 64, 64 + 640);
        assert_eq!(index.nearest(101 + 63), (101, 64));
        assert_eq!(index.nearest(101 + 64), (165, 704));
        assert_eq!(index.nearest(101 + 199), (101 + 192, 64 + 1920));
    }
}
