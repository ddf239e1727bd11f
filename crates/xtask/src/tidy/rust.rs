//! Just enough of Rust's grammar to ask where code is: no comments, no strings, which lines are
//! tests, which paths are named, where functions begin and end.

mod functions;
mod mask;
mod paths;

pub(super) use functions::Function;
pub(super) use paths::NamedPath;

/// A Rust file without its comments and the content of its literals.
pub(super) struct Rust {
    path: String,
    code: String,
    test_lines: Vec<bool>,
}

impl Rust {
    pub(super) fn read(path: &str, text: &str) -> Self {
        let code = mask::mask(text);
        let whole = is_test_path(path);
        let mut test_lines = vec![whole; code.lines().count()];
        for (start, end) in functions::test_items(&code) {
            test_lines[line_of(&code, start)..=line_of(&code, end)].fill(true);
        }
        Self { path: path.to_owned(), code, test_lines }
    }

    /// The code, line by line as in the file; comments and literals are blanks.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// Whether line `line` (from 1) is compiled for tests only.
    pub(super) fn is_test(&self, line: usize) -> bool {
        self.test_lines.get(line - 1).copied().unwrap_or(false)
    }

    /// How many lines are not tests.
    pub(super) fn lines_outside_tests(&self) -> usize {
        self.test_lines.iter().filter(|test| !**test).count()
    }

    pub(super) fn becomes_test(&mut self) {
        self.test_lines.fill(true);
    }

    /// Whether the code names `word`, which stands alone there.
    pub(super) fn names(&self, word: &str) -> bool {
        functions::words(&self.code, word).next().is_some()
    }

    /// Whether a test in this file names `word`.
    pub(super) fn names_in_tests(&self, word: &str) -> bool {
        functions::words(&self.code, word).any(|at| self.is_test(line_of(&self.code, at) + 1))
    }

    /// Every function with a body.
    pub(super) fn functions(&self) -> Vec<Function> {
        functions::functions(&self.code)
    }

    /// Every path of two or more segments that is imported or named.
    pub(super) fn paths(&self) -> Vec<NamedPath> {
        paths::paths(&self.code)
    }

    /// The files that `#[cfg(test)] mod name;` in this file may mean.
    pub(super) fn test_module_files(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let folder = match stem.rsplit_once('/') {
            Some((folder, "lib" | "main" | "mod")) => folder,
            _ => stem,
        };
        functions::test_module_names(&self.code)
            .iter()
            .flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")])
            .collect()
    }
}

/// Whether a file is a test by where it lies.
fn is_test_path(path: &str) -> bool {
    path.starts_with("tests/")
        || path.starts_with("fuzz/")
        || ["/tests/", "/benches/", "/examples/"].iter().any(|folder| path.contains(folder))
        || path.ends_with("/tests.rs")
}

/// The line (from 0) of a byte offset.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count()
}
