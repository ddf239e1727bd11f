use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name that does not have the form its kind demands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {why}")]
pub struct InvalidName {
    /// Which kind of name, in words ("tenant name").
    pub what: &'static str,
    /// What is wrong with it; never repeats the value.
    pub why: &'static str,
}

/// The name of a tenant: `[a-z0-9]` then up to 62 of `[a-z0-9-]`; it is a folder of the data
/// directory and a path segment of URLs. Names the data directory itself needs are refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantName(Arc<str>);

impl TenantName {
    /// Folders of the data directory that are not tenants.
    pub const RESERVED: [&'static str; 5] = ["journal", "directory", "projection", "lock", "tmp"];

    /// Checks `name`.
    ///
    /// # Errors
    /// [`InvalidName`] when it is empty, too long, reserved or has another character.
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        let fail = |why| Err(InvalidName { what: "tenant name", why });
        let bytes = name.as_bytes();
        if bytes.is_empty() || bytes.len() > 63 {
            return fail("must have 1 to 63 characters");
        }
        if !bytes[0].is_ascii_lowercase() && !bytes[0].is_ascii_digit() {
            return fail("must begin with a lower-case letter or a digit");
        }
        if !bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-') {
            return fail("may only have lower-case letters, digits and hyphens");
        }
        if Self::RESERVED.contains(&name) {
            return fail("is reserved");
        }
        Ok(Self(Arc::from(name)))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TenantName {
    type Error = InvalidName;
    fn try_from(value: String) -> Result<Self, InvalidName> {
        Self::new(&value)
    }
}

impl From<TenantName> for String {
    fn from(value: TenantName) -> Self {
        value.0.as_ref().to_owned()
    }
}

/// The name of a document within a tenant: a collection (a FHIR resource type, `_tenant`, …) and
/// an id that is unique in it.
///
/// Collection: `[A-Za-z_][A-Za-z0-9_]{0,63}`. Id: FHIR's id form `[A-Za-z0-9\-\.]{1,64}`
/// (FHIR R4 §2.24.0.1), neither `.` nor `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DocumentName {
    collection: Arc<str>,
    id: Arc<str>,
}

impl DocumentName {
    /// Checks both halves.
    ///
    /// # Errors
    /// [`InvalidName`] naming the half that is wrong.
    pub fn new(collection: &str, id: &str) -> Result<Self, InvalidName> {
        let fail = |what, why| Err(InvalidName { what, why });
        let bytes = collection.as_bytes();
        if bytes.is_empty() || bytes.len() > 64 {
            return fail("collection", "must have 1 to 64 characters");
        }
        if bytes[0].is_ascii_digit() || !bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            return fail("collection", "may only have letters, digits and underscores, and no digit first");
        }
        Self::check_id(id)?;
        Ok(Self { collection: Arc::from(collection), id: Arc::from(id) })
    }

    /// Checks an id alone.
    ///
    /// # Errors
    /// [`InvalidName`] when it has not the form of an id.
    pub fn check_id(id: &str) -> Result<(), InvalidName> {
        let fail = |why| Err(InvalidName { what: "id", why });
        if id.is_empty() || id.len() > 64 {
            return fail("must have 1 to 64 characters");
        }
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
            return fail("may only have letters, digits, '-' and '.'");
        }
        // Clients remove such segments from URLs (RFC 3986 §5.2.4): it could never be asked for.
        if matches!(id, "." | "..") {
            return fail("may not be '.' or '..'");
        }
        Ok(())
    }

    /// The collection.
    #[must_use]
    pub fn collection(&self) -> &str {
        &self.collection
    }

    /// The id within the collection.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collection, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_names_are_folders_and_path_segments() {
        for good in ["default", "st-olav", "7", &"a".repeat(63)] {
            assert_eq!(TenantName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "A", "a.b", "a/b", "journal", "lock", "é", &"a".repeat(64)] {
            assert!(TenantName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn document_names_have_the_form_of_fhir_ids() {
        assert_eq!(DocumentName::new("Patient", "a-1.B").unwrap().to_string(), "Patient/a-1.B");
        for (collection, id) in [
            ("", "a"),
            ("Pat ient", "a"),
            ("1a", "a"),
            ("A/b", "a"),
            ("A", ""),
            ("A", "a_b"),
            ("A", "."),
            ("A", ".."),
            ("A", "a/b"),
            ("A", "é"),
        ] {
            assert!(DocumentName::new(collection, id).is_err(), "{collection:?} {id:?}");
        }
        assert!(DocumentName::new("A", &"a".repeat(65)).is_err());
    }
}
