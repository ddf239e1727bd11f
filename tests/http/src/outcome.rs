//! What a refusal must look like.

use crate::http::Response;
use crate::json::Json;

/// One issue of an OperationOutcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// `error`, `warning` …
    pub severity: String,
    /// The code of the kind of issue.
    pub code: String,
    /// The first FHIRPath, if any.
    pub place: String,
    /// What is said to people.
    pub text: String,
}

/// The issues of an OperationOutcome.
#[must_use]
pub fn issues(outcome: &Json) -> Vec<Issue> {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let issue = |issue: &Json| Issue {
        severity: text(&issue["severity"]),
        code: text(&issue["code"]),
        place: text(&issue["expression"][0]),
        text: match issue["details"]["text"].as_str() {
            Some(said) => said.to_owned(),
            None => text(&issue["diagnostics"]),
        },
    };
    outcome["issue"].items().iter().map(issue).collect()
}

/// Checks that an answer is a refusal as FHIR R4 §3.1.0.1.5 and §2.28 want it: that status, an
/// OperationOutcome as FHIR JSON, at least one error in it with a code of the standard and words.
/// Gives the errors.
///
/// # Panics
/// When it is not.
pub fn assert_outcome(what: &str, response: &Response, status: u16) -> Vec<Issue> {
    assert_eq!(response.status, status, "{what}: {}", response.text());
    let media_type = response.header("content-type").unwrap_or_default();
    assert!(media_type.starts_with("application/fhir+json"), "{what}: {media_type}");
    let outcome = response.json();
    assert!(outcome["resourceType"] == "OperationOutcome", "{what}: {outcome}");
    let errors: Vec<_> =
        issues(&outcome).into_iter().filter(|i| matches!(i.severity.as_str(), "error" | "fatal")).collect();
    assert!(!errors.is_empty(), "{what}: {outcome}");
    for error in &errors {
        assert!(CODES.contains(&error.code.as_str()), "{what}: {} is no issue-type: {outcome}", error.code);
        assert!(!error.text.is_empty(), "{what}: nothing is said: {outcome}");
    }
    errors
}

/// `http://hl7.org/fhir/issue-type` of R4.
const CODES: [&str; 31] = [
    "invalid",
    "structure",
    "required",
    "value",
    "invariant",
    "security",
    "login",
    "unknown",
    "expired",
    "forbidden",
    "suppressed",
    "processing",
    "not-supported",
    "duplicate",
    "multiple-matches",
    "not-found",
    "deleted",
    "too-long",
    "code-invalid",
    "extension",
    "too-costly",
    "business-rule",
    "conflict",
    "transient",
    "lock-error",
    "no-store",
    "exception",
    "timeout",
    "incomplete",
    "throttled",
    "informational",
];
