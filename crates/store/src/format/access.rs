use serde::{Deserialize, Serialize};
use vpr_types::{DocumentName, Instant, TenantName, Version};

/// What was done, in the classes auditors ask for (HL7 audit-event-action: C R U D E).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessAction {
    /// Something came into being.
    Create,
    /// Something was read, listed or compared.
    Read,
    /// Something was changed.
    Update,
    /// Something was deleted.
    Delete,
    /// An operation ran.
    Execute,
}

/// One access, as the audit keeps it. Ids and codes only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessEntry {
    /// Whose data.
    pub tenant: TenantName,
    /// Dense within the tenant's access log.
    pub access_seq: u64,
    /// When it was answered.
    pub time: Instant,
    /// Who asked.
    pub principal: String,
    /// Why.
    pub purpose: Option<String>,
    /// In which request.
    pub request: String,
    /// What class of action.
    pub action: AccessAction,
    /// Which interaction or operation (`read`, `vread`, `transaction`, `$validate` …).
    pub interaction: String,
    /// Which documents, as far as the request named or touched them, with the version given out.
    pub documents: Vec<(DocumentName, Option<Version>)>,
    /// The collection asked for when no document is known.
    pub collection: Option<String>,
    /// The HTTP status, or its equivalent in another protocol.
    pub status: u16,
}
