//! Search (R4 §3.1.1): what a resource says for each search parameter ([`Key`]), what a caller asks
//! ([`Query`]), and whether the one answers the other.
//!
//! One predicate has two evaluators: the projection runs a [`Filter`] as SQL over stored keys, and
//! [`matches()`] runs it here over the keys of one resource. What both rest on is decided in this
//! module and nowhere else: how dates become spans, how precise a number is, how text is folded.
//! [`extract`] finds the keys, [`parse`] reads what a caller writes, [`subset`] leaves out what is
//! not wanted of an answer.

mod key;
mod query;

mod fold;
mod span;
mod units;

mod extract;

mod parse;

mod matches;

mod subset;

pub use extract::{extract, extract_for, extractor};
pub use fold::fold;
pub use key::{Extracted, Key, KeyValue, QuantityKey, ReferenceKey, Span, Token};
pub use matches::{Facts, is_path_prefix, matches};
pub use parse::{FaultKind, ParseOptions, SearchFault, SearchLimits, parse};
pub use query::{
    Compared, CompartmentOf, Filter, Ignored, Include, QuantityTest, Query, ReferenceTest, Scope, SortBy,
    SortKey, StringMatch, Summary, Test, TokenTest, Total, UriMatch,
};
pub use span::{date_span, number};
pub use subset::subset;
pub use units::{UCUM, canonical_quantity, canonical_span};
