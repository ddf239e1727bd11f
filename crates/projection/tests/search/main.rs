//! Searches on SQLite against a judge that looks at every resource and shares no code with them.
//! `search_on_postgres.rs` runs the same tests on Postgres.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod changes;
mod histories;
mod includes;
mod judge;
mod questions;
mod searches;
mod world;

use vpr_projection::Place;
use vpr_types::TenantName;

/// Empty tables, of which tenant, and what keeps them there.
fn database() -> (Place, TenantName, world::Held) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Sqlite { folder: folder.path().to_owned() };
    (place, TenantName::new("test").unwrap(), Box::new(folder))
}
