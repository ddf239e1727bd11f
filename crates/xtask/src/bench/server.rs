use std::error::Error;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::Client;

/// A server process that ends with this value.
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
    /// From the start of the process to its first answer.
    pub(super) started_in: Duration,
}

impl Server {
    /// Starts `vpr serve` of `binary` on a free port and waits until it is ready. What it says goes
    /// to a file beside its data.
    ///
    /// # Errors
    /// When it ends or is not ready within 30 seconds.
    pub(super) async fn start(binary: &Path, data: &Path, audit: &str) -> Result<Self, Box<dyn Error>> {
        Self::start_with(binary, data, audit, &[]).await
    }

    /// The same, with further variables in its environment.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub(super) async fn start_with(
        binary: &Path,
        data: &Path,
        audit: &str,
        environment: &[(&str, String)],
    ) -> Result<Self, Box<dyn Error>> {
        let address = free_address()?;
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .env("VPR_DATA_DIR", data)
            .env("VPR_LISTEN", "127.0.0.1")
            .env("PORT", address.port().to_string())
            .env("ENV", "development")
            .env("VPR_AUDIT", audit)
            .env("VPR_LOG", "warn")
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stderr(File::create(data.with_extension("log"))?);
        Self::wait(command, address, "/ready").await
    }

    /// Runs `command` until `path` of `address` answers 200.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub(super) async fn wait(
        mut command: Command,
        address: SocketAddr,
        path: &str,
    ) -> Result<Self, Box<dyn Error>> {
        let start = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let mut server = Self { child, address, started_in: Duration::ZERO };
        while start.elapsed() < Duration::from_secs(30) {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("the server ended: {status}").into());
            }
            if let Ok(mut client) = Client::connect(address).await
                && client.send("GET", path, "", b"").await.is_ok_and(|answer| answer.status == 200)
            {
                server.started_in = start.elapsed();
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err("the server was not ready within 30 seconds".into())
    }

    /// CPU that the process has used so far, to 10 ms.
    pub(super) fn cpu(&self) -> Result<Duration, Box<dyn Error>> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> =
            stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
        let tick = |at: usize| {
            fields.get(at).and_then(|field| field.parse::<u64>().ok()).ok_or("no such field in stat")
        };
        Ok(Duration::from_millis((tick(11)? + tick(12)?) * 10))
    }

    /// Resident memory in MB.
    pub(super) fn resident_mb(&self) -> Result<u64, Box<dyn Error>> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kb: u64 = line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse()?;
        Ok(kb / 1024)
    }

    /// The value of a metric without labels; `None` if the server does not show it.
    pub(super) async fn metric(&self, name: &str) -> Result<Option<f64>, Box<dyn Error + Send + Sync>> {
        let answer = Client::connect(self.address).await?.send("GET", "/metrics", "", b"").await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let line =
            text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
        Ok(line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that was free a moment ago.
pub(super) fn free_address() -> Result<SocketAddr, Box<dyn Error>> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
