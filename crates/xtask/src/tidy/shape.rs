//! Sizes, and what a `lib.rs` may hold.

use super::finding::Finding;
use super::tree::Tree;

const FILE_LINES_MAX: usize = 450;
const FUNCTION_LINES_MAX: usize = 100;
const LIB_LINES_MAX: usize = 90;

/// Hand-written tables: data in the form of Rust, with nothing to take apart.
const DATA_TABLES: &[&str] = &[];

/// No file is longer than a reader can hold; tests do not count.
pub(super) fn files(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|(file, _)| !DATA_TABLES.contains(&file.path.as_str()))
        .filter_map(|(file, rust)| {
            let lines = rust.lines_outside_tests();
            let what = format!("{lines} lines (at most {FILE_LINES_MAX}): look for the second thing in it");
            (lines > FILE_LINES_MAX).then(|| Finding::error("file-length", &file.path, 0, what))
        })
        .collect()
}

/// No function is longer than a page or two; tests do not count.
pub(super) fn functions(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        for function in rust.functions() {
            let lines = function.last_line + 1 - function.first_line;
            if lines > FUNCTION_LINES_MAX && !rust.is_test(function.first_line) {
                let what = format!("`{}` has {lines} lines (at most {FUNCTION_LINES_MAX})", function.name);
                findings.push(Finding::error("function-length", &file.path, function.first_line, what));
            }
        }
    }
    findings
}

/// A `lib.rs` is a table of contents: documentation, modules, re-exports.
pub(super) fn tables_of_contents(tree: &Tree) -> Vec<Finding> {
    const RULE: &str = "table-of-contents";
    let mut findings = Vec::new();
    for (file, rust) in tree.rust().filter(|(file, _)| file.path.ends_with("/src/lib.rs")) {
        let logic =
            ["fn", "struct", "enum", "union", "impl", "trait", "static", "const", "type", "macro_rules"];
        for (index, line) in rust.code().lines().enumerate() {
            let word = line
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .find(|word| !word.is_empty() && !["pub", "crate", "super", "in"].contains(word));
            if word.is_some_and(|word| logic.contains(&word)) && !rust.is_test(index + 1) {
                let what = "a lib.rs holds documentation, modules and re-exports, no items of its own";
                findings.push(Finding::error(RULE, &file.path, index + 1, what));
            }
        }
        if file.text.lines().count() > LIB_LINES_MAX {
            let what = format!("longer than {LIB_LINES_MAX} lines: a table of contents is one page");
            findings.push(Finding::error(RULE, &file.path, 0, what));
        }
        if !file.text.starts_with("//!") {
            findings.push(Finding::error(RULE, &file.path, 1, "begins with what the crate is for (`//!`)"));
        }
    }
    findings
}

/// Every limit has a test that hits it: each constant of a `limits.rs` is named by a test.
pub(super) fn limits(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust().filter(|(file, _)| file.path.ends_with("/limits.rs")) {
        for (index, line) in rust.code().lines().enumerate() {
            let name = line.trim_start().strip_prefix("pub const ").and_then(|rest| rest.split(':').next());
            if let Some(name) = name
                && !tree.rust().any(|(_, rust)| rust.names_in_tests(name))
            {
                findings.push(Finding::warning(
                    "limits",
                    &file.path,
                    index + 1,
                    format!("no test names `{name}`"),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rule: fn(&Tree) -> Vec<Finding>, path: &str, code: &str) -> usize {
        rule(&Tree::with(&[(path, code)])).len()
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(count(files, "crates/core/src/a.rs", &"x\n".repeat(451)), 1);
        assert_eq!(count(files, "crates/core/src/a.rs", &"x\n".repeat(450)), 0);
        assert_eq!(count(files, "crates/core/tests/a.rs", &"x\n".repeat(451)), 0);
        assert_eq!(count(files, "crates/fhir/src/generated/a.rs", &"x\n".repeat(451)), 0);
        let tested = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(450));
        assert_eq!(count(files, "crates/core/src/a.rs", &tested), 0);
    }

    #[test]
    fn long_functions_are_found() {
        let function = |lines: usize| format!("fn a() {{\n{}}}\n", "x();\n".repeat(lines - 2));
        assert_eq!(count(functions, "crates/core/src/a.rs", &function(101)), 1);
        assert_eq!(count(functions, "crates/core/src/a.rs", &function(100)), 0);
        assert_eq!(count(functions, "crates/core/src/a.rs", &format!("#[test]\n{}", function(101))), 0);
    }

    #[test]
    fn logic_in_lib_rs_is_found() {
        let path = "crates/core/src/lib.rs";
        assert_eq!(count(tables_of_contents, path, "//! X\nmod a;\npub use a::{B, C};\n"), 0);
        assert_eq!(count(tables_of_contents, path, "//! X\npub(crate) fn a() {}\n"), 1);
        assert_eq!(count(tables_of_contents, path, "//! X\npub struct A;\n"), 1);
        assert_eq!(count(tables_of_contents, path, "mod a;\n"), 1);
        assert_eq!(count(tables_of_contents, path, &format!("//! X\n{}", "mod a;\n".repeat(90))), 1);
    }

    #[test]
    fn a_limit_without_a_test_is_found() {
        let limit = ("crates/types/src/limits.rs", "pub const A_MAX: usize = 1;\n");
        assert_eq!(limits(&Tree::with(&[limit, ("crates/core/src/a.rs", "fn a() { A_MAX; }")])).len(), 1);
        let test = ("crates/core/src/a.rs", "#[cfg(test)]\nmod tests {\n fn a() { A_MAX; }\n}");
        assert_eq!(limits(&Tree::with(&[limit, test])), []);
    }
}
