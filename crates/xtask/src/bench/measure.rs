use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::figures::Figure;
use super::load::{self, Request, Source};
use super::report::Report;
use super::server::Server;
use super::{raw, resources};
use crate::workspace;

/// Patients that exist before anything is measured; writes spread over them.
const PATIENTS: u64 = 500;
/// Observations that the reads choose from.
const READ_IDS: u64 = 5_000;
const ENTRIES_PER_BUNDLE: u64 = 200;
const CONNECTIONS: [usize; 2] = [16, 64];

/// What to measure.
pub(super) struct Plan {
    /// How long each load lasts.
    pub(super) time: Duration,
    /// Another binary than `target/release/vpr`.
    pub(super) binary: Option<PathBuf>,
    /// Searches instead of everything else, up to this many resources.
    pub(super) searches: Option<u64>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { time: Duration::from_secs(10), binary: None, searches: None }
    }
}

/// Measures everything, prints it and writes `docs/benchmarks.md`.
///
/// # Errors
/// As [`super::run`].
pub(super) fn run(plan: &Plan) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(all(plan))
}

async fn all(plan: &Plan) -> Result<(), Box<dyn Error>> {
    let (root, time) = (workspace::root(), plan.time);
    let binary = plan.binary.clone().unwrap_or_else(|| root.join("target/release/vpr"));
    if plan.binary.is_none() && has_planted_bugs(&binary)? {
        return Err("the release binary was built with the feature `sabotage`".into());
    }
    // Not /tmp: that may be memory, whose fdatasync costs nothing.
    std::fs::create_dir_all(root.join("target/bench"))?;
    if let Some(largest) = plan.searches {
        return super::search::run(&root, &binary, time, largest).await;
    }
    let folder = tempfile::tempdir_in(root.join("target/bench"))?;

    let mut report = Report::default();
    report.fdatasync = raw::fdatasync(folder.path())?;
    report.raw(raw::libgit2(folder.path(), 1, time / 2)?);
    report.raw(raw::libgit2(folder.path(), 64, time / 2)?);
    let bare = raw::start_bare().await?;
    for connections in CONNECTIONS {
        report.raw(figure(&bare, "bare axum endpoint", connections, time, Arc::new(bare_request)).await?);
    }
    drop(bare);

    let data = folder.path().join("data");
    let server = Server::start(&binary, &data, "buffered").await?;
    report.started_in = server.started_in;
    report.resident_idle_mb = server.resident_mb()?;
    let patients: Arc<Vec<String>> = Arc::new(prepare(&server).await?);
    for connections in CONNECTIONS {
        let patients = Arc::clone(&patients);
        let source = move |connection: usize, n: u64| create(&patients, connections, connection, n);
        report.add(figure(&server, "durable create", connections, time, Arc::new(source)).await?, true);
    }
    for connections in CONNECTIONS {
        let source = Arc::new(transaction);
        report.add(figure(&server, "transaction of 200, an entry", connections, time, source).await?, true);
    }
    let stored = Arc::new(prepare_reads(&server, &patients).await?);
    report.resources += PATIENTS + READ_IDS;
    for connections in CONNECTIONS {
        let source = reads(&stored, false);
        report.add(figure(&server, "read by id, warm", connections, time, source).await?, false);
        let source = reads(&stored, true);
        report.add(figure(&server, "conditional read (304)", connections, time, source).await?, false);
    }
    report.resident_loaded_mb = server.resident_mb()?;
    drop(server);

    let server = Server::start(&binary, &data, "durable").await?;
    report.restarted_in = server.started_in;
    for connections in CONNECTIONS {
        let source = reads(&stored, false);
        report.add(figure(&server, "read by id, audit durable", connections, time, source).await?, false);
    }
    report.print();
    if plan.binary.is_some() { Ok(()) } else { report.write(&root) }
}

/// Whether a binary holds the code that only crash tests may have.
fn has_planted_bugs(binary: &Path) -> Result<bool, Box<dyn Error>> {
    let bytes = std::fs::read(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
    let mark = b"VPR_FAILPOINT";
    Ok(bytes.windows(mark.len()).any(|window| window == mark))
}

/// Runs one load and adds what the server spent on it.
async fn figure(
    server: &Server,
    name: &str,
    connections: usize,
    time: Duration,
    source: Source,
) -> Result<Figure, Box<dyn Error>> {
    let fail = |error: Box<dyn Error + Send + Sync>| format!("{name}: {error}");
    let groups = server.metric("vpr_journal_groups_total").await.map_err(fail)?;
    let entries = server.metric("vpr_journal_entries_total").await.map_err(fail)?;
    let before = server.cpu()?;
    let outcome = load::run(server.address, connections, time, source).await.map_err(fail)?;
    let cpu = server.cpu()?.saturating_sub(before);
    let more = |now: Option<f64>, before: Option<f64>| now.zip(before).map(|(now, before)| now - before);
    let groups = more(server.metric("vpr_journal_groups_total").await.map_err(fail)?, groups);
    let entries = more(server.metric("vpr_journal_entries_total").await.map_err(fail)?, entries);
    let figure = Figure {
        name: name.to_owned(),
        connections,
        operations: outcome.operations,
        wall: outcome.wall,
        server_cpu: Some(cpu),
        latencies: outcome.latencies,
        entries_per_group: entries.zip(groups).filter(|(_, groups)| *groups > 0.0).map(|(e, g)| e / g),
    };
    println!("   {name}, {connections} connections: {:.0}/s", figure.per_second());
    Ok(figure)
}

fn json(method: &'static str, path: impl Into<String>, body: &serde_json::Value, status: u16) -> Request {
    let headers = "content-type: application/fhir+json\r\n".to_owned();
    Request { method, path: path.into(), headers, body: body.to_string().into_bytes(), status, operations: 1 }
}

fn bare_request(_: usize, _: u64) -> Request {
    Request {
        method: "GET",
        path: "/".into(),
        headers: String::new(),
        body: Vec::new(),
        status: 200,
        operations: 1,
    }
}

fn create(patients: &[String], connections: usize, connection: usize, n: u64) -> Request {
    let n = (n * 64 + connection as u64) * 2 + u64::from(connections == CONNECTIONS[0]);
    let patient = &patients[(resources::scatter(n) % patients.len() as u64) as usize];
    json("POST", "/fhir/Observation", &resources::observation(patient, n), 201)
}

fn transaction(connection: usize, n: u64) -> Request {
    let bundle = resources::transaction(ENTRIES_PER_BUNDLE, 1_000_000 + n * 64 + connection as u64);
    Request { operations: ENTRIES_PER_BUNDLE, ..json("POST", "/fhir", &bundle, 200) }
}

/// What a read needs: the path, and the entity tag of the version.
struct Stored {
    path: String,
    etag: String,
}

fn reads(stored: &Arc<Vec<Stored>>, conditional: bool) -> Source {
    let stored = Arc::clone(stored);
    Arc::new(move |connection, n| read_request(&stored, connection, n, conditional))
}

fn read_request(stored: &[Stored], connection: usize, n: u64, conditional: bool) -> Request {
    let at = resources::scatter(n * 64 + connection as u64) % stored.len() as u64;
    let Stored { path, etag } = &stored[at as usize];
    let headers = if conditional { format!("if-none-match: {etag}\r\n") } else { String::new() };
    let status = if conditional { 304 } else { 200 };
    Request { method: "GET", path: path.clone(), headers, body: Vec::new(), status, operations: 1 }
}

async fn prepare(server: &Server) -> Result<Vec<String>, Box<dyn Error>> {
    let requests =
        (0..PATIENTS).map(|n| json("POST", "/fhir/Patient", &resources::patient(n), 201)).collect();
    Ok(stored(server, requests)
        .await?
        .into_iter()
        .map(|stored| stored.path.replacen("/fhir/", "", 1))
        .collect())
}

/// Writes the Observations that are read, and reads each once, so that caches are warm.
async fn prepare_reads(server: &Server, patients: &[String]) -> Result<Vec<Stored>, Box<dyn Error>> {
    let make = |n: u64| {
        let patient = &patients[(n % patients.len() as u64) as usize];
        json("POST", "/fhir/Observation", &resources::observation(patient, u64::MAX / 2 + n), 201)
    };
    let found = stored(server, (0..READ_IDS).map(make).collect()).await?;
    let reads =
        (0..found.len()).map(|at| Request { path: found[at].path.clone(), ..bare_request(0, 0) }).collect();
    load::once(server.address, reads).await.map_err(|error| format!("warming: {error}"))?;
    Ok(found)
}

/// Creates and returns where each went: the path without `_history`.
async fn stored(server: &Server, requests: Vec<Request>) -> Result<Vec<Stored>, Box<dyn Error>> {
    let answers =
        load::once(server.address, requests).await.map_err(|error| format!("preparing: {error}"))?;
    let mut found = Vec::new();
    for answer in answers {
        let location = answer.header("location").ok_or("a create without a Location")?;
        let path = location.find("/fhir/").map(|at| &location[at..]).ok_or("a Location outside /fhir")?;
        let path = path.split("/_history").next().unwrap_or(path).to_owned();
        found
            .push(Stored { path, etag: answer.header("etag").ok_or("a create without an ETag")?.to_owned() });
    }
    Ok(found)
}
