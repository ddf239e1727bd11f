use vpr_fhir::ResourceType;
use vpr_types::{Instant, ObjectId, Seq, Version};

use crate::AppliedOperation;

/// Which page of a search is wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PageRequest {
    /// The moment that the result set stands at; `None`: now. Later pages name the first one's.
    pub at: Option<Seq>,
    /// Where to go on; `None`: at the beginning.
    pub from: Option<Position>,
    /// At most so many matches.
    pub limit: usize,
    /// Whether the number of all matches is wanted.
    pub total: bool,
}

/// A place between two matches of a sorted result set.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// The sort values of the match next to it, as the projection encodes them.
    pub values: Vec<Option<Vec<u8>>>,
    /// The match next to it.
    pub rid: i64,
    /// Whether what comes before it is wanted, instead of what comes after.
    pub backwards: bool,
}

/// One page of a result set.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The moment that it stands at.
    pub seq: Seq,
    /// The matches, then what was included.
    pub hits: Vec<Hit>,
    /// The number of all matches, if asked for.
    pub total: Option<u64>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Position>,
    /// Where the page before ends; `None` on the first one.
    pub previous: Option<Position>,
    /// Whether more would have been included than is allowed.
    pub includes_cut: bool,
}

/// One resource on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its type.
    pub resource: ResourceType,
    /// Its id.
    pub id: String,
    /// The version that stood at the page's moment.
    pub version: Version,
    /// Why it is there.
    pub mode: HitMode,
}

/// Why a resource is on a page (R4 §3.1.1.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitMode {
    /// It fulfills the query.
    Match,
    /// A match refers to it, or it refers to a match.
    Include,
}

/// One version in the history of a type or of everything (R4 §3.1.0.12), newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Its type.
    pub resource: ResourceType,
    /// Its id.
    pub id: String,
    /// The version.
    pub version: Version,
    /// When it was committed.
    pub time: Instant,
    /// By which change.
    pub seq: Seq,
    /// How it came to be.
    pub operation: AppliedOperation,
    /// The object that holds its content; absent for a deletion.
    pub object: Option<ObjectId>,
    /// The commit that made it.
    pub commit: ObjectId,
    /// Who made it.
    pub author: String,
}
