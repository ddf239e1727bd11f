//! Documents name things that exist, and lists that must be complete are.

mod prose;

use super::finding::Finding;
use super::layers;
use super::tree::{SourceFile, Tree};

pub(super) use prose::one_sentence_a_line;

/// The paths in the tables of README and ARCHITECTURE exist, and so do the names beside them
/// (`commit` in a row with one `.rs` file must stand in that file); relative links lead somewhere.
pub(super) fn tables_and_links(tree: &Tree) -> Vec<Finding> {
    const RULE: &str = "documents";
    let mut findings = Vec::new();
    for file in tree.markdown() {
        let tables = ["README.md", "ARCHITECTURE.md"].contains(&file.path.as_str());
        for (line, text) in prose::lines_outside_code(&file.text) {
            for target in relative_links(text) {
                if !tree.holds(&resolve(&file.path, target)) {
                    findings.push(Finding::error(
                        RULE,
                        &file.path,
                        line,
                        format!("a link to `{target}`, which is not there"),
                    ));
                }
            }
            if tables && text.starts_with('|') {
                for what in row(tree, text) {
                    findings.push(Finding::error(RULE, &file.path, line, what));
                }
            }
        }
    }
    findings
}

fn row(tree: &Tree, text: &str) -> Vec<String> {
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let is_path = |word: &&&str| {
        ["crates/", "docs/", "tests/", "scripts/", "openapi/", ".ci/"]
            .iter()
            .any(|folder| word.starts_with(folder))
    };
    let paths: Vec<&str> = quoted.iter().filter(is_path).copied().collect();
    let mut findings: Vec<String> =
        paths.iter().filter(|path| !tree.holds(path)).map(|path| format!("`{path}` is not there")).collect();
    if let [path] = paths[..]
        && let Some(source) = tree.get(path).filter(|source| source.is_rust())
    {
        let names = quoted.iter().filter(|word| !is_path(word));
        for name in names.filter_map(|name| name.rsplit("::").next()) {
            if !source.text.contains(name.trim_end_matches("()")) {
                findings.push(format!("`{name}` does not stand in `{path}`"));
            }
        }
    }
    findings
}

fn relative_links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter_map(|target| {
        let target = target.split('#').next().unwrap_or_default();
        (!target.is_empty() && !target.contains(':')).then_some(target)
    })
}

/// `target` as seen from the folder of `from`.
fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// The change log has a place for what is not released yet.
pub(super) fn changelog(tree: &Tree) -> Vec<Finding> {
    let has = tree
        .get("CHANGELOG.md")
        .is_some_and(|file| file.text.lines().any(|line| line.trim_end() == "## Unreleased"));
    let missing = || Finding::error("changelog", "CHANGELOG.md", 0, "needs a section `## Unreleased`");
    if has { Vec::new() } else { vec![missing()] }
}

/// The table of figures in README has its markers and its rows; their values are a generator's.
pub(super) fn figures(tree: &Tree) -> Vec<Finding> {
    let readme = tree.get("README.md").map_or("", |file| file.text.as_str());
    let faults = crate::figures::faults(readme).into_iter();
    faults.map(|(line, what)| Finding::error("figures", "README.md", line, what)).collect()
}

/// Every decision has a number of its own and stands in the index.
pub(super) fn decisions(tree: &Tree) -> Vec<Finding> {
    const FOLDER: &str = "docs/decisions/";
    let index = tree.get("docs/decisions/README.md").map_or("", |file| file.text.as_str());
    let decisions: Vec<(&SourceFile, &str)> = tree
        .markdown()
        .filter_map(|file| Some((file, file.path.strip_prefix(FOLDER)?)))
        .filter(|(_, name)| *name != "README.md")
        .collect();
    let mut findings = Vec::new();
    for (at, (file, name)) in decisions.iter().enumerate() {
        let mut fail = |what: &str| findings.push(Finding::error("decisions", &file.path, 0, what));
        if !index.contains(name) {
            fail("does not stand in docs/decisions/README.md");
        }
        let number = name.split('-').next().unwrap_or_default();
        if number.len() != 4 || !number.chars().all(|c| c.is_ascii_digit()) {
            fail("is not named NNNN-title.md");
        }
        if decisions[..at].iter().any(|(_, other)| other.starts_with(number)) {
            fail("has the number of another decision");
        }
    }
    findings
}

/// The map names every crate, and no crate that is not there.
pub(super) fn architecture(tree: &Tree) -> Vec<Finding> {
    let map = tree.get("ARCHITECTURE.md").map_or("", |file| file.text.as_str());
    layers::known_crates()
        .filter(|name| tree.holds(&format!("crates/{name}/Cargo.toml")))
        .filter(|name| !map.contains(&format!("`{name}`")))
        .map(|name| {
            Finding::error("architecture", "ARCHITECTURE.md", 0, format!("does not name the crate `{name}`"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)], expected: &[&str]) {
        let found = rule(&Tree::with(files));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (finding, expected) in found.iter().zip(expected) {
            assert!(finding.what.contains(expected), "{finding}");
        }
    }

    #[test]
    fn a_table_that_names_nothing_is_found() {
        let source = ("crates/core/src/commit.rs", "pub fn commit() {}");
        let good = ("README.md", "| a commit | `crates/core/src/commit.rs` | `Engine::commit` |\n");
        check(tables_and_links, &[source, good], &[]);
        let moved = ("README.md", "| a commit | `crates/core/src/write.rs` | `commit` |\n");
        check(tables_and_links, &[source, moved], &["is not there"]);
        let renamed = ("README.md", "| a commit | `crates/core/src/commit.rs` | `Engine::write` |\n");
        check(tables_and_links, &[source, renamed], &["`write` does not stand"]);
    }

    #[test]
    fn a_dead_link_is_found() {
        let page = |text| [("docs/a.md", text), ("docs/b/c.md", "x")];
        check(tables_and_links, &page("see [c](b/c.md#x), [b](./b/), [d](https://a.example/d)"), &[]);
        check(tables_and_links, &page("see [c](../b/c.md)"), &["`../b/c.md`"]);
        check(tables_and_links, &page("```\n[c](d.md)\n```"), &[]);
    }

    #[test]
    fn a_change_log_without_a_place_is_found() {
        check(changelog, &[("CHANGELOG.md", "# Changes\n\n## Unreleased\n")], &[]);
        check(changelog, &[("CHANGELOG.md", "# Changes\n\n## 0.1.0\n")], &["Unreleased"]);
    }

    #[test]
    fn a_readme_without_figures_is_found() {
        check(figures, &[("README.md", include_str!("../../../../README.md"))], &[]);
        check(figures, &[("README.md", "# A\n")], &["once each"]);
    }

    #[test]
    fn a_decision_outside_the_index_is_found() {
        let index = ("docs/decisions/README.md", "| [0001](0001-a.md) |");
        check(decisions, &[index, ("docs/decisions/0001-a.md", "")], &[]);
        let twice = [index, ("docs/decisions/0001-a.md", ""), ("docs/decisions/0001-b.md", "")];
        check(decisions, &twice, &["does not stand", "number of another"]);
    }

    #[test]
    fn a_crate_that_the_map_lacks_is_found() {
        let krate = ("crates/codec/Cargo.toml", "");
        check(architecture, &[krate, ("ARCHITECTURE.md", "| `codec` |")], &[]);
        check(architecture, &[krate, ("ARCHITECTURE.md", "codec")], &["`codec`"]);
    }
}
