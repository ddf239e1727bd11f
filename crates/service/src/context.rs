use vpr_policy::Principal;
use vpr_types::{Instant, Purpose, RequestId, TenantName};

/// Everything about a request that is not the operation itself. Protocol crates build it; the
/// service believes it, so each field is checked before.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Named by the caller or drawn by the server.
    pub request: RequestId,
    /// The tenant that the request addresses. Whether it exists is for the service to say.
    pub tenant: TenantName,
    /// Who asks, as the credential says.
    pub principal: Principal,
    /// Why, if the caller said so.
    pub purpose: Option<Purpose>,
    /// When the request came.
    pub received: Instant,
    /// `[base]` of the URLs in the answer, as the caller wrote it, without a slash at the end.
    pub base: String,
}
