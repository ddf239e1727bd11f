use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs statements; their result is not looked at.
///
/// # Errors
/// When one fails.
pub(super) fn psql(programs: &Path, url: &str, statements: &str) -> io::Result<()> {
    let mut command = Command::new(programs.join("psql"));
    command.args([
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--dbname",
        url,
        "--command",
        statements,
    ]);
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("psql: {}", String::from_utf8_lossy(&output.stderr))))
}
