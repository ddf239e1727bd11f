//! Arbitrary summaries and entries for the laws of every framing. Tests only.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;
use vpr_types::{
    Digest, DocumentName, Instant, ObjectId, Part, PrincipalId, RecordId, Seq, TenantName, Version,
};

use super::{
    AccessAction, AccessEntry, ChangeOperation, ChangeSummary, DocumentSummary, Idempotency, Provenance,
    RepositorySummary, StateEntry,
};

pub(crate) fn tenant() -> impl Strategy<Value = TenantName> {
    "[a-z0-9][a-z0-9-]{0,20}".prop_filter_map("reserved", |name| TenantName::new(&name).ok())
}

pub(crate) fn name() -> impl Strategy<Value = DocumentName> {
    ("[A-Za-z_][A-Za-z0-9_]{0,12}", "[A-Za-z0-9.-]{0,63}[A-Za-z0-9-]")
        .prop_map(|(collection, id)| DocumentName::new(&collection, &id).expect("of the right form"))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z%\n\r\t :#-]{0,12}", Just("\nVPR-Seq: 1\n\n".to_owned())]
}

fn principal() -> impl Strategy<Value = PrincipalId> {
    prop_oneof!["[ -~]{1,40}", "\\PC{1,20}"].prop_filter_map("no principal", |text| PrincipalId::new(&text))
}

pub(crate) fn time() -> impl Strategy<Value = Instant> {
    prop_oneof![1_000_000_000_000_000..4_000_000_000_000_000_i64, any::<i64>()].prop_map(Instant)
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn object_id() -> impl Strategy<Value = ObjectId> {
    any::<[u8; 20]>().prop_map(ObjectId)
}

fn provenance() -> impl Strategy<Value = Provenance> {
    let optional = || option::of(text());
    (principal(), optional(), optional(), optional(), optional(), optional(), text()).prop_map(
        |(author, role, registration, care_location, on_behalf_of, purpose, request)| Provenance {
            author,
            role,
            registration,
            care_location,
            on_behalf_of,
            purpose,
            request,
        },
    )
}

fn repository() -> impl Strategy<Value = RepositorySummary> {
    (0..4_usize, any::<u128>(), object_id(), object_id(), digest(), any::<u128>()).prop_map(
        |(part, record, commit, tree, digest, contribution)| {
            let part = Part::ALL[part];
            let record = if part == Part::Registry { Uuid::nil() } else { Uuid::from_u128(record) };
            let contribution = Uuid::from_u128(contribution);
            RepositorySummary { part, record: RecordId(record), commit, tree, digest, contribution }
        },
    )
}

pub(crate) fn operation() -> impl Strategy<Value = ChangeOperation> {
    prop_oneof![
        Just(ChangeOperation::Create),
        Just(ChangeOperation::Update),
        Just(ChangeOperation::Delete),
        Just(ChangeOperation::MovedOut),
    ]
}

fn document(repositories: u16) -> impl Strategy<Value = DocumentSummary> {
    (
        name(),
        any::<u32>(),
        operation(),
        0..repositories,
        option::of(object_id()),
        any::<u32>(),
        option::of(digest()),
    )
        .prop_map(|(name, version, operation, repository, object, size, digest)| DocumentSummary {
            name,
            version: Version(version),
            operation,
            repository,
            object,
            size,
            digest,
        })
}

fn idempotency() -> impl Strategy<Value = Idempotency> {
    (digest(), digest(), vec(any::<u8>(), 0..60)).prop_map(|(key, body, outcome)| Idempotency {
        key,
        body,
        outcome,
    })
}

pub(crate) fn summary() -> impl Strategy<Value = ChangeSummary> {
    vec(repository(), 1..5).prop_flat_map(|repositories| {
        let count = u16::try_from(repositories.len()).expect("a few");
        let rest = (vec(document(count), 0..7), option::of(idempotency()), provenance());
        (tenant(), any::<u64>(), time(), rest).prop_map(
            move |(tenant, seq, time, (documents, idempotency, provenance))| ChangeSummary {
                tenant,
                seq: Seq(seq),
                time,
                provenance,
                repositories: repositories.clone(),
                documents,
                idempotency,
            },
        )
    })
}

pub(crate) fn access() -> impl Strategy<Value = AccessEntry> {
    let action = prop_oneof![
        Just(AccessAction::Create),
        Just(AccessAction::Read),
        Just(AccessAction::Update),
        Just(AccessAction::Delete),
        Just(AccessAction::Execute)
    ];
    let documents = vec((name(), option::of(any::<u32>().prop_map(Version))), 0..4);
    let who = (text(), option::of(text()), text(), text());
    (tenant(), any::<u64>(), time(), who, action, documents, option::of(text()), any::<u16>()).prop_map(
        |(tenant, access_seq, time, who, action, documents, collection, status)| AccessEntry {
            tenant,
            access_seq,
            time,
            principal: who.0,
            purpose: who.1,
            request: who.2,
            action,
            interaction: who.3,
            documents,
            collection,
            status,
        },
    )
}

pub(crate) fn state() -> impl Strategy<Value = StateEntry> {
    let value = option::of(vec(any::<u8>(), 0..40));
    (tenant(), any::<u64>(), time(), text(), vec(any::<u8>(), 0..40), value, option::of(time())).prop_map(
        |(tenant, state_seq, time, kind, key, value, expires)| StateEntry {
            tenant,
            state_seq,
            time,
            kind,
            key,
            value: value.map(serde_bytes::ByteBuf::from),
            expires,
        },
    )
}
