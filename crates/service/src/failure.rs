use vpr_core::EngineError;
use vpr_fhir::{Issue, IssueType, OperationOutcome, Severity};
use vpr_policy::Denied;

use crate::answer::Stamp;

/// Why a request was not done. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Failure {
    /// What callers distinguish.
    pub kind: FailureKind,
    /// What to tell the caller.
    pub outcome: OperationOutcome,
    /// The version that stands, where the answer names it (410).
    pub stamp: Option<Stamp>,
}

/// The kinds of failure that callers distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FailureKind {
    /// The request is malformed, or the resource has not the structure of its type.
    #[error("the request is malformed")]
    Malformed,
    /// There is no credential, or it is not valid.
    #[error("authentication is needed")]
    Unauthenticated,
    /// The principal may not do this.
    #[error("not permitted")]
    Forbidden,
    /// There is no such tenant, type, resource or version; or the caller may not know.
    #[error("not found")]
    NotFound,
    /// The resource was deleted.
    #[error("deleted")]
    Gone,
    /// The request contradicts what is stored.
    #[error("conflict")]
    Conflict,
    /// A precondition does not hold.
    #[error("a precondition does not hold")]
    PreconditionFailed,
    /// The request is larger than a limit.
    #[error("too large")]
    TooLarge,
    /// The resource has the right structure and breaks a rule.
    #[error("a rule is broken")]
    Unprocessable,
    /// Part of the standard, not of this server.
    #[error("not supported")]
    NotSupported,
    /// There is no room for the write.
    #[error("no room")]
    Full,
    /// Try again.
    #[error("unavailable")]
    Unavailable,
    /// A defect, or damage.
    #[error("internal error")]
    Internal,
}

impl FailureKind {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::PreconditionFailed => 412,
            Self::TooLarge => 413,
            Self::Unprocessable => 422,
            Self::Internal => 500,
            Self::NotSupported => 501,
            Self::Unavailable => 503,
            Self::Full => 507,
        }
    }
}

impl Failure {
    /// A failure with one issue.
    #[must_use]
    pub fn new(kind: FailureKind, code: IssueType, text: impl Into<String>) -> Self {
        Self { kind, outcome: OperationOutcome::error(code, text), stamp: None }
    }

    /// A malformed request.
    #[must_use]
    pub fn malformed(text: impl Into<String>) -> Self {
        Self::new(FailureKind::Malformed, IssueType::Invalid, text)
    }

    /// Something that does not exist here.
    #[must_use]
    pub fn not_found(text: impl Into<String>) -> Self {
        Self::new(FailureKind::NotFound, IssueType::NotFound, text)
    }

    /// A part of the standard that this server does not have.
    #[must_use]
    pub fn not_supported(text: impl Into<String>) -> Self {
        Self::new(FailureKind::NotSupported, IssueType::NotSupported, text)
    }

    /// What validation found.
    #[must_use]
    pub fn invalid(outcome: OperationOutcome) -> Self {
        let breaks_a_rule = |issue: &Issue| {
            matches!(issue.code, IssueType::Invariant | IssueType::CodeInvalid | IssueType::BusinessRule)
        };
        let not_built = |issue: &Issue| issue.code == IssueType::NotSupported;
        // That there are more issues than are listed says nothing of their kind.
        let counts = |issue: &&Issue| issue.is_error() && issue.code != IssueType::Incomplete;
        let all = |is: &dyn Fn(&Issue) -> bool| {
            outcome.issues.iter().any(|issue| counts(&issue)) && outcome.issues.iter().filter(counts).all(is)
        };
        let kind = match () {
            () if all(&not_built) => FailureKind::NotSupported,
            () if all(&|issue| breaks_a_rule(issue) || not_built(issue)) => FailureKind::Unprocessable,
            () => FailureKind::Malformed,
        };
        Self { kind, outcome, stamp: None }
    }

    /// The same, every issue about `place` or below it.
    #[must_use]
    pub(crate) fn at(mut self, place: &str) -> Self {
        for issue in &mut self.outcome.issues {
            issue.expression = match issue.expression.split_once('.') {
                // The first name is the resource's type: it is replaced by where the resource stands.
                Some((_, rest)) => format!("{place}.resource.{rest}"),
                None if issue.expression.is_empty() => place.to_owned(),
                None => format!("{place}.resource"),
            };
        }
        self
    }

    /// The same, about one element of the request.
    #[must_use]
    pub(crate) fn about(mut self, expression: &str) -> Self {
        for issue in &mut self.outcome.issues {
            expression.clone_into(&mut issue.expression);
        }
        self
    }

    /// Whether trying again later may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, FailureKind::Unavailable | FailureKind::Full)
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            // As if the tenant were not there: whether it is, is none of the caller's business.
            Denied::OtherTenant => Self::no_tenant(),
            Denied::NotPermitted => Self::new(
                FailureKind::Forbidden,
                IssueType::Forbidden,
                "the principal is not permitted to do this",
            ),
        }
    }
}

impl Failure {
    pub(crate) fn no_tenant() -> Self {
        Self::not_found("there is no such tenant")
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NoTenant(_) => Self::no_tenant(),
            EngineError::TenantExists(name) => Self::new(
                FailureKind::Conflict,
                IssueType::Duplicate,
                format!("there is a tenant {name} already"),
            ),
            EngineError::Precondition { name, current, deleted, .. } => {
                let stands = match current {
                    None => "does not exist".to_owned(),
                    Some(version) if deleted => format!("was deleted as version {version}"),
                    Some(version) => format!("is at version {version}"),
                };
                let text = format!("the precondition does not hold: {name} {stands}");
                Self::new(FailureKind::PreconditionFailed, IssueType::Conflict, text)
            }
            EngineError::KeyReused { .. } => Self::new(
                FailureKind::Unprocessable,
                IssueType::BusinessRule,
                "the Idempotency-Key was used for a different request",
            ),
            EngineError::WrittenTwice(name) => Self::new(
                FailureKind::Malformed,
                IssueType::Duplicate,
                format!("{name} is named twice in one transaction"),
            ),
            EngineError::NotGated(name) => {
                tracing::error!(%name, "a write went past the gate that it should have held");
                Self::internal()
            }
            EngineError::Full => Self::new(
                FailureKind::Full,
                IssueType::NoStore,
                "there is no room for the write; reads go on",
            ),
            EngineError::Busy => Self::new(
                FailureKind::Unavailable,
                IssueType::Throttled,
                "too many writes are in flight; try again",
            ),
            EngineError::Failed(why) => {
                tracing::error!(%why, "the store failed");
                let text = "the store has stopped acknowledging; \
                    whether a write in flight took effect is settled at restart";
                Self::new(FailureKind::Unavailable, IssueType::Transient, text)
            }
            EngineError::Store(error) => {
                tracing::error!(%error, "the store failed");
                Self::internal()
            }
        }
    }
}

impl Failure {
    /// A defect of the server; what it was stands in the log.
    #[must_use]
    pub fn internal() -> Self {
        let issue = Issue::new(Severity::Fatal, IssueType::Exception, "internal error");
        Self { kind: FailureKind::Internal, outcome: OperationOutcome { issues: vec![issue] }, stamp: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_rules_alone_are_422_and_broken_structure_is_400() {
        let outcome = |codes: &[(Severity, IssueType)]| OperationOutcome {
            issues: codes.iter().map(|(severity, code)| Issue::new(*severity, *code, "x")).collect(),
        };
        for (issues, wanted) in [
            (&[(Severity::Error, IssueType::Invariant)][..], 422),
            (&[(Severity::Error, IssueType::CodeInvalid), (Severity::Warning, IssueType::Structure)], 422),
            (&[(Severity::Error, IssueType::Invariant), (Severity::Error, IssueType::Structure)], 400),
            (&[(Severity::Error, IssueType::Required)], 400),
            (&[(Severity::Error, IssueType::NotSupported)], 501),
            (&[(Severity::Error, IssueType::NotSupported), (Severity::Error, IssueType::Incomplete)], 501),
            (&[(Severity::Error, IssueType::Incomplete)], 400),
            (&[(Severity::Error, IssueType::NotSupported), (Severity::Error, IssueType::Required)], 400),
        ] {
            assert_eq!(Failure::invalid(outcome(issues)).kind.status(), wanted, "{issues:?}");
        }
    }

    #[test]
    fn places_move_below_the_entry() {
        let place = |expression: &str| {
            let mut failure = Failure::malformed("x");
            failure.outcome.issues[0].expression = expression.to_owned();
            failure.at("Bundle.entry[36]").outcome.issues[0].expression.clone()
        };
        assert_eq!(place("Patient.name[0].given"), "Bundle.entry[36].resource.name[0].given");
        assert_eq!(place("Patient"), "Bundle.entry[36].resource");
        assert_eq!(place(""), "Bundle.entry[36]");
    }
}
