//! The writes of a transaction as the engine takes them, once it is known what each entry is about.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vpr_codec::Value;
use vpr_core::{Action, DocumentWrite, Precondition};
use vpr_fhir::IssueType;
use vpr_fhir::search::Extracted;
use vpr_types::{DocumentName, Version};

use super::entry::{Entry, EntryRequest, place};
use super::links::{LinkError, Links};
use super::resolve::{Origin, Resolution, Slot, in_order};
use crate::conditions::WriteConditions;
use crate::failure::{Failure, FailureKind};
use crate::validated::{Checked, Id, Validated, own_links};
use crate::work::resource_type;

/// Everything that a transaction is about to do.
pub(crate) struct Plan {
    pub(crate) resolution: Resolution,
    /// In the order in which they are processed.
    pub(crate) writes: Vec<Planned>,
    pub(crate) actions: Vec<Action>,
    /// What each entry says to searches.
    pub(crate) said: Vec<Option<Arc<Extracted>>>,
}

/// One write of the transaction, ready for the engine.
pub(crate) struct Planned {
    /// The index of its entry.
    pub(crate) place: usize,
    pub(crate) name: DocumentName,
    pub(crate) deletes: bool,
    pub(crate) must: Must,
    /// The stored bytes, if the answer shows them.
    pub(crate) stored: Option<Vec<u8>>,
}

/// What must be true of the document.
pub(crate) enum Must {
    /// The server drew its id.
    Unused,
    /// The criteria found nothing, and the body names an id.
    Absent,
    /// What the caller stated.
    Stated(WriteConditions),
}

impl Planned {
    /// Whether the newest version must be known before the precondition.
    pub(crate) fn chooses(&self) -> bool {
        matches!(&self.must, Must::Stated(conditions) if conditions.needs_current())
    }

    pub(crate) fn write(&self, action: Action, current: Option<Version>) -> DocumentWrite {
        let precondition = match &self.must {
            Must::Unused => Precondition::Unused,
            Must::Absent => Precondition::Absent,
            Must::Stated(conditions) => conditions.precondition(current),
        };
        DocumentWrite { name: self.name.clone(), precondition, action }
    }
}

/// What is kept of an entry under an idempotency key, where criteria decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kept {
    /// The outcome with this index is its own.
    Outcome(u32),
    /// What it would have created stood already: collection, id, version.
    Stood(String, String, u32),
    /// There was nothing to delete.
    Nothing,
    /// It reads.
    Reads,
}

/// Makes a transaction's plan. `checked` takes resources that validation let through.
pub(crate) fn plan<'a>(
    entries: &[Entry<'a>],
    resolution: Resolution,
    base: &str,
    checked: &impl Fn(Value<'a>) -> Checked<'a>,
    shows: bool,
) -> Result<Plan, Failure> {
    let links = links(entries, &resolution, base)?;
    let mut plan = Plan {
        writes: Vec::with_capacity(entries.len()),
        actions: Vec::with_capacity(entries.len()),
        said: vec![None; entries.len()],
        resolution,
    };
    for at in in_order(entries) {
        let (Some(entry), Some(Slot::Writes(name, origin))) =
            (entries.get(at), plan.resolution.slots.get(at))
        else {
            continue;
        };
        let links = links.of_entry(entry.full_url.as_deref());
        let made = one(entry, name, *origin, links, checked, shows);
        let (write, action, said) = made.map_err(|failure| failure.at(&place(at)))?;
        if let Some(slot) = plan.said.get_mut(at) {
            *slot = said;
        }
        plan.writes.push(write);
        plan.actions.push(action);
    }
    Ok(plan)
}

type Made = (Planned, Action, Option<Arc<Extracted>>);

fn one<'a>(
    entry: &Entry<'a>,
    name: &DocumentName,
    origin: Origin,
    links: Option<&HashMap<String, String>>,
    checked: &impl Fn(Value<'a>) -> Checked<'a>,
    shows: bool,
) -> Result<Made, Failure> {
    let put = |resource, stated: Option<&WriteConditions>| {
        let known = resource_type(name.collection())?;
        let id = match origin {
            Origin::Url | Origin::Body => Id::Given(name.id()),
            Origin::Drawn | Origin::Found => Id::Drawn(name.id()),
        };
        let must = match (origin, stated) {
            (Origin::Drawn, _) => Must::Unused,
            (Origin::Body, _) => Must::Absent,
            (_, stated) => Must::Stated(stated.cloned().unwrap_or_default()),
        };
        let Validated { name, home, content, stored, .. } =
            Validated::new(checked(resource), known, id, links)?;
        let said = content.index.clone().and_then(|index| index.downcast::<Extracted>().ok());
        let action = Action::Put { home, content, even_if_equal: false };
        let stored = shows.then_some(stored);
        Ok((Planned { place: entry.place, name, deletes: false, must, stored }, action, said))
    };
    match &entry.request {
        EntryRequest::Create { resource, .. } => put(*resource, None),
        EntryRequest::Update { resource, conditions, .. }
        | EntryRequest::ConditionalUpdate { resource, conditions, .. } => put(*resource, Some(conditions)),
        EntryRequest::Delete { conditions, .. } => Ok(delete(entry, name, conditions.clone())),
        EntryRequest::ConditionalDelete { .. } => Ok(delete(entry, name, WriteConditions::default())),
        _ => Err(Failure::internal()),
    }
}

fn delete(entry: &Entry<'_>, name: &DocumentName, conditions: WriteConditions) -> Made {
    let must = Must::Stated(conditions);
    let planned = Planned { place: entry.place, name: name.clone(), deletes: true, must, stored: None };
    (planned, Action::Delete, None)
}

/// Where links to the entries lead once they have their ids.
fn links(entries: &[Entry<'_>], resolution: &Resolution, base: &str) -> Result<Links, Failure> {
    let mut links = Links::default();
    let refused = |entry: &Entry<'_>, error: LinkError| {
        Failure::new(FailureKind::Malformed, IssueType::Invariant, error.to_string())
            .about(&format!("{}.fullUrl", place(entry.place)))
    };
    for (entry, slot) in entries.iter().zip(&resolution.slots) {
        let (Slot::Writes(name, _) | Slot::Stands(name)) = slot else { continue };
        if let (Some(full_url), Some(_)) = (&entry.full_url, entry.resource()) {
            links.add(full_url, &name.to_string()).map_err(|error| refused(entry, error))?;
        }
    }
    for resource in entries.iter().filter_map(Entry::resource) {
        own_links(resource, base, links.everywhere());
    }
    for (text, name) in &resolution.references {
        links.everywhere().insert(text.clone(), name.to_string());
    }
    match (links.finish(), entries.first()) {
        (Err(error), Some(entry)) => Err(refused(entry, error)),
        _ => Ok(links),
    }
}
