use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{RecordId, TenantName};

/// Which of a record's three repositories, or the tenant's one for what has no patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// Who the patient is.
    Demographics,
    /// What was found, thought and done.
    Clinical,
    /// Who does what when.
    Coordination,
    /// Everything without exactly one patient; one per tenant.
    Registry,
}

impl Part {
    /// All parts, in the order of their stored numbers.
    pub const ALL: [Self; 4] = [Self::Demographics, Self::Clinical, Self::Coordination, Self::Registry];

    /// The folder name, also the word used in trailers and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Demographics => "demographics",
            Self::Clinical => "clinical",
            Self::Coordination => "coordination",
            Self::Registry => "registry",
        }
    }

    /// The part of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == text)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One Git repository: a part of one record, or the tenant's registry (whose `record` is nil).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RepositoryId {
    /// Whose it is.
    pub tenant: TenantName,
    /// Which part.
    pub part: Part,
    /// Which record; the nil UUID for the registry.
    pub record: RecordId,
}

impl RepositoryId {
    /// A part of a record. For [`Part::Registry`] the record is ignored.
    #[must_use]
    pub fn new(tenant: TenantName, part: Part, record: RecordId) -> Self {
        let record = if part == Part::Registry { RecordId(uuid::Uuid::nil()) } else { record };
        Self { tenant, part, record }
    }

    /// The tenant's registry.
    #[must_use]
    pub fn registry(tenant: TenantName) -> Self {
        Self::new(tenant, Part::Registry, RecordId(uuid::Uuid::nil()))
    }

    /// The folder, relative to the data directory:
    /// `<tenant>/<part>/<s1>/<s2>/<record-uuid>`, or `<tenant>/registry`.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let mut path = PathBuf::from(self.tenant.as_str());
        path.push(self.part.as_str());
        if self.part != Part::Registry {
            let uuid = self.record.to_string();
            path.push(&uuid[0..2]);
            path.push(&uuid[2..4]);
            path.push(&uuid);
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fan_out_by_the_first_two_pairs_of_the_uuid() {
        let tenant = TenantName::new("default").unwrap();
        let record = RecordId(uuid::Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0));
        let id = RepositoryId::new(tenant.clone(), Part::Clinical, record);
        assert_eq!(id.path().to_str(), Some("default/clinical/12/34/12345678-9abc-def0-1234-56789abcdef0"));
        assert_eq!(RepositoryId::registry(tenant).path().to_str(), Some("default/registry"));
    }
}
