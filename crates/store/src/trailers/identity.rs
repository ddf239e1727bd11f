use std::fmt::Write as _;

use vpr_types::{PrincipalId, TenantName};

/// Name and address as they stand in a commit's author and committer lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The principal's id, as it is.
    pub name: String,
    /// `<principal>@<tenant>.vpr`, the principal in letters, digits, `.`, `-`, `_` and `%XX`.
    pub email: String,
}

/// The identity of a principal of a tenant. Stock git accepts it: no `<`, `>` or line break can
/// stand in either half.
#[must_use]
pub fn identity(principal: &PrincipalId, tenant: &TenantName) -> Identity {
    let name = principal.as_str().to_owned();
    let mut email = String::with_capacity(name.len() + tenant.as_str().len() + 5);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            email.push(char::from(byte));
        } else {
            let _ = write!(email, "%{byte:02X}");
        }
    }
    let _ = write!(email, "@{tenant}.vpr");
    Identity { name, email }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_has_no_character_that_git_minds() {
        let tenant = TenantName::new("st-olav").unwrap();
        let principal = PrincipalId::new("dr.ås@hus sykehus").unwrap();
        let identity = identity(&principal, &tenant);
        assert_eq!(identity.name, "dr.ås@hus sykehus");
        assert_eq!(identity.email, "dr.%C3%A5s%40hus%20sykehus@st-olav.vpr");
    }
}
