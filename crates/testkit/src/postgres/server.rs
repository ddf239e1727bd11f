use std::fs::{self, File};
use std::io::{self, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::account::Account;
use super::guard::Guard;
use super::programs;
use super::psql::psql;

/// The database that the server begins with.
const DATABASE: &str = "vpr";
const SUPERUSER: &str = "vpr_superuser";
const OWNER: &str = "vpr_owner";
const SERVING: &str = "vpr_serving";

const START: Duration = Duration::from_secs(60);
/// Another process may take the free port before the server does.
const ATTEMPTS: u32 = 5;

/// Nothing of it is needed after a crash of the machine, and many tests connect at once.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=200",
    "shared_buffers=64MB",
    "max_wal_size=256MB",
];

/// A Postgres server of this process's own. It stops, and its files go, when it is dropped or this
/// process ends.
#[derive(Debug)]
pub struct PostgresServer {
    programs: PathBuf,
    account: Account,
    folder: PathBuf,
    port: u16,
    password: String,
    guard: Option<Guard>,
}

impl PostgresServer {
    /// Starts one and makes two roles: an owner, who may create databases, and a serving role, which
    /// owns nothing, is no superuser and is held by row-level security.
    ///
    /// # Errors
    /// When Postgres is not installed or does not start; the message holds the end of its log.
    pub fn start() -> io::Result<Self> {
        let programs = programs::find()?;
        let account = Account::choose()?;
        let folder = new_folder()?;
        account.give(&folder)?;
        let mut server = Self { programs, account, folder, port: 0, password: random()?, guard: None };
        server.initialize()?;
        server.first_start()?;
        Ok(server)
    }

    /// Where the owner connects: may create and alter everything in the database.
    #[must_use]
    pub fn owner_url(&self) -> String {
        self.url(OWNER)
    }

    /// Where the server under test connects.
    #[must_use]
    pub fn serving_url(&self) -> String {
        self.url(SERVING)
    }

    /// Where a superuser connects, for what must be refused.
    #[must_use]
    pub fn superuser_url(&self) -> String {
        self.url(SUPERUSER)
    }

    /// Ends the server at once, as a crash of its machine would for those who are connected.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub fn kill(&mut self) -> io::Result<()> {
        let Some(guard) = self.guard.take() else { return Ok(()) };
        guard.kill("QUIT")
    }

    /// Starts it again after [`PostgresServer::kill`], on the same port, with what it held.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> io::Result<()> {
        self.run()
    }

    fn url(&self, role: &str) -> String {
        format!("postgresql://{role}:{}@127.0.0.1:{}/{DATABASE}", self.password, self.port)
    }

    fn initialize(&self) -> io::Result<()> {
        let password = self.folder.join("password");
        fs::write(&password, &self.password)?;
        self.account.give(&password)?;
        let mut words = self.account.command(&self.programs.join("initdb"));
        words.extend(
            ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"].map(str::to_owned),
        );
        words.push(format!("--username={SUPERUSER}"));
        words.push(format!("--pwfile={}", password.display()));
        words.push(format!("--pgdata={}", self.data().display()));
        let log = self.log()?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(&self.folder).stdin(Stdio::null());
        let status = command.stdout(log.try_clone()?).stderr(log).status()?;
        if status.success() { Ok(()) } else { Err(self.failure("initdb failed")) }
    }

    fn first_start(&mut self) -> io::Result<()> {
        for attempt in 1.. {
            self.port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            match self.run() {
                Ok(()) => break,
                Err(error) if attempt == ATTEMPTS => return Err(error),
                Err(_) => {}
            }
        }
        let password = &self.password;
        let roles = format!(
            "CREATE ROLE {OWNER} LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS PASSWORD '{password}';
             CREATE ROLE {SERVING} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{password}';"
        );
        let superuser = format!("postgresql://{SUPERUSER}:{password}@127.0.0.1:{}/postgres", self.port);
        psql(&self.programs, &superuser, &roles)?;
        psql(&self.programs, &superuser, &format!("CREATE DATABASE {DATABASE} OWNER {OWNER}"))
    }

    /// Starts the server and waits until it takes connections.
    fn run(&mut self) -> io::Result<()> {
        let mut words = self.account.command(&self.programs.join("postgres"));
        words.extend([
            "-D".to_owned(),
            self.data().display().to_string(),
            "-p".to_owned(),
            self.port.to_string(),
        ]);
        words.extend(SETTINGS.iter().flat_map(|setting| ["-c".to_owned(), (*setting).to_owned()]));
        let guard = Guard::start(&self.folder, &words, &self.log()?)?;
        let begin = Instant::now();
        while !self.ready() {
            if begin.elapsed() > START || self.port_is_taken() {
                guard.kill("QUIT")?;
                return Err(self.failure("Postgres did not start"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.guard = Some(guard);
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The last line of the server's lock file tells whether it takes connections.
    fn ready(&self) -> bool {
        let lock = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        lock.lines().any(|line| line.trim_end() == "ready")
    }

    fn log(&self) -> io::Result<File> {
        File::create(self.folder.join("log"))
    }

    fn log_text(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn port_is_taken(&self) -> bool {
        self.log_text().contains("could not bind")
    }

    fn failure(&self, what: &str) -> io::Error {
        io::Error::other(format!("{what}: {}", self.log_text()))
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if self.guard.take().is_none() {
            // It does not run; what cannot be removed is the temporary folder's affair.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn new_folder() -> io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("vpr-postgres-{}", random()?));
    fs::create_dir(&folder)?;
    Ok(folder)
}

/// 32 hexadecimal digits.
pub(super) fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
