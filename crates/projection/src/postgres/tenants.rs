use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};
use vpr_types::TenantName;

use super::failure::{failure, is_forbidden};
use super::{LOCK, Postgres};
use crate::ProjectionError;

/// The migrations of a tenant's schema, in order. One that was released is never changed.
const MIGRATIONS: &[&str] = &[include_str!("../../../../migrations/postgres/0001_index.sql")];

/// Policies and grants, renewed after any migration.
const SECURITY: &str = include_str!("../../../../migrations/postgres/security.sql");

/// The name of the schema that holds the tenant's tables: at most 63 bytes, as Postgres has it.
pub(super) fn schema(tenant: &TenantName) -> String {
    const NAME_MAX: usize = 59;
    let name = tenant.as_str();
    if name.len() <= NAME_MAX {
        return format!("vpr_{name}");
    }
    // No tenant's name has an underscore, so that this is no other tenant's schema.
    let digest: String = Sha256::digest(name).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("vpr_{}_{digest}", &name[..NAME_MAX - 1 - digest.len()])
}

/// What a writer of the tenant holds while it writes; of advisory locks, which are the database's.
pub(super) fn lock(tenant: &TenantName) -> i64 {
    let digest = Sha256::new().chain_update("vpr projection\n").chain_update(tenant.as_str()).finalize();
    digest.iter().take(8).fold(0, |lock, byte| lock << 8 | i64::from(*byte))
}

/// How far a schema is.
enum Found {
    Migrated,
    Behind,
}

/// Brings the tenant's schema to what this program needs.
///
/// # Errors
/// [`ProjectionError::Unusable`] when the schema is of a later version, or the serving role does not
/// see what the owner made.
pub(super) fn open(postgres: &Postgres, tenant: &TenantName) -> Result<(), ProjectionError> {
    let (role, found) = look(postgres, tenant)?;
    if matches!(found, Found::Migrated) {
        return Ok(());
    }
    let migrate = migrate(&postgres.owner, tenant, &role);
    postgres.runtime.block_on(migrate).map_err(|error| failure(&error))?;
    match look(postgres, tenant)? {
        (_, Found::Migrated) => Ok(()),
        _ => Err(ProjectionError::Unusable("owner and serving role see different databases".into())),
    }
}

/// Removes the tenant's schema, with everything in it.
///
/// # Errors
/// [`ProjectionError::Unusable`] when the role that migrations run by may not.
pub(super) fn discard(postgres: &Postgres, tenant: &TenantName) -> Result<(), ProjectionError> {
    let schema = schema(tenant);
    let drop = async {
        let mut connection = postgres.owner.connect().await?;
        let statement =
            format!("SET lock_timeout = {}; DROP SCHEMA IF EXISTS \"{schema}\" CASCADE", LOCK.as_millis());
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
        connection.close().await
    };
    postgres.runtime.block_on(drop).map_err(|error| {
        if is_forbidden(&error) {
            let what = format!("the schema {schema} must be dropped by the role that owns it");
            return ProjectionError::Unusable(what);
        }
        failure(&error)
    })
}

/// The serving role's name, and what it sees of the schema.
fn look(postgres: &Postgres, tenant: &TenantName) -> Result<(String, Found), ProjectionError> {
    let mut lease = postgres.changes.begin(&format!("BEGIN READ ONLY; {}", Postgres::entering(tenant)))?;
    let seen = lease.wait(async |connection| {
        let about =
            "SELECT session_user::text, has_schema_privilege(to_regnamespace(quote_ident($1)), 'USAGE')";
        let about = sqlx::query(about).bind(schema(tenant)).fetch_one(&mut *connection).await?;
        let visible: Option<bool> = about.try_get(1)?;
        let version = if visible == Some(true) { version(connection).await? } else { 0 };
        Ok((about.try_get::<String, _>(0)?, version))
    });
    let (role, version) = seen.map_err(|error| failure(&error))?;
    lease.run("ROLLBACK").map_err(|error| failure(&error))?;
    lease.give_back();
    match version.cmp(&MIGRATIONS.len()) {
        std::cmp::Ordering::Less => Ok((role, Found::Behind)),
        std::cmp::Ordering::Equal => Ok((role, Found::Migrated)),
        std::cmp::Ordering::Greater => {
            Err(ProjectionError::Unusable("its tables are of a later version of this program".into()))
        }
    }
}

/// How many migrations the schema of the search path has seen.
async fn version(connection: &mut PgConnection) -> Result<usize, sqlx::Error> {
    let there: bool = sqlx::query("SELECT to_regclass('migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    if !there {
        return Ok(0);
    }
    let count = sqlx::query("SELECT count(*) FROM migrations").fetch_one(connection).await?;
    Ok(usize::try_from(count.try_get::<i64, _>(0)?).unwrap_or_default())
}

/// Runs, as the owner and in one transaction, what the schema has not seen yet.
async fn migrate(owner: &PgConnectOptions, tenant: &TenantName, serving: &str) -> Result<(), sqlx::Error> {
    let mut connection = owner.connect().await?;
    let schema = schema(tenant);
    let run = async |connection: &mut PgConnection, statements: String| {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await.map(|_| ())
    };
    let begin = format!(
        "BEGIN; SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = 0; \
         SELECT pg_advisory_xact_lock({})",
        LOCK.as_millis(),
        lock(tenant),
    );
    run(&mut connection, begin).await?;
    // A role that may not create schemas can still use one that was made for it.
    let there: bool = sqlx::query("SELECT to_regnamespace(quote_ident($1)) IS NOT NULL")
        .bind(&schema)
        .fetch_one(&mut connection)
        .await?
        .try_get(0)?;
    if !there {
        run(&mut connection, format!("CREATE SCHEMA \"{schema}\"")).await?;
    }
    run(&mut connection, Postgres::entering(tenant)).await?;
    run(&mut connection, "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY)".to_owned())
        .await?;
    let seen = version(&mut connection).await?;
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(seen) {
        run(&mut connection, (*migration).to_owned()).await?;
        run(&mut connection, format!("INSERT INTO migrations VALUES ({})", at + 1)).await?;
    }
    sqlx::query("SELECT set_config('vpr.serving', $1, true)").bind(serving).execute(&mut connection).await?;
    run(&mut connection, SECURITY.to_owned()).await?;
    run(&mut connection, "COMMIT".to_owned()).await?;
    connection.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenant_has_a_schema_and_a_lock_of_its_own() {
        let tenant = |name: &str| TenantName::new(name).unwrap();
        assert_eq!(schema(&tenant("north-clinic")), "vpr_north-clinic");
        let long = [tenant(&"a".repeat(63)), tenant(&format!("{}b", "a".repeat(62)))];
        let schemas = long.each_ref().map(schema);
        assert!(schemas.iter().all(|schema| schema.len() <= 63));
        assert_ne!(schemas[0], schemas[1]);
        assert_ne!(lock(&long[0]), lock(&long[1]));
    }
}
