//! What reading may cost. Each limit has a test that hits it.

use vpr_types::limits::BODY_BYTES_MAX;

/// The bounds of reading one file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of one document (a JSON file, a line, a member of an archive), expanded.
    pub(crate) document_bytes_max: usize,
    /// Bytes that one compressed file may expand to.
    pub(crate) expanded_bytes_max: u64,
    /// How many times its compressed size it may expand to, past [`Self::ratio_free_bytes`].
    pub(crate) ratio_max: u64,
    /// Up to here the ratio is of no account: small files of repeated text compress very well.
    pub(crate) ratio_free_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes_max: BODY_BYTES_MAX,
            expanded_bytes_max: 256 << 30,
            ratio_max: 250,
            ratio_free_bytes: 64 << 20,
        }
    }
}

/// Documents of one file that are sent together in one transaction.
pub(crate) const CHUNK_ENTRIES_MAX: usize = 100;
/// Bytes of them.
pub(crate) const CHUNK_BYTES_MAX: usize = 2 << 20;
/// Bytes of requests that are read and not answered yet.
pub(crate) const IN_FLIGHT_BYTES_MAX: usize = 192 << 20;
/// Characters of a member's name in an archive.
pub(crate) const MEMBER_NAME_BYTES_MAX: u64 = 8 << 10;
/// Refusals that the report repeats in full; further ones are counted.
pub(crate) const REFUSALS_KEPT_MAX: usize = 10_000;
/// Skipped files and entries that the report names; further ones are counted.
pub(crate) const SKIPS_KEPT_MAX: usize = 1_000;
