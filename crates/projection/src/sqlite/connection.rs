use std::path::Path;
use std::time::Instant;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::ProjectionError;

/// Steps of SQLite's machine between two looks at the clock.
const STEPS_BETWEEN_LOOKS: i32 = 20_000;

/// Shapes of statements that stay prepared on a connection.
const PREPARED_MAX: usize = 256;

/// Pages in a connection's own memory: 16 MiB for the writer, 4 MiB for a reader.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
const READER_CACHE_KIB: i64 = 4 * 1024;

/// How much of the file is read through memory shared with the operating system.
const MAPPED_BYTES: i64 = 256 << 20;

/// The connection that writes; makes the file.
pub(super) fn writer(path: &Path) -> Result<Connection, ProjectionError> {
    let connection = Connection::open(path).map_err(failure)?;
    let setting = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                   PRAGMA wal_autocheckpoint = 4000; PRAGMA foreign_keys = OFF;";
    connection.execute_batch(setting).map_err(failure)?;
    common(&connection, WRITER_CACHE_KIB)?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn reader(path: &Path) -> Result<Connection, ProjectionError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failure)?;
    common(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

fn common(connection: &Connection, cache_kib: i64) -> Result<(), ProjectionError> {
    let setting = format!(
        "PRAGMA cache_size = -{cache_kib}; PRAGMA mmap_size = {MAPPED_BYTES}; PRAGMA temp_store = MEMORY; \
         PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 10000;"
    );
    connection.execute_batch(&setting).map_err(failure)?;
    // Else SQLite plans a prepared statement again whenever other values are bound, which costs as
    // much as running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failure)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_MAX);
    Ok(())
}

/// Statements end with [`ProjectionError::TimedOut`] after `deadline`.
pub(super) fn limit(connection: &Connection, deadline: Option<Instant>) -> Result<(), ProjectionError> {
    let over = move || deadline.is_some_and(|deadline| Instant::now() > deadline);
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(over)).map_err(failure)
}

/// What a failure of SQLite means; never with values, which SQLite does not tell either.
pub(super) fn failure(error: rusqlite::Error) -> ProjectionError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => ProjectionError::TimedOut,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            ProjectionError::Unusable("the file is damaged".to_owned())
        }
        Some(code) => {
            let number = error.sqlite_error().map_or(0, |inner| inner.extended_code);
            ProjectionError::Unavailable(format!("SQLite: {code:?} ({number})"))
        }
        None => ProjectionError::Unavailable("SQLite: a value of another kind than expected".to_owned()),
    }
}
