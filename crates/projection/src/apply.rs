//! Applies changes: what they say becomes rows, what they no longer say moves aside.

mod group;
mod prune;
mod resources;

use vpr_types::{Seq, TenantName};

use crate::database::{Backend, Database};
use crate::rows::IndexKey;
use crate::tenant::{Applying, Tenant};
use crate::{AppliedChange, Limits, ProjectionError, meta};
use group::Group;

pub(crate) use resources::{LOOKUP_MANY, push_padded};

/// Applies `changes` in one transaction.
pub(crate) fn apply(
    backend: &dyn Backend,
    name: &TenantName,
    tenant: &Tenant,
    changes: &[AppliedChange],
    limits: &Limits,
) -> Result<Seq, ProjectionError> {
    let Some(last) = changes.last() else { return Ok(tenant.applied()) };
    let mut stands = None;
    let applied = tenant.apply(|applying| {
        let mut found = Vec::new();
        let mut pruned_at = applying.pruned_at;
        backend.write(name, &mut |database| {
            found.clear();
            let before = meta::get_seq(database, meta::name::APPLIED)?;
            stands = Some(before);
            check_order(before, changes)?;
            run(database, tenant.key(), applying, changes, &mut found)?;
            if prune::is_due(applying.pruned_at, last.time, limits) {
                prune::prune(database, last.time, limits)?;
                pruned_at = Some(last.time.0);
            }
            meta::put(database, &[(meta::name::APPLIED, last.seq.0.to_be_bytes().to_vec())])
        })?;
        // Only now: what a failed transaction gave out is not there.
        applying.remember(found.drain(..));
        applying.pruned_at = pruned_at;
        Ok(last.seq.0.cast_signed())
    });
    if let (Err(ProjectionError::OutOfOrder { .. }), Some(stands)) = (&applied, stands) {
        tenant.found_at(stands);
    }
    applied
}

fn check_order(before: i64, changes: &[AppliedChange]) -> Result<(), ProjectionError> {
    for (expected, change) in (before.cast_unsigned() + 1..).zip(changes) {
        if change.seq.0 != expected {
            return Err(ProjectionError::OutOfOrder { expected, found: change.seq.0 });
        }
    }
    Ok(())
}

/// Documents whose index rows wait for one statement at most.
const GROUP_MAX: usize = 1000;

fn run(
    database: &mut dyn Database,
    key: &IndexKey,
    applying: &Applying,
    changes: &[AppliedChange],
    found: &mut Vec<(i64, Box<str>, i64)>,
) -> Result<(), ProjectionError> {
    let mut kinds = resources::Kinds::load(database)?;
    let mut group = Group::new();
    for change in changes {
        for document in &change.documents {
            // A document's rows must be written before its next version is compared with them.
            if group.len() == GROUP_MAX || !group.add(change, document) {
                std::mem::replace(&mut group, Group::new())
                    .write(database, key, applying, &mut kinds, found)?;
                group.add(change, document);
            }
        }
    }
    group.write(database, key, applying, &mut kinds, found)?;
    kinds.save(database)
}
