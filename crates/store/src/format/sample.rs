//! The fixed examples that the golden files in `tests/golden/` are made of. Tests only.

use serde_bytes::ByteBuf;
use uuid::Uuid;
use vpr_types::{
    Digest, DocumentName, Instant, ObjectId, Part, PrincipalId, RecordId, Seq, TenantName, Version,
};

use super::{
    AccessAction, AccessEntry, BlobReference, ChangeEntry, ChangeOperation, ChangeSummary, DocumentChange,
    DocumentSummary, Idempotency, IndexKeys, ObjectEntry, Provenance, RepositoryChange, RepositorySummary,
    SealedKey, StateEntry,
};

fn name(collection: &str, id: &str) -> DocumentName {
    DocumentName::new(collection, id).expect("of the right form")
}

fn tenant() -> TenantName {
    TenantName::new("st-olav").expect("of the right form")
}

/// 2026-11-22T17:40:00.123456Z.
const TIME: Instant = Instant(1_795_369_200_123_456);

fn repository(part: Part, record: u128, byte: u8) -> RepositorySummary {
    RepositorySummary {
        part,
        record: RecordId(Uuid::from_u128(record)),
        commit: ObjectId([byte; 20]),
        tree: ObjectId([byte + 1; 20]),
        digest: Digest([byte + 2; 32]),
        contribution: Uuid::from_u128(u128::from(byte)),
    }
}

fn document(
    name: DocumentName,
    version: u32,
    operation: ChangeOperation,
    repository: u16,
) -> DocumentSummary {
    let stored = matches!(operation, ChangeOperation::Create | ChangeOperation::Update);
    DocumentSummary {
        name,
        version: Version(version),
        operation,
        repository,
        object: stored.then_some(ObjectId([0xab; 20])),
        size: if stored { 1_873 } else { 0 },
        digest: stored.then_some(Digest([0xcd; 32])),
    }
}

/// A transaction that creates, updates, deletes and moves, in three repositories, repeatable.
pub(crate) fn change_of_three() -> ChangeSummary {
    let record = 0x1234_5678_9abc_5ef0_8234_5678_9abc_def0;
    ChangeSummary {
        tenant: tenant(),
        seq: Seq(42),
        time: TIME,
        provenance: Provenance {
            author: PrincipalId::new("dr.ås@st-olav").expect("of the right form"),
            role: Some("doctor".to_owned()),
            registration: Some("HPR 1234567".to_owned()),
            care_location: Some("Location/ward-7".to_owned()),
            on_behalf_of: Some("Practitioner/p9\nVPR-Seq: 1".to_owned()),
            purpose: Some("TREAT".to_owned()),
            request: "req-0001".to_owned(),
        },
        repositories: vec![
            repository(Part::Demographics, record, 0x10),
            repository(Part::Clinical, record, 0x20),
            repository(Part::Registry, 0, 0x30),
        ],
        documents: vec![
            document(name("Patient", "p1"), 2, ChangeOperation::Update, 0),
            document(name("Observation", "4f.A-b"), 1, ChangeOperation::Create, 1),
            document(name("Observation", "gone"), 3, ChangeOperation::Delete, 1),
            document(name("Encounter", "e1"), 4, ChangeOperation::MovedOut, 1),
            document(name("Organization", "o1"), 1, ChangeOperation::Create, 2),
        ],
        idempotency: Some(Idempotency {
            key: Digest([1; 32]),
            body: Digest([2; 32]),
            outcome: b"201 Observation/4f.A-b/1".to_vec(),
        }),
    }
}

/// The smallest change: one document of one repository, no optional field.
pub(crate) fn smallest_change(seq: u64) -> ChangeSummary {
    ChangeSummary {
        tenant: tenant(),
        seq: Seq(seq),
        time: Instant(TIME.0 + i64::try_from(seq).unwrap_or(0)),
        provenance: Provenance {
            author: PrincipalId::new("lab").expect("of the right form"),
            role: None,
            registration: None,
            care_location: None,
            on_behalf_of: None,
            purpose: None,
            request: "r".to_owned(),
        },
        repositories: vec![repository(Part::Clinical, 7, 0x40)],
        documents: vec![document(name("Observation", "o"), 1, ChangeOperation::Create, 0)],
        idempotency: None,
    }
}

/// [`change_of_three`] as the journal holds it: a whole object, a delta, index keys, a sealed key
/// and a reference to a large binary.
pub(crate) fn change_entry() -> ChangeEntry {
    let summary = change_of_three();
    let object = |byte, kind, base| ObjectEntry {
        id: ObjectId([byte; 20]),
        kind,
        base,
        size: 11,
        deflated: vec![0x78, 0x01, byte],
    };
    let changes = |byte: u8, old_head| RepositoryChange {
        old_head,
        objects: vec![
            object(0xab, 3, None),
            object(byte + 1, 2, Some(ObjectId([byte + 9; 20]))),
            object(byte, 1, None),
        ],
    };
    let repositories =
        vec![changes(0x10, Some(ObjectId([0x0f; 20]))), changes(0x20, None), changes(0x30, None)];
    let mut documents = vec![DocumentChange::default(); summary.documents.len()];
    documents[1] = DocumentChange {
        index: Some(IndexKeys { extractor: 3, keys: vec![9, 8, 7] }),
        sealed_key: Some(SealedKey { scheme: 1, wrapped: vec![6, 5] }),
        blobs: vec![BlobReference {
            digest: Digest([4; 32]),
            size: 1 << 33,
            media_type: "image/png".to_owned(),
        }],
    };
    ChangeEntry { summary, repositories, documents }
}

/// An access that names two documents, one with its version.
pub(crate) fn access(access_seq: u64) -> AccessEntry {
    AccessEntry {
        tenant: tenant(),
        access_seq,
        time: TIME,
        principal: "nurse-7".to_owned(),
        purpose: Some("TREAT".to_owned()),
        request: "req-0002".to_owned(),
        action: AccessAction::Read,
        interaction: "search-type".to_owned(),
        documents: vec![(name("Patient", "p1"), Some(Version(2))), (name("Observation", "o"), None)],
        collection: Some("Observation".to_owned()),
        status: 200,
    }
}

/// A fact with a value and an end.
pub(crate) fn state(state_seq: u64) -> StateEntry {
    StateEntry {
        tenant: tenant(),
        state_seq,
        time: TIME,
        kind: "client".to_owned(),
        key: b"lab-importer".to_vec(),
        value: Some(ByteBuf::from(vec![1, 2, 3])),
        expires: Some(Instant(TIME.0 + 1_000_000)),
    }
}
