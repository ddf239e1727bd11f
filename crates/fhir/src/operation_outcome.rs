//! What a server says about a request (R4 §2.39).

use vpr_codec::{Style, Writer};

use crate::codes::{IssueType, Severity};

/// One issue. Texts name places and expected forms, never content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How grave it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: IssueType,
    /// What is wrong, for people.
    pub text: String,
    /// Where, as FHIRPath; empty if it is about no place.
    pub expression: String,
    /// Line in the text that was sent, from 1; 0 if unknown.
    pub line: u32,
    /// Column in that line, from 1; 0 if unknown.
    pub column: u32,
}

impl Issue {
    /// An issue that is about no place.
    #[must_use]
    pub fn new(severity: Severity, code: IssueType, text: impl Into<String>) -> Self {
        Self { severity, code, text: text.into(), expression: String::new(), line: 0, column: 0 }
    }

    /// The same, about a place given as FHIRPath.
    #[must_use]
    pub fn at(mut self, expression: impl Into<String>) -> Self {
        self.expression = expression.into();
        self
    }

    /// Whether it makes what was sent unacceptable.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Fatal | Severity::Error)
    }
}

/// An OperationOutcome resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationOutcome {
    /// Its issues; the standard wants at least one.
    pub issues: Vec<Issue>,
}

impl OperationOutcome {
    /// An outcome with one error.
    #[must_use]
    pub fn error(code: IssueType, text: impl Into<String>) -> Self {
        Self { issues: vec![Issue::new(Severity::Error, code, text)] }
    }

    /// Whether an issue makes what was sent unacceptable.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.issues.iter().any(Issue::is_error)
    }

    /// The resource as JSON. Without issues it says that all is well, as the standard wants one.
    #[must_use]
    pub fn to_json(&self, style: Style) -> Vec<u8> {
        let mut writer = Writer::new(style);
        self.write(&mut writer);
        writer.finish()
    }

    /// Writes the resource as a value, for example as an entry's outcome.
    pub fn write(&self, writer: &mut Writer) {
        writer.begin_object();
        member(writer, "resourceType", "OperationOutcome");
        writer.key("issue");
        writer.begin_array();
        for issue in &self.issues {
            write_issue(writer, issue);
        }
        if self.issues.is_empty() {
            let all_ok = Issue::new(Severity::Information, IssueType::Informational, "All OK");
            write_issue(writer, &all_ok);
        }
        writer.end_array();
        writer.end_object();
    }
}

fn write_issue(writer: &mut Writer, issue: &Issue) {
    writer.begin_object();
    member(writer, "severity", issue.severity.code());
    member(writer, "code", issue.code.code());
    writer.key("details");
    writer.begin_object();
    member(writer, "text", &issue.text);
    writer.end_object();
    if issue.line > 0 {
        member(writer, "diagnostics", &format!("line {}, column {}", issue.line, issue.column));
    }
    if !issue.expression.is_empty() {
        writer.key("expression");
        writer.begin_array();
        writer.string(&issue.expression);
        writer.end_array();
    }
    writer.end_object();
}

fn member(writer: &mut Writer, name: &str, text: &str) {
    writer.key(name);
    writer.string(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_a_resource_of_the_standard() {
        let mut outcome = OperationOutcome::error(IssueType::Required, "element 'other' is missing");
        outcome.issues[0].expression = "Patient.link[0]".to_owned();
        (outcome.issues[0].line, outcome.issues[0].column) = (3, 9);
        assert!(outcome.is_error());
        let text = String::from_utf8(outcome.to_json(Style::Compact)).unwrap();
        let expected = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"required","details":{"text":"element 'other' is missing"},"diagnostics":"line 3, column 9","expression":["Patient.link[0]"]}]}"#;
        assert_eq!(text, expected);
        let good = OperationOutcome::default();
        assert!(!good.is_error());
        let text = String::from_utf8(good.to_json(Style::Compact)).unwrap();
        assert_eq!(
            text,
            r#"{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational","details":{"text":"All OK"}}]}"#
        );
    }
}
