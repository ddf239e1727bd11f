use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The position of a change in its tenant's history: 1, 2, 3 … without gaps. 0 stands before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Seq(pub u64);

/// The version of a document: 1, 2, 3 … without gaps; a deletion is a version too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version(pub u32);

/// One patient's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordId(pub Uuid);

impl RecordId {
    /// The record a key such as `Patient/123` or `ehr/<ehr_id>` names in the tenant whose random
    /// namespace is `namespace` (UUIDv5, RFC 9562 §5.5).
    #[must_use]
    pub fn derive(namespace: Uuid, key: &str) -> Self {
        Self(Uuid::new_v5(&namespace, key.as_bytes()))
    }
}

/// One request, as its caller or the server named it; at most 64 characters of `[A-Za-z0-9._-]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Takes a caller's id when it is harmless in a log and a commit message.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let good = !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        good.then(|| Self(Arc::from(text)))
    }

    /// A request id from 16 random bytes.
    #[must_use]
    pub fn random(bytes: [u8; 16]) -> Self {
        Self(Arc::from(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who acts: a user, a client or a service, as the tenant knows it. At most 128 characters, none
/// of them a control character, a line break, `<` or `>`: it stands in commit headers and trailers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PrincipalId(Arc<str>);

impl PrincipalId {
    /// Checks the form; `None` when it could not stand in a commit header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let good = !text.trim().is_empty()
            && text.trim().len() == text.len()
            && text.len() <= 128
            && !text.chars().any(|c| c.is_control() || matches!(c, '<' | '>' | '\u{2028}' | '\u{2029}'));
        good.then(|| Self(Arc::from(text)))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why the caller acts: a code of HL7's `PurposeOfUse` such as `TREAT`; 1 to 32 characters of `[A-Z0-9_-]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Purpose(Arc<str>);

impl Purpose {
    /// Checks the form.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let good = (1..=32).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
        good.then(|| Self(Arc::from(code)))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! display {
    ($($name:ident => |$value:ident| $text:expr;)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $value = self;
                fmt::Display::fmt(&$text, f)
            }
        }
    )*};
}
display! {
    Seq => |v| v.0;
    Version => |v| v.0;
    RecordId => |v| v.0.as_hyphenated();
    RequestId => |v| v.0;
    PrincipalId => |v| v.0;
    Purpose => |v| v.0;
}

impl Seq {
    /// The one after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Version {
    /// The first version of every document.
    pub const FIRST: Self = Self(1);

    /// The one after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_can_stand_in_a_commit_header() {
        assert!(PrincipalId::new("dr.ås@st-olav").is_some());
        for bad in ["", " a", "a\nb", "a<b", "a>b", "a\u{7}", &"x".repeat(129)] {
            assert!(PrincipalId::new(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn records_of_two_tenants_never_share_a_uuid() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(RecordId::derive(a, "Patient/1"), RecordId::derive(a, "Patient/1"));
        assert_ne!(RecordId::derive(a, "Patient/1"), RecordId::derive(b, "Patient/1"));
    }
}
