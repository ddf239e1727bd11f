//! Pure decisions: who may do what in which tenant, and the proof of it.
//!
//! [`decide`] is the only place that builds an [`Authorized`] ([`decide_server`] for what is no one
//! tenant's), and `vpr-service` takes nothing else: a request that was not decided here cannot
//! reach the record engine.
//! This crate does no I/O, keeps no state and never sees a document.
//! Invariant: an [`Authorized`] names the tenant that its principal belongs to (operators, who
//! work at the data directory itself, belong to the server).

mod authorized;
mod decide;
mod interaction;
mod principal;

pub use authorized::Authorized;
pub use decide::{Denied, Request, ServerGrant, decide, decide_server};
pub use interaction::{Interaction, Permission};
pub use principal::{Principal, PrincipalKind, Reach};
pub use vpr_types::Purpose;
