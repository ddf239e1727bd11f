//! The embedded database: one file for each tenant, beside the data directory.
//!
//! What is written survives the process; after a power cut the file may stand a little earlier
//! (`synchronous=NORMAL`), and the projector applies again what is missing.

mod connection;
mod transaction;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use rusqlite::Connection;
use vpr_types::TenantName;

use crate::ProjectionError;
use crate::database::{Backend, Work};
use transaction::Transaction;

/// The migrations in order; each runs once.
const MIGRATIONS: [&str; 1] = [include_str!("../../../migrations/sqlite/0001_index.sql")];

/// So many idle connections for reading are kept for each tenant.
const IDLE_READERS_MAX: usize = 16;

/// SQLite files in a folder.
pub(crate) struct Sqlite {
    folder: PathBuf,
    search_time_max: Duration,
    tenants: RwLock<HashMap<TenantName, Arc<Tenant>>>,
}

struct Tenant {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Sqlite {
    /// In `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// [`ProjectionError::Unavailable`] when the folder cannot be made.
    pub(crate) fn open(folder: PathBuf, search_time_max: Duration) -> Result<Self, ProjectionError> {
        std::fs::create_dir_all(&folder).map_err(|error| ProjectionError::Unavailable(error.to_string()))?;
        Ok(Self { folder, search_time_max, tenants: RwLock::default() })
    }

    fn path(&self, tenant: &TenantName) -> PathBuf {
        self.folder.join(format!("{tenant}.sqlite"))
    }

    fn tenant(&self, tenant: &TenantName) -> Result<Arc<Tenant>, ProjectionError> {
        let found = self.tenants.read().get(tenant).cloned();
        let found = found.ok_or_else(|| ProjectionError::Unavailable("the tenant is not open".to_owned()))?;
        if found.path.try_exists().unwrap_or(true) {
            return Ok(found);
        }
        // Open connections would go on in a file that has no name, and new ones find none.
        let is_current = self.tenants.read().get(tenant).is_some_and(|each| Arc::ptr_eq(each, &found));
        Err(if is_current {
            ProjectionError::Unusable("the file was taken away".to_owned())
        } else {
            ProjectionError::Unavailable("the file is being made anew".to_owned())
        })
    }
}

impl Backend for Sqlite {
    fn open_tenant(&self, tenant: &TenantName) -> Result<(), ProjectionError> {
        let mut tenants = self.tenants.write();
        if tenants.contains_key(tenant) {
            return Ok(());
        }
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| ProjectionError::Unavailable(error.to_string()))?;
        let path = self.path(tenant);
        let mut writer = connection::writer(&path)?;
        migrate(&mut writer)?;
        let opened = Tenant { path, writer: Mutex::new(writer), readers: Mutex::default() };
        tenants.insert(tenant.clone(), Arc::new(opened));
        Ok(())
    }

    fn read(&self, tenant: &TenantName, work: Work<'_>) -> Result<(), ProjectionError> {
        let tenant = self.tenant(tenant)?;
        let idle = tenant.readers.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connection::reader(&tenant.path)?,
        };
        let deadline = Instant::now().checked_add(self.search_time_max);
        connection::limit(&connection, deadline)?;
        let done = transaction(&connection, "BEGIN", work);
        let mut readers = tenant.readers.lock();
        // A connection that could not end its transaction is not used again.
        if connection.is_autocommit() && readers.len() < IDLE_READERS_MAX {
            readers.push(connection);
        }
        done
    }

    fn write(&self, tenant: &TenantName, work: Work<'_>) -> Result<(), ProjectionError> {
        let tenant = self.tenant(tenant)?;
        let writer = tenant.writer.lock();
        transaction(&writer, "BEGIN IMMEDIATE", work)
    }

    fn discard(&self, tenant: &TenantName) -> Result<(), ProjectionError> {
        let mut tenants = self.tenants.write();
        // Whoever reads at the moment reads on in files that have no name any more.
        tenants.remove(tenant);
        for suffix in ["", "-wal", "-shm"] {
            let mut file = self.path(tenant).into_os_string();
            file.push(suffix);
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ProjectionError::Unavailable(error.to_string()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn transaction(connection: &Connection, begin: &str, work: Work<'_>) -> Result<(), ProjectionError> {
    connection.prepare_cached(begin).and_then(|mut begin| begin.execute([])).map_err(connection::failure)?;
    let done = work(&mut Transaction { connection });
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.prepare_cached(end).and_then(|mut end| end.execute([]));
    if ended.is_err() && !connection.is_autocommit() {
        // COMMIT can fail and leave the transaction open.
        let _ = connection.execute_batch("ROLLBACK");
    }
    done.and(ended.map(drop).map_err(connection::failure))
}

fn migrate(connection: &mut Connection) -> Result<(), ProjectionError> {
    let done: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(connection::failure)?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        return Err(ProjectionError::Unusable("the tables are of a later version".to_owned()));
    }
    for (number, text) in MIGRATIONS.iter().enumerate().skip(done) {
        let whole = format!("BEGIN IMMEDIATE;\n{text}\nPRAGMA user_version = {};\nCOMMIT;", number + 1);
        connection.execute_batch(&whole).map_err(connection::failure)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
