//! What every HTTP protocol shares: the declaration of all routes, and the door that a request
//! passes before it reaches the service.
//!
//! [`ROUTES`] is the one list of what is served; [`router`], [`openapi`] and
//! [`CapabilityStatement`] are made of it. The door names the request, finds the tenant,
//! authenticates, negotiates formats, checks parameters, bounds the body, turns failures into
//! OperationOutcomes, catches panics, counts, and compresses. A protocol only parses and renders.
//!
//! Invariants: a path that is not declared is not served; every failure of a FHIR route is an
//! OperationOutcome without internals; every request to an existing tenant is audited, refused ones
//! included; what a header or query parameter says of the tenant can only repeat the address.
//!
//! Reading order: `route`, `routes`, `door`, `endpoint`, `tenant`.

mod address;
mod body;
mod budget;
mod call;
mod capability;
mod cors;
mod date;
mod declared;
mod door;
mod endpoint;
mod index_state;
mod metrics;
mod negotiate;
mod openapi;
mod parameters;
mod probes;
mod rejection;
mod reply;
mod route;
mod routes;
mod slow;
mod table;
mod tenant;

pub use address::{Address, AddressError, Addressing, Hints, TENANT_HEADER};
pub use call::{Call, PathSegments};
pub use capability::CapabilityStatement;
pub use date::{format_date, parse_date};
pub use declared::{COMMON_PARAMETERS, PARAMETERS_NOT_BUILT};
pub use door::{Authentication, DoorConfig, Protocol, router};
pub use index_state::IndexState;
pub use metrics::Metrics;
pub use negotiate::{
    FHIR_JSON, FORM, NotAcceptable, UnsupportedMediaType, accepts_gzip, check_content_type, check_form_type,
    negotiate,
};
pub use openapi::openapi;
pub use rejection::{RETRY_AFTER_SECONDS, Rejection};
pub use route::{Action, Method, Parameter, Route, Schema};
pub use routes::{COMMON_STATUSES, ROUTES, paths};
pub use table::route_tables;
