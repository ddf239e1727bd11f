//! Every limit in one place. Each has a test that hits it.

/// Bytes of one request body, after decompression.
pub const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes that the bodies of all requests in flight hold together, before and after decompression.
pub const BODY_BUDGET_BYTES: usize = 256 * 1024 * 1024;
/// Bytes of documents in one answer: of a Bundle's entries together, of a page of a history.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Depth of nested JSON objects and arrays.
pub const JSON_DEPTH_MAX: usize = 64;
/// Values (members and items) in one JSON body.
pub const JSON_VALUES_MAX: usize = 3_000_000;
/// Bytes of one stored document, canonical and uncompressed.
pub const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Entries of one batch or transaction.
pub const BUNDLE_ENTRIES_MAX: usize = 50_000;
/// Characters of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// How long a write can be repeated by its idempotency key, in microseconds (30 days).
pub const IDEMPOTENCY_MICROS: i64 = 30 * 24 * 3600 * 1_000_000;
/// Versions on one page of a history, if the caller names no count.
pub const HISTORY_COUNT_DEFAULT: usize = 50;
/// Versions on one page of a history at the most.
pub const HISTORY_COUNT_MAX: usize = 1_000;
/// Issues reported for one resource; the rest are counted.
pub const ISSUES_MAX: usize = 100;
