use vpr_types::Version;

use super::Known;
use crate::database::Database;
use crate::plan::{Moment, Order, Planner, RowKey, Sought};
use crate::rows::type_of;
use crate::sql::Value;
use crate::{Hit, HitMode, Page, PageRequest, Position, ProjectionError};

/// How many there are.
pub(super) fn total(
    database: &mut dyn Database,
    planner: &Planner<'_>,
    sought: &Sought<'_>,
    known: &Known<'_>,
) -> Result<u64, ProjectionError> {
    let mut total = 0;
    for statement in planner.total(sought)? {
        if let Some(count) = known.exact(&statement).filter(|_| planner.moment == Moment::Now) {
            total += count.cast_unsigned();
            continue;
        }
        match database.query(&statement)?.first().map(Vec::as_slice) {
            Some([Value::Int(count)]) => {
                if planner.moment == Moment::Now {
                    known.learn(&statement, *count);
                }
                total += count.cast_unsigned();
            }
            _ => return Err(ProjectionError::Unusable("a count".to_owned())),
        }
    }
    Ok(total)
}

/// Puts the matches on the page; gives them with their rids.
pub(super) fn hits(
    database: &mut dyn Database,
    planner: &Planner<'_>,
    sought: &Sought<'_>,
    order: &Order,
    request: &PageRequest,
    page: &mut Page,
) -> Result<Vec<(i64, Hit)>, ProjectionError> {
    // One more than wanted tells whether there are more.
    let wanted = request.limit.saturating_add(1);
    let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
    let backwards = request.from.as_ref().is_some_and(|from| from.backwards);
    let mut rows: Vec<(RowKey, Hit)> = Vec::new();
    for phase in planner.page(sought, order, request.from.as_ref(), limit)?.phases {
        if rows.len() >= wanted {
            break;
        }
        let mut found = Vec::new();
        for statement in phase {
            for row in database.query(&statement)? {
                found.push(read(order, row)?);
            }
        }
        found.sort_by(|(one, _), (other, _)| {
            let ordering = order.compare(one, other);
            if backwards { ordering.reverse() } else { ordering }
        });
        rows.extend(found);
    }
    let more = rows.len() > request.limit;
    rows.truncate(request.limit);
    if backwards {
        rows.reverse();
    }
    let place = |row: Option<&(RowKey, Hit)>, backwards| {
        row.map(|(key, _)| Position { values: key.values.clone(), rid: key.rid, backwards })
    };
    let (further, back) = if backwards { (true, more) } else { (more, request.from.is_some()) };
    page.next = place(rows.last().filter(|_| further), false);
    page.previous = place(rows.first().filter(|_| back), true);
    let rows: Vec<(i64, Hit)> = rows.into_iter().map(|(key, hit)| (key.rid, hit)).collect();
    page.hits.extend(rows.iter().map(|(_, hit)| hit.clone()));
    Ok(rows)
}

/// A row that begins with rid, type, fid, ver.
pub(super) fn read_hit(row: &[Value], mode: HitMode) -> Result<(i64, Hit), ProjectionError> {
    let damaged = || ProjectionError::Unusable("a row of res".to_owned());
    let [Value::Int(rid), Value::Int(resource), Value::Text(id), Value::Int(version), ..] = row else {
        return Err(damaged());
    };
    let resource = type_of(*resource).ok_or_else(damaged)?;
    let version = Version(u32::try_from(*version).map_err(|_| damaged())?);
    Ok((*rid, Hit { resource, id: id.clone(), version, mode }))
}

fn read(order: &Order, row: Vec<Value>) -> Result<(RowKey, Hit), ProjectionError> {
    let (rid, hit) = read_hit(&row, HitMode::Match)?;
    Ok((order.key(rid, &row[4..]), hit))
}
