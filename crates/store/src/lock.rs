//! One process at a time works on a data directory.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::data_format::{DataDirectoryError, FORMAT_FILE, check_unclaimed};

pub(crate) const LOCK_FILE: &str = "LOCK";
pub(crate) const SOCKET_FILE: &str = "vpr.sock";

/// The lock on a data directory, held as long as the value lives. The kernel lets go of it when
/// the process ends, however it ends, so a lock is never stale.
#[derive(Debug)]
pub struct DataDirectoryLock {
    _file: File,
    socket: PathBuf,
}

impl DataDirectoryLock {
    /// Takes the lock of `data` without waiting, creating the folder when it is absent. Writes the
    /// process id into `LOCK`, for people.
    ///
    /// # Errors
    /// [`DataDirectoryError::AlreadyRunning`] when another process (or another part of this one)
    /// holds it; [`DataDirectoryError::Foreign`] when the folder holds other things, in which case
    /// nothing was written; [`DataDirectoryError::Io`] as the operating system says.
    pub fn acquire(data: &Path) -> Result<Self, DataDirectoryError> {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data)?;
        if !data.join(FORMAT_FILE).try_exists()? {
            let mut names = Vec::new();
            for entry in std::fs::read_dir(data)? {
                names.push(entry?.file_name().to_string_lossy().into_owned());
            }
            check_unclaimed(names.into_iter())?;
        }
        let socket = data.join(SOCKET_FILE);
        let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(flags)
            .open(data.join(LOCK_FILE))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(DataDirectoryError::AlreadyRunning { pid: named_process(&mut file), socket });
            }
            Err(error) => return Err(io::Error::from(error).into()),
        }
        file.set_len(0)?;
        file.write_all_at(format!("{}\n", std::process::id()).as_bytes(), 0)?;
        Ok(Self { _file: file, socket })
    }

    /// Where the process that holds the lock serves commands: `<data>/vpr.sock`.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

fn named_process(file: &mut File) -> u32 {
    let mut text = String::new();
    let read = file.take(16).read_to_string(&mut text);
    read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_second_is_told_who_is_first_and_where_to_ask() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDirectoryLock::acquire(folder.path()).unwrap();
        let error = DataDirectoryLock::acquire(folder.path()).unwrap_err();
        let DataDirectoryError::AlreadyRunning { pid, socket } = &error else { panic!("{error}") };
        assert_eq!((*pid, socket.as_path()), (std::process::id(), first.socket()));
        let text = error.to_string();
        assert!(text.contains(&pid.to_string()) && text.contains("vpr.sock"), "{text}");
        drop(first);
        DataDirectoryLock::acquire(folder.path()).unwrap();
    }

    #[test]
    fn a_killed_holder_leaves_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        drop(DataDirectoryLock::acquire(folder.path()).unwrap());
        // util-linux's flock holds the same kind of lock; `sleep` inherits it and prints nothing.
        let holder = Command::new("flock")
            .args(["--nonblock", "--no-fork"])
            .arg(folder.path().join(LOCK_FILE))
            .args(["sh", "-c", "echo held; exec sleep 60"])
            .stdout(Stdio::piped())
            .spawn();
        let mut holder = holder.expect("util-linux is installed");
        let mut said = [0; 5];
        holder.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
        assert!(matches!(
            DataDirectoryLock::acquire(folder.path()),
            Err(DataDirectoryError::AlreadyRunning { .. })
        ));
        holder.kill().unwrap();
        holder.wait().unwrap();
        DataDirectoryLock::acquire(folder.path()).unwrap();
    }

    #[test]
    fn somebody_elses_folder_gets_no_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("thesis.tex"), "x").unwrap();
        assert!(matches!(DataDirectoryLock::acquire(folder.path()), Err(DataDirectoryError::Foreign)));
        assert!(!folder.path().join(LOCK_FILE).exists());
    }
}
