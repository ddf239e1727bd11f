use std::sync::Arc;

use libdeflater::crc32;
use vpr_types::ObjectId;

use super::header::{self, EntryKind};
use super::index::IndexEntry;
use super::{PACK_HEADER, PackFile, PackIndex};
use crate::deflate::check_claim;
use crate::{Error, OBJECT_BYTES_MAX};

/// Read at once when a pack is read front to back.
const WINDOW: u64 = 1024 * 1024;
/// Longer than any zlib stream of an object that is allowed.
const EXTENT_MAX: u64 = OBJECT_BYTES_MAX as u64 * 2;

/// The objects of a pack as the byte ranges between one and the next: for whoever goes through
/// the whole pack. Every range handed out matched the checksum that the index has for it.
pub(crate) struct Extents<'p> {
    file: Arc<PackFile>,
    index: &'p PackIndex,
    entries: Vec<IndexEntry>,
    window: Vec<u8>,
    window_at: u64,
}

/// One object's bytes in a pack.
pub(crate) struct Extent<'a> {
    pub(crate) id: ObjectId,
    pub(crate) offset: u64,
    pub(crate) kind: EntryKind,
    /// Bytes that `deflated` inflates to; bounded.
    pub(crate) size: usize,
    pub(crate) deflated: &'a [u8],
}

impl<'p> Extents<'p> {
    /// # Errors
    /// [`Error::Damaged`] when the index's offsets do not divide the pack.
    pub(crate) fn new(file: Arc<PackFile>, index: &'p PackIndex) -> Result<Self, Error> {
        let entries = index.entries_by_offset();
        let borders = entries.iter().map(|entry| entry.offset).chain([file.end()]);
        let rising = borders.clone().zip(borders.clone().skip(1)).all(|(a, b)| a < b);
        if borders.take(1).any(|first| first != PACK_HEADER) || !rising {
            return Err(file.damaged("a pack and its index do not fit together"));
        }
        Ok(Self { file, index, entries, window: Vec::new(), window_at: 0 })
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn file(&self) -> &Arc<PackFile> {
        &self.file
    }

    pub(crate) fn index(&self) -> &'p PackIndex {
        self.index
    }

    /// The id of the object that begins at `offset`.
    pub(crate) fn id_at(&self, offset: u64) -> Option<ObjectId> {
        let found = self.entries.binary_search_by_key(&offset, |entry| entry.offset).ok()?;
        Some(self.entries[found].id)
    }

    /// The `number`th object from the pack's beginning.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] when its bytes do not match the index's checksum or do
    /// not begin like an object.
    pub(crate) fn get(&mut self, number: usize) -> Result<Extent<'_>, Error> {
        let IndexEntry { id, crc, offset } = self.entries[number];
        let end = self.entries.get(number + 1).map_or(self.file.end(), |next| next.offset);
        let length = end - offset;
        if length > EXTENT_MAX {
            return Err(self.file.damaged("an object is longer than allowed"));
        }
        if offset < self.window_at || end > self.window_at + self.window.len() as u64 {
            let want = length.max(WINDOW).min(self.file.end() - offset);
            self.window.resize(usize::try_from(want).unwrap_or(0), 0);
            self.window_at = offset;
            self.file.read_exact(&mut self.window, offset)?;
        }
        let start = usize::try_from(offset - self.window_at).unwrap_or(usize::MAX);
        let bytes = &self.window[start..start + usize::try_from(length).unwrap_or(0)];
        if crc32(bytes) != crc {
            return Err(self.file.damaged("an object does not match its checksum"));
        }
        let (kind, size, start) = header::parse(bytes).map_err(|error| error.at(self.file.path()))?;
        check_claim(size, length).map_err(|error| error.at(self.file.path()))?;
        let size = usize::try_from(size).unwrap_or(OBJECT_BYTES_MAX);
        Ok(Extent { id, offset, kind, size, deflated: &bytes[start..] })
    }
}
