use serde::{Deserialize, Serialize};
use vpr_types::{Digest, ObjectId};

use super::summary::ChangeSummary;

/// A change as the journal holds it: the summary, the Git objects it made, and what later readers
/// (projector, sealing) need of each document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeEntry {
    /// What it did.
    pub summary: ChangeSummary,
    /// Same length and order as the summary's repositories.
    pub repositories: Vec<RepositoryChange>,
    /// Same length and order as the summary's documents.
    pub documents: Vec<DocumentChange>,
}

/// The objects of one commit, in pack form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryChange {
    /// The commit before, absent for the first.
    pub old_head: Option<ObjectId>,
    /// Everything the commit needs that the one before had not, the commit itself last.
    pub objects: Vec<ObjectEntry>,
}

/// One Git object in pack form: materializing it is a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectEntry {
    /// Its id.
    pub id: ObjectId,
    /// Git's pack type number: 1 commit, 2 tree, 3 blob.
    pub kind: u8,
    /// The object that `deflated` is a delta to; absent when it is whole.
    pub base: Option<ObjectId>,
    /// Bytes of the inflated data (of the delta, when there is a base).
    pub size: u32,
    /// The zlib stream.
    #[serde(with = "serde_bytes")]
    pub deflated: Vec<u8>,
}

/// What travels with a document for its later readers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentChange {
    /// The search keys that validation extracted.
    pub index: Option<IndexKeys>,
    /// The version's own key, in a sealed tenant.
    pub sealed_key: Option<SealedKey>,
    /// Large binaries the document refers to.
    pub blobs: Vec<BlobReference>,
}

/// Search keys as (parameter URL, typed value), never row ids, in the extractor's encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexKeys {
    /// Which extractor made them; another version extracts again.
    pub extractor: u32,
    /// The keys.
    #[serde(with = "serde_bytes")]
    pub keys: Vec<u8>,
}

/// A document version's key, wrapped by its record's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedKey {
    /// Which algorithm and key wrapped it.
    pub scheme: u16,
    /// The wrapped key.
    #[serde(with = "serde_bytes")]
    pub wrapped: Vec<u8>,
}

/// A content-addressed binary outside Git.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobReference {
    /// SHA-256 of the content.
    pub digest: Digest,
    /// Bytes of the content.
    pub size: u64,
    /// Its media type.
    pub media_type: String,
}
