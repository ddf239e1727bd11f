use std::io::IsTerminal;

use bytes::Bytes;
use similar::TextDiff;

use crate::arguments::DiffArguments;
use crate::config::Config;
use crate::failure::Failure;
use crate::opening::{Absent, Opened};
use crate::operator::{self, Operator, VersionLine};
use crate::output::Output;

/// `vpr diff`
pub(crate) async fn run(config: &Config, arguments: &DiffArguments) -> Result<(), Failure> {
    let document = operator::document(&arguments.document)?;
    let tenant = super::tenant(arguments.tenant.tenant.as_deref(), config)?;
    let opened = Opened::open(config, Absent::Refuse).await?;
    let operator = Operator(opened.connection.clone());
    let compared = async {
        let versions = operator.versions(tenant.as_str(), &arguments.record, &document).await?;
        let old = operator.content(tenant.as_str(), &document, arguments.from).await?;
        let new = operator.content(tenant.as_str(), &document, arguments.to).await?;
        let head = |version| heading(&arguments.document, version, &versions);
        let text = unified(old.as_ref(), new.as_ref(), &head(arguments.from), &head(arguments.to));
        let mut output = Output::new();
        for line in text.lines() {
            output.line(colored(line, std::io::stdout().is_terminal()))?;
        }
        output.flush()
    };
    let compared = compared.await;
    drop(operator);
    opened.close()?;
    compared
}

fn heading(document: &str, version: u32, versions: &[VersionLine]) -> String {
    let time = versions.iter().find(|line| line.version == version).map_or("", |line| line.time.as_str());
    format!("{document}@{version}\t{time}")
}

/// A unified diff; the version of a deletion is an empty text.
fn unified(old: Option<&Bytes>, new: Option<&Bytes>, old_head: &str, new_head: &str) -> String {
    let text =
        |bytes: Option<&Bytes>| bytes.map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default();
    let (old, new) = (text(old), text(new));
    TextDiff::from_lines(&old, &new).unified_diff().context_radius(3).header(old_head, new_head).to_string()
}

fn colored(line: &str, terminal: bool) -> String {
    let color = match line.as_bytes().first() {
        _ if !terminal || line.starts_with("---") || line.starts_with("+++") => return line.to_owned(),
        Some(b'-') => 31,
        Some(b'+') => 32,
        Some(b'@') => 36,
        _ => return line.to_owned(),
    };
    format!("\u{1b}[{color}m{line}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_unified_and_a_deletion_is_nothing() {
        let old = Bytes::from_static(b"{\n  \"a\": 1,\n  \"b\": 2\n}\n");
        let new = Bytes::from_static(b"{\n  \"a\": 1,\n  \"b\": 3\n}\n");
        let text = unified(Some(&old), Some(&new), "P/1@1\tt1", "P/1@2\tt2");
        assert!(text.starts_with("--- P/1@1\tt1\n+++ P/1@2\tt2\n@@ -1,4 +1,4 @@\n"), "{text}");
        assert!(text.contains("\n-  \"b\": 2\n+  \"b\": 3\n"), "{text}");
        let gone = unified(Some(&old), None, "a", "b");
        assert!(gone.lines().skip(3).all(|line| line.starts_with('-')), "{gone}");
        assert_eq!(unified(Some(&old), Some(&old), "a", "b"), "");
    }
}
