//! The bounded JSON reader and the writers: the only crate that decodes untrusted JSON bytes.
//!
//! [`Json::parse`] checks strict RFC 8259 text against [`Limits`] and keeps a flat tape of where
//! each value lies, so that [`Value`] borrows and subtrees are sliced, never rebuilt.
//! [`Writer`] writes JSON in one of two [`Style`]s; [`compact`] and [`pretty`] turn one style into
//! the other without a tape, and [`MemberScan`] finds the members of a stored object.
//!
//! Invariants: what [`Json`] holds is valid UTF-8 and valid JSON within its limits, without
//! duplicate names in any object and without lone surrogates; numbers and member order stay as
//! they were written; nothing here recurses on the machine stack; the same input gives the same
//! bytes. This crate knows nothing of FHIR, of files or of the network.

mod error;
mod limits;

mod json;
mod value;

mod keys;
mod node;
mod parse;
mod place;
mod scan;

mod escape;
mod writer;

mod layout;
mod member_scan;

pub use error::{JsonError, JsonErrorKind};
pub use json::Json;
pub use layout::{compact, compact_into, pretty, pretty_into};
pub use limits::{Limits, NUMBER_CHARS_MAX};
pub use member_scan::{MemberScan, ScannedMember};
pub use value::{Items, Kind, Members, Value};
pub use writer::{Style, Writer};
