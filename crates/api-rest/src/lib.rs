//! The HTTP protocols: handlers that parse, call the service and render.
//!
//! [`router`] is the public door with FHIR R4 behind it; [`operator_router`] is for whoever works at
//! the data directory. What is served is declared in `vpr-api-shared`; what a request may do is
//! decided in the service. Nothing here reaches the record engine.

mod config;
mod fhir;
mod operator;

pub use config::RestConfig;
pub use fhir::router;
pub use operator::operator_router;
pub use vpr_api_shared::Authentication;
