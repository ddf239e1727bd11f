//! A command at a data directory: it takes the lock if it is free, else it speaks to the server
//! that holds it.

use std::time::Duration;

use vpr_egress::{Client, Limits};
use vpr_store::data_format::DataDirectoryError;

use crate::config::{Config, Environment};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::node::{self, Node, absolute};

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
    /// Opens the configured data directory, here or through its server.
    pub(crate) async fn open(config: &Config, absent: Absent) -> Result<Self, Failure> {
        let data = &config.store.data_dir;
        let there = std::fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some());
        if absent == Absent::Refuse && !there {
            let data = absolute(data);
            return Err(Failure::Failed(format!(
                "there is no data directory at {} (--data-dir or VPR_DATA_DIR names another)",
                data.display()
            )));
        }
        match node::lock(config) {
            Ok(lock) => {
                let node = tokio::task::block_in_place(|| Node::open(config, lock))?;
                if let (Environment::Development, Some(tenant)) =
                    (config.server.environment, &config.tenants.default)
                {
                    tokio::task::block_in_place(|| node.ensure_tenant(tenant))?;
                }
                let connection = Connection::Here(node.operator_routes(config)?);
                Ok(Self { connection, node: Some(node) })
            }
            Err(DataDirectoryError::AlreadyRunning { pid, socket }) => {
                if tokio::net::UnixStream::connect(&socket).await.is_err() {
                    return Err(Failure::Failed(format!(
                        "process {pid} works on {} and takes no commands at {}: wait until it is done",
                        absolute(data).display(),
                        socket.display()
                    )));
                }
                let client = Client::unix(&socket, limits());
                Ok(Self { connection: Connection::There(client), node: None })
            }
            Err(error) => Err(Failure::Failed(format!("{}: {error}", absolute(data).display()))),
        }
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
