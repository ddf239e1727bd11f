//! Git's own formats, written and read without Git: objects, trees, commits, packs with their
//! indexes, and the one ref of a bare repository, over the `Disk` trait of `vpr-types`.
//!
//! What stock `git` reads is what this crate writes, and the other way round: packs version 2 with
//! `OFS_DELTA`, indexes version 2, SHA-1 object ids. Nothing here knows documents, trailers or
//! journals, and nothing here runs a program or links libgit2.
//!
//! Invariants:
//! * An object is handed out only after its content hashed to the id that was asked for.
//! * A pack is in place, content and name, before a ref can point into it
//!   ([`Repository::commit_objects`] shows the order; the steps are public so that many
//!   repositories can share one sync).
//! * No size found on disk is trusted: [`OBJECT_BYTES_MAX`] bounds every allocation.
//! * A pack that this crate writes holds every base of its deltas, and no id twice.
//!
//! Reading order: [`mod@object`] (kinds, ids, compression), [`tree`] (splicing, deltas),
//! [`mod@commit`], [`pack`] (writer, index, reader), then [`Repository`].

mod deflate;
mod error;

pub mod commit;
pub mod object;
pub mod pack;
pub mod tree;

mod repository;

pub use commit::{Commit, Signature};
pub use deflate::{deflate, deflate_stored, inflate};
pub use error::Error;
pub use object::{Encoded, OBJECT_BYTES_MAX, Object, ObjectKind, encode, encode_delta, encode_stored, id_of};
pub use pack::{Pack, PackObject, write_pack};
pub use repository::{
    BRANCH, Commits, Concatenated, Damage, Repository, StagedHead, StagedPack, TreeWalk, VerifyReport,
};
pub use tree::Mode;
