//! A transaction: one change of the engine, so it happens wholly or not at all.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use vpr_codec::Value;
use vpr_core::{Committed, EngineError, Gate, Repeat, WriteOutcome, WriteResult};
use vpr_fhir::search::{Extracted, extract};
use vpr_policy::Interaction;
use vpr_types::DocumentName;

use super::Submission;
use super::batch::searched_enough;
use super::entry::{Entry, place};
use super::plan::{Kept, Plan, Planned, plan};
use super::reads::Stood;
use super::resolve::{Ground, Question, Resolution, Slot, questions};
use super::response::{EntryAnswer, respond};
use crate::answer::{Answer, Stamp};
use crate::audit::Trail;
use crate::failure::{Failure, FailureKind};
use crate::operation::Prefer;
use crate::service::{Inner, authorize, permitted};
use crate::validated::Checked;
use crate::work::{Work, is_deletion, render};
use crate::write::no_notices;

/// How often a transaction is tried whose preconditions name several versions, when others write
/// in between; and how often one is built again before the gates are closed.
const ROUNDS: usize = 4;
/// How often a plan is made again because its own writes change what its criteria find.
const REPLANS_MAX: usize = 8;

/// What a transaction did.
struct Outcome {
    committed: Committed,
    /// One for each entry.
    kept: Vec<Kept>,
    /// The stored bytes of what was written, by place, if the answer shows them.
    stored: HashMap<usize, Vec<u8>>,
    stood: Stood,
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
            permitted(context, entry.interaction()).map_err(|failure| failure.at(&place(entry.place)))?;
        }
        let mut work = Work { inner: self, context, grant, trail };
        let repeat = work.repeat(submission.options, 0, &[b"POST", b"", submission.json.source().as_bytes()]);
        let questions = questions(&work, &entries)?;
        let drawn = entries.iter().map(|_| self.engine.new_id()).collect::<Result<Vec<_>, _>>()?;
        let shows = submission.options.prefer == Prefer::Representation;
        let asked = Asked { entries: &entries, questions: &questions, drawn: &drawn, shows };
        let outcome = match work.done_before(&asked, repeat.as_ref())? {
            Some(outcome) => outcome,
            None if questions.is_empty() => work.unconditional(&asked, &checked, repeat)?,
            None => work.conditional(&asked, &checked, repeat)?,
        };
        let answers = work.answers(&entries, &outcome, submission.options.prefer)?;
        let answers: Vec<EntryAnswer> = entries
            .iter()
            .zip(answers)
            .map(|(entry, answer)| answer.unwrap_or_else(|| self.reading(submission, entry, &outcome, trail)))
            .collect();
        let replayed = outcome.committed.repeated.is_some();
        let body = respond("transaction-response", &context.base, submission.options.prefer, &answers);
        Ok(Answer { replayed, ..Answer::new(200).with_body(body) })
    }

    /// An entry that reads, after the writes.
    fn reading(
        &self,
        submission: &Submission<'_>,
        entry: &Entry<'_>,
        outcome: &Outcome,
        trail: &mut Trail,
    ) -> EntryAnswer {
        let mut part = trail.begin_part(entry.interaction());
        let (type_name, id) = entry.named();
        part.name(type_name, id);
        let context = submission.context;
        let result = permitted(context, entry.interaction()).and_then(|grant| {
            let mut work = Work { inner: self, context, grant, trail: &mut part };
            work.read_after(entry, outcome.committed.seq, &outcome.stood)
        });
        let result = result.map_err(|failure| failure.at(&place(entry.place)));
        let status = result.as_ref().map_or_else(|failure| failure.kind.status(), |answer| answer.status);
        trail.part(part, status);
        entry.answer(result)
    }
}

/// A transaction as it was asked for.
struct Asked<'b, 'a> {
    entries: &'b [Entry<'a>],
    questions: &'b [Question],
    drawn: &'b [String],
    shows: bool,
}

impl Work<'_> {
    /// A transaction without criteria: everything is known before any lock.
    fn unconditional<'a>(
        &mut self,
        asked: &Asked<'_, 'a>,
        checked: &impl Fn(Value<'a>) -> Checked<'a>,
        repeat: Option<Repeat>,
    ) -> Result<Outcome, Failure> {
        let resolution = self.resolve(asked, &[], &[])?;
        let plan = plan(asked.entries, resolution, &self.context.base, checked, asked.shows)?;
        let stood = self.look_ahead(asked.entries, &plan)?;
        let committed = self.commit_all(&plan, None, repeat)?;
        let kept = self.kept(&plan)?;
        let stored = if committed.repeated.is_some() { HashMap::new() } else { stored(plan.writes) };
        Ok(Outcome { committed, kept, stored, stood })
    }

    /// A transaction that criteria decide: built by what they are likely to find, decided with the
    /// gates closed, built again where that was wrong, and after some rounds built behind the gates.
    fn conditional<'a>(
        &mut self,
        asked: &Asked<'_, 'a>,
        checked: &impl Fn(Value<'a>) -> Checked<'a>,
        repeat: Option<Repeat>,
    ) -> Result<Outcome, Failure> {
        let begun = Instant::now();
        let mut tickets = Vec::with_capacity(asked.questions.len());
        for question in asked.questions {
            if begun.elapsed() >= self.inner.config.search.bundle_search_max {
                return Err(searched_enough("the transaction"));
            }
            tickets.push(self.ticket(&question.criteria)?);
        }
        let mut before: Vec<BTreeSet<String>> =
            tickets.iter().map(|ticket| ticket.likely().clone()).collect();
        let (exclusive, shared) = gates(asked);
        let (inner, tenant) = (self.inner, self.tenant().clone());
        for round in 1..=ROUNDS {
            // What cannot be built by what is likely may well be by what is true.
            let built = self.build(asked, checked, &before).ok();
            let last = round == ROUNDS;
            let outcome = inner.engine.gated(&tenant, &exclusive, &shared, |gate| {
                let mut true_before = Vec::with_capacity(tickets.len());
                for ticket in &tickets {
                    true_before.push(self.now(ticket, gate)?);
                }
                let built = match built {
                    Some(plan) if self.holds(asked, &plan, &true_before) => plan,
                    Some(_) if !last => {
                        before = true_before;
                        return Ok(None);
                    }
                    _ => self.build(asked, checked, &true_before)?,
                };
                self.finish(asked, built, gate, repeat.clone()).map(Some)
            })??;
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
        Err(Failure::internal())
    }

    fn finish(
        &mut self,
        asked: &Asked<'_, '_>,
        plan: Plan,
        gate: &Gate<'_>,
        repeat: Option<Repeat>,
    ) -> Result<Outcome, Failure> {
        let stood = self.look_ahead(asked.entries, &plan)?;
        let kept = self.kept(&plan)?;
        let hint = postcard::to_stdvec(&kept).map_err(|_| Failure::internal())?;
        let repeat = repeat.map(|repeat| Repeat { hint, ..repeat });
        let committed = self.commit_all(&plan, Some(gate), repeat)?;
        Ok(match before(&committed) {
            // The same request came while this one was on its way.
            Some(kept) => Outcome { committed, kept, stored: HashMap::new(), stood },
            None => Outcome { committed, kept, stored: stored(plan.writes), stood },
        })
    }

    /// The plan in which what the entries write and what the criteria find agree.
    fn build<'a>(
        &mut self,
        asked: &Asked<'_, 'a>,
        checked: &impl Fn(Value<'a>) -> Checked<'a>,
        before: &[BTreeSet<String>],
    ) -> Result<Plan, Failure> {
        let first: Vec<_> = asked.entries.iter().map(Entry::said).collect();
        let mut resolution = self.resolve(asked, before, &first)?;
        for _ in 0..REPLANS_MAX {
            let plan = plan(asked.entries, resolution, &self.context.base, checked, asked.shows)?;
            let again = self.resolve(asked, before, &plan.said)?;
            if again == plan.resolution {
                return Ok(plan);
            }
            resolution = again;
        }
        let text = "the criteria of the transaction contradict what it writes";
        Err(Failure::new(FailureKind::Conflict, vpr_fhir::IssueType::Conflict, text))
    }

    fn holds(&mut self, asked: &Asked<'_, '_>, plan: &Plan, before: &[BTreeSet<String>]) -> bool {
        self.resolve(asked, before, &plan.said).is_ok_and(|again| again == plan.resolution)
    }

    fn resolve(
        &mut self,
        asked: &Asked<'_, '_>,
        before: &[BTreeSet<String>],
        said: &[Option<Arc<Extracted>>],
    ) -> Result<Resolution, Failure> {
        let Asked { entries, questions, drawn, .. } = *asked;
        let ground = Ground { entries, questions, drawn, before, said, now: self.inner.engine.now() };
        ground.resolve(&mut |known, found| self.several(known, found))
    }

    fn commit_all(
        &mut self,
        plan: &Plan,
        gate: Option<&Gate<'_>>,
        repeat: Option<Repeat>,
    ) -> Result<Committed, Failure> {
        let mut rounds = if plan.writes.iter().any(Planned::chooses) { ROUNDS } else { 0 };
        loop {
            let mut chosen = HashMap::new();
            for each in plan.writes.iter().filter(|each| each.chooses()) {
                chosen.insert(&each.name, self.current(&each.name)?);
            }
            let writes = plan.writes.iter().zip(plan.actions.iter().cloned());
            let writes = writes
                .map(|(each, action)| each.write(action, chosen.get(&each.name).copied().flatten()))
                .collect();
            let result = match gate {
                Some(gate) => self.commit_in(gate, writes, repeat.clone()),
                None => self.commit(writes, repeat.clone()),
            };
            match result {
                Ok(committed) => {
                    self.note(&committed);
                    return Ok(committed);
                }
                Err(EngineError::Precondition { name, current, deleted, .. })
                    if rounds > 0
                        && chosen.get(&name).is_some_and(|then| *then != current.filter(|_| !deleted)) =>
                {
                    // Somebody wrote in between: what stands now may fit the precondition too.
                    rounds -= 1;
                }
                Err(error) => return Err(located(error, &plan.writes)),
            }
        }
    }

    /// What each entry came to.
    fn kept(&mut self, plan: &Plan) -> Result<Vec<Kept>, Failure> {
        let written: HashMap<&DocumentName, u32> =
            plan.writes.iter().map(|write| &write.name).zip(0..).collect();
        let mut kept = Vec::with_capacity(plan.resolution.slots.len());
        for slot in &plan.resolution.slots {
            kept.push(match slot {
                Slot::Writes(name, _) => written.get(name).map_or(Kept::Nothing, |at| Kept::Outcome(*at)),
                Slot::Stands(name) => match written.get(name) {
                    Some(at) => Kept::Outcome(*at),
                    None => {
                        let found = self.inner.engine.read(self.tenant(), name)?;
                        let found = found.ok_or_else(Failure::internal)?;
                        self.trail.wait_for(found.barrier);
                        let (collection, id) = (name.collection().to_owned(), name.id().to_owned());
                        Kept::Stood(collection, id, found.row.version.0)
                    }
                },
                Slot::Nothing => Kept::Nothing,
                Slot::Reads => Kept::Reads,
            });
        }
        Ok(kept)
    }

    /// What an earlier request under the same key did.
    fn done_before(
        &mut self,
        asked: &Asked<'_, '_>,
        repeat: Option<&Repeat>,
    ) -> Result<Option<Outcome>, Failure> {
        let Some(repeat) = repeat.filter(|_| !asked.questions.is_empty()) else { return Ok(None) };
        let committed = self.inner.engine.repeated(self.tenant(), repeat);
        let Some(committed) = committed.map_err(|error| self.refused(error))? else { return Ok(None) };
        self.trail.wait_for(committed.barrier);
        self.note(&committed);
        let kept = before(&committed).ok_or_else(Failure::internal)?;
        Ok(Some(Outcome { committed, kept, stored: HashMap::new(), stood: Stood::new() }))
    }

    /// The answers of the entries that write, by place.
    fn answers(
        &mut self,
        entries: &[Entry<'_>],
        outcome: &Outcome,
        prefer: Prefer,
    ) -> Result<Vec<Option<EntryAnswer>>, Failure> {
        let mut answers = Vec::with_capacity(entries.len());
        let mut first = BTreeSet::new();
        for (entry, kept) in entries.iter().zip(&outcome.kept) {
            let (result, name) = match kept {
                Kept::Reads => {
                    answers.push(None);
                    continue;
                }
                Kept::Nothing => (Answer::new(204), None),
                Kept::Stood(collection, id, version) => {
                    let name = DocumentName::new(collection, id).map_err(|_| Failure::internal())?;
                    (self.standing(&name, vpr_types::Version(*version), prefer)?, Some(name))
                }
                Kept::Outcome(at) => {
                    let done = outcome.committed.outcomes.get(*at as usize).ok_or_else(Failure::internal)?;
                    let mut answer = self.written(entry, done, outcome, prefer)?;
                    if !first.insert(*at) && answer.status == 201 {
                        // Another entry of this transaction created it.
                        answer.status = 200;
                    }
                    (answer, Some(done.name.clone()))
                }
            };
            let mut answer = entry.answer(Ok(result));
            answer.name = name;
            answers.push(Some(answer));
        }
        Ok(answers)
    }

    fn written(
        &mut self,
        entry: &Entry<'_>,
        done: &WriteOutcome,
        outcome: &Outcome,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        let mut answer = Answer::new(match done.result {
            WriteResult::Created => 201,
            WriteResult::Updated | WriteResult::Unchanged => 200,
            WriteResult::Deleted | WriteResult::NothingToDelete => 204,
        });
        let Some(version) = done.version else { return Ok(answer) };
        let stamp = Stamp { version, time: done.time };
        answer.stamp = Some(stamp);
        if matches!(done.result, WriteResult::Deleted | WriteResult::NothingToDelete) {
            return Ok(answer);
        }
        answer.location = Some((done.name.clone(), version));
        answer.body = match (prefer, outcome.stored.get(&entry.place)) {
            (Prefer::OperationOutcome, _) => Some(no_notices().into()),
            (Prefer::Representation, Some(stored)) => Some(render(stored, stamp)),
            (Prefer::Representation, None) => {
                let found = self.inner.engine.version(self.tenant(), &done.name, version)?;
                match found.filter(|found| !is_deletion(&found.row)) {
                    Some(found) => Some(self.rendered(&done.name, &found.row)?),
                    None => None,
                }
            }
            _ => None,
        };
        Ok(answer)
    }
}

/// What was kept of an earlier transaction under the same key.
fn before(committed: &Committed) -> Option<Vec<Kept>> {
    postcard::from_bytes(committed.repeated.as_deref()?).ok()
}

fn stored(writes: Vec<Planned>) -> HashMap<usize, Vec<u8>> {
    writes.into_iter().filter_map(|write| Some((write.place, write.stored?))).collect()
}

/// The types whose gates are closed, and those that are passed.
fn gates<'a>(asked: &'a Asked<'_, '_>) -> (Vec<&'a str>, Vec<&'a str>) {
    use super::resolve::Asker;
    let (mut exclusive, mut shared) = (BTreeSet::new(), BTreeSet::new());
    for question in asked.questions {
        let types = question.criteria.types.iter().copied();
        match question.asker {
            Asker::Entry(_) => exclusive.extend(types),
            Asker::Reference(..) => shared.extend(types),
        }
    }
    let written = asked.entries.iter().filter(|entry| entry.interaction().writes());
    shared.extend(written.filter_map(|entry| entry.named().0));
    (exclusive.into_iter().collect(), shared.into_iter().collect())
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

impl Entry<'_> {
    /// What the resource that it brings says to searches, before its links are replaced.
    fn said(&self) -> Option<Arc<Extracted>> {
        self.resource().map(|resource| Arc::new(extract(resource)))
    }

    /// The answer to this entry.
    pub(super) fn answer(&self, result: Result<Answer, Failure>) -> EntryAnswer {
        let (type_name, id) = self.named();
        let drawn =
            result.as_ref().ok().and_then(|answer| answer.location.as_ref()).map(|(name, _)| name.clone());
        let given = || DocumentName::new(type_name?, id?).ok();
        let name = drawn.or_else(given).filter(|_| !self.is_list());
        EntryAnswer { result, writes: self.interaction().writes(), head: self.head, name }
    }
}
