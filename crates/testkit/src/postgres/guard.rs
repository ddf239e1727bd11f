use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits beside the program for word from the process that started it, by a pipe: a name of a signal
/// ends the program with it; the end of the pipe, which comes with the end of that process whatever
/// ends it, interrupts the program and removes its folder.
const WAIT: &str = r#"
folder=$1
shift
"$@" &
program=$!
read -r signal || last=yes
kill -s "${signal:-INT}" "$program" 2>/dev/null
wait "$program"
if [ -n "$last" ]; then rm -rf "$folder"; fi
"#;

/// A program that does not outlive this process.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
}

impl Guard {
    /// Starts `words` in `folder`, which goes with it; what it prints goes to `log`.
    ///
    /// # Errors
    /// When no process can be started.
    pub(super) fn start(folder: &Path, words: &[String], log: &File) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", WAIT, "sh"]).arg(folder).args(words).current_dir(folder);
        // Neither an interrupt at the terminal nor who reads this process's output shall notice it.
        shell.process_group(0).stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log.try_clone()?);
        Ok(Self { shell: shell.spawn()? })
    }

    /// Ends the program by a signal, and keeps its folder.
    ///
    /// # Errors
    /// When it has ended by itself.
    pub(super) fn kill(mut self, signal: &str) -> io::Result<()> {
        if let Some(pipe) = self.shell.stdin.as_mut() {
            writeln!(pipe, "{signal}")?;
        }
        self.shell.wait().map(|_| ())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Nobody is left who could be told that it failed.
        let _ = self.shell.wait();
    }
}
