//! `cargo xtask tidy`: the rules of the code base that no compiler checks.
//!
//! Each rule is a function from the tracked files (a [`Tree`]) to [`Finding`]s, and has a test that
//! plants a violation and sees it caught. The whole runs as an ordinary test too.
//! Where a rule lists exceptions, they stand in the rule's file with their reason.

mod boundaries;
mod documents;
mod finding;
mod golden;
mod layers;
mod manifests;
mod rust;
mod shape;
mod tree;
mod words;

use std::error::Error;

use finding::{Finding, Level};
use tree::Tree;

use crate::workspace;

/// Every rule, in the order in which its findings are printed.
const RULES: &[fn(&Tree) -> Vec<Finding>] = &[
    layers::layers,
    manifests::exclusive_dependencies,
    manifests::inherited,
    manifests::sabotage,
    manifests::unused,
    boundaries::paths,
    boundaries::words_of_code,
    shape::files,
    shape::functions,
    shape::tables_of_contents,
    shape::limits,
    golden::named_by_a_test,
    golden::sizes,
    words::foreign,
    words::american,
    documents::tables_and_links,
    documents::changelog,
    documents::figures,
    documents::decisions,
    documents::architecture,
    documents::one_sentence_a_line,
];

/// Checks every tracked file and prints what it finds.
///
/// # Errors
/// When the files cannot be listed, or when a finding is an error; warnings are only printed.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let findings = findings(&Tree::read(&workspace::root())?);
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings.iter().filter(|finding| finding.level == Level::Error).count();
    println!("tidy: {} rules, {errors} errors, {} warnings", RULES.len(), findings.len() - errors);
    if errors > 0 {
        return Err(format!("tidy found {errors} errors").into());
    }
    Ok(())
}

fn findings(tree: &Tree) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule(tree)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_tidy() {
        let tree = Tree::read(&workspace::root()).unwrap();
        let errors: Vec<String> = findings(&tree)
            .iter()
            .filter(|finding| finding.level == Level::Error)
            .map(ToString::to_string)
            .collect();
        assert!(errors.is_empty(), "{} findings:\n{}", errors.len(), errors.join("\n"));
    }
}
