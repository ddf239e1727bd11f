//! Stock git: the reader that the program has no hand in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A bare repository of a data directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository(PathBuf);

/// All repositories of a tenant, sorted.
///
/// # Panics
/// When the folder cannot be read.
#[must_use]
pub fn repositories(data: &Path, tenant: &str) -> Vec<Repository> {
    let mut found = Vec::new();
    let mut folders = vec![data.join(tenant)];
    while let Some(folder) = folders.pop() {
        if folder.join("HEAD").is_file() && folder.join("objects").is_dir() {
            found.push(Repository(folder));
            continue;
        }
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        folders.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
    }
    found.sort();
    found
}

impl Repository {
    /// A repository at that path.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C.UTF-8");
        command.env("GIT_PAGER", "cat").stdin(Stdio::null());
        command.arg("--git-dir").arg(&self.0);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("git runs")
    }

    /// The output of a git command.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn git(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "git {arguments:?} in {}: {errors}", self.0.display());
        String::from_utf8(done.stdout).unwrap()
    }

    /// `git fsck --strict`: what it finds wrong, nothing if all is well.
    #[must_use]
    pub fn fsck(&self) -> Option<String> {
        let done = self.run(&["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
        let said =
            format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        let good = done.status.success() && said.trim().is_empty();
        (!good).then(|| format!("{}: {}: {said}", self.0.display(), done.status))
    }

    /// Clones it as anybody would.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn clone_to(&self, folder: &Path) -> Self {
        let mut command = Command::new("git");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1");
        let done = command.args(["clone", "--quiet"]).arg(&self.0).arg(folder).output().expect("git runs");
        assert!(done.status.success(), "git clone: {}", String::from_utf8_lossy(&done.stderr));
        Self(folder.join(".git"))
    }

    /// The files of the newest commit with their content, by path.
    ///
    /// # Panics
    /// When git fails.
    #[must_use]
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let done = self.run(&["archive", "--format=tar", "HEAD"]);
        assert!(done.status.success(), "git archive of {}", self.0.display());
        let mut files = Vec::new();
        let mut rest = done.stdout.as_slice();
        while let Some((name, kind, content, after)) = next_in_tar(rest) {
            if kind == b'0' {
                files.push((name, content.to_vec()));
            }
            rest = after;
        }
        files.sort();
        files
    }

    /// The documents of the newest commit with their content: `Type/id`, wherever its folder is.
    /// What begins with an underscore is the program's own.
    ///
    /// # Panics
    /// When git fails, or a file is none that the layout knows.
    #[must_use]
    pub fn documents(&self) -> Vec<(String, String)> {
        let mut documents = Vec::new();
        for (path, bytes) in self.files() {
            let segments: Vec<&str> = path.split('/').collect();
            match segments[..] {
                [kind, _, _, file] if kind.starts_with(|c: char| c.is_ascii_uppercase()) => {
                    let id = file.strip_suffix(".json").unwrap_or_else(|| panic!("{path}"));
                    documents.push((format!("{kind}/{id}"), String::from_utf8(bytes).unwrap()));
                }
                [own, ..] if own.starts_with('_') => {}
                _ => panic!("{path} in {} is no document", self.0.display()),
            }
        }
        documents
    }
}

/// The next member of a tar archive (POSIX ustar): its name, its type, its bytes, and what follows.
fn next_in_tar(archive: &[u8]) -> Option<(String, u8, &[u8], &[u8])> {
    let (header, rest) = archive.split_at_checked(512)?;
    let text = |from: usize, to: usize| {
        let field = &header[from..to];
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        String::from_utf8(field[..end].to_vec()).unwrap()
    };
    let (name, prefix) = (text(0, 100), text(345, 500));
    if name.is_empty() {
        return None;
    }
    let size = usize::from_str_radix(text(124, 136).trim(), 8).unwrap();
    let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
    Some((name, header[156], &rest[..size], &rest[size.next_multiple_of(512)..]))
}
