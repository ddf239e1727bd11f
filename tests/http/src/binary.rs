//! The program that is judged, and whether it has the places to die at.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What the operating system knows as a command; named here so that tests need one import.
pub use std::process::Command;

/// The folder that cargo builds into, `target/<profile>`.
fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().unwrap();
    if folder.ends_with("deps") { folder.parent().unwrap().to_owned() } else { folder.to_owned() }
}

/// The build folder.
pub(crate) fn target_folder() -> PathBuf {
    profile_folder().parent().unwrap().to_owned()
}

/// `vpr` with an environment of its own: nothing of this test's settings reaches it.
///
/// # Panics
/// When the program is not built.
#[must_use]
pub fn program() -> Command {
    let mut command = Command::new(path());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("LC_ALL", "C").stdin(Stdio::null());
    command
}

/// Where the program is.
pub(crate) fn path() -> PathBuf {
    let path = std::env::var_os("VPR_BINARY").map_or_else(|| profile_folder().join("vpr"), PathBuf::from);
    assert!(
        path.is_file(),
        "there is no {}: build it with `cargo build -p vpr-cli --features vpr-store/sabotage`, \
         or name one with VPR_BINARY",
        path.display()
    );
    std::path::absolute(path).unwrap()
}

/// Panics unless the program dies where `VPR_FAILPOINT` says.
///
/// # Panics
/// With what to build.
pub fn require_failpoints() {
    assert!(
        has_failpoints(),
        "{} does not die at VPR_FAILPOINT: build it with `cargo build -p vpr-cli --features vpr-store/sabotage` \
         (`cargo test --workspace` does so)",
        path().display()
    );
}

/// Whether the program has the places to die at.
#[must_use]
pub fn has_failpoints() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        dies_while_opening(&folder.path().join("data"))
    })
}

fn dies_while_opening(data: &Path) -> bool {
    let mut child = program()
        .args(["serve", "--port", "0", "--data-dir"])
        .arg(data)
        .env("VPR_FAILPOINT", "open-replayed:1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status.signal() == Some(9),
            None if data.join("vpr.sock").exists() || Instant::now() > end => {
                child.kill().unwrap();
                child.wait().unwrap();
                return false;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}
