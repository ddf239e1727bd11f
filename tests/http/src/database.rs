//! Which database holds the search index of a server under test.

use std::path::Path;
use std::process::Command;

use vpr_testkit::postgres::{self, PostgresDatabase};

use crate::server::Server;

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
}

impl Database {
    /// The embedded one, in the data directory.
    #[must_use]
    pub fn sqlite() -> Self {
        Self { postgres: None }
    }

    /// An empty one on a real Postgres.
    ///
    /// # Panics
    /// When there is none: a test that needs it is never skipped.
    #[must_use]
    pub fn postgres() -> Self {
        Self { postgres: Some(postgres::database().unwrap()) }
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

    /// The variables that lead a `vpr` to it.
    #[must_use]
    pub fn variables(&self) -> Vec<(&str, &str)> {
        let Some(urls) = &self.postgres else { return Vec::new() };
        vec![("DATABASE_URL", &urls.serving_url), ("DATABASE_OWNER_URL", &urls.owner_url)]
    }

    /// Starts a server whose index is there.
    ///
    /// # Panics
    /// When it does not come to that.
    #[must_use]
    pub fn start(&self, data: &Path) -> Server {
        self.start_with(data, &[])
    }

    /// The same with further variables.
    ///
    /// # Panics
    /// When it does not come to that.
    #[must_use]
    pub fn start_with(&self, data: &Path, more: &[(&str, &str)]) -> Server {
        let mut variables = self.variables();
        variables.extend(more);
        Server::start_with(data, &variables)
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
