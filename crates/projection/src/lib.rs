//! Search projections: index tables in SQL, stamped with the seq that they are true for, and
//! predicates run against them. The only crate that knows SQL.
//!
//! Holds no documents. Everything here is derived: a projection that is lost is rebuilt from the
//! feed and Git. One plan makes the statements for both databases; only types, suffixes and text
//! search differ.
//!
//! Calls block: callers of the asynchronous world give them a thread of their own.
//!
//! Invariants: a change is applied whole, with its seq, or not at all; changes are applied in the
//! order of seq without gaps; a page tells the seq that it is true for; no value of a resource
//! stands in an error or a log.

mod change;
mod content;
mod epoch;
mod error;
mod history;
mod limits;
mod listing;
mod page;

mod projection;
mod tenant;

mod plan;
mod rows;
mod schema;
mod sql;

mod apply;
mod database;
mod explain;
mod meta;
mod search;

mod postgres;
mod sqlite;

pub use change::{AppliedChange, AppliedDocument, AppliedOperation};
pub use content::Content;
pub use epoch::Epoch;
pub use error::ProjectionError;
pub use explain::ExplainedStatement;
pub use history::{HistoryPage, HistoryPosition, HistoryRequest};
pub use limits::Limits;
pub use listing::ListingRow;
pub use page::{HistoryRow, Hit, HitMode, Page, PageRequest, Position};
pub use postgres::{ServingRole, serving_role};
pub use projection::{Place, Projection};
