//! Runs a search: chooses what drives, merges what the statements give, adds what is included.

mod counts;
mod drive;
mod hits;
mod include;

pub(crate) use counts::{Counts, Known};

use std::collections::BTreeSet;

use vpr_fhir::ResourceType;
use vpr_fhir::search::{Filter, Query, Scope};
use vpr_types::Seq;

use crate::database::Database;
use crate::plan::{Moment, Order, Planner, Sought};
use crate::rows::{type_number, type_of};
use crate::sql::{Sql, Value};
use crate::tenant::Tenant;
use crate::{Limits, Page, PageRequest, ProjectionError, meta};

/// One page, in the transaction that is open.
pub(crate) fn search(
    database: &mut dyn Database,
    tenant: &Tenant,
    query: &Query,
    access: Option<&Filter>,
    request: &PageRequest,
    limits: &Limits,
) -> Result<Page, ProjectionError> {
    let state = State::read(database)?;
    let changed = state.changed(query, access);
    let (seq, moment) = moment(request, &state, changed)?;
    let kinds = &state.kinds;
    let planner = Planner { key: tenant.key(), dialect: database.dialect(), moment, access };
    let compartment = query.compartment.clone().map(Filter::InCompartment);
    let filters: Vec<&Filter> = query.filters.iter().chain(&compartment).collect();
    // Types of which there never was a resource need no statement.
    let types: Vec<ResourceType> = match &query.scope {
        Scope::All => kinds.iter().map(|kind| kind.resource).collect(),
        Scope::Types(types) => {
            let known: BTreeSet<ResourceType> = kinds.iter().map(|kind| kind.resource).collect();
            let wanted: BTreeSet<ResourceType> = types.iter().copied().collect();
            wanted.intersection(&known).copied().collect()
        }
    };
    let order = Order::new(&query.sort);
    let mut sought = Sought::new(&types, filters);
    let living = kinds.iter().filter(|kind| sought.types.contains(&kind.resource)).map(|kind| kind.living);
    let known = Known {
        counts: tenant.counts(),
        epoch: state.epoch,
        applied: state.applied,
        changed,
        living: living.sum(),
    };
    drive::choose(database, &planner, &mut sought, &order, request, limits, &known)?;
    let mut page = Page { seq: Seq(seq.cast_unsigned()), ..Page::default() };
    if request.total {
        page.total = Some(hits::total(database, &planner, &sought, &known)?);
    }
    if request.limit > 0 {
        let found = hits::hits(database, &planner, &sought, &order, request, &mut page)?;
        include::include(database, &planner, query, &found, limits, &mut page)?;
    }
    Ok(page)
}

/// A type of which there is or was a resource.
struct Kind {
    resource: ResourceType,
    living: i64,
    /// The last seq that touched one.
    changed: i64,
}

/// What a search must know of the tables before it can be planned.
struct State {
    kinds: Vec<Kind>,
    applied: i64,
    floor: i64,
    epoch: i64,
}

impl State {
    fn read(database: &mut dyn Database) -> Result<Self, ProjectionError> {
        let mut sql = Sql::new("SELECT type, live, changed, CAST(NULL AS bytea) AS value FROM kinds");
        let facts = [(APPLIED, meta::name::APPLIED), (FLOOR, meta::name::FLOOR), (EPOCH, meta::name::EPOCH)];
        for (number, name) in facts {
            sql.push(" UNION ALL SELECT ").number(number).push(", 0, 0, value FROM meta WHERE name = ");
            sql.bind(name);
        }
        let mut state = Self { kinds: Vec::new(), applied: 0, floor: 0, epoch: 0 };
        for row in database.query(&sql.finish(database.dialect()))? {
            match &row[..] {
                [Value::Int(APPLIED), .., value] => state.applied = meta::seq(value),
                [Value::Int(FLOOR), .., value] => state.floor = meta::seq(value),
                [Value::Int(EPOCH), .., value] => state.epoch = meta::seq(value),
                [Value::Int(resource), Value::Int(living), Value::Int(changed), ..] => {
                    let kind = |resource| Kind { resource, living: *living, changed: *changed };
                    state.kinds.extend(type_of(*resource).map(kind));
                }
                _ => return Err(ProjectionError::Unusable("a row of kinds".to_owned())),
            }
        }
        Ok(state)
    }

    /// The last seq that touched a type on which the query depends.
    fn changed(&self, query: &Query, access: Option<&Filter>) -> i64 {
        let matters = matters(query, access);
        let matters =
            |kind: &&Kind| matters.as_ref().is_none_or(|types| types.contains(&type_number(kind.resource)));
        self.kinds.iter().filter(matters).map(|kind| kind.changed).max().unwrap_or(0)
    }
}

/// What stands for a fact where others are types.
const APPLIED: i64 = -1;
const FLOOR: i64 = -2;
const EPOCH: i64 = -3;

/// The seq that the page stands at, and which rows count.
fn moment(request: &PageRequest, state: &State, changed: i64) -> Result<(i64, Moment), ProjectionError> {
    let at = request.at.map_or(state.applied, |at| at.0.cast_signed());
    if at > state.applied {
        return Err(ProjectionError::BadPosition);
    }
    if at < state.floor {
        return Err(ProjectionError::Gone);
    }
    Ok((at, if changed > at { Moment::At(at) } else { Moment::Now }))
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
