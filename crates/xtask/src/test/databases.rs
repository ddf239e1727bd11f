use std::error::Error;
use std::process::Command;

use vpr_testkit::postgres::{OWNER_URL, PostgresServer, SERVING_URL};

/// The servers that tests talk to, one of each for the whole run. They stop when this is dropped,
/// and also when this program is killed.
#[derive(Default)]
pub(super) struct Databases {
    postgres: Option<PostgresServer>,
}

impl Databases {
    /// # Errors
    /// When a server does not start. The tests that need it then try for themselves, and fail.
    pub(super) fn start(&mut self) -> Result<(), Box<dyn Error>> {
        self.postgres = Some(PostgresServer::start()?);
        Ok(())
    }

    /// Tells the tests where they are.
    pub(super) fn tell(&self, command: &mut Command) {
        if let Some(postgres) = &self.postgres {
            command.env(OWNER_URL, postgres.owner_url()).env(SERVING_URL, postgres.serving_url());
        }
    }
}
