//! The tests of `search`, each on Postgres.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "search/changes.rs"]
mod changes;
#[path = "search/histories.rs"]
mod histories;
#[path = "search/includes.rs"]
mod includes;
#[path = "search/judge.rs"]
mod judge;
#[path = "search/questions.rs"]
mod questions;
#[path = "search/searches.rs"]
mod searches;
#[path = "search/world.rs"]
mod world;

use std::sync::{Mutex, OnceLock};

use tokio::runtime::{Builder, Runtime};
use vpr_projection::Place;
use vpr_testkit::postgres::PostgresDatabase;
use vpr_types::TenantName;

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static DATABASE: OnceLock<PostgresDatabase> = OnceLock::new();
/// Tenants that no test uses now, and how many there are in all.
static FREE: Mutex<(Vec<TenantName>, usize)> = Mutex::new((Vec::new(), 0));

/// Gives the tenant back at its end.
struct Lent(TenantName);

impl Drop for Lent {
    fn drop(&mut self) {
        FREE.lock().unwrap().0.push(self.0.clone());
    }
}

/// Tables, of which tenant, and what keeps others away from them.
fn database() -> (Place, TenantName, world::Held) {
    let runtime =
        RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());
    let urls = DATABASE.get_or_init(|| vpr_testkit::postgres::database().unwrap());
    let mut free = FREE.lock().unwrap();
    let tenant = free.0.pop().unwrap_or_else(|| {
        free.1 += 1;
        TenantName::new(&format!("test-{}", free.1)).unwrap()
    });
    let place = Place::Postgres {
        url: urls.serving_url.clone(),
        owner_url: Some(urls.owner_url.clone()),
        connections_min: 0,
        connections_max: 2,
        runtime: runtime.handle().clone(),
    };
    (place, tenant.clone(), Box::new(Lent(tenant)))
}
