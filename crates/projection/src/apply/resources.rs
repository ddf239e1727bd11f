use std::collections::{BTreeMap, HashMap};

use vpr_fhir::listing::{Flags, Listing};

use crate::ProjectionError;
use crate::database::Database;
use crate::rows::Entry;
use crate::schema::KINDS;
use crate::sql::{Sql, Value};

/// So many ids are looked up by one statement, one shape for few and one for many.
const LOOKUP_FEW: usize = 8;
pub(crate) const LOOKUP_MANY: usize = 100;

/// A row of `res`.
#[derive(Clone, Default)]
pub(super) struct Resource {
    pub(super) rid: i64,
    pub(super) state: i64,
    pub(super) version: i64,
    pub(super) last_updated: i64,
    pub(super) author: String,
    pub(super) listing: Listing,
    pub(super) from_seq: i64,
}

impl Resource {
    /// The row's columns, all of them.
    pub(super) fn row(self, resource: i64, id: &str) -> [Value; 11] {
        [
            self.rid.into(),
            resource.into(),
            id.into(),
            self.state.into(),
            self.version.into(),
            self.last_updated.into(),
            self.author.into(),
            self.listing.title.into(),
            self.listing.snippet.into(),
            i64::from(self.listing.flags.bits()).into(),
            self.from_seq.into(),
        ]
    }
}

/// The rows of `res` for ids of types.
pub(super) fn find(
    database: &mut dyn Database,
    wanted: &BTreeMap<i64, Vec<&str>>,
) -> Result<HashMap<(i64, Box<str>), Resource>, ProjectionError> {
    let mut found = HashMap::new();
    for (resource, ids) in wanted {
        for ids in ids.chunks(LOOKUP_MANY) {
            let mut sql = Sql::new(
                "SELECT fid, rid, state, ver, last_updated, author, title, snippet, flags, from_seq FROM res \
                 WHERE type = ",
            );
            sql.bind(*resource).push(" AND fid IN (");
            push_padded(&mut sql, ids.iter().map(|id| Value::from(*id)));
            sql.push(")");
            for row in database.query(&sql.finish(database.dialect()))? {
                let damaged = || ProjectionError::Unusable("a row of res".to_owned());
                let [
                    Value::Text(id),
                    Value::Int(rid),
                    Value::Int(state),
                    Value::Int(version),
                    Value::Int(last_updated),
                    Value::Text(author),
                    Value::Text(title),
                    Value::Text(snippet),
                    Value::Int(flags),
                    Value::Int(from_seq),
                ] = <[Value; 10]>::try_from(row).map_err(|_| damaged())?
                else {
                    return Err(damaged());
                };
                let flags = Flags::of_bits(u32::try_from(flags).map_err(|_| damaged())?);
                let listing = Listing { title, snippet, flags };
                let row = Resource { rid, state, version, last_updated, author, listing, from_seq };
                found.insert((*resource, id.into()), row);
            }
        }
    }
    Ok(found)
}

/// The rids of ids of types.
pub(super) fn find_rids(
    database: &mut dyn Database,
    wanted: &BTreeMap<i64, Vec<&str>>,
) -> Result<Vec<(i64, Box<str>, i64)>, ProjectionError> {
    let mut found = Vec::new();
    for (resource, ids) in wanted {
        for ids in ids.chunks(LOOKUP_MANY) {
            let mut sql = Sql::new("SELECT fid, rid FROM res WHERE type = ");
            sql.bind(*resource).push(" AND fid IN (");
            push_padded(&mut sql, ids.iter().map(|id| Value::from(*id)));
            sql.push(")");
            for row in database.query(&sql.finish(database.dialect()))? {
                if let Ok([Value::Text(id), Value::Int(rid)]) = <[Value; 2]>::try_from(row) {
                    found.push((*resource, id.into(), rid));
                }
            }
        }
    }
    Ok(found)
}

/// The rows of `byres` for rids.
pub(super) fn find_keys(
    database: &mut dyn Database,
    rids: &[i64],
) -> Result<HashMap<i64, Vec<u8>>, ProjectionError> {
    let mut found = HashMap::new();
    for rids in rids.chunks(LOOKUP_MANY) {
        let mut sql = Sql::new("SELECT rid, keys FROM byres WHERE rid IN (");
        push_padded(&mut sql, rids.iter().map(|rid| Value::from(*rid)));
        sql.push(")");
        for row in database.query(&sql.finish(database.dialect()))? {
            if let Ok([Value::Int(rid), Value::Bytes(keys)]) = <[Value; 2]>::try_from(row) {
                found.insert(rid, keys);
            }
        }
    }
    Ok(found)
}

/// The rows of `sortk` for rids, with the seqs that added them: `byres` does not have them, because
/// they are found by rid.
pub(super) fn find_sorts(
    database: &mut dyn Database,
    rids: &[i64],
) -> Result<HashMap<i64, Vec<(i64, Entry)>>, ProjectionError> {
    let mut found: HashMap<i64, Vec<(i64, Entry)>> = HashMap::new();
    for rids in rids.chunks(LOOKUP_MANY) {
        let mut sql = Sql::new("SELECT rid, pk, lo, hi, walk, from_seq FROM sortk WHERE rid IN (");
        push_padded(&mut sql, rids.iter().map(|rid| Value::from(*rid)));
        sql.push(")");
        for row in database.query(&sql.finish(database.dialect()))? {
            let [
                Value::Int(rid),
                Value::Int(pk),
                Value::Bytes(lo),
                Value::Bytes(hi),
                Value::Int(walk),
                Value::Int(from_seq),
            ] = <[Value; 6]>::try_from(row).map_err(|_| damaged())?
            else {
                return Err(damaged());
            };
            found.entry(rid).or_default().push((from_seq, Entry::Sort { pk, lo, hi, walk: walk == 1 }));
        }
    }
    Ok(found)
}

fn damaged() -> ProjectionError {
    ProjectionError::Unusable("a row of sortk".to_owned())
}

/// Values for a list, the last one again and again until the statement has one of few shapes.
pub(crate) fn push_padded(sql: &mut Sql, values: impl Iterator<Item = Value>) {
    let mut values: Vec<Value> = values.collect();
    let shape = [1, LOOKUP_FEW, LOOKUP_MANY].into_iter().find(|shape| values.len() <= *shape);
    if let (Some(shape), Some(last)) = (shape, values.last().cloned()) {
        values.resize(shape, last);
    }
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            sql.push(", ");
        }
        sql.bind(value);
    }
}

/// The highest rid given out.
pub(super) fn last_rid(database: &mut dyn Database) -> Result<i64, ProjectionError> {
    let sql = Sql::new("SELECT COALESCE(MAX(rid), 0) FROM res");
    match database.query(&sql.finish(database.dialect()))?.into_iter().flatten().next() {
        Some(Value::Int(rid)) => Ok(rid),
        _ => Ok(0),
    }
}

/// `kinds`: for each type how many live and the last seq that touched one.
pub(super) struct Kinds {
    kinds: BTreeMap<i64, (i64, i64)>,
    touched: bool,
}

impl Kinds {
    pub(super) fn load(database: &mut dyn Database) -> Result<Self, ProjectionError> {
        let sql = Sql::new("SELECT type, live, changed FROM kinds");
        let mut kinds = BTreeMap::new();
        for row in database.query(&sql.finish(database.dialect()))? {
            if let [Value::Int(resource), Value::Int(live), Value::Int(changed)] = row[..] {
                kinds.insert(resource, (live, changed));
            }
        }
        Ok(Self { kinds, touched: false })
    }

    /// A resource of the type was touched; `more` of them live.
    pub(super) fn touch(&mut self, resource: i64, more: i64, seq: i64) {
        let kind = self.kinds.entry(resource).or_default();
        *kind = (kind.0 + more, seq);
        self.touched = true;
    }

    pub(super) fn save(&self, database: &mut dyn Database) -> Result<(), ProjectionError> {
        if !self.touched {
            return Ok(());
        }
        let rows = self.kinds.iter().flat_map(|(resource, (live, changed))| {
            [Value::from(*resource), Value::from(*live), Value::from(*changed)]
        });
        database.replace(&KINDS, rows.collect())
    }
}
