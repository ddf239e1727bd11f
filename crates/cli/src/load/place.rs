use std::fmt;
use std::sync::Arc;

/// Where something stands in what was given: for messages and the report, never for storing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file as it was named or found; a member of an archive follows after `!`.
    pub(crate) file: Arc<str>,
    /// The line, from 1, in a file of lines.
    pub(crate) line: Option<u64>,
    /// The entry, from 0 as FHIRPath counts, in a Bundle.
    pub(crate) entry: Option<usize>,
}

impl Place {
    /// A whole file.
    pub(crate) fn file(name: &str) -> Self {
        Self { file: harmless(name).into(), line: None, entry: None }
    }

    /// A member of this archive.
    pub(crate) fn member(&self, name: &str) -> Self {
        Self { file: format!("{}!{}", self.file, harmless(name)).into(), line: None, entry: None }
    }

    /// A line of this file.
    pub(crate) fn line(&self, line: u64) -> Self {
        Self { line: Some(line), ..self.clone() }
    }

    /// An entry of this Bundle.
    pub(crate) fn entry(&self, entry: usize) -> Self {
        Self { entry: Some(entry), ..self.clone() }
    }
}

/// Names come from archives too: what could move a terminal's cursor is replaced.
fn harmless(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(entry) = self.entry {
            write!(f, " entry[{entry}]")?;
        }
        Ok(())
    }
}
