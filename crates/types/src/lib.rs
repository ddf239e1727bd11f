//! The words every other crate speaks: typed ids, instants, limits, and the traits behind which
//! the outside world (disk, clock, randomness) sits.
//!
//! This crate does no I/O of its own but for the two trivial adapters [`SystemClock`] and
//! [`SystemEntropy`]; the real disk lives in `vpr-store`.
//! Invariants: an id that exists is well formed (its constructor checked it); an [`Instant`] is
//! microseconds since the Unix epoch, UTC.

mod ids;
mod instant;
pub mod limits;
mod names;
mod object_id;
mod repository;
mod world;

pub use ids::{PrincipalId, Purpose, RecordId, RequestId, Seq, Version};
pub use instant::Instant;
pub use names::{DocumentName, InvalidName, TenantName};
pub use object_id::{Digest, ObjectId};
pub use repository::{Part, RepositoryId};
pub use world::{
    Clock, DirectoryEntry, Disk, DiskFile, Entropy, EntryKind, OpenMode, SystemClock, SystemEntropy,
};
