//! The public door: every header that decides something, tenants, the CapabilityStatement against
//! what answers, and the process itself.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod capability;
mod history;
mod process;
mod reads;
mod repeats;
mod tenants;
mod writes;

use vpr_http_tests::{Database, Server};

/// A server in a folder of its own.
fn server(database: &Database) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = database.start(&folder.path().join("data"));
    (folder, server)
}
