//! Committed examples and large files.

use super::finding::Finding;
use super::tree::Tree;

const BYTES_MAX: usize = 1 << 20;

/// Large files that are wanted.
const LARGE: &[&str] = &[];

/// Every golden file is named by a test: one that nobody reads guards nothing.
pub(super) fn named_by_a_test(tree: &Tree) -> Vec<Finding> {
    let golden = tree.files().filter(|file| file.path.contains("tests/golden/") && !file.is_markdown());
    golden
        .filter(|file| {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            let folder = file.path.rsplit('/').nth(1).filter(|folder| *folder != "golden");
            // A folder of like files may be read as a whole.
            let folder = folder.map(|folder| format!("golden/{folder}"));
            !tree.files().any(|test| {
                test.is_rust()
                    && (test.text.contains(name)
                        || folder.as_ref().is_some_and(|folder| test.text.contains(folder)))
            })
        })
        .map(|file| Finding::error("golden", &file.path, 0, "no test names this file"))
        .collect()
}

/// The repository stays light to clone.
pub(super) fn sizes(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter(|file| file.bytes > BYTES_MAX && !file.is_generated() && !LARGE.contains(&file.path.as_str()))
        .map(|file| {
            Finding::error("file-size", &file.path, 0, format!("{} bytes (at most 1 MiB)", file.bytes))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_golden_file_without_a_test_is_found() {
        let golden = ("tests/golden/entry-v1.bin", "x");
        assert_eq!(named_by_a_test(&Tree::with(&[golden])).len(), 1);
        let test = ("crates/store/src/format/tests.rs", "include_bytes!(\"golden/entry-v1.bin\")");
        assert_eq!(named_by_a_test(&Tree::with(&[golden, test])), []);
    }

    #[test]
    fn a_large_file_is_found() {
        let large = "x".repeat(BYTES_MAX + 1);
        assert_eq!(sizes(&Tree::with(&[("docs/a.txt", &large)])).len(), 1);
        assert_eq!(sizes(&Tree::with(&[("crates/fhir/src/generated/a.rs", &large)])), []);
    }
}
