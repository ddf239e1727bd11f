use std::collections::BTreeMap;
use std::time::Duration;

use vpr_api_shared::{Addressing, Authentication, DoorConfig};
use vpr_types::{PrincipalId, TenantName, limits};

/// How the public door works.
#[derive(Debug, Clone)]
pub struct RestConfig {
    /// Who callers are.
    pub authentication: Authentication,
    /// The tenant of requests that address none; absent in production unless it was set.
    pub default_tenant: Option<TenantName>,
    /// Tenants by host name, in lower case, without a port.
    pub tenant_hosts: BTreeMap<String, TenantName>,
    /// Origins of browsers that may call, exactly as they name themselves; no wildcard.
    pub cors_origins: Vec<String>,
    /// Whether `X-Forwarded-Host`, `-Proto` and `-Prefix` come from a proxy of ours.
    pub trust_forwarded: bool,
    /// How long a body may take to come, and how long the work may take.
    pub request_timeout: Duration,
    /// Bytes of a body, before and after decompression.
    pub body_bytes_max: usize,
    /// Bytes that the bodies of all requests in flight may hold together; at least what one needs.
    pub body_budget_bytes: usize,
    /// Searches that take longer are logged: the names of their parameters, never the values.
    pub slow_search: Duration,
}

impl RestConfig {
    /// Development mode: everybody is the principal `development`.
    #[must_use]
    pub fn development(default_tenant: TenantName) -> Self {
        let authentication = match PrincipalId::new("development") {
            Some(principal) => Authentication::Development { principal },
            None => Authentication::Closed,
        };
        Self { authentication, default_tenant: Some(default_tenant), ..Self::closed() }
    }

    /// Nobody gets in: what production is until credentials are configured.
    #[must_use]
    pub fn closed() -> Self {
        Self {
            authentication: Authentication::Closed,
            default_tenant: None,
            tenant_hosts: BTreeMap::new(),
            cors_origins: Vec::new(),
            trust_forwarded: false,
            request_timeout: Duration::from_secs(30),
            body_bytes_max: limits::BODY_BYTES_MAX,
            body_budget_bytes: limits::BODY_BUDGET_BYTES,
            slow_search: Duration::from_secs(1),
        }
    }

    pub(crate) fn into_door(self) -> DoorConfig {
        DoorConfig {
            authentication: self.authentication,
            addressing: Addressing {
                default_tenant: self.default_tenant,
                tenant_hosts: self.tenant_hosts,
                trust_forwarded: self.trust_forwarded,
            },
            cors_origins: self.cors_origins,
            request_timeout: self.request_timeout,
            body_bytes_max: self.body_bytes_max,
            body_budget_bytes: self.body_budget_bytes,
            slow_search: self.slow_search,
        }
    }
}

impl Default for RestConfig {
    fn default() -> Self {
        Self::closed()
    }
}
