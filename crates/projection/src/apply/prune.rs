use vpr_types::Instant;

use crate::database::Database;
use crate::schema::INDEX_TABLES;
use crate::sql::Sql;
use crate::{Limits, ProjectionError, history, meta};

/// Removed rows are let go so many times in the time for which pages are kept.
const ROUNDS: i64 = 16;

fn kept(limits: &Limits) -> i64 {
    i64::try_from(limits.pages_kept.as_micros()).unwrap_or(i64::MAX)
}

/// Whether it is time to let removed rows go.
pub(super) fn is_due(pruned_at: Option<i64>, now: Instant, limits: &Limits) -> bool {
    pruned_at.is_none_or(|before| now.0.saturating_sub(before) >= kept(limits) / ROUNDS)
}

/// Lets go of rows that were removed longer ago than pages are kept.
pub(super) fn prune(
    database: &mut dyn Database,
    now: Instant,
    limits: &Limits,
) -> Result<(), ProjectionError> {
    let before = meta::get_seq(database, meta::name::FLOOR)?;
    let floor = history::first_after(database, now.0.saturating_sub(kept(limits)))? - 1;
    if floor <= before {
        return Ok(());
    }
    for (_, old) in INDEX_TABLES {
        let mut sql = Sql::new("DELETE FROM ");
        sql.push(old.name).push(" WHERE to_seq <= ").bind(floor);
        database.execute(&sql.finish(database.dialect()))?;
    }
    meta::put(database, &[(meta::name::FLOOR, floor.to_be_bytes().to_vec())])
}
