//! An independent judge of searches: every answer of a real server beside a naive evaluation of all
//! documents, with no code of the program that it judges.
//!
//! Reading order: [`definitions`] (the standard's search parameters, as `cargo xtask codegen` writes
//! them for this crate), `path` (where values stand), [`World`] (the documents), [`Search`] (what is
//! asked), [`Judge`] (what must be found), [`search`] (searches made from what is there), [`ask`] and
//! [`complaints`] (what a server says, and what is wrong with it), [`judge_all`] (many of them).
//!
//! What the standard leaves open is [`Verdict::Open`]: such searches are not asked, but counted.
//! [`Flaw`]s are mistakes that servers make, made by the judge on demand: each must be noticed.
//!
//! A search has a seed of its own; one that failed is added to `seeds.txt` as the seed of its
//! documents and its own, and its least form with documents of its own to `tests/once_wrong.rs`.

// Everything here runs inside tests only: what goes wrong is said by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod definitions;
mod path;

mod exact;
mod moment;
mod units;
mod verdict;

mod judge;
mod query;
mod world;

mod data;
mod generate;

mod answer;
mod ask;
mod campaign;
mod shrink;
mod tenant;

pub use answer::{Answer, Complaints, Page, complaints, right};
pub use ask::{Refused, ask, first, follow, link};
pub use campaign::{Verdicts, failed_once, judge_all, judged};
pub use data::{Write, history, operations, settled};
pub use definitions::{Kind, Parameter, definitions};
pub use generate::{Coverage, search};
pub use judge::{Flaw, Judge};
pub use query::{Ask, Criterion, Inclusion, Modifier, Prefix, Scope, Search};
pub use shrink::shrink;
pub use tenant::{Tenant, read, write};
pub use verdict::Verdict;
pub use world::{Document, World};
