use vpr_core::Repeat;
use vpr_policy::Interaction;
use vpr_types::{Digest, limits};

use crate::conditions::{ReadConditions, WriteConditions};
use crate::history::HistoryQuery;

/// What a request asks for: the one form that every protocol turns its requests into.
/// Names are as the caller wrote them; the service checks them.
#[derive(Debug, Clone)]
pub enum Operation {
    /// To know what the server can do.
    Capabilities,
    /// The newest version of a resource.
    Read {
        /// Which resource.
        target: Target,
        /// When an answer in full is not needed.
        conditions: ReadConditions,
    },
    /// One version of a resource.
    VRead {
        /// Which resource.
        target: Target,
        /// Which version.
        version: String,
        /// When an answer in full is not needed.
        conditions: ReadConditions,
    },
    /// The versions of a resource.
    HistoryInstance {
        /// Which resource.
        target: Target,
        /// Which of them.
        query: HistoryQuery,
    },
    /// A new resource under an id that the server draws.
    Create {
        /// Its type.
        type_name: String,
        /// The resource as JSON.
        body: Vec<u8>,
        /// `If-None-Exist`: the query string of a search, as it was written.
        if_none_exist: Option<String>,
        /// How it is done and answered.
        options: WriteOptions,
    },
    /// The next version of a resource, or the first under an id that the caller chose.
    Update {
        /// Which resource.
        target: Target,
        /// The resource as JSON.
        body: Vec<u8>,
        /// What must hold.
        conditions: WriteConditions,
        /// How it is done and answered.
        options: WriteOptions,
    },
    /// The end of a resource; its versions stay.
    Delete {
        /// Which resource.
        target: Target,
        /// What must hold.
        conditions: WriteConditions,
        /// How it is done and answered.
        options: WriteOptions,
    },
    /// A search (FHIR R4 §3.1.1).
    Search {
        /// Among what.
        scope: SearchScope,
        /// The parameters, decoded, in their order, those of the query before those of the body.
        /// The links to other pages have one alone, `_cursor`.
        parameters: Vec<(String, String)>,
        /// `Prefer: handling=…`
        handling: Option<Handling>,
    },
    /// The versions of all resources of a type.
    HistoryType {
        /// Which type.
        type_name: String,
        /// Which of them.
        query: HistoryQuery,
    },
    /// The versions of all resources.
    HistorySystem {
        /// Which of them.
        query: HistoryQuery,
    },
    /// `$everything` (FHIR R4, patient-operation-everything).
    Everything {
        /// Whose.
        target: Target,
        /// The parameters of the operation, decoded.
        parameters: Vec<(String, String)>,
    },
    /// The next version of what a search finds, or a new resource (FHIR R4 §3.1.0.4.3).
    ConditionalUpdate {
        /// Its type.
        type_name: String,
        /// The query string, as it was written.
        criteria: String,
        /// The resource as JSON.
        body: Vec<u8>,
        /// What must hold besides.
        conditions: WriteConditions,
        /// How it is done and answered.
        options: WriteOptions,
    },
    /// The end of what a search finds (FHIR R4 §3.1.0.7.1).
    ConditionalDelete {
        /// Its type.
        type_name: String,
        /// The query string, as it was written.
        criteria: String,
        /// How it is done and answered.
        options: WriteOptions,
    },
    /// `$validate`
    Validate {
        /// The type in the path.
        type_name: String,
        /// The id in the path.
        id: Option<String>,
        /// The resource, or Parameters around it.
        body: Vec<u8>,
        /// `mode` of the query.
        mode: Option<String>,
        /// Whether the query names a profile.
        profile: bool,
    },
    /// A Bundle whose type says whether it is a batch or a transaction.
    Bundle {
        /// The Bundle as JSON.
        body: Vec<u8>,
        /// How it is done and answered.
        options: WriteOptions,
    },
}

/// Among what a search looks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SearchScope {
    /// All resources: `GET [base]?…`
    System,
    /// Those of a type: `GET [base]/Type?…`
    Type(String),
    /// Those in a compartment (FHIR R4 §3.1.1.2): `GET [base]/Patient/1/Observation?…`
    Compartment {
        /// The type of its owner.
        owner: String,
        /// The id of its owner.
        id: String,
        /// Only those of this type; `None`: all (`*`).
        type_name: Option<String>,
    },
}

/// What becomes of a search parameter that the server does not know (FHIR R4 §3.1.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Handling {
    /// The search is refused.
    Strict,
    /// It is left out, and the answer says so.
    Lenient,
}

/// A resource as a path names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its type.
    pub type_name: String,
    /// Its id.
    pub id: String,
}

/// How a write is done and answered.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// `Prefer: return=…`
    pub prefer: Prefer,
    /// `Idempotency-Key`
    pub key: Option<IdempotencyKey>,
}

/// What a write is answered with (FHIR R4 §3.1.0.1.9).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Prefer {
    /// What the server finds useful: the resource for one, no resources for a Bundle.
    #[default]
    Unsaid,
    /// Nothing but status and headers.
    Minimal,
    /// The resource as it stands now.
    Representation,
    /// What the server noticed.
    OperationOutcome,
}

/// A caller's name for a request that it may have to repeat: 1 to 255 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Checks the form.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let good = !text.is_empty()
            && text.len() <= limits::IDEMPOTENCY_KEY_CHARS_MAX
            && text.bytes().all(|b| (b' '..=b'~').contains(&b));
        good.then(|| Self(text.to_owned()))
    }

    /// What the engine keeps: digests only. `place` tells the entries of one batch apart.
    pub(crate) fn repeat(&self, principal: &str, place: usize, request: &[&[u8]]) -> Repeat {
        let place = place.to_string();
        Repeat {
            key: digest(&[principal.as_bytes(), self.0.as_bytes(), place.as_bytes()]),
            body: digest(request),
            hint: Vec::new(),
        }
    }
}

/// SHA-256 over parts, each preceded by its length, so that no two lists collide.
fn digest(parts: &[&[u8]]) -> Digest {
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Digest(hash.finalize().into())
}

impl Operation {
    /// The interaction, before a Bundle's type is known.
    #[must_use]
    pub fn interaction(&self) -> Interaction {
        match self {
            Self::Capabilities => Interaction::Capabilities,
            Self::Read { .. } => Interaction::Read,
            Self::VRead { .. } => Interaction::VRead,
            Self::HistoryInstance { .. } => Interaction::HistoryInstance,
            Self::HistoryType { .. } => Interaction::HistoryType,
            Self::HistorySystem { .. } => Interaction::HistorySystem,
            Self::Search { scope, .. } => scope.interaction(),
            Self::Everything { .. } => Interaction::Everything,
            Self::Create { if_none_exist: None, .. } => Interaction::Create,
            Self::Create { .. } => Interaction::ConditionalCreate,
            Self::ConditionalUpdate { .. } => Interaction::ConditionalUpdate,
            Self::ConditionalDelete { .. } => Interaction::ConditionalDelete,
            Self::Update { .. } => Interaction::Update,
            Self::Delete { .. } => Interaction::Delete,
            Self::Validate { .. } => Interaction::Validate,
            Self::Bundle { .. } => Interaction::Transaction,
        }
    }

    /// Bytes to work on.
    #[must_use]
    pub(crate) fn weight(&self) -> usize {
        match self {
            // The projection is asked, which blocks.
            Self::Create { if_none_exist: Some(_), .. }
            | Self::ConditionalUpdate { .. }
            | Self::ConditionalDelete { .. }
            | Self::Search { .. }
            | Self::Bundle { .. }
            | Self::Everything { .. }
            | Self::HistoryType { .. }
            | Self::HistorySystem { .. } => usize::MAX,
            Self::Create { body, .. } | Self::Update { body, .. } | Self::Validate { body, .. } => body.len(),
            // A page holds any number of documents.
            Self::HistoryInstance { .. } => usize::MAX,
            Self::Capabilities | Self::Read { .. } | Self::VRead { .. } | Self::Delete { .. } => 0,
        }
    }

    /// The type and the id that the request names, as far as it does.
    pub(crate) fn named(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Capabilities
            | Self::Bundle { .. }
            | Self::HistorySystem { .. }
            | Self::Search { scope: SearchScope::System, .. } => (None, None),
            Self::Search { scope: SearchScope::Type(type_name), .. } => (Some(type_name), None),
            Self::Search { scope: SearchScope::Compartment { owner, id, .. }, .. } => (Some(owner), Some(id)),
            Self::Everything { target, .. } => (Some(&target.type_name), Some(&target.id)),
            Self::Read { target, .. }
            | Self::VRead { target, .. }
            | Self::HistoryInstance { target, .. }
            | Self::Update { target, .. }
            | Self::Delete { target, .. } => (Some(&target.type_name), Some(&target.id)),
            Self::Create { type_name, .. }
            | Self::HistoryType { type_name, .. }
            | Self::ConditionalUpdate { type_name, .. }
            | Self::ConditionalDelete { type_name, .. } => (Some(type_name), None),
            Self::Validate { type_name, id, .. } => (Some(type_name), id.as_deref()),
        }
    }
}

impl SearchScope {
    /// The interaction, as FHIR's `restful-interaction` names it.
    #[must_use]
    pub fn interaction(&self) -> Interaction {
        match self {
            Self::Type(_) | Self::Compartment { type_name: Some(_), .. } => Interaction::SearchType,
            Self::System | Self::Compartment { type_name: None, .. } => Interaction::SearchSystem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_bounded_and_kept_as_digests_of_their_owner() {
        let limit = limits::IDEMPOTENCY_KEY_CHARS_MAX;
        assert!(IdempotencyKey::new(&"k".repeat(limit)).is_some());
        for bad in ["", "é", "a\nb", &"k".repeat(limit + 1)] {
            assert!(IdempotencyKey::new(bad).is_none(), "{bad:?}");
        }
        let key = IdempotencyKey::new("k").unwrap();
        let repeat = key.repeat("a", 0, &[b"POST", b"x"]);
        assert_eq!(repeat.key, key.repeat("a", 0, &[]).key);
        assert_ne!(repeat.key, key.repeat("b", 0, &[]).key);
        assert_ne!(repeat.key, key.repeat("a", 1, &[]).key);
        assert_ne!(repeat.body, key.repeat("a", 0, &[b"POSTx", b""]).body);
    }
}
