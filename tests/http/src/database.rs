//! Which database holds the search index of a server under test.
//!
//! A server can only be started through a [`Database`], so that no test leaves the choice to chance.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vpr_testkit::postgres::{self, PostgresDatabase, PostgresServer};

use crate::binary::{Command, program};
use crate::figures::publish;
use crate::server::{Ended, Server};

/// How long a server may take until its tables stand in Postgres.
const TABLES_WAIT: Duration = Duration::from_secs(60);

/// Makes of each function that takes a `&Database` two tests, in the modules `on_sqlite` and
/// `on_postgres`.
#[macro_export]
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $test() { super::$test(&$crate::Database::sqlite()); })+
        }
        mod on_postgres {
            $(#[test] fn $test() { super::$test(&$crate::Database::postgres()); })+
        }
    };
}

/// A database for the search index of one server.
#[derive(Debug, Clone)]
pub struct Database {
    postgres: Option<PostgresDatabase>,
    /// Whether a server's tables were seen there.
    is_used: Arc<AtomicBool>,
}

impl Database {
    /// The embedded one, in the data directory.
    #[must_use]
    pub fn sqlite() -> Self {
        Self::of(None)
    }

    /// An empty one on a real Postgres.
    ///
    /// # Panics
    /// When there is none: a test that needs it is never skipped.
    #[must_use]
    pub fn postgres() -> Self {
        Self::of(Some(postgres::database().unwrap()))
    }

    /// The one that a Postgres of the test's own begins with, which may be away: nobody looks for
    /// tables there.
    #[must_use]
    pub fn on(server: &PostgresServer) -> Self {
        let (owner_url, serving_url) = (server.owner_url(), server.serving_url());
        let database = Self::of(Some(PostgresDatabase { owner_url, serving_url }));
        database.is_used.store(true, Ordering::Relaxed);
        database
    }

    fn of(postgres: Option<PostgresDatabase>) -> Self {
        Self { postgres, is_used: Arc::default() }
    }

    /// Another one of the same kind, empty.
    #[must_use]
    pub fn another(&self) -> Self {
        if self.is_postgres() { Self::postgres() } else { Self::sqlite() }
    }

    /// Whether it is on Postgres.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    /// How figures call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        if self.is_postgres() { "postgres" } else { "sqlite" }
    }

    /// Prints and keeps the lines of a figure of this database, under `<id>-<name>`.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn publish(&self, id: &str, lines: &[String]) {
        let mut lines = lines.to_vec();
        if let Some(first) = lines.first_mut() {
            *first = format!("on {}: {first}", self.name());
        }
        publish(&format!("{id}-{}", self.name()), &lines);
    }

    /// The variables that lead a `vpr` to it.
    #[must_use]
    pub fn variables(&self) -> Vec<(&str, &str)> {
        let Some(urls) = &self.postgres else { return Vec::new() };
        vec![("DATABASE_URL", &urls.serving_url), ("DATABASE_OWNER_URL", &urls.owner_url)]
    }

    /// A size of a test: what takes long is cut where it runs a second time.
    #[must_use]
    pub fn size<T>(&self, on_sqlite: T, on_postgres: T) -> T {
        if self.is_postgres() { on_postgres } else { on_sqlite }
    }

    /// Starts a server whose index is there.
    ///
    /// # Panics
    /// When it does not come to that.
    #[must_use]
    pub fn start(&self, data: &Path) -> Server {
        self.start_with(data, &[])
    }

    /// The same with further variables, which win over those that lead here.
    ///
    /// # Panics
    /// When it does not come to that, or the index is not there.
    #[must_use]
    pub fn start_with(&self, data: &Path, more: &[(&str, &str)]) -> Server {
        let server = self
            .try_start(data, more)
            .unwrap_or_else(|ended| panic!("the server ended with {}:\n{}", ended.status, ended.log));
        if !more.iter().any(|(name, _)| *name == "DATABASE_URL") {
            self.assert_used(data);
        }
        server
    }

    /// The same; a server that ends before it listens is no panic.
    ///
    /// # Errors
    /// How it ended.
    pub fn try_start(&self, data: &Path, more: &[(&str, &str)]) -> Result<Server, Ended> {
        Server::spawn(data, &self.with(more), None)
    }

    /// Starts a server and kills it after `delay`, wherever it is then.
    pub fn kill_while_starting(&self, data: &Path, more: &[(&str, &str)], delay: Duration) {
        drop(Server::spawn(data, &self.with(more), Some(delay)));
    }

    /// `vpr` at a data directory whose index is there.
    #[must_use]
    pub fn command(&self, data: &Path) -> Command {
        let mut command = self.program();
        command.arg("--data-dir").arg(data);
        command
    }

    /// `vpr` with the variables that lead there.
    #[must_use]
    pub fn program(&self) -> Command {
        let mut command = program();
        command.envs(self.variables());
        command
    }

    fn with<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut variables = self.variables();
        variables.extend(more);
        variables
    }

    /// Loses the index of the default tenant while no server runs.
    ///
    /// # Panics
    /// When it cannot be removed.
    pub fn lose(&self, data: &Path) {
        if self.is_postgres() {
            let _ = self.ask("DROP SCHEMA vpr_default CASCADE");
        } else {
            fs::remove_dir_all(data.join("projection")).unwrap();
        }
    }

    /// Changes rows of the default tenant's index while no server runs.
    ///
    /// # Panics
    /// When a statement fails.
    pub fn alter_index(&self, data: &Path, statements: &str) {
        if self.is_postgres() {
            let tenant = "SET search_path = vpr_default; SET vpr.tenant = 'default'";
            let _ = self.ask(&format!("{tenant}; {statements}"));
            return;
        }
        let script =
            "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.executescript(sys.argv[2]); d.close()";
        let mut python = Command::new("python3");
        python.args(["-c", script]).arg(data.join("projection/default.sqlite")).arg(statements);
        let output = python.output().unwrap();
        assert!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Nothing is more easily believed than a test on Postgres that ran on files: there are no such
    /// files, and the tables are in Postgres.
    fn assert_used(&self, data: &Path) {
        if !self.is_postgres() || self.is_used.load(Ordering::Relaxed) {
            return;
        }
        let begun = Instant::now();
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'vpr_default'";
        while self.ask(tables) == ["0"] {
            assert!(begun.elapsed() < TABLES_WAIT, "the server made no tables in Postgres");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(!data.join("projection").exists(), "the server keeps an index of its own beside Postgres");
        self.is_used.store(true, Ordering::Relaxed);
    }

    /// Asks Postgres itself, as the owner of the tables; one line a row, columns divided by `|`.
    ///
    /// # Panics
    /// When this is not on Postgres or a statement fails.
    #[must_use]
    pub fn ask(&self, statements: &str) -> Vec<String> {
        let urls = self.postgres.as_ref().expect("only Postgres can be asked");
        let mut psql = Command::new(postgres::programs().unwrap().join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        let output = psql.args(["--dbname", &urls.owner_url, "--command", statements]).output().unwrap();
        assert!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}
