//! The search index of this process: embedded in the data directory, or on a database server.

use tokio::runtime::Handle;
use vpr_projection::{Limits, Place, Projection, serving_role};

use crate::config::{Config, Database};
use crate::failure::Failure;

/// The folder of the embedded index in the data directory. No tenant can have this name.
const FOLDER: &str = "projection";

/// Opens what the configuration names. A database server that is away is no error: searches wait for it.
pub(crate) fn open(config: &Config) -> Result<Projection, Failure> {
    let search = &config.search;
    let limits =
        Limits { search_time_max: search.time_max, pages_kept: search.snapshots_kept, ..Limits::default() };
    let place = match &search.database {
        None => Place::Sqlite { folder: config.store.data_dir.join(FOLDER) },
        Some(database) => {
            warn_of_role(database);
            Place::Postgres {
                url: database.address.url().to_owned(),
                owner_url: database.owner.as_ref().map(|owner| owner.url().to_owned()),
                connections_min: database.connections_min,
                connections_max: database.connections_max,
                runtime: Handle::current(),
            }
        }
    };
    Projection::open(place, limits)
        .map_err(|error| Failure::Failed(format!("the search index cannot be opened: {error}")))
}

/// Says so when the role of the connection could go around the wall between tenants. Asked on a thread
/// of its own: the server may be away for long.
fn warn_of_role(database: &Database) {
    let (url, runtime) = (database.address.url().to_owned(), Handle::current());
    let ask = move || match serving_role(&url, &runtime) {
        Ok(role) if !role.is_held() => tracing::warn!(
            role = role.name,
            "row-level security does not hold the role of DATABASE_URL (docs/search-databases.md); \
             a server in production would not start with it"
        ),
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(%error, "the search database is away; searches answer 503 until it is there")
        }
    };
    if let Err(error) = std::thread::Builder::new().name("vpr-role".to_owned()).spawn(ask) {
        tracing::warn!(%error, "the role of DATABASE_URL was not looked at");
    }
}
