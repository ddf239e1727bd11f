use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vpr_types::{
    Digest, DocumentName, Instant, ObjectId, Part, PrincipalId, RecordId, RepositoryId, Seq, TenantName,
    Version,
};

/// What a change did to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ChangeOperation {
    /// A version after nothing or after a deletion.
    Create,
    /// A version after a version.
    Update,
    /// The document was removed; the version number counts on.
    Delete,
    /// The document left this repository for another one in the same change, where its version
    /// stands; this line has no version of its own.
    MovedOut,
}

impl ChangeOperation {
    /// The word in trailers and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::MovedOut => "moved-out",
        }
    }

    /// The operation of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Create, Self::Update, Self::Delete, Self::MovedOut].into_iter().find(|op| op.as_str() == word)
    }
}

/// Who did it, for whom, why and in which request. Ids and codes only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The principal.
    pub author: PrincipalId,
    /// The role in which the author acted.
    pub role: Option<String>,
    /// The author's professional registration.
    pub registration: Option<String>,
    /// Where care was given.
    pub care_location: Option<String>,
    /// For whom the author acted.
    pub on_behalf_of: Option<String>,
    /// Purpose of use, a code.
    pub purpose: Option<String>,
    /// The request's id.
    pub request: String,
}

/// What makes a write repeatable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// SHA-256 over principal and key.
    pub key: Digest,
    /// SHA-256 of method, path and body, so that another request under the same key is refused.
    pub body: Digest,
    /// What was answered, in the caller's own encoding.
    #[serde(with = "serde_bytes")]
    pub outcome: Vec<u8>,
}

/// One repository's share of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositorySummary {
    /// Which part.
    pub part: Part,
    /// Which record; nil for the registry.
    pub record: RecordId,
    /// The commit.
    pub commit: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// `VPR-Digest`: over the parent's digest and what the commit changed.
    pub digest: Digest,
    /// The openEHR contribution that the commit is.
    pub contribution: Uuid,
}

/// One document's share of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentSummary {
    /// Which document.
    pub name: DocumentName,
    /// The version that the change made; for [`ChangeOperation::MovedOut`] the last one here.
    pub version: Version,
    /// What happened.
    pub operation: ChangeOperation,
    /// Index into [`ChangeSummary::repositories`].
    pub repository: u16,
    /// The blob (a folder's tree); absent after a deletion and a move out.
    pub object: Option<ObjectId>,
    /// Bytes of the stored document, 0 without one.
    pub size: u32,
    /// SHA-256 of the stored bytes; absent where `object` is.
    pub digest: Option<Digest>,
}

/// What one seq did: the feed's record, the directory's input, and what a walk of the commits'
/// trailers yields again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSummary {
    /// Whose change.
    pub tenant: TenantName,
    /// Its position in the tenant's history.
    pub seq: Seq,
    /// When it was committed; non-decreasing with `seq`.
    pub time: Instant,
    /// Who, why, in which request.
    pub provenance: Provenance,
    /// The repositories it touched, sorted by (part, record).
    pub repositories: Vec<RepositorySummary>,
    /// The documents it changed, in the order of the request.
    pub documents: Vec<DocumentSummary>,
    /// Present when the caller made the write repeatable.
    pub idempotency: Option<Idempotency>,
}

impl ChangeSummary {
    /// The repository that a document's line belongs to.
    #[must_use]
    pub fn repository_of(&self, document: &DocumentSummary) -> Option<RepositoryId> {
        let repository = self.repositories.get(usize::from(document.repository))?;
        Some(RepositoryId::new(self.tenant.clone(), repository.part, repository.record))
    }
}
