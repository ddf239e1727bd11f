//! A command at a data directory: it takes the lock if it is free, else it speaks to the server
//! that holds it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vpr_egress::{Client, Limits};
use vpr_store::data_format::DataDirectoryError;
use vpr_store::lock::DataDirectoryLock;

use crate::config::{Config, Environment};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::node::{self, Node, Searching, absolute};

/// How long a process that holds the lock may take until it answers: a server that just starts
/// does within this, another command at the data directory may not.
const START_TIME_MAX: Duration = Duration::from_secs(3);

/// What becomes of a data directory that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// It is made.
    Create,
    /// It is an error: there is nothing to look at.
    Refuse,
}

/// An open way to a data directory.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    node: Option<Node>,
}

impl Opened {
    /// Opens the configured data directory, here or through its server, for a command that does not
    /// search.
    pub(crate) async fn open(config: &Config, absent: Absent) -> Result<Self, Failure> {
        Self::open_as(config, absent, Searching::No).await
    }

    /// The same for a command that may need the search index, or must keep it up with what it writes.
    pub(crate) async fn open_searching(config: &Config, absent: Absent) -> Result<Self, Failure> {
        Self::open_as(config, absent, Searching::Yes).await
    }

    async fn open_as(config: &Config, absent: Absent, searching: Searching) -> Result<Self, Failure> {
        let data = &config.store.data_dir;
        let there = std::fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some());
        if absent == Absent::Refuse && !there {
            let data = absolute(data);
            return Err(Failure::Failed(format!(
                "there is no data directory at {} (--data-dir or VPR_DATA_DIR names another)",
                data.display()
            )));
        }
        let end = Instant::now() + START_TIME_MAX;
        loop {
            match node::lock(config) {
                Ok(lock) => return Self::here(config, lock, searching),
                Err(DataDirectoryError::AlreadyRunning { pid, socket }) => {
                    if tokio::net::UnixStream::connect(&socket).await.is_ok() {
                        let client = Client::unix(&socket, limits());
                        return Ok(Self { connection: Connection::There(Arc::new(client)), node: None });
                    }
                    if Instant::now() >= end {
                        return Err(Failure::Failed(format!(
                            "process {pid} works on {} and takes no commands at {}: wait until it is done",
                            absolute(data).display(),
                            socket.display()
                        )));
                    }
                }
                Err(error) => return Err(Failure::Failed(format!("{}: {error}", absolute(data).display()))),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn here(config: &Config, lock: DataDirectoryLock, searching: Searching) -> Result<Self, Failure> {
        let node = tokio::task::block_in_place(|| Node::open(config, lock, searching))?;
        let connection = Connection::Here(node.operator_routes(config)?);
        Ok(Self { connection, node: Some(node) })
    }

    /// Creates the default tenant of development, as the server does when it starts.
    pub(crate) fn ensure_default_tenant(&self, config: &Config) -> Result<(), Failure> {
        match (&self.node, config.server.environment, &config.tenants.default) {
            (Some(node), Environment::Development, Some(tenant)) => {
                tokio::task::block_in_place(|| node.ensure_tenant(tenant))
            }
            _ => Ok(()),
        }
    }

    /// Whether this process holds the data directory.
    pub(crate) fn is_here(&self) -> bool {
        self.node.is_some()
    }

    /// Ends the work: what was written is in Git when this returns, if it was done here.
    pub(crate) fn close(self) -> Result<(), Failure> {
        drop(self.connection);
        match self.node {
            Some(node) => tokio::task::block_in_place(|| node.close()),
            None => Ok(()),
        }
    }
}

/// A verification reads everything there is and may take its time.
fn limits() -> Limits {
    Limits { time_max: Duration::from_secs(24 * 3600), ..Limits::default() }
}
