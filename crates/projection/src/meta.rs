//! Facts of the projection itself.

use sha2::{Digest as _, Sha256};

use crate::database::Database;
use crate::schema::{META, tables};
use crate::sql::{Sql, Value};
use crate::{Epoch, ProjectionError, rows};

/// What stands in `meta`, by name.
pub(crate) mod name {
    /// The last seq applied; eight bytes, big-endian.
    pub(crate) const APPLIED: &str = "applied";
    /// The earliest seq that pages may stand at; eight bytes, big-endian.
    pub(crate) const FLOOR: &str = "floor";
    /// Of what the rows are made: definitions, encoding, extractor, index key.
    pub(crate) const MADE_OF: &str = "made_of";
    /// Which columns the tables have; see [`super::layout`].
    pub(crate) const LAYOUT: &str = "layout";
    /// [`crate::Epoch::id`]
    pub(crate) const EPOCH: &str = "epoch";
    /// [`crate::Epoch::secret`]
    pub(crate) const SECRET: &str = "secret";
}

/// Counts up when the same resource gives other rows than before.
const ENCODING: u64 = 5;

/// Tells whether rows can be read with this program and this key.
pub(crate) fn made_of(index_key: &[u8; 32]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(b"vpr projection rows\0");
    hasher.update(ENCODING.to_be_bytes());
    hasher.update(rows::fingerprint());
    hasher.update(vpr_fhir::search::extractor().to_be_bytes());
    hasher.update(index_key);
    hasher.finalize().to_vec()
}

/// Tells whether this program knows the columns of the tables: a migration that was changed before it
/// was released leaves tables behind that have its number and other columns.
pub(crate) fn layout() -> Vec<u8> {
    let mut hasher = Sha256::new();
    for table in tables() {
        for column in table.columns {
            hasher.update(format!("{} {} {:?} {}\n", table.name, column.name, column.kind, column.nullable));
        }
        for index in table.indexes {
            hasher
                .update(format!("{} {:?} {:?} {}\n", index.name, index.columns, index.filter, index.unique));
        }
        hasher.update(format!("{}\n", table.key));
    }
    hasher.finalize()[..16].to_vec()
}

/// One fact.
pub(crate) fn get(database: &mut dyn Database, name: &str) -> Result<Option<Vec<u8>>, ProjectionError> {
    let mut sql = Sql::new("SELECT value FROM meta WHERE name = ");
    sql.bind(name);
    let rows = database.query(&sql.finish(database.dialect()))?;
    Ok(rows.into_iter().flatten().next().and_then(|value| match value {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }))
}

/// Sets facts.
pub(crate) fn put(database: &mut dyn Database, facts: &[(&str, Vec<u8>)]) -> Result<(), ProjectionError> {
    let rows = facts.iter().flat_map(|(name, value)| [Value::from(*name), Value::from(value.clone())]);
    database.replace(&META, rows.collect())
}

/// A fact that is a seq; 0 where there is none.
pub(crate) fn get_seq(database: &mut dyn Database, name: &str) -> Result<i64, ProjectionError> {
    Ok(get(database, name)?.map_or(0, |bytes| seq(&Value::Bytes(bytes))))
}

/// A value that is a seq; 0 where it is none.
pub(crate) fn seq(value: &Value) -> i64 {
    let Value::Bytes(bytes) = value else { return 0 };
    <[u8; 8]>::try_from(bytes.as_slice()).map_or(0, i64::from_be_bytes)
}

/// The epoch.
pub(crate) fn epoch(database: &mut dyn Database) -> Result<Option<Epoch>, ProjectionError> {
    let id = get(database, name::EPOCH)?.and_then(|bytes| bytes.try_into().ok());
    let secret = get(database, name::SECRET)?.and_then(|bytes| bytes.try_into().ok());
    Ok(id.zip(secret).map(|(id, secret)| Epoch { id, secret }))
}

/// Empties all tables and begins `epoch`.
pub(crate) fn begin(
    database: &mut dyn Database,
    index_key: &[u8; 32],
    epoch: &Epoch,
) -> Result<(), ProjectionError> {
    for table in tables() {
        database.clear(table)?;
    }
    let zero = || 0_i64.to_be_bytes().to_vec();
    put(
        database,
        &[
            (name::APPLIED, zero()),
            (name::FLOOR, zero()),
            (name::MADE_OF, made_of(index_key)),
            (name::LAYOUT, layout()),
            (name::EPOCH, epoch.id.to_vec()),
            (name::SECRET, epoch.secret.to_vec()),
        ],
    )
}
