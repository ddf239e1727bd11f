//! Packs (version 2) and their indexes (version 2): gitformat-pack.

mod extents;
mod file;
mod header;
mod index;
mod plan;
mod write;

use vpr_types::ObjectId;

use crate::ObjectKind;

pub use file::PackFile;
pub use index::PackIndex;
pub use write::write_pack;

pub(crate) use extents::Extents;
pub(crate) use file::Base;
pub(crate) use plan::{Candidate, plan};
pub(crate) use write::{Form, PackWriter, Sink};

/// Bytes before the first object: magic, version, count.
pub(crate) const PACK_HEADER: u64 = 12;
/// Bytes behind the last object: SHA-1 of everything before.
pub(crate) const PACK_TRAILER: u64 = 20;

/// An object to be written to a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackObject<'a> {
    /// The id of the whole object.
    pub id: ObjectId,
    /// Its kind, also when it is given as a delta.
    pub kind: ObjectKind,
    /// The object that the delta is made from; `None` when `deflated` holds the whole content.
    pub base: Option<ObjectId>,
    /// Bytes that `deflated` inflates to.
    pub size: u32,
    /// A zlib stream.
    pub deflated: &'a [u8],
}

/// A pack in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// 40 hexadecimal digits: the pack's checksum. Stock Git names a pack likewise
    /// (`pack-<name>.pack`).
    pub name: String,
    /// The pack file.
    pub bytes: Vec<u8>,
    /// The index file.
    pub index_bytes: Vec<u8>,
}
