use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use vpr_types::limits;

use crate::operation::Handling;

/// How the service works.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// When the audit entry of an answer must be on disk.
    pub audit: AuditMode,
    /// Bytes of rendered documents kept in memory.
    pub cache_bytes: u64,
    /// Bodies up to this many bytes are worked on where they arrive; larger ones on a thread of
    /// their own, so that they do not hold up others.
    pub inline_bytes_max: usize,
    /// How searches and what rests on them work.
    pub search: SearchConfig,
}

/// How searches and what rests on them work.
#[derive(Debug, Clone)]
pub struct SearchConfig {
    /// What becomes of parameters that are not known, unless the request says (`Prefer: handling`).
    pub handling: Handling,
    /// Matches on a page, if the caller names no count.
    pub count_default: usize,
    /// Matches on a page at the most.
    pub count_max: usize,
    /// How long the answer to a write waits until searches show it. Zero: not at all.
    pub searchable_wait_max: Duration,
    /// After how long a batch answers its further searches, and a transaction its criteria, with 503.
    pub bundle_search_max: Duration,
    /// Criteria that may decide one transaction.
    pub transaction_criteria_max: usize,
    /// How long a conditional interaction waits, with its gate held, for a projection that is behind.
    pub gate_wait_max: Duration,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            handling: Handling::Strict,
            count_default: limits::SEARCH_COUNT_DEFAULT as usize,
            count_max: limits::SEARCH_COUNT_MAX as usize,
            searchable_wait_max: Duration::from_secs(5),
            bundle_search_max: Duration::from_secs(limits::BATCH_SEARCH_SECONDS_MAX),
            transaction_criteria_max: limits::TRANSACTION_CRITERIA_MAX,
            gate_wait_max: Duration::from_secs(5),
        }
    }
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            audit: AuditMode::Durable,
            cache_bytes: 64 * 1024 * 1024,
            inline_bytes_max: 64 * 1024,
            search: SearchConfig::default(),
        }
    }
}

/// When the audit entry of an answer must be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditMode {
    /// Before the answer leaves: the production default.
    Durable,
    /// With the next group; a power cut may lose the last entries. For development.
    Buffered,
}

impl FromStr for AuditMode {
    type Err = UnknownAuditMode;
    fn from_str(text: &str) -> Result<Self, UnknownAuditMode> {
        match text {
            "durable" => Ok(Self::Durable),
            "buffered" => Ok(Self::Buffered),
            _ => Err(UnknownAuditMode),
        }
    }
}

impl fmt::Display for AuditMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Durable => "durable",
            Self::Buffered => "buffered",
        })
    }
}

/// A word that is no [`AuditMode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit mode is durable or buffered")]
pub struct UnknownAuditMode;
