//! An independent judge of searches: every answer of a real server beside a naive evaluation of all
//! documents, with no code of the program that it judges.
//!
//! Reading order: [`definitions`] (the standard's search parameters), [`Path`](path::Path) (where
//! values stand), [`Judge`] (what a search must find), [`query`] (what is asked).

// Everything here runs inside tests only: what goes wrong is said by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod definitions;
mod path;

mod exact;
mod moment;
mod units;
mod verdict;

mod answer;
mod ask;
mod campaign;
mod data;
mod generate;
mod judge;
mod query;
mod shrink;
mod world;

mod tenant;

pub use answer::{Answer, Complaints, Page, complaints, right};
pub use ask::{Refused, ask, first, follow, link};
pub use campaign::{Verdicts, judge_all, judged};
pub use data::{Write, history, operations, settled};
pub use definitions::{Kind, Parameter, definitions};
pub use generate::{Coverage, search};
pub use judge::{Flaw, Judge};
pub use query::{Ask, Criterion, Inclusion, Modifier, Prefix, Scope, Search};
pub use shrink::shrink;
pub use tenant::{Tenant, read, write};
pub use verdict::Verdict;
pub use world::{Document, World};
