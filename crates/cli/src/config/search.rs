//! Where the search index lives, and what a search may cost.

use std::fmt;
use std::time::Duration;

use super::concerns::Reader;
use super::error::ConfigError;
use super::values;

/// Search.
#[derive(Debug, Clone)]
pub(crate) struct SearchConfig {
    /// The database server; `None`: SQLite, embedded, in the data directory.
    pub(crate) database: Option<Database>,
    pub(crate) lenient: bool,
    pub(crate) time_max: Duration,
    pub(crate) wait_max: Duration,
    pub(crate) snapshots_kept: Duration,
    pub(crate) slow: Duration,
}

/// A Postgres server.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) address: Address,
    /// The role that owns the tables, where it is another one.
    pub(crate) owner: Option<Address>,
    pub(crate) connections_max: u32,
    pub(crate) connections_min: u32,
}

/// The URL of a database, which may hold a password: it is never printed whole.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address(String);

impl Address {
    /// The URL, for whoever connects.
    pub(crate) fn url(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&values::masked(&self.0))
    }
}

impl Reader<'_> {
    pub(super) fn search(&mut self) -> Option<SearchConfig> {
        let database = self.database();
        let lenient = self.required("search.handling", |text| match text {
            "strict" => Ok(false),
            "lenient" => Ok(true),
            _ => Err("must be strict or lenient".to_owned()),
        });
        let time_max = self.required("search.seconds_max", |text| values::seconds(text, 3_600));
        let wait_max = self.required("search.wait_seconds_max", |text| values::within(text, 0, 600));
        let kept = self.required("search.snapshot_seconds", |text| values::seconds(text, 30 * 24 * 3_600));
        let slow = self.required("search.slow_millis", |text| values::within(text, 0, 3_600_000));
        Some(SearchConfig {
            database: database?,
            lenient: lenient?,
            time_max: time_max?,
            wait_max: Duration::from_secs(wait_max?),
            snapshots_kept: kept?,
            slow: Duration::from_millis(slow?),
        })
    }

    fn database(&mut self) -> Option<Option<Database>> {
        let errors = self.errors.len();
        let address = self.optional("search.database_url", values::database_address).map(Address);
        let owner = self.optional("search.database_owner_url", values::database_address).map(Address);
        let most = self.required("search.connections_max", |text| values::within(text, 2, 1_000));
        let least = self.required("search.connections_min", |text| values::within(text, 0, 1_000));
        let (most, least) = (u32::try_from(most?).ok()?, u32::try_from(least?).ok()?);
        if least > most {
            self.refuse("DB_MIN_CONNS must not be above DB_MAX_CONNS");
        }
        if owner.is_some() && address.is_none() {
            self.refuse("DATABASE_OWNER_URL needs a DATABASE_URL: the embedded index has one owner");
        }
        (self.errors.len() == errors).then(|| {
            address.map(|address| Database { address, owner, connections_max: most, connections_min: least })
        })
    }

    fn refuse(&mut self, why: &str) {
        self.errors.push(ConfigError::Refused(why.to_owned()));
    }
}
