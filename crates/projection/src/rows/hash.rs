use std::hash::Hasher as _;

use sha2::{Digest as _, Sha256};
use siphasher::sip::SipHasher24;
use vpr_fhir::search::{ReferenceKey, ReferenceTest, TokenTest};

/// Makes the hashes of one tenant (SipHash-2-4): without the key, a stolen database cannot be
/// tested against a list of codes.
#[derive(Clone)]
pub(crate) struct IndexKey(u64, u64);

/// What a hash is of; equal bytes of two kinds have two hashes.
#[derive(Clone, Copy)]
enum Of {
    Code = 1,
    System = 2,
    NoSystem = 3,
    SystemAlone = 4,
    Unit = 5,
    Url = 6,
    UrlAndVersion = 7,
    Version = 8,
    Text = 9,
    Parts = 10,
    Canonical = 11,
    Name = 12,
    IdAlone = 13,
}

/// One way to name the unit of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitName<'a> {
    /// None: the value as written, whatever its unit.
    Any,
    /// In canonical UCUM units.
    Canonical(&'a str),
    /// As written, system and code, of a quantity that has no canonical form.
    SystemAndCode(&'a str, &'a str),
    /// As written, code or unit, of a quantity that has no canonical form.
    Code(&'a str),
    /// The unit as written, of a quantity that has a canonical form by its code.
    UnitBesideCanonical(&'a str),
}

impl IndexKey {
    /// From the tenant's index key.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // SipHash has a key of 128 bits, in which all of the tenant's key must count.
        let digest = Sha256::new().chain_update(b"vpr projection hashes\0").chain_update(key).finalize();
        let half = |at: usize| digest[at..at + 8].iter().fold(0, |half, byte| half << 8 | u64::from(*byte));
        Self(half(0), half(8))
    }

    fn hash(&self, of: Of, parts: &[&[u8]]) -> i64 {
        let mut hasher = SipHasher24::new_with_keys(self.0, self.1);
        hasher.write_u8(of as u8);
        for part in parts {
            hasher.write_u64(part.len() as u64);
            hasher.write(part);
        }
        hasher.finish().cast_signed()
    }

    /// `tok.hc`
    pub(crate) fn code(&self, code: &str) -> i64 {
        self.hash(Of::Code, &[code.as_bytes()])
    }

    /// `tok.hs`
    pub(crate) fn system(&self, system: Option<&str>) -> i64 {
        match system {
            Some(system) => self.hash(Of::System, &[system.as_bytes()]),
            None => self.hash(Of::NoSystem, &[]),
        }
    }

    /// `tok.hc` where there is no code: of a token that has none, and of the row for the system
    /// alone, whose `hs` is 0.
    pub(crate) fn system_alone(&self, system: &str) -> i64 {
        self.hash(Of::SystemAlone, &[system.as_bytes()])
    }

    /// The hashes of code and system that a token must have, where they matter.
    pub(crate) fn token(&self, test: &TokenTest) -> (Option<i64>, Option<i64>) {
        match test {
            TokenTest::Code(code) => (Some(self.code(code)), None),
            TokenTest::SystemAndCode(system, code) => {
                (Some(self.code(code)), Some(self.system(Some(system))))
            }
            TokenTest::CodeWithoutSystem(code) => (Some(self.code(code)), Some(self.system(None))),
            TokenTest::System(system) => (None, Some(self.system(Some(system)))),
        }
    }

    /// `num.unit`; 0 for numbers and for a quantity in any unit. Negative where the value beside it is
    /// in canonical units and not as written: who asks for any unit asks for those that are not.
    pub(crate) fn unit(&self, name: UnitName<'_>) -> i64 {
        let written = |parts: &[&[u8]]| self.hash(Of::Unit, parts) & i64::MAX;
        match name {
            UnitName::Any => 0,
            UnitName::Canonical(unit) => self.hash(Of::Unit, &[b"canonical", unit.as_bytes()]) | i64::MIN,
            UnitName::Code(code) => written(&[b"code", code.as_bytes()]),
            UnitName::UnitBesideCanonical(unit) => written(&[b"beside", unit.as_bytes()]),
            UnitName::SystemAndCode(system, code) => written(&[b"code", system.as_bytes(), code.as_bytes()]),
        }
    }

    /// `ref.tgt` of what is no resource here: negative, where rids are positive.
    pub(crate) fn url(&self, url: &str) -> i64 {
        self.hash(Of::Url, &[url.as_bytes()]) | i64::MIN
    }

    /// `ref.tgt` of a canonical in any version.
    pub(crate) fn canonical(&self, url: &str) -> i64 {
        self.hash(Of::Canonical, &[url.as_bytes()]) | i64::MIN
    }

    /// `ref.tgt` of one version of a canonical.
    pub(crate) fn url_and_version(&self, url: &str, version: &str) -> i64 {
        self.hash(Of::UrlAndVersion, &[url.as_bytes(), version.as_bytes()]) | i64::MIN
    }

    /// `ref.tgt` of one version of a resource here.
    pub(crate) fn version(&self, resource: &str, id: &str, version: &str) -> i64 {
        self.hash(Of::Version, &[resource.as_bytes(), id.as_bytes(), version.as_bytes()]) | i64::MIN
    }

    /// `str.exact`
    pub(crate) fn text(&self, text: &str) -> i64 {
        self.hash(Of::Text, &[text.as_bytes()])
    }

    /// Two hashes as one.
    fn parts(&self, parts: [i64; 2]) -> i64 {
        let [one, other] = parts.map(i64::to_le_bytes);
        self.hash(Of::Parts, &[&one, &other])
    }

    /// The targets of a reference that is not to a resource here, or to one version of it.
    pub(crate) fn targets(&self, key: &ReferenceKey) -> Vec<i64> {
        match key {
            ReferenceKey::Local { resource, id, version } => {
                version.iter().map(|version| self.version(resource.name(), id, version)).collect()
            }
            ReferenceKey::Absolute(url) => vec![self.url(url)],
            ReferenceKey::Canonical { url, version } => {
                let one = version.iter().map(|version| self.url_and_version(url, version));
                std::iter::once(self.canonical(url)).chain(one).collect()
            }
            ReferenceKey::Identifier { .. } => Vec::new(),
        }
    }
}

/// References as parts of composites, where a rid cannot be hashed with the others: by name.
impl IndexKey {
    /// The ways to ask for a reference.
    pub(crate) fn parts_of_reference(&self, key: &ReferenceKey) -> Vec<i64> {
        let mut parts = self.targets(key);
        match key {
            ReferenceKey::Local { resource, id, .. } => {
                parts.push(self.hash(Of::Name, &[resource.name().as_bytes(), id.as_bytes()]));
                parts.push(self.hash(Of::IdAlone, &[id.as_bytes()]));
            }
            ReferenceKey::Identifier { token, .. } => {
                let system = self.system(token.system.as_deref());
                if let Some(code) = &token.code {
                    parts.push(self.code(code));
                    parts.push(self.parts([self.code(code), system]));
                }
                parts.extend(token.system.iter().map(|system| self.system_alone(system)));
            }
            _ => {}
        }
        parts
    }

    /// One of them, as it is asked for.
    pub(crate) fn part_of_reference_test(&self, test: &ReferenceTest) -> i64 {
        match test {
            ReferenceTest::Local { resource, id, version: Some(version) } => {
                self.version(resource.name(), id, version)
            }
            ReferenceTest::Local { resource, id, version: None } => {
                self.hash(Of::Name, &[resource.name().as_bytes(), id.as_bytes()])
            }
            ReferenceTest::AnyType(id) => self.hash(Of::IdAlone, &[id.as_bytes()]),
            ReferenceTest::Absolute(url) => self.url(url),
            ReferenceTest::Canonical { url, version: None } => self.canonical(url),
            ReferenceTest::Canonical { url, version: Some(version) } => self.url_and_version(url, version),
            ReferenceTest::Identifier(TokenTest::System(system)) => self.system_alone(system),
            ReferenceTest::Identifier(token) => match self.token(token) {
                (Some(hc), Some(hs)) => self.parts([hc, hs]),
                (hc, hs) => hc.or(hs).unwrap_or_default(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_depend_on_the_key_the_kind_and_the_borders() {
        let one = IndexKey::new(&[1; 32]);
        let mut other = [1; 32];
        other[31] = 2;
        let other = IndexKey::new(&other);
        assert_ne!(one.code("a"), other.code("a"));
        assert_eq!(one.code("a"), IndexKey::new(&[1; 32]).code("a"));
        assert_ne!(one.code("a"), one.system(Some("a")));
        assert_ne!(one.system(None), one.system(Some("")));
        assert_ne!(one.url_and_version("ab", "c"), one.url_and_version("a", "bc"));
        assert!(one.url("x") < 0 && one.version("Patient", "1", "2") < 0);
        for unit in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            assert!(one.unit(UnitName::Canonical(unit)) < 0);
            for name in [
                UnitName::Code(unit),
                UnitName::UnitBesideCanonical(unit),
                UnitName::SystemAndCode("s", unit),
            ] {
                assert!(one.unit(name) > 0);
            }
        }
    }
}
