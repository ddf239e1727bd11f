use vpr_types::{PrincipalId, TenantName};

/// Who asks, as the credential that was checked says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name that stands in commits and in the audit.
    pub id: PrincipalId,
    /// Where the credential is valid.
    pub reach: Reach,
    /// What kind of principal.
    pub kind: PrincipalKind,
}

/// Where a credential is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// In this tenant and no other.
    Tenant(TenantName),
    /// At the data directory: whoever may open its socket. Never the reach of a network credential.
    Server,
}

/// What kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The principal of development mode: no credential, loopback only.
    Development,
    /// Whoever has access to the data directory.
    Operator,
}

impl Principal {
    /// The principal of development mode in the tenant that the request addressed.
    #[must_use]
    pub fn development(id: PrincipalId, tenant: TenantName) -> Self {
        Self { id, reach: Reach::Tenant(tenant), kind: PrincipalKind::Development }
    }

    /// Whoever works at the data directory.
    #[must_use]
    pub fn operator(id: PrincipalId) -> Self {
        Self { id, reach: Reach::Server, kind: PrincipalKind::Operator }
    }

    /// Whether the principal belongs to `tenant`.
    #[must_use]
    pub fn belongs_to(&self, tenant: &TenantName) -> bool {
        match &self.reach {
            Reach::Tenant(own) => own == tenant,
            Reach::Server => true,
        }
    }
}
