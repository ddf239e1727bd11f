use sqlx::Error;

use crate::ProjectionError;

/// `insufficient_privilege`
const FORBIDDEN: &str = "42501";

/// What an error means for who asked. Of what the server says only its code is passed on: its
/// sentences may quote values.
pub(super) fn failure(error: &Error) -> ProjectionError {
    let Error::Database(database) = error else {
        return match error {
            Error::Decode(_) | Error::ColumnDecode { .. } | Error::ColumnNotFound(_) | Error::RowNotFound => {
                ProjectionError::Unusable("its rows cannot be read".into())
            }
            Error::Io(error) => ProjectionError::Unavailable(error.kind().to_string()),
            Error::Tls(_) => ProjectionError::Unavailable("no secure connection could be made".into()),
            _ => ProjectionError::Unavailable("the connection failed".into()),
        };
    };
    let code = database.code().unwrap_or_default();
    match code.as_ref() {
        "57014" => ProjectionError::TimedOut,
        FORBIDDEN => ProjectionError::Unavailable(format!(
            "the role may not do this (SQLSTATE {code}); set the URL of the owner so that migrations can run"
        )),
        // Statement or value does not fit the tables, or a row is there that must not be.
        _ if ["22", "23", "3F", "42"].iter().any(|class| code.starts_with(class)) => {
            let table = database.table().map(|table| format!(" in {table}")).unwrap_or_default();
            ProjectionError::Unusable(format!("SQLSTATE {code}{table}"))
        }
        _ => ProjectionError::Unavailable(format!("SQLSTATE {code}")),
    }
}

/// Whether the role may not do what was asked.
pub(super) fn is_forbidden(error: &Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == FORBIDDEN)
}

/// Whether the connection had gone before anything was asked on it.
pub(super) fn is_stale(error: &Error) -> bool {
    match error {
        // The server said goodbye: shut down by its operator, or after a crash.
        Error::Database(database) => {
            database.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
        }
        Error::Io(_) | Error::Protocol(_) | Error::PoolClosed => true,
        _ => false,
    }
}
