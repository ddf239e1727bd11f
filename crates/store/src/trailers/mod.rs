//! The commit message: a subject of operation and ids, then trailers in Git's own form, so that
//! `git interpret-trailers --parse` reads them and a walk of the commits rebuilds feed and
//! directory with an empty journal.
//!
//! A message holds one repository's [`Share`] of a change; [`assemble`] puts the shares of one seq
//! together again and gives exactly the [`ChangeSummary`] they were
//! made of. What [`Share::parse`] accepts renders to the same bytes: there is one spelling.
//! Never clinical content: ids, codes, versions, digests.

mod assemble;
mod digest;
mod error;
mod escape;
mod identity;
mod parse;
mod render;
mod share;
#[cfg(test)]
mod tests;

pub use assemble::{CommittedShare, IncompleteChange, assemble};
pub use digest::{ChangedPath, changed_paths, digest};
pub use error::TrailerError;
pub use identity::{Identity, identity};
pub use share::{Share, ShareDocument};

use crate::format::ChangeSummary;

/// The message of the commit that is `summary.repositories[repository_index]`. Neither commit nor
/// tree of that repository is used (they follow from it); its digest is.
///
/// # Panics
/// When the summary has no such repository.
#[must_use]
pub fn message(summary: &ChangeSummary, repository_index: usize) -> String {
    Share::of(summary, repository_index).message()
}

/// The messages of all repositories of a change, in their order, in one pass over its documents.
#[must_use]
pub fn messages(summary: &ChangeSummary) -> Vec<String> {
    Share::all_of(summary).iter().map(Share::message).collect()
}

/// Reads a commit message that [`message`] made.
///
/// # Errors
/// [`TrailerError`] for every other text, with the line where it differs.
pub fn parse(message: &str) -> Result<Share, TrailerError> {
    Share::parse(message)
}
