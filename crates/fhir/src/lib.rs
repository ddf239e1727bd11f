//! FHIR R4 (4.0.1) as data: the definitions as tables, and what can be decided from them about a
//! resource that travels as a bounded JSON tree.
//!
//! There is no struct for each resource type. [`definitions`] holds the types with their elements in
//! the standard's order, bindings, search parameters and compartments; [`canonical`] writes the form
//! that is stored and [`render`] the form that is sent; [`home`] says in whose record a resource
//! lives; [`references`] finds what it points at; [`validate`] checks it; [`OperationOutcome`] says what is wrong;
//! [`listing`] says what a list shows of it.
//!
//! Invariants: nothing here does I/O, keeps state or decodes bytes; no text that goes to an issue
//! holds content of a resource; the same tree gives the same bytes.

pub mod definitions;

#[rustfmt::skip]
mod generated;

mod codes;

mod reference;

mod edits;

mod canonical;

mod render;

mod home;

mod operation_outcome;

mod location;

mod validate;

pub mod listing;

pub mod search;

pub use canonical::canonical;
pub use codes::{BundleType, HttpVerb, IssueType, SearchEntryMode, Severity};
pub use definitions::ResourceType;
pub use edits::Edits;
pub use home::{Home, home, part_and_paths};
pub use operation_outcome::{Issue, OperationOutcome};
pub use reference::{ReferenceKind, ReferenceUse, Target, is_id, references};
pub use render::render;
pub use validate::{ValidateOptions, validate};
