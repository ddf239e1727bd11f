use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::runtime::Handle;

use super::failure::{failure, is_stale};
use crate::ProjectionError;

/// How long a caller waits for a connection.
const WAIT: Duration = Duration::from_secs(3);

/// A server that says nothing for so long is taken for gone. Searches end long before.
const SILENCE: Duration = Duration::from_secs(600);

/// Settings of every session. The statements give the order of their joins and go by index, as
/// they were measured; the planner's statistics, which lag behind a growing table, decide nothing.
const SETTINGS: &[(&str, &str)] = &[
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("plan_cache_mode", "force_generic_plan"),
    ("join_collapse_limit", "1"),
    ("from_collapse_limit", "1"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    // Sets that are looked up in must fit, or are searched row by row.
    ("work_mem", "32MB"),
    // It finds all before it gives one, and in no order.
    ("enable_bitmapscan", "off"),
];

/// Connections to one server that are opened as they are needed, kept, and thrown away with the
/// first doubt about them.
pub(super) struct Connections {
    options: PgConnectOptions,
    runtime: Handle,
    max: u32,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<PgConnection>,
    /// With those that are in use.
    open: u32,
}

/// A connection in use.
pub(super) struct Lease<'a> {
    connections: &'a Connections,
    connection: Option<PgConnection>,
}

/// How to connect; nothing is logged of any statement.
///
/// # Errors
/// [`ProjectionError::Unavailable`] when the URL cannot be read.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, ProjectionError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| ProjectionError::Unavailable("its URL cannot be read".into()))?;
    Ok(options.application_name("vpr").statement_cache_capacity(STATEMENTS).disable_statement_logging())
}

/// So many prepared statements are kept by each connection.
const STATEMENTS: usize = 512;

impl Connections {
    pub(super) fn new(options: PgConnectOptions, runtime: Handle, max: u32) -> Self {
        let options = options.options(SETTINGS.iter().copied());
        Self { options, runtime, max, state: Mutex::default(), freed: Condvar::new() }
    }

    #[cfg(test)]
    pub(super) fn open_now(&self) -> u32 {
        self.state.lock().open
    }

    /// Opens connections in advance, while that goes well.
    pub(super) fn open(&self, count: u32) {
        let mut leases = Vec::new();
        for _ in 0..count.min(self.max) {
            self.state.lock().open += 1;
            match self.fresh() {
                Ok(lease) => leases.push(lease),
                Err(error) => {
                    tracing::warn!(%error, "the search database cannot be reached yet");
                    break;
                }
            }
        }
        leases.into_iter().for_each(Lease::give_back);
    }

    /// A connection on which `statements` ran well, by which a transaction begins.
    ///
    /// # Errors
    /// [`ProjectionError::Unavailable`] when there is none within the time; otherwise what the
    /// statements met.
    pub(super) fn begin(&self, statements: &str) -> Result<Lease<'_>, ProjectionError> {
        loop {
            let (mut lease, fresh) = self.lease()?;
            match lease.run(statements) {
                Ok(()) => return Ok(lease),
                // The server went away and may be back: so are all others that have been idle.
                Err(error) if !fresh && is_stale(&error) => {}
                Err(error) => return Err(failure(&error)),
            }
        }
    }

    /// An idle connection, or a fresh one, which the second value tells.
    fn lease(&self) -> Result<(Lease<'_>, bool), ProjectionError> {
        let deadline = Instant::now() + WAIT;
        let mut state = self.state.lock();
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok((Lease { connections: self, connection: Some(connection) }, false));
            }
            if state.open < self.max {
                state.open += 1;
                drop(state);
                return Ok((self.fresh()?, true));
            }
            if self.freed.wait_until(&mut state, deadline).timed_out() {
                return Err(ProjectionError::Unavailable("all its connections are in use".into()));
            }
        }
    }

    /// A new connection, which is counted already; the lease's end uncounts it.
    fn fresh(&self) -> Result<Lease<'_>, ProjectionError> {
        let mut lease = Lease { connections: self, connection: None };
        let connect = async { tokio::time::timeout(WAIT, self.options.connect()).await };
        let connection = self.runtime.block_on(connect);
        let connection = connection.map_err(|_| ProjectionError::Unavailable("it does not answer".into()))?;
        lease.connection = Some(connection.map_err(|error| failure(&error))?);
        Ok(lease)
    }
}

impl Lease<'_> {
    /// Runs statements without values.
    pub(super) fn run(&mut self, statements: &str) -> Result<(), sqlx::Error> {
        let statements = AssertSqlSafe(statements.to_owned());
        self.wait(async |connection| connection.execute(sqlx::raw_sql(statements)).await.map(|_| ()))
    }

    /// Waits for what is done with the connection.
    pub(super) fn wait<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let Some(connection) = self.connection.as_mut() else { return Err(sqlx::Error::PoolClosed) };
        let limited = async { tokio::time::timeout(SILENCE, work(connection)).await };
        self.connections.runtime.block_on(limited).map_err(|_| {
            // What it was doing is unknown: nothing more may be asked on it.
            self.connection = None;
            sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
        })?
    }

    /// It is as good as new: no transaction is open.
    pub(super) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            let mut state = self.connections.state.lock();
            state.idle.push(connection);
            // The end of this counts down.
            state.open += 1;
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // The server undoes what was not committed; it need not be waited for.
            self.connections.runtime.spawn(connection.close_hard());
        }
        self.connections.state.lock().open -= 1;
        self.connections.freed.notify_one();
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold a password.
        f.debug_struct("Connections").field("max", &self.max).finish_non_exhaustive()
    }
}
