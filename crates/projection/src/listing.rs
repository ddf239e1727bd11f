//! What lists show of resources, from `res` and what was there before.

use std::collections::{BTreeMap, HashMap};

use vpr_fhir::ResourceType;
use vpr_fhir::listing::{Flags, Listing};
use vpr_types::{Instant, Seq, Version};

use crate::ProjectionError;
use crate::apply::{LOOKUP_MANY, push_padded};
use crate::database::Database;
use crate::rows::type_number;
use crate::schema::state;
use crate::sql::{Sql, Value};

/// What a list shows of a resource as it stood at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingRow {
    /// The version that stood.
    pub version: Version,
    /// When it was committed.
    pub time: Instant,
    /// Who made it.
    pub author: String,
    /// Title, snippet and flags.
    pub listing: Listing,
}

/// What lists show of `resources` at `at`, in their order.
pub(crate) fn listings(
    database: &mut dyn Database,
    resources: &[(ResourceType, &str)],
    at: Seq,
) -> Result<Vec<ListingRow>, ProjectionError> {
    let mut wanted: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for (resource, id) in resources {
        wanted.entry(type_number(*resource)).or_default().push(id);
    }
    let mut found = HashMap::new();
    for (number, ids) in &wanted {
        for ids in ids.chunks(LOOKUP_MANY) {
            for row in database.query(&question(*number, ids, at).finish(database.dialect()))? {
                let (id, row) = read(row)?;
                found.insert((*number, id), row);
            }
        }
    }
    let of = |(resource, id): &(ResourceType, &str)| {
        // What is not kept any more was there when the page was found.
        found.get(&(type_number(*resource), (*id).to_owned())).cloned().ok_or(ProjectionError::Gone)
    };
    resources.iter().map(of).collect()
}

fn question(number: i64, ids: &[&str], at: Seq) -> Sql {
    let mut sql = Sql::default();
    for (before, table) in [("", "res"), (" UNION ALL ", "old_res")] {
        sql.push(before).push("SELECT fid, ver, last_updated, author, title, snippet, flags FROM ");
        sql.push(table).push(" WHERE type = ").bind(number).push(" AND fid IN (");
        push_padded(&mut sql, ids.iter().map(|id| Value::from(*id)));
        sql.push(") AND state = ").number(state::LIVE).push(" AND from_seq <= ").bind(at.0.cast_signed());
        if table == "old_res" {
            sql.push(" AND to_seq > ").bind(at.0.cast_signed());
        }
    }
    sql
}

fn read(row: Vec<Value>) -> Result<(String, ListingRow), ProjectionError> {
    let damaged = || ProjectionError::Unusable("a row of res".to_owned());
    let [
        Value::Text(id),
        Value::Int(version),
        Value::Int(time),
        Value::Text(author),
        Value::Text(title),
        Value::Text(snippet),
        Value::Int(flags),
    ] = <[Value; 7]>::try_from(row).map_err(|_| damaged())?
    else {
        return Err(damaged());
    };
    let flags = Flags::of_bits(u32::try_from(flags).map_err(|_| damaged())?);
    let row = ListingRow {
        version: Version(u32::try_from(version).map_err(|_| damaged())?),
        time: Instant(time),
        author,
        listing: Listing { title, snippet, flags },
    };
    Ok((id, row))
}
