//! Directories: reading, changing a few entries of a large one, and deltas between two states.

mod delta;
mod splice;

use std::cmp::Ordering;

use vpr_types::ObjectId;

use crate::Error;

pub use delta::{apply_delta, delta};
pub use splice::{check_name, splice};

/// What an entry of a directory is. Only these two are written; links, programs and submodules
/// are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Mode {
    /// A regular file, `100644`.
    File = 0o100_644,
    /// A directory, `40000`.
    Tree = 0o040_000,
}

impl Mode {
    /// As it stands in a tree object.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Tree => "40000",
        }
    }
}

/// One entry of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// File or directory.
    pub mode: Mode,
    /// The name, without `/`.
    pub name: &'a str,
    /// The blob or tree.
    pub id: ObjectId,
}

/// The entries of a tree object, in stored order. After an error the iterator ends.
#[must_use]
pub fn parse(content: &[u8]) -> Entries<'_> {
    Entries { content, at: 0 }
}

/// Iterator over the entries of a tree object; see [`parse`].
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    content: &'a [u8],
    at: usize,
}

impl<'a> Entries<'a> {
    /// The next entry with the range of bytes that it takes.
    fn next_with_range(&mut self) -> Option<Result<(Entry<'a>, std::ops::Range<usize>), Error>> {
        let rest = self.content.get(self.at..).filter(|rest| !rest.is_empty())?;
        let parsed = parse_entry(rest);
        let start = self.at;
        self.at = match &parsed {
            Some((_, length)) => start + length,
            None => self.content.len(),
        };
        Some(
            parsed
                .map(|(entry, _)| (entry, start..self.at))
                .ok_or(Error::Malformed("a tree entry is not one")),
        )
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_with_range()?.map(|(entry, _)| entry))
    }
}

fn parse_entry(bytes: &[u8]) -> Option<(Entry<'_>, usize)> {
    let (mode, rest) = if let Some(rest) = bytes.strip_prefix(b"100644 ") {
        (Mode::File, rest)
    } else {
        (Mode::Tree, bytes.strip_prefix(b"40000 ")?)
    };
    let end = rest.iter().position(|b| *b == 0)?;
    let name = std::str::from_utf8(&rest[..end]).ok()?;
    if name.is_empty() || name == "." || name == ".." || name.contains('/') {
        return None;
    }
    let id = ObjectId(rest.get(end + 1..end + 21)?.try_into().ok()?);
    Some((Entry { mode, name, id }, bytes.len() - rest.len() + end + 21))
}

/// The entry of that name.
///
/// # Errors
/// [`Error::Malformed`] when the content is not a tree of files and directories.
pub fn find(content: &[u8], name: &str) -> Result<Option<(Mode, ObjectId)>, Error> {
    for entry in parse(content) {
        let entry = entry?;
        if entry.name == name {
            return Ok(Some((entry.mode, entry.id)));
        }
    }
    Ok(None)
}

/// Git's order of entries: bytewise, a directory's name taken as if it ended in `/`.
#[must_use]
pub fn compare(a: (&str, Mode), b: (&str, Mode)) -> Ordering {
    let common = a.0.bytes().zip(b.0.bytes()).take_while(|(x, y)| x == y).count();
    let next = |(name, mode): (&str, Mode)| match name.as_bytes().get(common) {
        None if mode == Mode::Tree => Some(b'/'),
        byte => byte.copied(),
    };
    next(a).cmp(&next(b))
}
