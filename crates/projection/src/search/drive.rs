use crate::database::Database;
use crate::plan::{Order, Planner, Sought, Source, Types};
use crate::sql::Value;
use crate::{Limits, PageRequest, ProjectionError};

/// A source that gives so few is good enough to stop counting others.
const FEW: i64 = 200;

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
    let wide = i64::try_from(limits.rows_driven_max).unwrap_or(i64::MAX);
    let can_walk = order.can_walk(&sought.types) && request.limit > 0;
    if sources.len() == 1 && !can_walk {
        sought.driver = sources.pop();
        return Ok(());
    }
    let mut best: Option<(i64, usize, Source)> = None;
    for (at, source) in sources {
        let cap = best.as_ref().map_or(wide.max(1), |(count, ..)| *count);
        let count = count(database, planner, &source, cap)?;
        if best.as_ref().is_none_or(|(least, ..)| count < *least) {
            best = Some((count, at, source));
        }
        if best.as_ref().is_some_and(|(least, ..)| *least <= FEW) {
            break;
        }
    }
    sought.driver = best.filter(|(count, ..)| !can_walk || *count < wide).map(|(_, at, source)| (at, source));
    Ok(())
}

fn count(
    database: &mut dyn Database,
    planner: &Planner<'_>,
    source: &Source,
    cap: i64,
) -> Result<i64, ProjectionError> {
    let rows = database.query(&source.count(cap).finish(planner.dialect))?;
    match rows.first().map(Vec::as_slice) {
        Some([Value::Int(count)]) => Ok(*count),
        _ => Err(ProjectionError::Unusable("a count".to_owned())),
    }
}
