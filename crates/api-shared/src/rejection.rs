use http::StatusCode;
use vpr_codec::Style;
use vpr_fhir::{Issue, IssueType, OperationOutcome, Severity};
use vpr_service::{Failure, Stamp};

use crate::address::AddressError;
use crate::negotiate::{NotAcceptable, UnsupportedMediaType};

/// A request that is not answered with what it asked for: the one place where failures become HTTP.
#[derive(Debug, Clone)]
pub struct Rejection {
    /// The status.
    pub status: StatusCode,
    /// What the body says.
    pub outcome: OperationOutcome,
    /// The methods that the path has (405).
    pub allow: Option<String>,
    /// The version that stands (410).
    pub stamp: Option<Stamp>,
}

/// Seconds after which a caller may try again.
pub const RETRY_AFTER_SECONDS: u32 = 1;

impl Rejection {
    /// A rejection with one issue.
    #[must_use]
    pub fn new(status: StatusCode, code: IssueType, text: impl Into<String>) -> Self {
        Self { status, outcome: OperationOutcome::error(code, text), allow: None, stamp: None }
    }

    /// No such path.
    #[must_use]
    pub fn unknown_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, IssueType::NotFound, "there is nothing at this address")
    }

    /// No such method of the path.
    #[must_use]
    pub fn method_not_allowed(allow: String) -> Self {
        let text = format!("the method is not allowed here; {allow} are");
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, IssueType::NotSupported, text)
        }
    }

    /// A defect; what it was stands in the log.
    #[must_use]
    pub fn internal() -> Self {
        let issue = Issue::new(Severity::Fatal, IssueType::Exception, "internal error");
        let outcome = OperationOutcome { issues: vec![issue] };
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, outcome, allow: None, stamp: None }
    }

    /// Whether the caller may try again.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE)
    }

    /// The OperationOutcome.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.outcome.to_json(Style::Compact)
    }
}

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        let status = StatusCode::from_u16(failure.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, outcome: failure.outcome, allow: None, stamp: failure.stamp }
    }
}

impl From<AddressError> for Rejection {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::Host | AddressError::Conflict => {
                Self::new(StatusCode::BAD_REQUEST, IssueType::Invalid, error.to_string())
            }
            AddressError::Name | AddressError::Missing => {
                Self::new(StatusCode::NOT_FOUND, IssueType::NotFound, error.to_string())
            }
        }
    }
}

impl From<NotAcceptable> for Rejection {
    fn from(error: NotAcceptable) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, IssueType::NotSupported, error.to_string())
    }
}

impl From<UnsupportedMediaType> for Rejection {
    fn from(error: UnsupportedMediaType) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, IssueType::NotSupported, error.to_string())
    }
}
