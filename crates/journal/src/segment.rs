use std::path::{Path, PathBuf};
use std::sync::Arc;

use vpr_types::DiskFile;

const SEGMENT_SUFFIX: &str = ".segment";
const SPARE_SUFFIX: &str = ".spare";

/// A segment whose header is durable, and whose name is.
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) epoch: u64,
    /// Length of the file.
    pub(crate) bytes: u64,
    pub(crate) file: Arc<dyn DiskFile>,
}

impl Segment {
    /// Bytes that count against the journal's capacity, where regular segments have `regular` bytes.
    pub(crate) fn counted_bytes(&self, regular: u64) -> u64 {
        if self.bytes < regular { 0 } else { self.bytes }
    }
}

/// A segment that holds entries, or is being written.
pub(crate) struct Held {
    pub(crate) segment: Arc<Segment>,
    /// The ticket of its first entry, or of the next entry there will be.
    pub(crate) first: u64,
    /// Where its entries begin and how long their payloads are.
    pub(crate) places: Vec<(u32, u32)>,
}

impl Held {
    pub(crate) fn new(segment: Arc<Segment>, first: u64) -> Self {
        Self { segment, first, places: Vec::new() }
    }

    /// The ticket after its last entry.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.places.len() as u64
    }
}

/// What a file in the journal's folder is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Its header was synced before it got this name.
    Segment(u64),
    /// In preparation: never read, swept at start.
    Spare,
    /// Not ours.
    Foreign,
}

impl FileKind {
    pub(crate) fn of(name: &str) -> Self {
        if name.ends_with(SPARE_SUFFIX) {
            return Self::Spare;
        }
        let number = name
            .strip_suffix(SEGMENT_SUFFIX)
            .filter(|digits| digits.len() == 16 && !digits.contains('+'))
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        match number {
            Some(number) if segment_name(number) == name => Self::Segment(number),
            _ => Self::Foreign,
        }
    }
}

fn segment_name(number: u64) -> String {
    format!("{number:016x}{SEGMENT_SUFFIX}")
}

pub(crate) fn segment_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(segment_name(number))
}

/// The name of the `n`th file that this process prepares.
pub(crate) fn spare_path(folder: &Path, n: u64) -> PathBuf {
    folder.join(format!("{n:016x}{SPARE_SUFFIX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is() {
        let path = segment_path(Path::new("journal"), 0x1F);
        assert_eq!(path, Path::new("journal/000000000000001f.segment"));
        assert_eq!(FileKind::of("000000000000001f.segment"), FileKind::Segment(31));
        let spare = spare_path(Path::new("journal"), 3);
        assert_eq!(FileKind::of(spare.file_name().unwrap().to_str().unwrap()), FileKind::Spare);
        for foreign in ["1f.segment", "000000000000001F.segment", "+00000000000001f.segment", "x", ".segment"]
        {
            assert_eq!(FileKind::of(foreign), FileKind::Foreign, "{foreign}");
        }
    }
}
