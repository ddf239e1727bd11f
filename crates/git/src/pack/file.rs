use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha1::{Digest, Sha1};
use vpr_types::{Disk, DiskFile, ObjectId, OpenMode};

use super::header::{self, EntryKind, HEADER_MAX};
use super::{PACK_HEADER, PACK_TRAILER, PackIndex};
use crate::deflate::{check_claim, inflate_claimed};
use crate::tree::apply_delta;
use crate::{Error, OBJECT_BYTES_MAX, Object, ObjectKind};

/// Read at first: most documents' streams fit.
const WINDOW: usize = 4096;
/// Links of a delta chain followed at the most. Stock Git makes chains of 50 and can be told to
/// make them as long as this; VPR's own are far shorter.
const CHAIN_MAX: usize = 4095;

/// A pack file, read by position.
pub struct PackFile {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    /// Where the trailer begins.
    end: u64,
    count: u32,
}

impl PackFile {
    /// Opens a pack and checks its header.
    ///
    /// # Errors
    /// [`Error::Io`], `NotFound` included; [`Error::Damaged`] when it is not a pack of version 2.
    pub fn open(disk: &dyn Disk, path: &Path) -> Result<Self, Error> {
        let file = disk.open(path, OpenMode::Read)?;
        let length = file.len()?;
        let mut start = [0; PACK_HEADER as usize];
        if length < PACK_HEADER + PACK_TRAILER {
            return Err(Error::damaged("a pack is too short", path));
        }
        file.read_exact_at(&mut start, 0)?;
        let (magic, count) = start.split_at(8);
        if magic != b"PACK\0\0\0\x02" {
            return Err(Error::damaged("a pack has not the header of one", path));
        }
        let count = count.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte));
        Ok(Self { path: path.to_owned(), file, end: length - PACK_TRAILER, count })
    }

    /// How many objects the pack says it has.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Where the file stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the last object ends, in bytes.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Reads the object that begins at `offset`, through its chain of deltas. The caller compares
    /// the id: a pack does not say whose content it holds.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] when anything on the way is not as it must be.
    pub fn read(&self, index: &PackIndex, offset: u64) -> Result<Object, Error> {
        let mut buffer = Vec::new();
        let mut deltas: Vec<Vec<u8>> = Vec::new();
        let mut at = offset;
        let (kind, mut content) = loop {
            let (kind, data) = self.entry_at(at, &mut buffer)?;
            at = match self.base_of(index, at, kind)? {
                Base::None(kind) => break (kind, data),
                Base::At(base) => base,
            };
            deltas.push(data);
            if deltas.len() > CHAIN_MAX {
                return Err(self.damaged("a chain of deltas has no end"));
            }
        };
        for delta in deltas.iter().rev() {
            content = apply_delta(&content, delta).map_err(|error| error.at(&self.path))?;
        }
        Ok(Object { kind, content })
    }

    /// Where the base of an entry begins.
    pub(crate) fn base_of(&self, index: &PackIndex, offset: u64, kind: EntryKind) -> Result<Base, Error> {
        match kind {
            EntryKind::Whole(kind) => Ok(Base::None(kind)),
            EntryKind::OfsDelta(distance) => match offset.checked_sub(distance) {
                Some(base) if base >= PACK_HEADER && distance > 0 => Ok(Base::At(base)),
                _ => Err(self.damaged("the base of a delta lies outside of its pack")),
            },
            EntryKind::RefDelta(id) => match index.find(&id) {
                Some(base) => Ok(Base::At(base)),
                None => Err(self.damaged("the base of a delta is not in its pack")),
            },
        }
    }

    /// Reads and inflates the entry at `offset`, whose compressed length nobody wrote down: a
    /// window that fits most, then one that fits all.
    fn entry_at(&self, offset: u64, buffer: &mut Vec<u8>) -> Result<(EntryKind, Vec<u8>), Error> {
        let available = match self.end.checked_sub(offset) {
            Some(available) if available > 0 && offset >= PACK_HEADER => available,
            _ => return Err(self.damaged("an object lies outside of its pack")),
        };
        self.fill(offset, available, WINDOW, buffer)?;
        let (kind, size, start) = header::parse(buffer).map_err(|error| error.at(&self.path))?;
        check_claim(size, available).map_err(|error| error.at(&self.path))?;
        let size = usize::try_from(size).unwrap_or(OBJECT_BYTES_MAX);
        if (size <= WINDOW * 4 || available <= WINDOW as u64)
            && let Some(data) = inflate_claimed(&buffer[start..], size)
        {
            return Ok((kind, data));
        }
        // More than any zlib makes of bytes that do not compress.
        self.fill(offset, available, HEADER_MAX + size + size / 4 + 1024, buffer)?;
        let data = inflate_claimed(&buffer[start..], size);
        let data = data.ok_or_else(|| self.damaged("an object does not inflate to its size"))?;
        Ok((kind, data))
    }

    fn fill(&self, offset: u64, available: u64, want: usize, buffer: &mut Vec<u8>) -> Result<(), Error> {
        buffer.resize(usize::try_from(available).unwrap_or(want).min(want), 0);
        self.read_exact(buffer, offset)
    }

    /// Fills `buffer`; the file was longer than that when it was opened.
    pub(crate) fn read_exact(&self, buffer: &mut [u8], offset: u64) -> Result<(), Error> {
        match self.file.read_exact_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged("a pack is cut short"))
            }
            other => Ok(other?),
        }
    }

    /// The pack's checksum, if the pack matches it.
    pub(crate) fn checksum(&self) -> Result<ObjectId, Error> {
        let mut hash = Sha1::new();
        let mut buffer = vec![0; 256 * 1024];
        let mut at = 0;
        while at < self.end() {
            let part = usize::try_from(self.end() - at).unwrap_or(buffer.len()).min(buffer.len());
            self.read_exact(&mut buffer[..part], at)?;
            hash.update(&buffer[..part]);
            at += part as u64;
        }
        let mut trailer = [0; 20];
        self.read_exact(&mut trailer, at)?;
        let computed: [u8; 20] = hash.finalize().into();
        if computed == trailer {
            Ok(ObjectId(computed))
        } else {
            Err(self.damaged("a pack does not match its checksum"))
        }
    }

    pub(crate) fn damaged(&self, what: &'static str) -> Error {
        Error::damaged(what, &self.path)
    }
}

/// What an entry hangs on.
pub(crate) enum Base {
    /// Nothing: it is whole, and of this kind.
    None(ObjectKind),
    /// The entry that begins there.
    At(u64),
}
