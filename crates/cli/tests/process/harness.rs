//! Starts the binary, feeds it, and reads what it says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A folder for one test, with a data directory in it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The binary at this place's data directory, with nothing of our own environment that it reads.
    pub(crate) fn vpr(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        // Segments are written full of zeros when they are made; small ones keep the disk for the test.
        command.env("VPR_DATA_DIR", self.data()).env("VPR_JOURNAL_SEGMENT_BYTES", "1MiB");
        command
    }

    /// Runs a command that must succeed and gives its standard output.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.vpr(arguments).output().unwrap();
        assert!(output.status.success(), "vpr {arguments:?}: {}\n{}", output.status, said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must fail with that exit status and gives all that it said.
    pub(crate) fn fail(&self, arguments: &[&str], status: i32) -> String {
        let output = self.vpr(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "vpr {arguments:?}: {}", said(&output));
        said(&output)
    }

    /// Made-up patients as files in a folder.
    pub(crate) fn sample(&self, patients: u64) -> PathBuf {
        let folder = self.path(&format!("sample-{patients}"));
        self.run(&["sample", "--patients", &patients.to_string(), "--out", folder.to_str().unwrap()]);
        folder
    }

    /// `vpr list` without the UUIDs and times, which no two data directories share.
    pub(crate) fn counts(&self) -> Vec<String> {
        let text = self.run(&["list"]);
        let mut lines: Vec<String> = text
            .lines()
            .skip(1)
            .map(|line| {
                let mut words: Vec<&str> = line.split_whitespace().skip(1).collect();
                words.pop();
                words.join(" ")
            })
            .collect();
        lines.sort();
        lines
    }
}

/// The binary with an environment of its own.
pub(crate) fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vpr"));
    command.args(arguments).stdin(Stdio::null()).env_clear();
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Both streams of a finished process.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A running server; it is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
    /// What was printed before `listening on`.
    pub(crate) printed: Vec<String>,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts `vpr serve` on a free port and waits for its line.
    pub(crate) fn start(place: &Place) -> Self {
        Self::spawn(place.vpr(&["serve", "--port", "0"]))
    }

    /// Starts a command that prints `listening on http://127.0.0.1:PORT/fhir` when it is ready.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::<Mutex<String>>::default();
        let (errors, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                lines.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let mut printed = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(url) = line.strip_prefix("listening on ") {
                let port = url.strip_prefix("http://127.0.0.1:").unwrap().strip_suffix("/fhir").unwrap();
                return Self { child, port: port.parse().unwrap(), printed, log };
            }
            printed.push(line);
        }
        let status = child.wait().unwrap();
        reader.join().unwrap();
        panic!("the server ended: {status}\n{}", log.lock().unwrap());
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/fhir", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name and waits for the end; gives the exit status.
    pub(crate) fn end(mut self, signal: &str) -> Option<i32> {
        send(signal, self.pid());
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!(
            "the server did not end within 30 s of {signal}; {}\n{}",
            threads(self.pid()),
            self.log.lock().unwrap()
        );
    }

    /// A FHIR request; gives status and JSON.
    pub(crate) fn fhir(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let (status, text) = http(self.port, "127.0.0.1", method, &format!("/fhir/{path}"), &body);
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What each thread of a process waits for, for the message of a test that waited in vain.
fn threads(pid: u32) -> String {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let line = |task: PathBuf| format!("{} in {}", read(task.join("comm")), read(task.join("wchan")));
    tasks.map(|task| line(task.unwrap().path())).collect::<Vec<_>>().join(", ")
}

/// Sends a signal to one process.
pub(crate) fn send(signal: &str, pid: u32) {
    assert!(Command::new("kill").args(["-s", signal, &pid.to_string()]).status().unwrap().success());
}

/// One HTTP/1.1 request on a connection of its own: not the client that the binary uses.
pub(crate) fn http(port: u16, host: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/fhir+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding: chunked"), "{head}");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Runs stock git, which must succeed.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The files below a folder that fit, one a line.
pub(crate) fn find(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("find").arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}
