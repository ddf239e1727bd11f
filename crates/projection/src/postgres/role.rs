use std::time::Duration;

use sqlx::{ConnectOptions, Connection, Row};
use tokio::runtime::Handle;

use super::connections::options;
use super::failure::failure;
use crate::ProjectionError;

/// What the role may do by which the server connects, or become by `SET ROLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServingRole {
    /// Its name.
    pub name: String,
    /// It is a superuser, and no policy holds it.
    pub superuser: bool,
    /// It has BYPASSRLS, and no policy holds it.
    pub bypasses: bool,
    /// It owns the database or tables of tenants, and can take the policies away.
    pub owner: bool,
    /// It may make itself a member of other roles.
    pub creates_roles: bool,
}

impl ServingRole {
    /// Whether row-level security keeps it within the tenant that it says it works for. A server in
    /// production must not start with another one.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !(self.superuser || self.bypasses || self.owner || self.creates_roles)
    }
}

/// How long the server may take to answer.
const WAIT: Duration = Duration::from_secs(10);

/// Roles that the session's user can become count as the user itself.
const ASK: &str = "
    SELECT session_user::text,
        bool_or(rolsuper),
        bool_or(rolbypassrls),
        bool_or(rolcreaterole),
        bool_or(
            EXISTS (SELECT FROM pg_database WHERE datname = current_database() AND datdba = r.oid)
            OR EXISTS (SELECT FROM pg_namespace WHERE nspname LIKE 'vpr\\_%' AND nspowner = r.oid)
            OR EXISTS (
                SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname LIKE 'vpr\\_%' AND c.relowner = r.oid
            )
        )
    FROM pg_roles r
    WHERE pg_has_role(session_user, r.oid, 'MEMBER')";

/// Asks the server what the role of `url` may do.
///
/// # Errors
/// [`ProjectionError::Unavailable`] when it cannot be asked.
pub fn serving_role(url: &str, runtime: &Handle) -> Result<ServingRole, ProjectionError> {
    let options = options(url)?;
    let ask = async {
        let mut connection = options.connect().await?;
        let row = sqlx::query(ASK).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(ServingRole {
            name: row.try_get(0)?,
            superuser: row.try_get(1)?,
            bypasses: row.try_get(2)?,
            creates_roles: row.try_get(3)?,
            owner: row.try_get(4)?,
        })
    };
    let limited = async { tokio::time::timeout(WAIT, ask).await };
    match runtime.block_on(limited) {
        Ok(asked) => asked.map_err(|error| failure(&error)),
        Err(_) => Err(ProjectionError::Unavailable("it does not answer".into())),
    }
}
