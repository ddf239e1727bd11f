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
}
