use std::fmt;

/// Whether a finding stops the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
}

/// What a rule found, and where. Lines count from 1; line 0 is the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) rule: &'static str,
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) what: String,
}

impl Finding {
    pub(super) fn error(rule: &'static str, path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { level: Level::Error, rule, path: path.to_owned(), line, what: what.into() }
    }

    pub(super) fn warning(rule: &'static str, path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(rule, path, line, what) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        match self.line {
            0 => write!(f, "{level}: {}: {} [{}]", self.path, self.what, self.rule),
            line => write!(f, "{level}: {}:{line}: {} [{}]", self.path, self.what, self.rule),
        }
    }
}
