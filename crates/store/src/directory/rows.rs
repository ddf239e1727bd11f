use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vpr_types::{Digest, Instant, ObjectId, Part, PrincipalId, RecordId, Seq, Version};

use xxhash_rust::xxh3::Xxh3;

use super::error::DirectoryError;
use crate::format::{ChangeOperation, ChangeSummary, DocumentSummary, Idempotency};

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRow {
    /// Which version.
    pub version: Version,
    /// The change that made it.
    pub seq: Seq,
    /// When.
    pub time: Instant,
    /// How; never [`ChangeOperation::MovedOut`].
    pub operation: ChangeOperation,
    /// The record it stands in; nil in the registry.
    pub record: RecordId,
    /// The part it stands in.
    pub part: Part,
    /// The blob; absent for a deletion.
    pub object: Option<ObjectId>,
    /// The commit that made it.
    pub commit: ObjectId,
    /// Bytes of the stored document, 0 without one.
    pub size: u32,
    /// SHA-256 of the stored bytes; absent where `object` is.
    pub digest: Option<Digest>,
    /// Who made it.
    pub author: PrincipalId,
}

/// Where a repository's branch stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryRow {
    /// The newest commit.
    pub head: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its `VPR-Digest`.
    pub digest: Digest,
    /// How many commits there are.
    pub commits: u64,
    /// The change that made the newest.
    pub seq: Seq,
}

/// What was answered under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IdempotencyRow {
    pub(super) seq: Seq,
    pub(super) time: Instant,
    pub(super) idempotency: Idempotency,
}

impl VersionRow {
    /// The row that a document's line in a change makes; `None` for a line without a version
    /// ([`ChangeOperation::MovedOut`]).
    #[must_use]
    pub fn of(summary: &ChangeSummary, document: &DocumentSummary) -> Option<Self> {
        if document.operation == ChangeOperation::MovedOut {
            return None;
        }
        let repository = summary.repositories.get(usize::from(document.repository))?;
        Some(Self {
            version: document.version,
            seq: summary.seq,
            time: summary.time,
            operation: document.operation,
            record: repository.record,
            part: repository.part,
            object: document.object,
            commit: repository.commit,
            size: document.size,
            digest: document.digest,
            author: summary.provenance.author.clone(),
        })
    }
}

/// How the change counts in its collection: documents that came into being less those deleted.
pub(super) fn count_of(operation: ChangeOperation) -> i64 {
    match operation {
        ChangeOperation::Create => 1,
        ChangeOperation::Delete => -1,
        ChangeOperation::Update | ChangeOperation::MovedOut => 0,
    }
}

const VERSION: u8 = 1;
/// Bytes of the checksum that ends every value.
const SUM: usize = 4;

/// A row as the value of `key`: its version, postcard, and a checksum over key and value, because
/// redb does not check the pages that it reads.
pub(super) fn encode(key: &[u8], row: &impl Serialize) -> Result<Vec<u8>, DirectoryError> {
    // Rows are built of checked values in memory, so this fails only with the allocator.
    let damaged = |error: postcard::Error| DirectoryError::Damaged(error.to_string());
    let mut value = postcard::to_extend(row, vec![VERSION]).map_err(damaged)?;
    value.extend(sum(key, &value));
    Ok(value)
}

/// The row that [`encode`] made the value of `key`.
pub(super) fn decode<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, DirectoryError> {
    let damaged = |what: &str| DirectoryError::Damaged(what.to_owned());
    match value.split_last_chunk::<SUM>() {
        Some((covered, found)) if *found == sum(key, covered) => match covered {
            [VERSION, body @ ..] => postcard::from_bytes(body).map_err(|_| damaged("a row does not decode")),
            _ => Err(damaged("a row has a version that is not known here")),
        },
        _ => Err(damaged("the checksum of a row is wrong")),
    }
}

fn sum(key: &[u8], covered: &[u8]) -> [u8; SUM] {
    let mut hash = Xxh3::new();
    hash.update(key);
    hash.update(covered);
    let [a, b, c, d, ..] = hash.digest().to_le_bytes();
    [a, b, c, d]
}
