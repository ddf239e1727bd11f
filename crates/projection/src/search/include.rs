use std::collections::HashSet;

use vpr_fhir::ResourceType;
use vpr_fhir::search::{Include, Query};

use super::hits::read_hit;
use crate::database::Database;
use crate::plan::{Direction, Following, Planner};
use crate::{Hit, HitMode, Limits, Page, ProjectionError};

/// Puts what the query includes behind the matches (R4 §3.1.1.5.4), each resource once.
pub(super) fn include(
    database: &mut dyn Database,
    planner: &Planner<'_>,
    query: &Query,
    matches: &[(i64, Hit)],
    limits: &Limits,
    page: &mut Page,
) -> Result<(), ProjectionError> {
    let mut seen: HashSet<i64> = matches.iter().map(|(rid, _)| *rid).collect();
    let mut left = limits.includes_max;
    let mut round: Vec<(i64, ResourceType)> = matches.iter().map(|(rid, hit)| (*rid, hit.resource)).collect();
    let mut first = true;
    while !round.is_empty() {
        let mut next = Vec::new();
        let forward = query.includes.iter().map(|each| (Direction::ToTarget, each));
        let reverse = query.reverse_includes.iter().map(|each| (Direction::ToSource, each));
        for (direction, each) in forward.chain(reverse).filter(|(_, each)| first || each.iterate) {
            let rids = starts(&round, direction, each);
            if rids.is_empty() {
                continue;
            }
            let types = ends(direction, each);
            let following =
                Following { direction, source: each.source, parameter: each.parameter, types: &types };
            let limit = i64::try_from(left.saturating_add(seen.len()).saturating_add(1)).unwrap_or(i64::MAX);
            let mut found = Vec::new();
            for statement in planner.include(&following, &rids, limit)? {
                for row in database.query(&statement)? {
                    found.push(read_hit(&row, HitMode::Include)?);
                }
            }
            // A database gives them in any order, and in another one another time.
            found.sort_unstable_by_key(|(rid, _)| *rid);
            for (rid, hit) in found {
                if seen.contains(&rid) {
                    continue;
                }
                if left == 0 {
                    page.includes_cut = true;
                    return Ok(());
                }
                left -= 1;
                seen.insert(rid);
                next.push((rid, hit.resource));
                page.hits.push(hit);
            }
        }
        round = next;
        first = false;
    }
    Ok(())
}

/// Those from which references are followed.
fn starts(round: &[(i64, ResourceType)], direction: Direction, each: &Include) -> Vec<i64> {
    let fits = |resource: ResourceType| match direction {
        Direction::ToTarget => resource == each.source,
        Direction::ToSource => each.target.is_none_or(|target| target == resource),
    };
    round.iter().filter(|(_, resource)| fits(*resource)).map(|(rid, _)| *rid).collect()
}

/// The types that may be included.
fn ends(direction: Direction, each: &Include) -> Vec<ResourceType> {
    match (direction, each.target) {
        (Direction::ToSource, _) => vec![each.source],
        (Direction::ToTarget, Some(target)) => vec![target],
        (Direction::ToTarget, None) => ResourceType::all().collect(),
    }
}
