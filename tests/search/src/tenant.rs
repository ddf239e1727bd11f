//! A real server with the documents of a seed, and what it says stands there.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use vpr_http_tests::{Client, Database, Server};

use crate::data::{Write, history};
use crate::world::{Document, World};

/// Writes of one bundle.
const BUNDLE: usize = 60;

/// A server, its folder and its documents.
pub struct Tenant {
    /// The server.
    pub server: Server,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Tenant {
    /// An empty server with these variables in its environment.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Database::sqlite().start_with(&folder.path().join("data"), environment);
        let environment = environment.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Self { server, folder, environment }
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Stops the server, lets somebody at its folder, and starts it again.
    ///
    /// # Panics
    /// When it does not stop or start.
    #[must_use]
    pub fn while_stopped(self, act: impl FnOnce(&Path)) -> Self {
        self.server.stop();
        let data = self.folder.path().join("data");
        act(&data);
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let server = Database::sqlite().start_with(&data, &environment);
        Self { server, folder: self.folder, environment: self.environment }
    }

    /// Writes the documents of a seed.
    ///
    /// # Panics
    /// When the server refuses one.
    pub fn load(&self, seed: u64) {
        let mut client = self.server.client();
        for (at, phase) in history(seed).into_iter().enumerate() {
            if at > 0 {
                // Another second, for searches by `_lastUpdated`.
                std::thread::sleep(Duration::from_millis(1_100));
            }
            for (at, writes) in phase.chunks(BUNDLE).enumerate() {
                write(&mut client, writes, if at % 3 == 2 { "batch" } else { "transaction" });
            }
        }
    }

    /// What stands there, by reading each document that was ever written.
    ///
    /// # Panics
    /// When one cannot be read.
    #[must_use]
    pub fn world(&self, seed: u64) -> World {
        let mut names: Vec<String> = history(seed).into_iter().flatten().map(|write| write.name()).collect();
        names.sort();
        names.dedup();
        read(&mut self.server.client(), &names)
    }
}

/// Writes in one Bundle.
///
/// # Panics
/// When the server refuses one of them.
pub fn write(client: &mut Client, writes: &[Write], kind: &str) {
    let entries = writes.iter().map(|each| match each {
        Write::Put(.., content) => vpr_http_tests::entry("PUT", &each.name(), "", Some(&content.to_string())),
        Write::Delete(..) => vpr_http_tests::entry("DELETE", &each.name(), "", None),
    });
    let bundle = vpr_http_tests::bundle(kind, &entries.collect::<Vec<_>>());
    let answer = client.post("/fhir", bundle).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    for (entry, write) in answer.json()["entry"].items().iter().zip(writes) {
        let status = entry["response"]["status"].as_str().unwrap_or_default();
        assert!(status.starts_with('2'), "{} of {write:?}: {entry}", status);
    }
}

/// The documents of these names that stand now.
///
/// # Panics
/// When one cannot be read.
pub fn read(client: &mut Client, names: &[String]) -> World {
    let mut documents = Vec::new();
    for name in names {
        let answer = client.get(&format!("/fhir/{name}")).send();
        match answer.status {
            200 => documents.push(Document::new(answer.json())),
            404 | 410 => {}
            other => panic!("{name}: {other}: {}", answer.text()),
        }
    }
    World::new(documents)
}
