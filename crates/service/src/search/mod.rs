//! Searches (FHIR R4 §3.1.1): parameters → query → projection → documents → a Bundle.
//!
//! A page shows the versions that stood at its seq, read by version from the directory, and its
//! links carry everything that another page needs ([`cursor`]).

mod bundle;
mod cursor;
mod link;
mod page;
mod parse;

pub(crate) use bundle::{Entry, SearchBundle};
pub(crate) use cursor::{BadCursor, Seal};
pub(crate) use link::query_string;
