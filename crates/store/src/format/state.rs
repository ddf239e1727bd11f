use serde::{Deserialize, Serialize};
use vpr_types::{Instant, TenantName};

/// One fact of tenant state: neither a patient's record nor derived from one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateEntry {
    /// Whose state.
    pub tenant: TenantName,
    /// Dense within the tenant's state log.
    pub state_seq: u64,
    /// When it became true.
    pub time: Instant,
    /// What kind of fact (`idempotency`, `client`, `user` …).
    pub kind: String,
    /// Its key within the kind.
    #[serde(with = "serde_bytes")]
    pub key: Vec<u8>,
    /// Its value; absent when the fact ended.
    pub value: Option<serde_bytes::ByteBuf>,
    /// When it ends by itself.
    pub expires: Option<Instant>,
}
