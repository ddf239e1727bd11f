use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::{Answer, Client};

/// One request of a load, ready to send.
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
    /// The only status that counts as success.
    pub(super) status: u16,
    /// How many operations it is.
    pub(super) operations: u64,
}

/// Where requests come from: the n-th request of connection c.
pub(super) type Source = Arc<dyn Fn(usize, u64) -> Request + Send + Sync>;

/// What a load came to, before the server's side of it is added.
pub(super) struct Outcome {
    pub(super) operations: u64,
    pub(super) wall: Duration,
    pub(super) latencies: Vec<Duration>,
}

/// Sends requests over `connections` connections for `time`, each as soon as the last is answered.
///
/// # Errors
/// At the first answer that is not the one expected: the figures of a server that fails are worth
/// nothing.
pub(super) async fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    source: Source,
) -> Result<Outcome, Box<dyn Error + Send + Sync>> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(Client::connect(address).await?);
    }
    let start = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(connection, mut client)| {
            let source = Arc::clone(&source);
            tokio::spawn(async move {
                let (mut latencies, mut operations) = (Vec::new(), 0);
                while start.elapsed() < time {
                    let request = source(connection, latencies.len() as u64);
                    let sent = Instant::now();
                    let answer = send(&mut client, &request).await?;
                    if answer.status != request.status {
                        return Err(unexpected(&request, &answer));
                    }
                    latencies.push(sent.elapsed());
                    operations += request.operations;
                }
                Ok::<_, Box<dyn Error + Send + Sync>>((latencies, operations))
            })
        })
        .collect();
    let (mut latencies, mut operations) = (Vec::new(), 0);
    for task in tasks {
        let (more, done) = task.await??;
        latencies.extend(more);
        operations += done;
    }
    let wall = start.elapsed();
    latencies.sort_unstable();
    Ok(Outcome { operations, wall, latencies })
}

/// Sends `requests` in order on one connection, outside any measurement.
///
/// # Errors
/// As [`run`].
pub(super) async fn once(
    address: SocketAddr,
    requests: Vec<Request>,
) -> Result<Vec<Answer>, Box<dyn Error + Send + Sync>> {
    let mut client = Client::connect(address).await?;
    let mut answers = Vec::new();
    for request in requests {
        let answer = send(&mut client, &request).await?;
        if answer.status != request.status {
            return Err(unexpected(&request, &answer));
        }
        answers.push(answer);
    }
    Ok(answers)
}

async fn send(client: &mut Client, request: &Request) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    client.send(request.method, &request.path, &request.headers, &request.body).await
}

fn unexpected(request: &Request, answer: &Answer) -> Box<dyn Error + Send + Sync> {
    let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(400)]);
    let Request { method, path, status, .. } = request;
    format!("{method} {path}: expected {status}, got {}: {body}", answer.status).into()
}
