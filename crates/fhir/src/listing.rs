//! What a list shows of a resource without opening it: a title, a snippet and flags.
//!
//! Decided by data and not by type: ordered lists of elements (`elements`), each rendered by the
//! shape of its value (`text`). `text` (the narrative) is never looked at.

mod elements;
mod flags;
mod text;

#[cfg(test)]
mod tests;

use std::fmt;

use vpr_codec::Value;

use crate::reference::resource_type;

pub use flags::Flags;

/// Bytes of a title at the most.
pub const TITLE_BYTES_MAX: usize = 120;

/// Bytes of a snippet at the most.
pub const SNIPPET_BYTES_MAX: usize = 160;

/// What a list shows of a resource. Title and snippet are content of the resource, for whoever may
/// read it and for nobody else: they belong in no log, no error and no metric.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// What the resource is, in one line; empty where nothing says so. At most [`TITLE_BYTES_MAX`].
    pub title: String,
    /// What it says, in one line: values, states, dates. At most [`SNIPPET_BYTES_MAX`].
    pub snippet: String,
    /// What must be known of it before it is relied on.
    pub flags: Flags,
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").field("flags", &self.flags).finish_non_exhaustive()
    }
}

/// What a list shows of `resource`. The same content gives the same listing; what is no resource, or
/// is not as the definitions say, gives less, and nothing fails.
#[must_use]
pub fn listing(resource: Value<'_>) -> Listing {
    let Some(its_type) = resource_type(resource) else { return Listing::default() };
    Listing {
        title: elements::title(its_type, resource),
        snippet: elements::snippet(resource),
        flags: flags::flags(resource),
    }
}
