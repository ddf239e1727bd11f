//! What an object is: kind, id, and its compressed form as it stands in a pack.

use sha1::{Digest, Sha1};
use vpr_types::ObjectId;

use crate::{Error, PackObject, deflate, deflate_stored, tree};

/// Bytes of one object's content at the most: four times the largest document.
pub const OBJECT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The kinds of objects. Annotated tags are never written and not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ObjectKind {
    /// A commit.
    Commit = 1,
    /// A directory.
    Tree = 2,
    /// A file's content.
    Blob = 3,
}

impl ObjectKind {
    /// The number that Git's pack format gives this kind.
    #[must_use]
    pub fn pack_number(self) -> u8 {
        self as u8
    }

    /// The kind of that number; `None` for tags, deltas and what does not exist.
    #[must_use]
    pub fn from_pack_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Commit),
            2 => Some(Self::Tree),
            3 => Some(Self::Blob),
            _ => None,
        }
    }

    /// Git's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
        }
    }

    pub(crate) fn parse(word: &[u8]) -> Option<Self> {
        [Self::Commit, Self::Tree, Self::Blob].into_iter().find(|kind| kind.as_str().as_bytes() == word)
    }
}

/// An object as read: its content hashed to the id that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// The content, without Git's header.
    pub content: Vec<u8>,
}

/// An object ready for a pack (or a journal that will make packs of it later).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// SHA-1 over Git's header and the whole content, also when `deflated` holds a delta.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// Bytes that `deflated` inflates to: the content's, or the delta's.
    pub size: u32,
    /// A zlib stream of the content or the delta.
    pub deflated: Vec<u8>,
}

impl Encoded {
    /// This object for [`crate::write_pack`]; `base` as given to [`encode_delta`], else `None`.
    #[must_use]
    pub fn pack_object(&self, base: Option<ObjectId>) -> PackObject<'_> {
        PackObject { id: self.id, kind: self.kind, base, size: self.size, deflated: &self.deflated }
    }
}

/// The id of an object: SHA-1 over `<kind> <length> NUL <content>`.
#[must_use]
pub fn id_of(kind: ObjectKind, content: &[u8]) -> ObjectId {
    let mut hash = Sha1::new();
    hash.update(kind.as_str());
    hash.update(b" ");
    hash.update(content.len().to_string());
    hash.update(b"\0");
    hash.update(content);
    ObjectId(hash.finalize().into())
}

/// Hashes and compresses an object.
///
/// # Errors
/// [`Error::Malformed`] when the content is longer than [`OBJECT_BYTES_MAX`]: it could never be
/// read again.
pub fn encode(kind: ObjectKind, content: &[u8]) -> Result<Encoded, Error> {
    Ok(Encoded { id: id_of(kind, content), kind, size: checked_size(content)?, deflated: deflate(content) })
}

/// As [`encode`], without compressing: for content that is sealed.
///
/// # Errors
/// As [`encode`].
pub fn encode_stored(kind: ObjectKind, content: &[u8]) -> Result<Encoded, Error> {
    Ok(Encoded {
        id: id_of(kind, content),
        kind,
        size: checked_size(content)?,
        deflated: deflate_stored(content),
    })
}

/// Hashes `new` and compresses the delta that makes it from `base` (see [`tree::delta`]).
/// The reader of a pack needs `base` in the same pack.
///
/// # Errors
/// As [`encode`].
pub fn encode_delta(kind: ObjectKind, base: &[u8], new: &[u8]) -> Result<Encoded, Error> {
    checked_size(base)?;
    checked_size(new)?;
    let delta = tree::delta(base, new);
    Ok(Encoded { id: id_of(kind, new), kind, size: checked_size(&delta)?, deflated: deflate(&delta) })
}

fn checked_size(bytes: &[u8]) -> Result<u32, Error> {
    match u32::try_from(bytes.len()) {
        Ok(size) if bytes.len() <= OBJECT_BYTES_MAX => Ok(size),
        _ => Err(Error::Malformed("an object is longer than allowed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_git_gives() {
        // git hash-object /dev/null; git hash-object -t tree /dev/null; echo hello | git hash-object --stdin
        let id = |kind, content: &[u8]| id_of(kind, content).to_hex();
        assert_eq!(id(ObjectKind::Blob, b""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(id(ObjectKind::Tree, b""), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        assert_eq!(id(ObjectKind::Blob, b"hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    }

    #[test]
    fn content_above_the_limit_is_not_encoded() {
        let content = vec![0; OBJECT_BYTES_MAX + 1];
        assert!(encode(ObjectKind::Blob, &content[1..]).is_ok());
        assert!(matches!(encode(ObjectKind::Blob, &content), Err(Error::Malformed(_))));
        assert!(matches!(encode_stored(ObjectKind::Blob, &content), Err(Error::Malformed(_))));
    }
}
