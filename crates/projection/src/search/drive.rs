use super::Known;
use crate::database::Database;
use crate::plan::{Moment, Order, Planner, Sought, Source, Types};
use crate::sql::{Dialect, Sql, Value};
use crate::{Limits, PageRequest, ProjectionError};

/// A source that gives so few is good enough not to count others further.
const FEW: i64 = 200;

/// What it costs to look a resource up and to sort it by its values, in tests of an index row.
const LOOKED_UP: i64 = 3;

/// Chooses which filter drives, by counting what each would give, no further than it matters.
///
/// A narrow source is read whole, tested and sorted. When all are wide, many resources pass, and a
/// walk in the order of the page soon has enough of them.
pub(super) fn choose(
    database: &mut dyn Database,
    planner: &Planner<'_>,
    sought: &mut Sought<'_>,
    order: &Order,
    request: &PageRequest,
    limits: &Limits,
    known: &Known<'_>,
) -> Result<(), ProjectionError> {
    if sought.types.is_empty() {
        return Ok(());
    }
    let types = Types::of(&sought.types);
    let mut sources: Vec<(usize, Source)> = Vec::new();
    for (at, filter) in sought.filters.iter().enumerate() {
        sources.extend(planner.source(filter, types)?.map(|source| (at, source)));
    }
    if let Some(access) = planner.access {
        // Access is tested again on every row, so that its place among the filters does not matter.
        let source = planner.source(access, types)?;
        sources.extend(source.map(|source| (usize::MAX, Source { exact: false, ..source })));
    }
    sources.sort_by_key(|(_, source)| source.rank);
    let walks = order.can_walk(&sought.types) && request.limit > 0;
    let walks_alone = walks && order.is_arrival() && sources.iter().all(|(_, source)| source.walk.is_some());
    if sources.len() == 1 && (!walks || walks_alone) {
        sought.driver = sources.pop();
        sought.counted_by.clone_from(&sought.driver);
        return Ok(());
    }
    let wide = i64::try_from(limits.rows_driven_max).unwrap_or(i64::MAX).max(1);
    let counts = counts(database, planner, &sources, wide, known)?;
    let narrowest = |all: &mut dyn Iterator<Item = (i64, &(usize, Source))>| {
        all.min_by_key(|(count, _)| *count).map(|(count, source)| (count, source.clone()))
    };
    let counted = || counts.iter().copied().zip(&sources);
    let Some((count, source)) = narrowest(&mut counted()) else { return Ok(()) };
    let is_wide = count >= wide;
    let is_alone = sources.len() == 1 && sought.filters.len() == 1 && source.1.exact;
    sought.counted_by = Some(source.clone());
    sought.driver = match (walks, order.is_arrival()) {
        (true, true) if is_wide => {
            let in_order = &mut counted().filter(|(_, (_, source))| source.walk.is_some());
            narrowest(in_order).map(|(_, source)| source)
        }
        (true, false) if is_wide || is_alone && is_met_soon(count, known.living, request) => None,
        _ => Some(source),
    };
    Ok(())
}

/// Whether walking all in the order of the page, where `count` of the `living` pass, is cheaper than
/// looking up and sorting those.
fn is_met_soon(count: i64, living: i64, request: &PageRequest) -> bool {
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let walked = limit.saturating_mul(living) / count.max(1);
    walked < count.saturating_mul(LOOKED_UP)
}

/// How much each source gives, up to `wide`; the counting ends with the first that gives few, and
/// those that were not counted then give `wide`.
fn counts(
    database: &mut dyn Database,
    planner: &Planner<'_>,
    sources: &[(usize, Source)],
    wide: i64,
    known: &Known<'_>,
) -> Result<Vec<i64>, ProjectionError> {
    let whole: Vec<_> =
        sources.iter().map(|(_, source)| source.count(wide).finish(planner.dialect)).collect();
    let remembers = |at: usize| if planner.moment == Moment::Now { known.near(&whole[at]) } else { None };
    let mut counts: Vec<Option<i64>> = (0..sources.len()).map(remembers).collect();
    // A round trip to a server costs more than counting what need not have been.
    let together = if planner.dialect == Dialect::Postgres { sources.len().max(1) } else { 1 };
    // One alone is compared with nothing.
    let caps = if sources.len() > 1 { vec![FEW.min(wide), wide] } else { vec![wide] };
    'counting: for cap in caps {
        let open: Vec<usize> = (0..sources.len()).filter(|at| counts[*at].is_none()).collect();
        for group in open.chunks(together) {
            let mut found = false;
            for (at, count) in group.iter().zip(count(database, planner, sources, group, cap)?) {
                if cap == wide && planner.moment == Moment::Now {
                    known.learn(&whole[*at], count);
                }
                found |= count < cap;
                if count < cap || cap == wide {
                    counts[*at] = Some(count);
                }
            }
            if found && cap < wide {
                break 'counting;
            }
        }
    }
    Ok(counts.into_iter().map(|count| count.unwrap_or(wide)).collect())
}

/// How much some of the sources give, up to `cap`.
fn count(
    database: &mut dyn Database,
    planner: &Planner<'_>,
    sources: &[(usize, Source)],
    group: &[usize],
    cap: i64,
) -> Result<Vec<i64>, ProjectionError> {
    let each: Vec<Sql> = group
        .iter()
        .map(|at| {
            let mut sql = Sql::new("(");
            sql.append(&sources[*at].1.count(cap)).push(")");
            sql
        })
        .collect();
    let mut sql = Sql::new("SELECT ");
    sql.append(&Sql::join(&each, ", ", "0"));
    let rows = database.query(&sql.finish(planner.dialect))?;
    let value = |value: &Value| match value {
        Value::Int(count) => Ok(*count),
        _ => Err(ProjectionError::Unusable("a count".to_owned())),
    };
    rows.iter().flatten().take(group.len()).map(value).collect()
}
