//! The keys of every table. `NUL` cannot stand in a collection, an id or a tenant's name, so no key
//! is the beginning of another document's, and documents sort by collection, then id.
//!
//! | table | key | value |
//! |---|---|---|
//! | `format` | `version` | 1 |
//! | `positions` | tenant | the seq that everything of the tenant is checkpointed to |
//! | `<tenant>/heads` | collection NUL id | the newest version |
//! | `<tenant>/versions` | collection NUL id NUL version (4 bytes, big-endian) | a superseded version |
//! | `<tenant>/repositories` | record (16 bytes) part (1 byte) | its newest commit |
//! | `<tenant>/idempotency` | key digest (32 bytes) | seq, time, body digest, outcome |
//! | `<tenant>/idempotency-times` | time (8 bytes, big-endian, from the smallest) key digest | – |
//! | `<tenant>/aliases` | the alias | record (16 bytes) |
//! | `<tenant>/counts` | collection | documents that are not deleted (8 bytes, little-endian) |

use redb::TableDefinition;
use uuid::Uuid;
use vpr_types::{Digest, DocumentName, Instant, Part, RecordId, TenantName, Version};

/// Every table but the two global ones maps bytes to bytes.
pub(super) type Bytes = &'static [u8];

pub(super) const FORMAT: TableDefinition<'static, &'static str, u64> = TableDefinition::new("format");
pub(super) const FORMAT_KEY: &str = "version";
pub(super) const FORMAT_VERSION: u64 = 1;
pub(super) const POSITIONS: TableDefinition<'static, &'static str, u64> = TableDefinition::new("positions");

/// The tables that each tenant has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    Heads,
    Versions,
    Repositories,
    Idempotency,
    IdempotencyTimes,
    Aliases,
    Counts,
}

impl Table {
    pub(crate) fn name(self, tenant: &TenantName) -> String {
        let table = match self {
            Self::Heads => "heads",
            Self::Versions => "versions",
            Self::Repositories => "repositories",
            Self::Idempotency => "idempotency",
            Self::IdempotencyTimes => "idempotency-times",
            Self::Aliases => "aliases",
            Self::Counts => "counts",
        };
        format!("{tenant}/{table}")
    }
}

pub(crate) fn document(name: &DocumentName) -> Vec<u8> {
    let (collection, id) = (name.collection().as_bytes(), name.id().as_bytes());
    let mut key = Vec::with_capacity(collection.len() + id.len() + 6);
    key.extend(collection);
    key.push(0);
    key.extend(id);
    key
}

/// The document that [`document`] made `key` of.
pub(crate) fn parse_document(key: &[u8]) -> Option<DocumentName> {
    let (collection, id) = std::str::from_utf8(key).ok()?.split_once('\0')?;
    DocumentName::new(collection, id).ok()
}

/// The first key of a collection's documents, and the first after them.
pub(crate) fn collection(collection: &str) -> (Vec<u8>, Vec<u8>) {
    let bounded = |end: u8| [collection.as_bytes(), &[end]].concat();
    (bounded(0), bounded(1))
}

pub(crate) fn version(document: &[u8], version: Version) -> Vec<u8> {
    let mut key = Vec::with_capacity(document.len() + 5);
    key.extend(document);
    key.push(0);
    key.extend(version.0.to_be_bytes());
    key
}

pub(crate) fn repository(part: Part, record: RecordId) -> [u8; 17] {
    let mut key = [0; 17];
    key[..16].copy_from_slice(record.0.as_bytes());
    key[16] = match part {
        Part::Demographics => 0,
        Part::Clinical => 1,
        Part::Coordination => 2,
        Part::Registry => 3,
    };
    key
}

/// The repository that [`repository`] made `key` of.
pub(crate) fn parse_repository(key: &[u8]) -> Option<(Part, RecordId)> {
    let (part, record) = key.split_last()?;
    let part = Part::ALL.get(usize::from(*part))?;
    Some((*part, RecordId(Uuid::from_slice(record).ok()?)))
}

pub(crate) fn idempotency_time(time: Instant, key: &Digest) -> [u8; 40] {
    let mut out = [0; 40];
    out[..8].copy_from_slice(&time_prefix(time));
    out[8..].copy_from_slice(&key.0);
    out
}

/// Eight bytes that sort as the instants do.
pub(crate) fn time_prefix(time: Instant) -> [u8; 8] {
    (time.0 ^ i64::MIN).to_be_bytes()
}
