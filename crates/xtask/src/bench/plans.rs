//! `docs/search-plans.md`: the statements and plans of the searches that are measured, as `vpr explain`
//! tells them.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A search and how it is run.
pub(super) struct Plan {
    name: &'static str,
    /// What is asked, without its values.
    search: String,
    statements: Vec<Value>,
}

/// Asks the server that holds `data`, through its socket, how it runs the search of `path`.
///
/// # Errors
/// When `vpr explain` does not say it.
pub(super) fn explain(
    binary: &Path,
    data: &Path,
    environment: &[(&str, String)],
    (name, path): (&'static str, &str),
) -> Result<Plan, Box<dyn Error>> {
    // `$everything` is the search of a whole compartment; what follows it is no search.
    let search = path.strip_prefix("/fhir/").unwrap_or(path).replace("$everything", "*");
    let mut command = Command::new(binary);
    command.arg("--data-dir").arg(data).args(["explain", "--json", &search]).env("ENV", "development");
    let output = command.envs(environment.iter().map(|(name, value)| (*name, value))).output()?;
    if !output.status.success() {
        return Err(format!("vpr explain: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let mut told: Value = serde_json::from_slice(&output.stdout)?;
    let Value::Array(statements) = told["statements"].take() else {
        return Err("vpr explain tells no statements".into());
    };
    Ok(Plan { name, search: without_values(&search), statements })
}

/// Ids and what is searched for go; how it is sorted, cut and included stays.
fn without_values(search: &str) -> String {
    let (path, query) = search.split_once('?').unwrap_or((search, ""));
    let segments: Vec<&str> =
        path.split('/').enumerate().map(|(at, segment)| if at == 1 { "…" } else { segment }).collect();
    let parameters: Vec<String> = query
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let is_shape =
                ["_sort", "_count", "_include", "_revinclude", "_summary", "_total"].contains(&name);
            format!("{name}={}", if is_shape { value } else { "…" })
        })
        .collect();
    format!("{}?{}", segments.join("/"), parameters.join("&"))
}

/// The plans of one database.
pub(super) fn section(text: &mut String, database: &str, plans: &[Plan]) {
    let _ = writeln!(text, "\n## {database}");
    for plan in plans {
        let _ = writeln!(text, "\n### {}: {}\n\n`{}`", database, plan.name, plan.search);
        for (at, statement) in plan.statements.iter().enumerate() {
            let rows = statement["rows"].as_u64().unwrap_or_default();
            let named = if rows == 1 { "row" } else { "rows" };
            let _ = writeln!(text, "\n{}. {rows} {named}\n", at + 1);
            let _ = writeln!(text, "```sql\n{}\n```\n", statement["statement"].as_str().unwrap_or_default());
            let steps = statement["plan"].as_array().map(Vec::as_slice).unwrap_or_default();
            let steps: Vec<&str> = steps.iter().filter_map(Value::as_str).collect();
            let _ = writeln!(text, "```text\n{}\n```", steps.join("\n"));
        }
    }
}

/// What stands above the plans.
pub(super) fn head(largest: u64, size: u64, commit: &str) -> String {
    format!(
        "# Plans of searches\n\nWritten by `cargo xtask bench --search {largest}`; do not edit.\nCommit {commit}, {size} resources.\n\n\
         Each search that [benchmarks-search.md](benchmarks-search.md) measures, as `vpr explain` tells it: its statements in their order, with the rows that one search got and the plan of the database.\n\
         Values stand in none of them.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_for_is_left_out() {
        for (search, shape) in [
            ("Patient?name=Berg", "Patient?name=…"),
            ("Patient/p1/*?_count=5", "Patient/…/*?_count=5"),
            (
                "Observation?patient=p1&date=ge2018&_sort=-date&_include=Observation:subject",
                "Observation?patient=…&date=…&_sort=-date&_include=Observation:subject",
            ),
            (
                "Patient?_has:Observation:patient:code=c&_id=p1",
                "Patient?_has:Observation:patient:code=…&_id=…",
            ),
        ] {
            assert_eq!(without_values(search), shape);
        }
    }
}
