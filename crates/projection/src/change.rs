use std::sync::Arc;

use vpr_fhir::ResourceType;
use vpr_fhir::search::Extracted;
use vpr_types::{Instant, ObjectId, Seq, Version};

/// What one seq of a tenant did, as far as searches are concerned.
#[derive(Debug, Clone)]
pub struct AppliedChange {
    /// Its position; one more than that of the change before.
    pub seq: Seq,
    /// When it was committed.
    pub time: Instant,
    /// Who made it.
    pub author: String,
    /// The documents; each at most once.
    pub documents: Vec<AppliedDocument>,
}

/// One document's new version.
#[derive(Debug, Clone)]
pub struct AppliedDocument {
    /// Its type.
    pub resource: ResourceType,
    /// Its id.
    pub id: String,
    /// The version.
    pub version: Version,
    /// How it came to be.
    pub operation: AppliedOperation,
    /// The object that holds its content; absent for a deletion.
    pub object: Option<ObjectId>,
    /// The commit that made it.
    pub commit: ObjectId,
    /// What it says to searches and lists; absent for a deletion.
    pub extracted: Option<Arc<Extracted>>,
}

/// How a version came to be, as a history tells it (R4 §3.1.0.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppliedOperation {
    /// The first version, or the first after a deletion.
    Create,
    /// A version after a version.
    Update,
    /// The end.
    Delete,
}
