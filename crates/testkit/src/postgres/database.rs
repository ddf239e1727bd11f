use std::io;
use std::sync::OnceLock;

use super::programs;
use super::psql::psql;
use super::server::{PostgresServer, random};

/// Names the variable that holds where the serving role connects.
pub const SERVING_URL: &str = "VPR_TEST_POSTGRES_URL";
/// Names the variable that holds where the owner connects, who may create databases.
pub const OWNER_URL: &str = "VPR_TEST_POSTGRES_OWNER_URL";

/// An empty database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresDatabase {
    /// Where its owner connects.
    pub owner_url: String,
    /// Where a role connects that owns nothing in it.
    pub serving_url: String,
}

/// The server of this process, where the environment names none.
static SERVER: OnceLock<Result<PostgresServer, String>> = OnceLock::new();

/// A new database, for the caller alone.
///
/// # Errors
/// When Postgres is not installed or does not start, or only one of the two variables is set.
pub fn database() -> io::Result<PostgresDatabase> {
    let (owner_url, serving_url) = match (std::env::var(OWNER_URL), std::env::var(SERVING_URL)) {
        (Ok(owner), Ok(serving)) => (owner, serving),
        (Err(_), Err(_)) => {
            let server = SERVER.get_or_init(|| PostgresServer::start().map_err(|error| error.to_string()));
            let server = server.as_ref().map_err(|error| io::Error::other(error.as_str()))?;
            (server.owner_url(), server.serving_url())
        }
        _ => return Err(io::Error::other(format!("set both {OWNER_URL} and {SERVING_URL}, or neither"))),
    };
    let name = format!("test_{}", random()?);
    psql(&programs::find()?, &owner_url, &format!("CREATE DATABASE {name}"))?;
    Ok(PostgresDatabase {
        owner_url: in_database(&owner_url, &name)?,
        serving_url: in_database(&serving_url, &name)?,
    })
}

/// The same URL, with another database.
fn in_database(url: &str, name: &str) -> io::Result<String> {
    let (server, rest) = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .and_then(|(_, path)| url.strip_suffix(path).map(|server| (server, path)))
        .ok_or_else(|| io::Error::other("the URL of the test database names no database"))?;
    let options = rest.split_once('?').map_or(String::new(), |(_, options)| format!("?{options}"));
    Ok(format!("{server}{name}{options}"))
}

#[cfg(test)]
pub(super) fn in_other_database(url: &str) -> String {
    in_database(url, "other").unwrap()
}
