use vpr_types::TenantName;

use crate::{Authorized, Interaction, Permission, Principal, PrincipalKind, Purpose, Reach};

/// What is asked: everything a decision may rest on.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// In which tenant, as the request addressed it.
    pub tenant: &'a TenantName,
    /// Why.
    pub purpose: Option<&'a Purpose>,
    /// To do what.
    pub interaction: Interaction,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The credential belongs to another tenant. To be answered as if the tenant had nothing.
    #[error("the credential is not valid in this tenant")]
    OtherTenant,
    /// This kind of principal does not do this.
    #[error("the principal is not permitted to do this")]
    NotPermitted,
}

/// Decides whether `request` may do `what`, and gives the proof.
///
/// # Errors
/// [`Denied::OtherTenant`] before anything else when the principal does not belong to the tenant;
/// [`Denied::NotPermitted`] when it does and may not.
pub fn decide<T>(request: &Request<'_>, what: T) -> Result<Authorized<T>, Denied> {
    if !request.principal.belongs_to(request.tenant) {
        return Err(Denied::OtherTenant);
    }
    let permitted = match (request.principal.kind, request.interaction.permission()) {
        (_, Permission::None) => true,
        (PrincipalKind::Development, Permission::Operate) => false,
        (PrincipalKind::Development, _) => true,
        // Operators look after the store; they do not practice through it.
        (PrincipalKind::Operator, permission) => permission == Permission::Operate,
    };
    if !permitted {
        return Err(Denied::NotPermitted);
    }
    Ok(Authorized::grant(
        request.tenant.clone(),
        request.principal.clone(),
        request.purpose.cloned(),
        request.interaction,
        what,
    ))
}

/// Proof that an operator may do something that is not one tenant's: only [`decide_server`] builds it.
#[derive(Debug, Clone)]
pub struct ServerGrant(());

/// Decides whether `principal` may do `interaction` at the data directory as a whole.
///
/// # Errors
/// [`Denied::NotPermitted`] unless the principal belongs to the server and the interaction is an
/// operator's.
pub fn decide_server(principal: &Principal, interaction: Interaction) -> Result<ServerGrant, Denied> {
    let permitted = principal.reach == Reach::Server
        && principal.kind == PrincipalKind::Operator
        && interaction.permission() == Permission::Operate;
    if permitted { Ok(ServerGrant(())) } else { Err(Denied::NotPermitted) }
}

#[cfg(test)]
mod tests {
    use vpr_types::PrincipalId;

    use super::*;

    fn tenant(name: &str) -> TenantName {
        TenantName::new(name).unwrap()
    }

    fn ask(principal: &Principal, tenant: &TenantName, interaction: Interaction) -> Result<(), Denied> {
        let request = Request { principal, tenant, purpose: None, interaction };
        decide(&request, ()).map(|granted| {
            assert_eq!(granted.tenant(), tenant);
            assert_eq!(granted.principal(), principal);
            assert_eq!(granted.interaction(), interaction);
        })
    }

    #[test]
    fn a_principal_of_one_tenant_never_gets_anything_in_another() {
        let tenants = ["a", "b", "ab", "a-b", "default"].map(tenant);
        for own in &tenants {
            let principal = Principal::development(PrincipalId::new("dev").unwrap(), own.clone());
            for other in tenants.iter().filter(|other| *other != own) {
                for interaction in Interaction::ALL {
                    assert_eq!(
                        ask(&principal, other, interaction),
                        Err(Denied::OtherTenant),
                        "{interaction}"
                    );
                }
            }
        }
    }

    #[test]
    fn development_does_everything_in_its_tenant_but_operate_the_server() {
        let own = tenant("a");
        let principal = Principal::development(PrincipalId::new("dev").unwrap(), own.clone());
        for interaction in Interaction::ALL {
            let wanted = match interaction.permission() {
                Permission::Operate => Err(Denied::NotPermitted),
                _ => Ok(()),
            };
            assert_eq!(ask(&principal, &own, interaction), wanted, "{interaction}");
        }
    }

    #[test]
    fn operators_operate_and_nothing_else() {
        let principal = Principal::operator(PrincipalId::new("operator").unwrap());
        for interaction in Interaction::ALL {
            let granted = ask(&principal, &tenant("any"), interaction).is_ok();
            let wanted = matches!(interaction.permission(), Permission::Operate | Permission::None);
            assert_eq!(granted, wanted, "{interaction}");
        }
    }

    #[test]
    fn only_operators_work_on_the_server_as_a_whole() {
        let operator = Principal::operator(PrincipalId::new("operator").unwrap());
        let development = Principal::development(PrincipalId::new("dev").unwrap(), tenant("a"));
        let disguised = Principal { reach: Reach::Server, ..development.clone() };
        for interaction in Interaction::ALL {
            let wanted = interaction.permission() == Permission::Operate;
            assert_eq!(decide_server(&operator, interaction).is_ok(), wanted, "{interaction}");
            assert!(decide_server(&development, interaction).is_err(), "{interaction}");
            assert!(decide_server(&disguised, interaction).is_err(), "{interaction}");
        }
    }
}
