//! What this machine can do at most: its disk's `fdatasync`, a bare JSON endpoint, libgit2.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header::{CONTENT_TYPE, ETAG, LAST_MODIFIED};
use axum::routing::get;

use super::figures::{Figure, percentile};
use super::resources;
use super::server::{Server, free_address};

/// The argument with which this program becomes the bare endpoint.
pub(super) const BARE_SERVER: &str = "--bare-server";

const BLOCK: [u8; 4096] = [7; 4096];

/// The median of `fdatasync` after appending 4 KiB, and after overwriting 4 KiB.
///
/// # Errors
/// As the disk says.
pub(super) fn fdatasync(folder: &Path) -> Result<(Duration, Duration), Box<dyn Error>> {
    const ROUNDS: usize = 200;
    let path = folder.join("fdatasync");
    let mut file = OpenOptions::new().create_new(true).write(true).open(&path)?;
    let timed = |file: &mut File| -> Result<Duration, Box<dyn Error>> {
        let start = Instant::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        Ok(start.elapsed())
    };
    let mut appends = Vec::new();
    for _ in 0..ROUNDS {
        appends.push(timed(&mut file)?);
    }
    let mut overwrites = Vec::new();
    for _ in 0..ROUNDS {
        file.seek(SeekFrom::Start(0))?;
        overwrites.push(timed(&mut file)?);
    }
    fs::remove_file(path)?;
    appends.sort_unstable();
    overwrites.sort_unstable();
    Ok((percentile(&appends, 50.0), percentile(&overwrites, 50.0)))
}

/// Starts this program again as the bare endpoint.
///
/// # Errors
/// When it does not come up.
pub(super) async fn start_bare() -> Result<Server, Box<dyn Error>> {
    let address = free_address()?;
    // Not by its path: a build that runs meanwhile replaces the file.
    let mut command = Command::new("/proc/self/exe");
    command.args(["bench", BARE_SERVER, &address.to_string()]);
    Server::wait(command, address, "/").await
}

/// Serves one resource as constant bytes until killed: what axum alone costs.
///
/// # Errors
/// When the address cannot be had.
pub(super) fn serve_bare(address: &str) -> Result<(), Box<dyn Error>> {
    let address: SocketAddr = address.parse()?;
    let subject = "Patient/00000000-0000-4000-8000-000000000000";
    let body = axum::body::Bytes::from(resources::observation(subject, 1).to_string());
    let answer = move || {
        let body = body.clone();
        async move {
            let headers = [
                (CONTENT_TYPE, "application/fhir+json;charset=utf-8"),
                (ETAG, "W/\"1\""),
                (LAST_MODIFIED, "Mon, 01 Jan 2024 00:00:00 GMT"),
            ];
            (headers, body)
        }
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(listener, Router::new().route("/", get(answer))).await
    })?;
    Ok(())
}

/// Commits of one Observation each with libgit2 and its fsync on, `writers` threads with a
/// repository each: what a server that trusts libgit2 with durability could do.
///
/// # Errors
/// As libgit2 says.
pub(super) fn libgit2(folder: &Path, writers: usize, time: Duration) -> Result<Figure, Box<dyn Error>> {
    let commits = AtomicU64::new(0);
    let start = Instant::now();
    let work = |writer: usize| -> Result<Vec<Duration>, git2::Error> {
        let repository = git2::Repository::init_bare(folder.join(format!("libgit2-{writer}")))?;
        repository.config()?.set_bool("core.fsyncObjectFiles", true)?;
        let mut latencies = Vec::new();
        while start.elapsed() < time {
            let n = commits.fetch_add(1, Ordering::Relaxed);
            let begun = Instant::now();
            commit(&repository, n)?;
            latencies.push(begun.elapsed());
        }
        Ok(latencies)
    };
    let mut latencies = Vec::new();
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..writers).map(|writer| scope.spawn(move || work(writer))).collect();
        for thread in threads {
            latencies.extend(thread.join().map_err(|_| git2::Error::from_str("a writer panicked"))??);
        }
        Ok::<_, git2::Error>(())
    })?;
    latencies.sort_unstable();
    Ok(Figure {
        name: "libgit2 commit with fsync".into(),
        connections: writers,
        operations: latencies.len() as u64,
        wall: start.elapsed(),
        server_cpu: None,
        latencies,
        entries_per_group: None,
    })
}

/// One document in `Observation/a/b/`, as VPR lays it out: blob, four trees, commit, ref.
fn commit(repository: &git2::Repository, n: u64) -> Result<(), git2::Error> {
    let text = resources::observation("Patient/1", n).to_string();
    let blob = repository.blob(text.as_bytes())?;
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let root = parent.as_ref().map(git2::Commit::tree).transpose()?;
    let mut update = git2::build::TreeUpdateBuilder::new();
    let id = resources::scatter(n);
    let path = format!("Observation/{:x}/{:x}/{id:016x}.json", id >> 60, (id >> 56) & 15);
    update.upsert(path, blob, git2::FileMode::Blob);
    let root = match root {
        Some(root) => root,
        None => repository.find_tree(repository.treebuilder(None)?.write()?)?,
    };
    let tree = repository.find_tree(update.create_updated(repository, &root)?)?;
    let author = git2::Signature::now("bench", "bench@example.org")?;
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    repository.commit(Some("HEAD"), &author, &author, "create", &tree, &parents)?;
    Ok(())
}
