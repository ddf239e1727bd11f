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
/// Criteria that decide one transaction: those of conditional entries, and of conditional
/// references, each text once. They are compared with each other's resources behind closed gates.
pub const TRANSACTION_CRITERIA_MAX: usize = 5_000;
/// Seconds after which a batch answers its further searches with 503, whoever waits for it still; and
/// after which a transaction whose criteria are not all looked for is refused so.
pub const BATCH_SEARCH_SECONDS_MAX: u64 = 30;
/// Characters of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// How long a write can be repeated by its idempotency key, in microseconds (30 days).
pub const IDEMPOTENCY_MICROS: i64 = 30 * 24 * 3600 * 1_000_000;
/// Versions on one page of a history, if the caller names no count.
pub const HISTORY_COUNT_DEFAULT: usize = 50;
/// Versions on one page of a history at the most.
pub const HISTORY_COUNT_MAX: usize = 1_000;
/// Documents on one page of the list of a record at the most.
pub const LIST_COUNT_MAX: usize = 1_000;
/// Issues reported for one resource; the rest are counted.
pub const ISSUES_MAX: usize = 100;
/// Bytes of the names and values of one search, decoded.
pub const SEARCH_QUERY_BYTES_MAX: usize = 256 * 1024;
/// Parameters of one search.
pub const SEARCH_PARAMETERS_MAX: usize = 100;
/// Alternatives in one value of a search, separated by commas.
pub const SEARCH_VALUES_MAX: usize = 1_000;
/// Conditions of one search: each alternative of each value, once for each type that a chain
/// without a type leads to.
pub const SEARCH_CONDITIONS_MAX: usize = 4_000;
/// References that one chain of a search follows.
pub const SEARCH_CHAIN_DEPTH_MAX: usize = 8;
/// `_has` within `_has` in one parameter of a search.
pub const SEARCH_HAS_DEPTH_MAX: usize = 4;
/// `_include` and `_revinclude` of one search together.
pub const SEARCH_INCLUDES_MAX: usize = 32;
/// Keys of one `_sort`.
pub const SEARCH_SORT_KEYS_MAX: usize = 8;
/// Matches on one page of a search, if the caller names no count.
pub const SEARCH_COUNT_DEFAULT: u32 = 20;
/// Matches on one page of a search at the most.
pub const SEARCH_COUNT_MAX: u32 = 1_000;

/// Changes of one tenant that are kept in memory for the projector and for conditional writes.
pub const WINDOW_ENTRIES_MAX: usize = 65_536;
/// Bytes of them.
pub const WINDOW_BYTES_MAX: usize = 64 << 20;
/// Bytes of them, of all tenants together.
pub const WINDOW_BYTES_TOTAL_MAX: usize = 256 << 20;
/// Changes of one tenant that stay in memory although the projector has them: a search that began a
/// moment ago may stand at one of them.
pub const WINDOW_ENTRIES_RECENT: usize = 256;
