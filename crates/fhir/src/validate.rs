//! Validation against the base specification (R4 §2.1.0.4, §2.6, §2.24, §2.27).

mod binding;
mod datatype;
mod issues;
mod primitive;
mod resource;
mod temporal;
mod walk;
mod xhtml;
mod xhtml_names;

use vpr_codec::Value;

use crate::Issue;

/// What a caller allows beyond the base specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValidateOptions {
    /// Whether `Type?query` may stand as a reference, as in a transaction (R4 §3.1.0.11.2). If not,
    /// each is an error with code `not-supported`.
    pub conditional_references: bool,
}

/// Checks a resource against the base specification of R4, in one walk, and says what is wrong.
///
/// Covered: structure (unknown elements, JSON kinds, arrays and scalars, nulls, empty values, the
/// choice of one type, primitive extensions), cardinality, the forms of primitives with real dates,
/// narrative (txt-1, txt-2), extensions (ext-1), required bindings, references (form, allowed types,
/// ref-1), contained resources (dom-2 to dom-5), ele-1 and SimpleQuantity. Profiles, other invariants
/// and bindings that are not required are not.
///
/// Returns at most [`vpr_types::limits::ISSUES_MAX`] issues in the order of the text; if there were
/// more, the last says how many. No text holds content of the resource but names of elements and
/// codes. In a good resource only narratives, strings with escapes and contained resources allocate.
#[must_use]
pub fn validate(root: Value<'_>, options: &ValidateOptions) -> Vec<Issue> {
    let mut walk = walk::Walk::new(*options);
    walk.resource(root);
    walk.finish(root)
}

#[cfg(test)]
mod tests;
