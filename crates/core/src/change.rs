use serde::{Deserialize, Serialize};
use vpr_store::EncodedBlob;
use vpr_store::format::{DocumentChange, Provenance};
use vpr_types::{Digest, DocumentName, Instant, Part, Seq, TenantName, Version};

use crate::{Barrier, Index};

/// Where a document lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// In a part of the record that `key` names (`Patient/<id>`, `ehr/<ehr_id>`): an alias if one
    /// is set, else the UUIDv5 of the key in the tenant's namespace.
    Record {
        /// What names the record.
        key: String,
        /// Which of its three repositories.
        part: Part,
    },
    /// In the tenant's registry.
    Registry,
}

/// What must be true of the document for the write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    None,
    /// The newest version is this one and is not a deletion (`If-Match`).
    VersionIs(Version),
    /// There is no such document, or it is deleted (`If-None-Match: *`).
    Absent,
    /// There never was such a document: a server-assigned id.
    Unused,
}

/// The content of a version: compressed and hashed before any lock.
#[derive(Debug, Clone)]
pub struct Content {
    /// The canonical bytes as a Git blob.
    pub blob: EncodedBlob,
    /// What travels with it for later readers.
    pub details: DocumentChange,
    /// What travels in memory with the change to its consumers ([`crate::CommittedDocument::index`]):
    /// what the document says to searches, in the caller's own form.
    pub index: Option<Index>,
}

/// What to do with a document.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly every one is a put; a box each would only cost")]
pub enum Action {
    /// Create it or make its next version.
    Put {
        /// Where it lives from now on; another home than before moves it.
        home: Home,
        /// The new version.
        content: Content,
        /// Make a version even if the bytes equal the newest one's (openEHR); FHIR makes none.
        even_if_equal: bool,
    },
    /// Delete it. A document that is absent or deleted already makes no version.
    Delete,
}

/// One document's write.
#[derive(Debug, Clone)]
pub struct DocumentWrite {
    /// Which document.
    pub name: DocumentName,
    /// What must hold.
    pub precondition: Precondition,
    /// What to do.
    pub action: Action,
}

/// What makes a change repeatable by its caller.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// SHA-256 over principal and key.
    pub key: Digest,
    /// SHA-256 over method, path and body.
    pub body: Digest,
    /// Kept with the outcome and given back at the repetition.
    pub hint: Vec<u8>,
}

/// One atomic change: all of its writes or none.
#[derive(Debug, Clone)]
pub struct Change {
    /// Whose data.
    pub tenant: TenantName,
    /// Who, why, in which request.
    pub provenance: Provenance,
    /// The writes; each document at most once.
    pub writes: Vec<DocumentWrite>,
    /// Present when the caller may repeat it.
    pub repeat: Option<Repeat>,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WriteResult {
    /// A version after nothing or after a deletion.
    Created,
    /// A version after a version.
    Updated,
    /// Equal bytes: no version was made; the version named is the one that stands.
    Unchanged,
    /// The version named is the deletion.
    Deleted,
    /// There was nothing to delete: never there (no version) or deleted before (its version).
    NothingToDelete,
}

/// One write's outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteOutcome {
    /// Which document.
    pub name: DocumentName,
    /// What happened.
    pub result: WriteResult,
    /// The version that stands now; absent when the document never was.
    pub version: Option<Version>,
    /// When that version was committed.
    pub time: Instant,
}

/// A change that is in the journal's queue: true once its barrier is passed.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Its position; absent when nothing changed.
    pub seq: Option<Seq>,
    /// One per write, in their order.
    pub outcomes: Vec<WriteOutcome>,
    /// Nothing of this may be shown before.
    pub barrier: Barrier,
    /// Present when this is the answer of an earlier change under the same key: its hint.
    pub repeated: Option<Vec<u8>>,
}
