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
        let folder = tempfile::tempdir().unwrap();
        let mut archive = self.command();
        let mut archive =
            archive.args(["archive", "--format=tar", "HEAD"]).stdout(Stdio::piped()).spawn().unwrap();
        let unpacked = Command::new("tar")
            .args(["-x", "-C"])
            .arg(folder.path())
            .stdin(archive.stdout.take().unwrap())
            .status()
            .unwrap();
        assert!(
            archive.wait().unwrap().success() && unpacked.success(),
            "git archive of {}",
            self.0.display()
        );
        let mut files = Vec::new();
        let mut folders = vec![folder.path().to_owned()];
        while let Some(each) = folders.pop() {
            for entry in fs::read_dir(&each).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
                    files.push((name, fs::read(&path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }
}
