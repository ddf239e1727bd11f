use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use vpr_service::{Answer, Failure, Interaction, Operation, Service};
use vpr_types::PrincipalId;

use crate::address::Addressing;
use crate::budget::BodyBudget;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::metrics::Metrics;
use crate::routes::paths;

/// Who callers are.
#[derive(Debug, Clone)]
pub enum Authentication {
    /// Everybody is this principal. For development, on loopback only.
    Development {
        /// The name that stands in commits and in the audit.
        principal: PrincipalId,
    },
    /// Nobody is anybody: every route of a tenant answers 401.
    Closed,
}

/// How the door works.
#[derive(Debug, Clone)]
pub struct DoorConfig {
    /// Who callers are.
    pub authentication: Authentication,
    /// Where tenants are found.
    pub addressing: Addressing,
    /// Origins of browsers that may call, exactly as they name themselves.
    pub cors_origins: Vec<String>,
    /// How long the body may take to come, and how long the work may take.
    pub request_timeout: Duration,
    /// Bytes of a body, before and after decompression.
    pub body_bytes_max: usize,
    /// Bytes that the bodies of all requests in flight may hold together; at least what one needs.
    pub body_budget_bytes: usize,
    /// Searches that take longer are logged.
    pub slow_search: Duration,
}

/// A protocol behind the door: it parses calls and renders answers. The door itself calls the
/// service, so that nothing gets by it, and what does not parse is audited too.
pub trait Protocol: Send + Sync + 'static {
    /// What a call asks for.
    ///
    /// # Errors
    /// [`Failure`] when its headers or parameters make no sense for its interaction.
    fn operation(&self, call: Call) -> Result<Operation, Failure>;

    /// The answer in the form that is sent; `base` begins its URLs.
    fn render(&self, interaction: Interaction, base: &str, answer: Answer) -> Answer;
}

/// What all endpoints share.
pub(crate) struct Door<P> {
    pub(crate) protocol: P,
    pub(crate) service: Service,
    pub(crate) config: DoorConfig,
    pub(crate) metrics: Metrics,
    pub(crate) budget: BodyBudget,
}

/// The router of [`crate::ROUTES`]: each declared path, with and without `/t/<tenant>` before it
/// where it works on a tenant's data, and nothing else.
pub fn router<P: Protocol>(protocol: P, service: Service, config: DoorConfig) -> Router {
    let budget = BodyBudget::new(config.body_budget_bytes, config.body_bytes_max);
    let door = Arc::new(Door { protocol, service, config, metrics: Metrics::default(), budget });
    let mut router = Router::new();
    for (path, routes) in paths() {
        let has_tenant = routes.iter().any(|route| route.has_tenant());
        let endpoint = Endpoint::new(Arc::clone(&door), routes);
        if path.contains('$') {
            // Some clients escape the sign of an operation.
            let escaped = path.replace('$', "%24");
            router = router.route_service(&format!("/t/{{tenant}}{escaped}"), endpoint.clone());
            router = router.route_service(&escaped, endpoint.clone());
        }
        if has_tenant {
            router = router.route_service(&format!("/t/{{tenant}}{path}"), endpoint.clone());
        }
        if path == "/fhir" {
            // Clients that join their base and nothing send a slash at the end.
            router = router.route_service("/fhir/", endpoint.clone());
            router = router.route_service("/t/{tenant}/fhir/", endpoint.clone());
        }
        router = router.route_service(path, endpoint);
    }
    router.fallback_service(Endpoint::new(door, Vec::new()))
}
