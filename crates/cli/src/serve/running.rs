use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::http1::{self, ConnectionLimits};
use super::loopback;
use super::ports::{self, Socket};
use crate::config::Config;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::node::{self, Node, Searching};
use crate::operator::Operator;
use crate::output::say;
use vpr_store::data_format::DataDirectoryError;

/// How often a running server makes sure that its engine lives.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A server that listens.
pub(crate) struct Running {
    node: Node,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    socket: Socket,
    terminate: Signal,
    interrupt: Signal,
}

impl Running {
    /// Opens the data directory and both listeners. When this returns, requests are answered.
    pub(crate) async fn start(config: &Config) -> Result<Self, Failure> {
        config.may_serve()?;
        // Before anybody can know that the server runs: a signal that comes early stops it as well.
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        warn_of_development(config);
        // The port first: a port that is taken must not cost a recovery.
        let (tcp, address) = ports::tcp(config.server.listen, config.server.port).await?;
        let lock = node::lock(config).map_err(|error| refused(config, &error))?;
        let node = tokio::task::block_in_place(|| Node::open(config, lock, Searching::Yes))?;
        if let Some(tenant) = &config.tenants.default {
            tokio::task::block_in_place(|| node.ensure_tenant(tenant))?;
        }
        let (unix, socket) = Socket::bind(node.socket())?;
        let limits = ConnectionLimits {
            connections_max: super::files::connections_within_limit(config.server.connections_max),
            header_time_max: config.server.header_time_max,
            drain_time_max: config.server.drain_time_max,
        };
        let (stop, stopped) = watch::channel(false);
        let public = loopback::only(node.public_routes(config)?, config.tenants.hosts.keys().cloned());
        let operator = node.operator_routes(config)?;
        let listeners = vec![
            tokio::spawn(http1::serve(tcp, public, limits, stopped.clone())),
            tokio::spawn(http1::serve(unix, operator, limits, stopped)),
        ];
        tracing::info!(%address, "listening");
        Ok(Self { node, address, stop, listeners, socket, terminate, interrupt })
    }

    /// Where clients connect to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/fhir", self.address)
    }

    /// The operator's questions, answered in this process.
    pub(crate) fn operator(&self, config: &Config) -> Result<Operator, Failure> {
        Ok(Operator(Connection::Here(self.node.operator_routes(config)?)))
    }

    /// Writes the port for whoever started the server with port 0.
    pub(crate) fn write_port(&self, file: Option<&Path>) -> Result<(), Failure> {
        let Some(file) = file else { return Ok(()) };
        let failed = |error| Failure::Failed(format!("{}: {error}", file.display()));
        std::fs::write(file, format!("{}\n", self.address.port())).map_err(failed)
    }

    /// Waits for SIGTERM or SIGINT.
    ///
    /// A server whose engine died of a bug acknowledges nothing any more: it ends as well, so that
    /// whoever watches it starts it again.
    pub(crate) async fn until_signal(&mut self) -> Result<(), Failure> {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let name = loop {
            tokio::select! {
                _ = self.terminate.recv() => break "SIGTERM",
                _ = self.interrupt.recv() => break "SIGINT",
                _ = look.tick() => {}
            }
            if !self.node.is_sound() {
                return Err(Failure::Failed(
                    "a thread of the engine died; the journal keeps what was acknowledged".to_owned(),
                ));
            }
        };
        tracing::info!(signal = name, "stopping");
        Ok(())
    }

    /// Stops: no new connections, the requests in flight are answered, everything goes into Git.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        let _ = self.stop.send(true);
        for listener in self.listeners {
            listener.await.map_err(Failure::of)?;
        }
        drop(self.socket);
        tokio::task::block_in_place(|| self.node.close())?;
        tracing::info!("stopped");
        Ok(())
    }
}

fn refused(config: &Config, error: &DataDirectoryError) -> Failure {
    let data = node::absolute(&config.store.data_dir);
    Failure::Failed(format!("{}: {error}", data.display()))
}

fn warn_of_development(config: &Config) {
    let line = "*".repeat(78);
    say(&line);
    say("* DEVELOPMENT MODE: no authentication. Everybody on this machine may read and");
    say("* change everything. Never put real patients into it.");
    say(format!(
        "* Listening on {} only; data in {}",
        config.server.listen,
        node::absolute(&config.store.data_dir).display()
    ));
    say(&line);
}
