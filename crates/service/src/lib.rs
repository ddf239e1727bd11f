//! The choke point: every protocol turns its requests into an [`Operation`], and [`Service::perform`]
//! decides, runs, audits and answers it. There is no other way to the record engine.
//!
//! The asynchronous world begins here: work is done where the request arrives when it is small and
//! on a thread of its own when it is large; waiting for the disk is always asynchronous.
//!
//! Invariants:
//! - nothing is touched without an `Authorized` of the policy, and only in its tenant;
//! - nothing is stored that validation did not let through;
//! - an answer, good or bad, leaves when everything that it rests on is on disk, its audit entry
//!   included where the configuration says so;
//! - what cannot be audited is not given out;
//! - a write that a search decides is decided by what stands when it is committed, not by what the
//!   search projection shows;
//! - a search shows every write that its caller was told of, or says that it may not;
//! - no text for people holds content of a resource, only names of places.
//!
//! Reading order: [`Service`], `work` (one interaction), `read`, `write`, `history`, `projector` (from
//! changes to the search projection), `search`, `conditional`, `bundle`.

mod answer;
mod audit;
mod bundle;
mod cache;
mod conditional;
mod conditions;
mod config;
mod context;
mod everything;
mod explain;
mod failure;
mod histories;
mod history;
mod list;
mod operation;
mod operator;
mod period;
mod projector;
mod query;
mod read;
mod search;
mod searchable;
mod service;
mod validate;
mod validated;
mod work;
mod write;

pub use answer::{Answer, Stamp, Warning};
pub use audit::action;
pub use conditions::{NotTags, ReadConditions, Tags, WriteConditions, parse_version};
pub use config::{AuditMode, SearchConfig, ServiceConfig, UnknownAuditMode};
pub use context::RequestContext;
pub use explain::Explanation;
pub use failure::{Failure, FailureKind};
pub use history::HistoryQuery;
pub use list::{ListPage, ListRequest, ListedDocument};
pub use operation::{Handling, IdempotencyKey, Operation, Prefer, SearchScope, Target, WriteOptions};
pub use operator::{DocumentVersion, Operator, RecordOverview};
pub use period::Period;
pub use projector::{ProjectionStatus, ProjectorState};
pub use query::{pairs, unknown_parameter};
pub use service::{Refused, Service};
pub use vpr_core::Health;
pub use vpr_projection::ExplainedStatement;
/// What operators see of the engine.
pub mod operated {
    pub use vpr_core::{CommitView, HistoryPage, RecordSummary, Tenant};
    pub use vpr_store::directory::{RepositoryRow, VersionRow};
    pub use vpr_store::{VerifyProgress, VerifyReport};
}
pub use vpr_policy::{Interaction, Permission, Principal, PrincipalKind, Reach};
pub use vpr_store::format::AccessAction;
