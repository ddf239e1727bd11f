//! The cost of searches (P4): each shape at two sizes on both databases, and how it grows.

use std::error::Error;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vpr_testkit::postgres::PostgresServer;

use super::client::Client;
use super::figures::percentile;
use super::hospital::{self, Hospital};
use super::plans::{self, Plan};
use super::server::Server;
use super::{load, report};

/// Resources at the two sizes.
const SIZES: [u64; 2] = [20_000, 200_000];
const CONNECTIONS: usize = 4;
/// Pages that a walk turns.
const PAGES: usize = 10;

/// A kind of search, with the CPU that it may cost in milliseconds.
struct Shape {
    name: &'static str,
    target_ms: f64,
    path: fn(&Hospital, u64) -> String,
    walk: bool,
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "name",
        target_ms: 0.13,
        path: |all, n| format!("/fhir/Patient?name={}", all.family(n)),
        walk: false,
    },
    Shape {
        name: "patient + code + date",
        target_ms: 0.25,
        path: |all, n| {
            let (patient, code) = (all.patient(n), all.code(n));
            format!("/fhir/Observation?patient={patient}&code=http://loinc.org|{code}&date=ge2018")
        },
        walk: false,
    },
    Shape {
        name: "chained",
        target_ms: 0.6,
        path: |all, n| {
            let (family, code) = (all.family(n), all.code(n));
            format!("/fhir/Observation?subject:Patient.family={family}&code=http://loinc.org|{code}")
        },
        walk: false,
    },
    Shape {
        name: "_has",
        target_ms: 0.8,
        path: |all, n| format!("/fhir/Patient?_has:Observation:patient:code={}", all.rare_code(n)),
        walk: false,
    },
    Shape {
        name: "_include",
        target_ms: 0.5,
        path: |all, n| {
            let (patient, code) = (all.patient(n), all.code(n));
            format!(
                "/fhir/Observation?patient={patient}&code=http://loinc.org|{code}&_include=Observation:subject&_include=Observation:encounter"
            )
        },
        walk: false,
    },
    Shape {
        name: "one month of dates",
        target_ms: 0.4,
        path: |all, n| format!("/fhir/Observation?date={}", all.month(n)),
        walk: false,
    },
    Shape {
        name: "count of a common code",
        target_ms: 0.1,
        path: |all, n| format!("/fhir/Observation?code={}&_summary=count", all.code(n)),
        walk: false,
    },
    Shape {
        name: "sorted, a page of 10",
        target_ms: 0.8,
        path: |all, n| format!("/fhir/Observation?code={}&_sort=-date&_count=50", all.code(n)),
        walk: true,
    },
    Shape {
        name: "$everything of 230",
        target_ms: 2.5,
        path: |all, n| format!("/fhir/Patient/{}/$everything?_count=1000", all.patient(n)),
        walk: false,
    },
];

struct Cell {
    median_ms: f64,
    p99_ms: f64,
    server_ms: f64,
    database_ms: f64,
}

/// Measures all shapes and writes `docs/benchmarks-search.md`, and of the largest size how they are run,
/// `docs/search-plans.md`.
///
/// # Errors
/// When a server does not start or answers otherwise than it should.
pub(super) async fn run(
    root: &Path,
    binary: &Path,
    time: Duration,
    largest: u64,
) -> Result<(), Box<dyn Error>> {
    let mut text = format!(
        "# Benchmarks of searches\n\nWritten by `cargo xtask bench --search {largest}`; do not edit.\nCommit {}, {}.\n\n\
         {CONNECTIONS} keep-alive connections; release build; client, server and database share the machine.\n\
         CPU is of the server and, beside it, of Postgres, for one request; of a walk, for one page.\n",
        report::commit(root),
        report::machine()
    );
    let sizes: Vec<u64> = SIZES.into_iter().filter(|size| *size <= largest).collect();
    let most = sizes.last().copied().ok_or("the smallest size is larger than that")?;
    let mut told = plans::head(largest, most, &report::commit(root));
    for database in ["SQLite", "Postgres"] {
        let mut columns = Vec::new();
        for size in &sizes {
            println!("   {database}, {size} resources");
            let (cells, plans) = measure(root, binary, time, database, *size).await?;
            columns.push((*size, cells));
            if *size == most {
                plans::section(&mut told, database, &plans);
            }
        }
        table(&mut text, database, &columns);
    }
    println!("{text}");
    std::fs::write(root.join("docs/benchmarks-search.md"), text)?;
    std::fs::write(root.join("docs/search-plans.md"), told)?;
    Ok(())
}

fn table(text: &mut String, database: &str, columns: &[(u64, Vec<Cell>)]) {
    let _ = writeln!(text, "\n## {database}\n");
    let _ = writeln!(
        text,
        "| search | resources | p50 ms | p99 ms | CPU ms | database CPU ms | may cost | growth of CPU |\n|---|---:|---:|---:|---:|---:|---:|---:|"
    );
    for (at, shape) in SHAPES.iter().enumerate() {
        let mut before: Option<f64> = None;
        for (size, cells) in columns {
            let Some(cell) = cells.get(at) else { continue };
            let all = cell.server_ms + cell.database_ms;
            let growth = before.map_or_else(String::new, |before| format!("{:.2} ×", all / before));
            before = Some(all);
            let _ = writeln!(
                text,
                "| {} | {size} | {:.2} | {:.2} | {:.3} | {:.3} | {} | {growth} |",
                shape.name, cell.median_ms, cell.p99_ms, cell.server_ms, cell.database_ms, shape.target_ms
            );
        }
    }
}

async fn measure(
    root: &Path,
    binary: &Path,
    time: Duration,
    database: &str,
    size: u64,
) -> Result<(Vec<Cell>, Vec<Plan>), Box<dyn Error>> {
    let folder = tempfile::tempdir_in(root.join("target/bench"))?;
    let data = folder.path().join("data");
    let postgres = if database == "Postgres" { Some(PostgresServer::start()?) } else { None };
    let environment: Vec<(&str, String)> = postgres
        .iter()
        .flat_map(|server| {
            [
                ("DATABASE_URL", server.serving_url().to_owned()),
                ("DATABASE_OWNER_URL", server.owner_url().to_owned()),
            ]
        })
        .collect();
    let server = Server::start_with(binary, &data, "buffered", &environment).await?;
    let all = Hospital::of(size);
    let started = Instant::now();
    for batch in 0..all.bundles() {
        let request = hospital::request(&all, batch);
        load::once(server.address, vec![request]).await.map_err(|error| format!("loading: {error}"))?;
    }
    println!(
        "   loaded {size} in {:.1} s, {} MB resident",
        started.elapsed().as_secs_f64(),
        server.resident_mb()?
    );
    let all = Arc::new(all);
    let mut cells = Vec::new();
    for shape in SHAPES {
        let cell = shape_cost(&server, &all, shape, time, postgres.is_some()).await;
        let cell = cell.map_err(|error| format!("{}: {error}", shape.name))?;
        println!(
            "   {}: p50 {:.2} ms, CPU {:.3} + {:.3} ms",
            shape.name, cell.median_ms, cell.server_ms, cell.database_ms
        );
        cells.push(cell);
    }
    let told = SHAPES
        .iter()
        .map(|shape| plans::explain(binary, &data, &environment, (shape.name, &(shape.path)(&all, 0))));
    let told = told.collect::<Result<_, _>>()?;
    Ok((cells, told))
}

async fn shape_cost(
    server: &Server,
    all: &Arc<Hospital>,
    shape: &'static Shape,
    time: Duration,
    postgres: bool,
) -> Result<Cell, Box<dyn Error>> {
    // Warm: caches, prepared statements.
    let plain = |error: Box<dyn Error + Send + Sync>| error.to_string();
    drive(server.address, Arc::clone(all), shape, time / 5).await.map_err(plain)?;
    let before = (server.cpu()?, if postgres { postgres_cpu()? } else { Duration::ZERO });
    let mut latencies = drive(server.address, Arc::clone(all), shape, time).await.map_err(plain)?;
    let after = (server.cpu()?, if postgres { postgres_cpu()? } else { Duration::ZERO });
    latencies.sort_unstable();
    let each = |spent: Duration| spent.as_secs_f64() * 1000.0 / latencies.len().max(1) as f64;
    Ok(Cell {
        median_ms: percentile(&latencies, 50.0).as_secs_f64() * 1000.0,
        p99_ms: percentile(&latencies, 99.0).as_secs_f64() * 1000.0,
        server_ms: each(after.0.saturating_sub(before.0)),
        database_ms: each(after.1.saturating_sub(before.1)),
    })
}

async fn drive(
    address: SocketAddr,
    all: Arc<Hospital>,
    shape: &'static Shape,
    time: Duration,
) -> Result<Vec<Duration>, Box<dyn Error + Send + Sync>> {
    let start = Instant::now();
    let tasks: Vec<_> = (0..CONNECTIONS as u64)
        .map(|connection| {
            let all = Arc::clone(&all);
            tokio::spawn(async move {
                let mut client = Client::connect(address).await?;
                let (mut latencies, mut n) = (Vec::new(), connection);
                while start.elapsed() < time {
                    let path = (shape.path)(&all, n);
                    n += CONNECTIONS as u64;
                    turn(&mut client, path, if shape.walk { PAGES } else { 1 }, &mut latencies).await?;
                }
                Ok::<_, Box<dyn Error + Send + Sync>>(latencies)
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    Ok(latencies)
}

/// Asks for up to `pages` pages, one after the other.
async fn turn(
    client: &mut Client,
    path: String,
    pages: usize,
    latencies: &mut Vec<Duration>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut next = Some(path);
    for _ in 0..pages {
        let Some(path) = next.take() else { return Ok(()) };
        let sent = Instant::now();
        let answer = client.send("GET", &path, "", b"").await?;
        latencies.push(sent.elapsed());
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(400)]).into_owned();
            return Err(format!("GET {path}: {}: {body}", answer.status).into());
        }
        if pages > 1 {
            let bundle: serde_json::Value = serde_json::from_slice(&answer.body)?;
            let links = bundle["link"].as_array().map(Vec::as_slice).unwrap_or_default();
            let link = links.iter().find(|link| link["relation"] == "next");
            next = link
                .and_then(|link| link["url"].as_str())
                .and_then(|url| url.find("/fhir").and_then(|at| url.get(at..)).map(str::to_owned));
        }
    }
    Ok(())
}

/// CPU of all Postgres processes of this machine.
fn postgres_cpu() -> Result<Duration, Box<dyn Error>> {
    let mut ticks = 0;
    for process in std::fs::read_dir("/proc")?.flatten() {
        let Ok(stat) = std::fs::read_to_string(process.path().join("stat")) else { continue };
        let Some((name, rest)) = stat.rsplit_once(')') else { continue };
        if name.ends_with("(postgres") {
            let fields: Vec<&str> = rest.split_whitespace().collect();
            let tick = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
            ticks += tick(11) + tick(12);
        }
    }
    Ok(Duration::from_millis(ticks * 10))
}
