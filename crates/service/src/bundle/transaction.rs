//! A transaction: one change of the engine, so it happens wholly or not at all.

use std::collections::HashMap;

use vpr_codec::Value;
use vpr_core::{Action, Committed, DocumentWrite, EngineError, Precondition, WriteOutcome, WriteResult};
use vpr_fhir::{IssueType, ResourceType};
use vpr_policy::Interaction;
use vpr_types::DocumentName;

use super::Submission;
use super::entry::{Entry, EntryRequest, place};
use super::links::{LinkError, Links};
use super::response::{EntryAnswer, respond};
use crate::answer::{Answer, Stamp};
use crate::audit::Trail;
use crate::conditions::WriteConditions;
use crate::failure::{Failure, FailureKind};
use crate::operation::Prefer;
use crate::service::{Inner, authorize};
use crate::validated::{Checked, Id, Validated, own_links};
use crate::work::{Work, document, is_deletion, named, render, resource_type};
use crate::write::no_notices;

/// How often a transaction is tried whose preconditions name several versions, when others write
/// in between.
const ROUNDS: usize = 4;

/// One write of the transaction, ready for the engine.
struct Planned {
    place: usize,
    name: DocumentName,
    deletes: bool,
    conditions: Option<WriteConditions>,
    /// The stored bytes, if the answer shows them.
    stored: Option<Vec<u8>>,
}

impl Inner {
    /// FHIR R4 §3.1.0.11.2.
    pub(super) fn transaction(
        &self,
        submission: &Submission<'_>,
        trail: &mut Trail,
    ) -> Result<Answer, Failure> {
        let context = submission.context;
        let grant = authorize(context, Interaction::Transaction, ())?;
        let checked = Checked::transaction(submission.json.root())?;
        let entries = submission
            .entries()?
            .map(|(place, entry)| Entry::read(place, entry, &context.base))
            .collect::<Result<Vec<_>, _>>()?;
        for entry in &entries {
            authorize(context, entry.interaction(), ()).map_err(|failure| failure.at(&place(entry.place)))?;
        }
        let names = self.names(&entries)?;
        let links = links(&entries, &names, &context.base)?;
        let mut planned = Vec::with_capacity(entries.len());
        let mut actions = Vec::with_capacity(entries.len());
        let shows = submission.options.prefer == Prefer::Representation;
        for phase in [is_delete, is_create, is_update] {
            for (entry, name) in entries.iter().zip(&names).filter(|(entry, _)| phase(&entry.request)) {
                if let Some(name) = name {
                    let write = plan(entry, name, &links, &checked, shows);
                    let (write, action) = write.map_err(|failure| failure.at(&place(entry.place)))?;
                    planned.push(write);
                    actions.push(action);
                }
            }
        }
        let mut work = Work { inner: self, context, grant, trail };
        let committed = work.commit_all(&planned, actions, submission)?;
        let mut answers: Vec<Option<EntryAnswer>> = entries.iter().map(|_| None).collect();
        for (planned, outcome) in planned.iter().zip(&committed.outcomes) {
            let result =
                work.written(planned, outcome, committed.repeated.is_some(), submission.options.prefer);
            if let (Some(slot), Some(entry)) = (answers.get_mut(planned.place), entries.get(planned.place)) {
                let mut answer = entry.answer(result);
                answer.name = Some(outcome.name.clone());
                *slot = Some(answer);
            }
        }
        let replayed = committed.repeated.is_some();
        let answers: Vec<EntryAnswer> = entries
            .iter()
            .zip(answers)
            .map(|(entry, answer)| answer.unwrap_or_else(|| self.reading(submission, entry, trail)))
            .collect();
        let body = respond("transaction-response", &context.base, submission.options.prefer, &answers);
        Ok(Answer { replayed, ..Answer::new(200).with_body(body) })
    }

    /// The document of each entry that writes: its id drawn, given by the URL. One document is
    /// written once.
    fn names(&self, entries: &[Entry<'_>]) -> Result<Vec<Option<DocumentName>>, Failure> {
        let mut places: HashMap<DocumentName, usize> = HashMap::with_capacity(entries.len());
        let mut names = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = match &entry.request {
                EntryRequest::Create { known, .. } => Some(named(*known, &self.engine.new_id()?)?),
                EntryRequest::Update { target, .. } | EntryRequest::Delete { target, .. } => {
                    Some(document(target)?)
                }
                _ => None,
            };
            if let Some(name) = &name
                && let Some(first) = places.insert(name.clone(), entry.place)
            {
                let text = format!("{name} is written by {} too", place(first));
                return Err(Failure::new(FailureKind::Malformed, IssueType::Duplicate, text)
                    .about(&format!("{}.request.url", place(entry.place))));
            }
            names.push(name);
        }
        Ok(names)
    }

    /// An entry that reads, after the writes; its failure is its own.
    fn reading(&self, submission: &Submission<'_>, entry: &Entry<'_>, trail: &mut Trail) -> EntryAnswer {
        let mut part = trail.begin_part(entry.interaction());
        let (type_name, id) = entry.named();
        part.name(Some(type_name), id);
        let context = submission.context;
        let result = authorize(context, entry.interaction(), ())
            .and_then(|grant| Work { inner: self, context, grant, trail: &mut part }.get(&entry.request));
        let result = result.map_err(|failure| failure.at(&place(entry.place)));
        let status = result.as_ref().map_or_else(|failure| failure.kind.status(), |answer| answer.status);
        trail.part(part, status);
        entry.answer(result)
    }
}

impl Entry<'_> {
    /// The answer to this entry.
    pub(super) fn answer(&self, result: Result<Answer, Failure>) -> EntryAnswer {
        let (type_name, id) = self.named();
        let drawn =
            result.as_ref().ok().and_then(|answer| answer.location.as_ref()).map(|(name, _)| name.clone());
        let is_history = matches!(self.request, EntryRequest::History { .. });
        let name = drawn.or_else(|| DocumentName::new(type_name, id?).ok()).filter(|_| !is_history);
        EntryAnswer { result, writes: self.interaction().writes(), head: self.head, name }
    }
}

fn is_delete(request: &EntryRequest<'_>) -> bool {
    matches!(request, EntryRequest::Delete { .. })
}

fn is_create(request: &EntryRequest<'_>) -> bool {
    matches!(request, EntryRequest::Create { .. })
}

fn is_update(request: &EntryRequest<'_>) -> bool {
    matches!(request, EntryRequest::Update { .. })
}

/// Where links to the entries lead once they have their ids.
fn links(entries: &[Entry<'_>], names: &[Option<DocumentName>], base: &str) -> Result<Links, Failure> {
    let mut links = Links::default();
    let refused = |entry: &Entry<'_>, error: LinkError| {
        Failure::new(FailureKind::Malformed, IssueType::Invariant, error.to_string())
            .about(&format!("{}.fullUrl", place(entry.place)))
    };
    for (entry, name) in entries.iter().zip(names) {
        if let (Some(full_url), Some(name), Some(_)) = (&entry.full_url, name, entry.resource()) {
            links.add(full_url, &name.to_string()).map_err(|error| refused(entry, error))?;
        }
    }
    for resource in entries.iter().filter_map(Entry::resource) {
        own_links(resource, base, links.everywhere());
    }
    match (links.finish(), entries.first()) {
        (Err(error), Some(entry)) => Err(refused(entry, error)),
        _ => Ok(links),
    }
}

fn plan<'a>(
    entry: &Entry<'a>,
    name: &DocumentName,
    links: &Links,
    checked: &impl Fn(Value<'a>) -> Result<Checked<'a>, Failure>,
    shows: bool,
) -> Result<(Planned, Action), Failure> {
    let place = entry.place;
    let links = links.of_entry(entry.full_url.as_deref());
    let put = |known: ResourceType, resource, id: Id<'_>, conditions| {
        let Validated { name, home, content, stored, .. } =
            Validated::new(checked(resource)?, known, id, links)?;
        let action = Action::Put { home, content, even_if_equal: false };
        let stored = shows.then_some(stored);
        Ok((Planned { place, name, deletes: false, conditions, stored }, action))
    };
    match &entry.request {
        EntryRequest::Create { known, resource } => put(*known, *resource, Id::Drawn(name.id()), None),
        EntryRequest::Update { target, resource, conditions } => {
            let known = resource_type(&target.type_name)?;
            put(known, *resource, Id::Given(&target.id), Some(conditions.clone()))
        }
        EntryRequest::Delete { conditions, .. } => {
            let conditions = Some(conditions.clone());
            let name = name.clone();
            Ok((Planned { place, name, deletes: true, conditions, stored: None }, Action::Delete))
        }
        _ => Err(Failure::internal()),
    }
}

impl Work<'_> {
    fn commit_all(
        &mut self,
        planned: &[Planned],
        mut actions: Vec<Action>,
        submission: &Submission<'_>,
    ) -> Result<Committed, Failure> {
        let source = submission.json.source().as_bytes();
        let repeat = self.repeat(submission.options, 0, &[b"POST", b"", source]);
        let chooses = |each: &Planned| each.conditions.as_ref().is_some_and(WriteConditions::needs_current);
        let mut rounds = if planned.iter().any(chooses) { ROUNDS } else { 0 };
        loop {
            let mut chosen = HashMap::new();
            for each in planned.iter().filter(|each| chooses(each)) {
                chosen.insert(&each.name, self.current(&each.name)?);
            }
            let these = if rounds > 0 { actions.clone() } else { std::mem::take(&mut actions) };
            let writes = planned.iter().zip(these).map(|(each, action)| {
                let current = chosen.get(&each.name).copied().flatten();
                let precondition =
                    each.conditions.as_ref().map_or(Precondition::Unused, |it| it.precondition(current));
                DocumentWrite { name: each.name.clone(), precondition, action }
            });
            match self.commit(writes.collect(), repeat.clone()) {
                Ok(committed) => {
                    for outcome in &committed.outcomes {
                        self.trail.touched(&outcome.name, outcome.version);
                    }
                    return Ok(committed);
                }
                Err(EngineError::Precondition { name, current, deleted, .. })
                    if rounds > 0
                        && chosen.get(&name).is_some_and(|then| *then != current.filter(|_| !deleted)) =>
                {
                    // Somebody wrote in between: what stands now may fit the precondition too.
                    rounds -= 1;
                }
                Err(error) => return Err(located(error, planned)),
            }
        }
    }

    fn written(
        &mut self,
        planned: &Planned,
        outcome: &WriteOutcome,
        replayed: bool,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        let mut answer = Answer::new(match outcome.result {
            WriteResult::Created => 201,
            WriteResult::Updated | WriteResult::Unchanged => 200,
            WriteResult::Deleted | WriteResult::NothingToDelete => 204,
        });
        let Some(version) = outcome.version else { return Ok(answer) };
        let stamp = Stamp { version, time: outcome.time };
        answer.stamp = Some(stamp);
        if planned.deletes {
            return Ok(answer);
        }
        answer.location = Some((outcome.name.clone(), version));
        answer.body = match (prefer, &planned.stored) {
            (Prefer::OperationOutcome, _) => Some(no_notices().into()),
            (Prefer::Representation, Some(stored)) if !replayed => Some(render(stored, stamp)),
            (Prefer::Representation, _) => {
                let found = self.inner.engine.version(self.tenant(), &outcome.name, version)?;
                match found.filter(|found| !is_deletion(&found.row)) {
                    Some(found) => Some(self.rendered(&outcome.name, &found.row)?),
                    None => None,
                }
            }
            _ => None,
        };
        Ok(answer)
    }
}

/// The failure of a transaction, with the entry that it comes from.
fn located(error: EngineError, planned: &[Planned]) -> Failure {
    let at = match &error {
        EngineError::Precondition { name, .. } => planned.iter().find(|each| each.name == *name),
        _ => None,
    };
    let at = at.map(|each| place(each.place));
    let failure = Failure::from(error);
    match at {
        Some(at) => failure.about(&at),
        None => failure,
    }
}
