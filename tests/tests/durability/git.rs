//! Stock git, asked about repositories that the engine wrote.

use std::path::{Path, PathBuf};
use std::process::Command;

use vpr_testkit::SimDisk;

/// Writes the repositories of a simulated disk into `folder`; gives their folders.
pub fn export(disk: &SimDisk, folder: &Path) -> Vec<PathBuf> {
    let mut repositories = Vec::new();
    for (path, bytes) in disk.files() {
        let target = folder.join(&path);
        let in_repository = ["/registry/", "/demographics/", "/clinical/", "/coordination/"];
        if !in_repository.iter().any(|part| path.contains(part)) {
            continue;
        }
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(&target, bytes).unwrap();
        if target.ends_with("HEAD") {
            repositories.push(target.parent().unwrap().to_owned());
        }
    }
    repositories
}

/// Runs git in `folder`, without anybody's configuration.
pub fn run(folder: &Path, args: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .map_err(|error| format!("git cannot be run: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(format!(
            "git {args:?} in {}: {}{}",
            folder.display(),
            text(&output.stdout),
            text(&output.stderr)
        )),
    }
}

/// `git fsck --strict` finds nothing.
pub fn check(repository: &Path) -> Result<(), String> {
    run(repository, &["fsck", "--strict", "--no-dangling"]).map(drop)
}
