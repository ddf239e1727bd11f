//! From what a resource says to the rows of the index tables.
//!
//! [`Entry`] is one thing that a resource says, in the numbers of the tables but without the
//! resource; it gives one to three rows. Searches ask with the same numbers, so how a value becomes
//! a number is decided here alone.

mod composite;
mod dictionary;
mod entry;
mod expand;
mod hash;
mod order;

pub(crate) use composite::{CompositeShape, Slot};
pub(crate) use dictionary::{
    Aspect, applies, fingerprint, has_system_rows, pk, pk_base, type_number, type_of,
};
pub(crate) use entry::{Buffers, Entry, Extent};
pub(crate) use expand::{expand, reference_targets};
pub(crate) use hash::{IndexKey, UnitName};
pub(crate) use order::{cut, float, integer_key};
