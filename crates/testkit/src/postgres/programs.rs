use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where Debian puts each version, out of the way of `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder that holds `initdb`, `postgres` and `psql`: of the newest version that Debian has
/// installed, else one of `PATH`.
///
/// # Errors
/// `NotFound`, with the name of the package to install.
pub fn find() -> io::Result<PathBuf> {
    let complete =
        |folder: &Path| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists());
    let mut installed: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| complete(folder))
        .collect();
    installed.sort();
    if let Some((_, folder)) = installed.pop() {
        return Ok(folder);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).find(|folder| complete(folder)).ok_or_else(|| {
        let what =
            "Postgres is not installed: install Debian's package postgresql, or run `cargo xtask setup`";
        io::Error::new(io::ErrorKind::NotFound, what)
    })
}
