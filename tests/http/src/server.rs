//! A `vpr serve` of the test's own, on a free port, in a folder of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::binary::program;
use crate::http::Client;

/// How long a server may take until it listens, or until it has stopped.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that ended before it listened.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// What it said on standard error.
    pub log: String,
}

impl Ended {
    /// Whether it was killed as `kill -9` kills.
    #[must_use]
    pub fn was_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }
}

/// A running server; it is killed when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    data: PathBuf,
    log: PathBuf,
    port: u16,
}

impl Server {
    /// Starts a server on a data directory and waits until it listens; with `kill_after`, kills it
    /// after that time wherever it is then. Tests start servers through a [`crate::Database`].
    pub(crate) fn spawn(
        data: &Path,
        environment: &[(&str, &str)],
        kill_after: Option<Duration>,
    ) -> Result<Self, Ended> {
        let log = data.with_extension("log");
        let mut command = program();
        command.args(["serve", "--port", "0", "--data-dir"]).arg(data).env("VPR_LOG", "warn");
        command.envs(environment.iter().copied());
        command.stdout(Stdio::piped()).stderr(File::options().create(true).append(true).open(&log).unwrap());
        let mut server = Self { child: command.spawn().unwrap(), data: data.to_owned(), log, port: 0 };
        let stdout = server.child.stdout.take().unwrap();
        if let Some(delay) = kill_after {
            std::thread::sleep(delay);
            server.kill();
        }
        let line = BufReader::new(stdout).lines().map_while(Result::ok).find_map(|line| {
            let address = line.strip_prefix("listening on http://127.0.0.1:")?;
            address.strip_suffix("/fhir")?.parse().ok()
        });
        match line {
            Some(port) => {
                server.port = port;
                Ok(server)
            }
            None => {
                let status = server.wait();
                let log = server.log();
                Err(Ended { status, log })
            }
        }
    }

    /// A client of the public door.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::tcp(self.port)
    }

    /// A client of the operators' socket.
    #[must_use]
    pub fn operator(&self) -> Client {
        Client::unix(&self.data.join("vpr.sock"))
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The base URL of the default tenant.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}/fhir", self.port)
    }

    /// What the servers of this data directory have said on standard error.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How often servers of this data directory noticed that the search index names a resource that
    /// does not match. Answers leave such out while they are few, so only the log shows it.
    #[must_use]
    pub fn index_faults(&self) -> usize {
        self.log().matches("the search index names a resource that does not match").count()
    }

    /// Brings everything durable into Git.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn materialize(&self) {
        let answer = self.operator().post("/operator/materialize", "").send();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        // One that is dead already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Whether the process ends by itself within that time.
    #[must_use]
    pub fn ends_within(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            if self.child.try_wait().unwrap().is_some() {
                return true;
            }
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// SIGTERM.
    pub fn signal_stop(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Waits until the process has ended.
    ///
    /// # Panics
    /// When it does not within two minutes.
    pub fn wait(&mut self) -> ExitStatus {
        assert!(self.ends_within(PATIENCE), "the server does not end:\n{}", self.log());
        self.child.wait().unwrap()
    }

    /// SIGTERM, and waits for a clean end.
    ///
    /// # Panics
    /// When its exit status is not 0.
    pub fn stop(mut self) {
        self.signal_stop();
        let status = self.wait();
        assert!(status.success(), "the server stopped with {status}:\n{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
