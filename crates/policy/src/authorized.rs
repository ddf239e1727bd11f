use vpr_types::TenantName;

use crate::{Interaction, Principal, Purpose};

/// Proof that a principal may do `what` in a tenant. Only [`crate::decide`] builds it.
///
/// It cannot be made any other way:
/// ```compile_fail,E0624
/// use vpr_policy::{Authorized, Interaction, Principal};
/// use vpr_types::{PrincipalId, TenantName};
/// fn forge(tenant: TenantName, id: PrincipalId) -> Authorized<()> {
///     Authorized::grant(tenant, Principal::operator(id), None, Interaction::Read, ())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Authorized<T> {
    tenant: TenantName,
    principal: Principal,
    purpose: Option<Purpose>,
    interaction: Interaction,
    what: T,
}

impl<T> Authorized<T> {
    pub(crate) fn grant(
        tenant: TenantName,
        principal: Principal,
        purpose: Option<Purpose>,
        interaction: Interaction,
        what: T,
    ) -> Self {
        Self { tenant, principal, purpose, interaction, what }
    }

    /// In which tenant: the only one that whoever holds this may touch.
    #[must_use]
    pub fn tenant(&self) -> &TenantName {
        &self.tenant
    }

    /// Who.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Why.
    #[must_use]
    pub fn purpose(&self) -> Option<&Purpose> {
        self.purpose.as_ref()
    }

    /// Which interaction was decided.
    #[must_use]
    pub fn interaction(&self) -> Interaction {
        self.interaction
    }

    /// What was decided on.
    #[must_use]
    pub fn what(&self) -> &T {
        &self.what
    }

    /// Takes out what was decided on and keeps the rest of the proof.
    #[must_use]
    pub fn split(self) -> (Authorized<()>, T) {
        let Self { tenant, principal, purpose, interaction, what } = self;
        (Authorized { tenant, principal, purpose, interaction, what: () }, what)
    }
}
