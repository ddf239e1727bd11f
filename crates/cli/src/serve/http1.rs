//! HTTP/1.1 connections on one listener, within limits of number and time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};

/// After an error that is the machine's and not the client's (no descriptors left), accepting pauses.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What connections may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// At the same time.
    pub(crate) connections_max: usize,
    /// For the head of a request, and between two requests.
    pub(crate) header_time_max: Duration,
    /// For requests in flight when the server stops.
    pub(crate) drain_time_max: Duration,
}

/// A listener of streams.
pub(crate) trait Accept {
    /// What a connection is.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;
    /// The next connection.
    fn accept_one(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Accept for TcpListener {
    type Stream = tokio::net::TcpStream;
    async fn accept_one(&self) -> io::Result<Self::Stream> {
        let (stream, _) = self.accept().await?;
        // Answers are written whole; waiting for more to send only delays them.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Accept for UnixListener {
    type Stream = tokio::net::UnixStream;
    async fn accept_one(&self) -> io::Result<Self::Stream> {
        Ok(self.accept().await?.0)
    }
}

/// Serves until `stop` changes, then waits for the requests in flight.
pub(crate) async fn serve(
    listener: impl Accept,
    routes: Router,
    limits: ConnectionLimits,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(limits.connections_max));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.header_time_max);
    loop {
        let next = async {
            // The slot is taken first, so that the system's queue holds whoever is too many.
            let slot = Arc::clone(&slots).acquire_owned().await;
            (listener.accept_one().await, slot)
        };
        let (stream, slot) = tokio::select! {
            next = next => next,
            _ = stop.changed() => break,
        };
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) if is_clients(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(routes.clone());
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain_time_max, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still in flight when their time to finish was over");
    }
}

/// Whether the client went away before it was accepted.
fn is_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
