//! Runs a search: chooses what drives, merges what the statements give, adds what is included.

mod drive;
mod hits;
mod include;

use std::collections::BTreeSet;

use vpr_fhir::ResourceType;
use vpr_fhir::search::{Filter, Query, Scope};
use vpr_types::Seq;

use crate::database::Database;
use crate::plan::{Moment, Order, Planner, Sought};
use crate::rows::{IndexKey, type_number, type_of};
use crate::sql::{Sql, Value};
use crate::{Limits, Page, PageRequest, ProjectionError, meta};

/// One page, in the transaction that is open.
pub(crate) fn search(
    database: &mut dyn Database,
    key: &IndexKey,
    query: &Query,
    access: Option<&Filter>,
    request: &PageRequest,
    limits: &Limits,
) -> Result<Page, ProjectionError> {
    let kinds = kinds(database)?;
    let (seq, moment) = moment(database, query, access, request, &kinds)?;
    let planner = Planner { key, dialect: database.dialect(), moment, access };
    let compartment = query.compartment.clone().map(Filter::InCompartment);
    let filters: Vec<&Filter> = query.filters.iter().chain(&compartment).collect();
    // Types of which there never was a resource need no statement.
    let types: Vec<ResourceType> = match &query.scope {
        Scope::All => kinds.iter().map(|(resource, _)| *resource).collect(),
        Scope::Types(types) => {
            let known: BTreeSet<ResourceType> = kinds.iter().map(|(resource, _)| *resource).collect();
            let wanted: BTreeSet<ResourceType> = types.iter().copied().collect();
            wanted.intersection(&known).copied().collect()
        }
    };
    let order = Order::new(&query.sort);
    let mut sought = Sought::new(&types, filters);
    drive::choose(database, &planner, &mut sought, &order, request, limits)?;
    let mut page = Page { seq: Seq(seq.cast_unsigned()), ..Page::default() };
    if request.total {
        page.total = Some(hits::total(database, &planner, &sought)?);
    }
    if request.limit > 0 {
        let found = hits::hits(database, &planner, &sought, &order, request, &mut page)?;
        include::include(database, &planner, query, &found, limits, &mut page)?;
    }
    Ok(page)
}

/// The types of which there is or was a resource, with the last seq that touched one.
fn kinds(database: &mut dyn Database) -> Result<Vec<(ResourceType, i64)>, ProjectionError> {
    let sql = Sql::new("SELECT type, changed FROM kinds ORDER BY type");
    let rows = database.query(&sql.finish(database.dialect()))?;
    Ok(rows
        .into_iter()
        .filter_map(|row| match row[..] {
            [Value::Int(resource), Value::Int(changed)] => Some((type_of(resource)?, changed)),
            _ => None,
        })
        .collect())
}

/// The seq that the page stands at, and which rows count.
fn moment(
    database: &mut dyn Database,
    query: &Query,
    access: Option<&Filter>,
    request: &PageRequest,
    kinds: &[(ResourceType, i64)],
) -> Result<(i64, Moment), ProjectionError> {
    let applied = meta::get_seq(database, meta::name::APPLIED)?;
    let at = request.at.map_or(applied, |at| at.0.cast_signed());
    if at > applied {
        return Err(ProjectionError::BadPosition);
    }
    if at < meta::get_seq(database, meta::name::FLOOR)? {
        return Err(ProjectionError::Gone);
    }
    let matters = matters(query, access);
    let changed = kinds.iter().any(|(resource, changed)| {
        *changed > at && matters.as_ref().is_none_or(|types| types.contains(&type_number(*resource)))
    });
    Ok((at, if changed { Moment::At(at) } else { Moment::Now }))
}

/// The types on which the page depends; `None`: on all.
fn matters(query: &Query, access: Option<&Filter>) -> Option<BTreeSet<i64>> {
    let Scope::Types(types) = &query.scope else { return None };
    if !query.includes.is_empty() || !query.reverse_includes.is_empty() {
        return None;
    }
    let mut all: BTreeSet<i64> = types.iter().map(|each| type_number(*each)).collect();
    query.filters.iter().chain(access).for_each(|filter| touched(filter, &mut all));
    Some(all)
}

fn touched(filter: &Filter, all: &mut BTreeSet<i64>) {
    match filter {
        Filter::Not(inner) => touched(inner, all),
        Filter::All(filters) | Filter::Any(filters) => filters.iter().for_each(|each| touched(each, all)),
        Filter::Chain { target: other, filter, .. } | Filter::Has { source: other, filter, .. } => {
            all.insert(type_number(*other));
            touched(filter, all);
        }
        _ => {}
    }
}
