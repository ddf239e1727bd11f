use std::io;
use std::path::Path;
use std::process::Command;

/// The account that the server runs under: Postgres refuses to run as root.
#[derive(Debug, Clone, Copy)]
pub(super) enum Account {
    /// Whoever runs the tests.
    Own,
    /// Root started the tests: another one's user and group id.
    Other(u32, u32),
}

impl Account {
    /// # Errors
    /// When the tests run as root and there is neither a user `postgres` nor `nobody`.
    pub(super) fn choose() -> io::Result<Self> {
        if id(&["-u"])? != 0 {
            return Ok(Self::Own);
        }
        let other = ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some(Self::Other(id(&["-u", name]).ok()?, id(&["-g", name]).ok()?)));
        other.ok_or_else(|| io::Error::other("root cannot run Postgres, and there is no user to run it as"))
    }

    /// The program, to be run under this account.
    pub(super) fn command(self, program: &Path) -> Vec<String> {
        let mut words = Vec::new();
        if let Self::Other(user, group) = self {
            words.extend(["setpriv".to_owned(), format!("--reuid={user}"), format!("--regid={group}")]);
            words.extend(["--clear-groups", "--"].map(str::to_owned));
        }
        words.push(program.to_string_lossy().into_owned());
        words
    }

    /// Gives it a file or folder.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn give(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other(user, group) => std::os::unix::fs::chown(path, Some(user), Some(group)),
        }
    }
}

fn id(args: &[&str]) -> io::Result<u32> {
    let output = Command::new("id").args(args).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| io::Error::other("`id` names no number"))
}
