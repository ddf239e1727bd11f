use vpr_codec::Value;
use vpr_types::limits::ISSUES_MAX;

use crate::Issue;
use crate::codes::{IssueType, Severity};
use crate::location::Locator;

/// Characters of a name or code that a text repeats at the most.
const NAMED_CHARS_MAX: usize = 64;

/// What was found, with the value it is about.
struct Found<'v> {
    severity: Severity,
    code: IssueType,
    text: String,
    at: Value<'v>,
}

/// Issues as they are found; the rest are counted.
#[derive(Default)]
pub(super) struct Issues<'v> {
    found: Vec<Found<'v>>,
    more: usize,
    more_errors: bool,
}

impl<'v> Issues<'v> {
    #[cold]
    pub(super) fn error(&mut self, at: Value<'v>, code: IssueType, text: impl Into<String>) {
        self.push(Severity::Error, at, code, text);
    }

    #[cold]
    pub(super) fn warning(&mut self, at: Value<'v>, code: IssueType, text: impl Into<String>) {
        self.push(Severity::Warning, at, code, text);
    }

    fn push(&mut self, severity: Severity, at: Value<'v>, code: IssueType, text: impl Into<String>) {
        if self.found.len() < ISSUES_MAX {
            self.found.push(Found { severity, code, text: text.into(), at });
        } else {
            self.more += 1;
            self.more_errors |= severity == Severity::Error;
        }
    }

    /// The issues with their places, in the order of the text.
    pub(super) fn finish(mut self, root: Value<'v>) -> Vec<Issue> {
        if self.found.is_empty() {
            return Vec::new();
        }
        if self.more > 0
            && let Some(last) = self.found.pop()
        {
            let error = self.more_errors || last.severity == Severity::Error;
            let severity = if error { Severity::Error } else { Severity::Warning };
            let text = format!("{} more issues are not listed", self.more + 1);
            self.found.push(Found { severity, code: IssueType::Incomplete, text, at: root });
        }
        let listed = self.found.len() - usize::from(self.more > 0);
        self.found[..listed].sort_by_key(|found| found.at.offset());
        let (mut lines, mut locator) = (Lines::new(root), Locator::new(root));
        self.found
            .into_iter()
            .map(|Found { severity, code, text, at }| {
                let (line, column) = lines.position(at);
                let expression = locator.expression(at).to_owned();
                Issue { severity, code, text, expression, line, column }
            })
            .collect()
    }
}

/// Turns rising offsets into lines and columns with one reading of the text.
struct Lines<'v> {
    source: &'v str,
    at: usize,
    line: u32,
    line_start: usize,
}

impl<'v> Lines<'v> {
    fn new(root: Value<'v>) -> Self {
        Self { source: root.json().source(), at: 0, line: 1, line_start: 0 }
    }

    fn position(&mut self, value: Value<'_>) -> (u32, u32) {
        let offset = value.offset();
        if offset < self.at {
            return value.position();
        }
        let passed = self.source.get(self.at..offset).unwrap_or_default();
        for (found, _) in passed.match_indices('\n') {
            self.line += 1;
            self.line_start = self.at + found + 1;
        }
        self.at = offset;
        let before = self.source.get(self.line_start..offset).unwrap_or_default();
        (self.line, before.chars().count() as u32 + 1)
    }
}

/// A name or code for a text: short, without control characters.
pub(super) fn named(text: &str) -> String {
    let clean = |each: char| if each.is_control() { '\u{FFFD}' } else { each };
    let mut short: String = text.chars().take(NAMED_CHARS_MAX).map(clean).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
