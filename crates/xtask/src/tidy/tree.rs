use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::rust::Rust;

/// One tracked file. `text` is empty where the bytes are not UTF-8.
pub(super) struct SourceFile {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) bytes: usize,
}

impl SourceFile {
    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(super) fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }

    /// Written by `cargo xtask codegen` or `openapi`, never by hand.
    pub(super) fn is_generated(&self) -> bool {
        self.path.contains("/generated/") || self.path.starts_with("openapi/")
    }

    /// The crate that the file belongs to, by its directory (`crates/<name>`, or `tests`).
    pub(super) fn krate(&self) -> Option<&str> {
        match self.path.strip_prefix("crates/") {
            Some(rest) => rest.split_once('/').map(|(name, _)| name),
            None => self.path.starts_with("tests/").then_some("tests"),
        }
    }
}

/// The tracked files of the workspace, by path.
pub(super) struct Tree {
    files: Vec<SourceFile>,
    rust: BTreeMap<String, Rust>,
}

impl Tree {
    /// What git tracks below `root`, and what it would track if it were added.
    ///
    /// # Errors
    /// When git cannot list the files or one cannot be read.
    pub(super) fn read(root: &Path) -> Result<Self, Box<dyn Error>> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()?;
        if !listed.status.success() {
            return Err("tidy needs a git working tree: `git ls-files` failed".into());
        }
        let mut files = Vec::new();
        for path in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            // A file that is deleted and not yet committed is still listed.
            let Ok(bytes) = fs::read(root.join(path)) else { continue };
            files.push(SourceFile {
                path: path.to_owned(),
                bytes: bytes.len(),
                text: String::from_utf8(bytes).unwrap_or_default(),
            });
        }
        Ok(Self::of(files))
    }

    fn of(mut files: Vec<SourceFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        let mut rust: BTreeMap<String, Rust> = files
            .iter()
            .filter(|file| file.is_rust() && !file.is_generated())
            .map(|file| (file.path.clone(), Rust::read(&file.path, &file.text)))
            .collect();
        let test_modules: Vec<String> = rust.values().flat_map(Rust::test_module_files).collect();
        for module in test_modules {
            let folder = format!("{}/", module.trim_end_matches(".rs").trim_end_matches("/mod"));
            for (path, source) in &mut rust {
                if *path == module || path.starts_with(&folder) {
                    source.becomes_test();
                }
            }
        }
        Self { files, rust }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// The Rust files that people write, with their scanned form.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&SourceFile, &Rust)> {
        self.files.iter().filter_map(|file| Some((file, self.rust.get(&file.path)?)))
    }

    pub(super) fn markdown(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.is_markdown())
    }

    pub(super) fn get(&self, path: &str) -> Option<&SourceFile> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(|at| &self.files[at])
    }

    /// Whether a file, or a folder with files, stands at `path`.
    pub(super) fn holds(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let folder = format!("{path}/");
        self.get(path).is_some() || self.files.iter().any(|file| file.path.starts_with(&folder))
    }

    /// A tree in memory, for the tests of the rules.
    #[cfg(test)]
    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        Self::of(
            files
                .iter()
                .map(|(path, text)| SourceFile {
                    path: (*path).to_owned(),
                    text: (*text).to_owned(),
                    bytes: text.len(),
                })
                .collect(),
        )
    }
}
