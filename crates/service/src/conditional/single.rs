use vpr_codec::Value;
use vpr_core::{Action, Committed, DocumentWrite, Gate, Precondition, Repeat, WriteOutcome, WriteResult};
use vpr_fhir::{IssueType, ResourceType};
use vpr_types::{DocumentName, Version};

use super::Ticket;
use super::ticket::several;
use crate::answer::{Answer, Stamp};
use crate::conditions::WriteConditions;
use crate::failure::{Failure, FailureKind};
use crate::operation::Prefer;
use crate::validated::{Checked, Id, Validated, is_of_type};
use crate::work::{Work, named};
use crate::write::{no_notices, some};

/// What a conditional write came to.
enum Done {
    /// The engine was asked to write, or answered as it did before.
    Asked(Committed),
    /// Nothing was to be written: this stands.
    Stands(DocumentName),
}

impl Work<'_> {
    /// FHIR R4 §3.1.0.8.1.
    pub(crate) fn create_unless(
        &mut self,
        known: ResourceType,
        resource: Value<'_>,
        criteria: &str,
        repeat: Option<Repeat>,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        is_of_type(resource, known)?;
        if let Some(answer) = self.repeated(repeat.as_ref(), prefer)? {
            return Ok(answer);
        }
        let criteria = self.criteria(known, criteria)?;
        let id = self.inner.engine.new_id()?;
        let links = self.links(resource);
        let validated = Validated::new(Checked::resource(resource)?, known, Id::Drawn(&id), some(&links))?;
        let ticket = self.ticket(&criteria)?;
        let done = self.gated(&ticket, |work, gate, found| match found {
            [] => {
                let action = validated.put_action();
                let write = DocumentWrite {
                    name: validated.name.clone(),
                    precondition: Precondition::Unused,
                    action,
                };
                Ok(Done::Asked(work.commit_in(gate, vec![write], repeat.clone())?))
            }
            [one] => work.stands(gate, named(known, one)?, repeat.clone()),
            many => Err(work.several(known, many)),
        })?;
        self.done(done, &validated, prefer)
    }

    /// FHIR R4 §3.1.0.4.3.
    pub(crate) fn update_matching(
        &mut self,
        known: ResourceType,
        resource: Value<'_>,
        (criteria, conditions): (&str, &WriteConditions),
        repeat: Option<Repeat>,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        is_of_type(resource, known)?;
        if let Some(answer) = self.repeated(repeat.as_ref(), prefer)? {
            return Ok(answer);
        }
        let criteria = self.criteria(known, criteria)?;
        let drawn = self.inner.engine.new_id()?;
        let links = self.links(resource);
        let checked = Checked::resource(resource)?;
        let build = |found: &[&str]| -> Result<(Validated, bool), Failure> {
            let (id, new) = target(known, resource, found, &drawn)?;
            Ok((Validated::new(checked.clone(), known, id, some(&links))?, new))
        };
        let ticket = self.ticket(&criteria)?;
        let likely: Vec<&str> = ticket.likely().iter().map(String::as_str).collect();
        // Built before the gates are closed; again behind them in the rare case that it was wrong.
        let mut built =
            build(&likely).ok().map(|built| (likely.iter().map(ToString::to_string).collect(), built));
        let done = self.gated(&ticket, |work, gate, found| {
            if found.len() > 1 {
                return Err(work.several(known, found));
            }
            if built.as_ref().is_none_or(|(ids, _): &(Vec<String>, _)| ids != found) {
                built = Some((found.iter().map(ToString::to_string).collect(), build(found)?));
            }
            let Some((_, (validated, new))) = &built else { return Err(Failure::internal()) };
            let current = work.current(&validated.name)?;
            if *new && current.is_some() {
                let text = "the criteria find nothing, and the body's id is another resource's";
                return Err(Failure::new(FailureKind::Conflict, IssueType::Conflict, text));
            }
            let precondition = conditions.precondition(current);
            let write =
                DocumentWrite { name: validated.name.clone(), precondition, action: validated.put_action() };
            Ok(Done::Asked(work.commit_in(gate, vec![write], repeat.clone())?))
        })?;
        match built {
            Some((_, (validated, _))) => self.done(done, &validated, prefer),
            None => Err(Failure::internal()),
        }
    }

    /// FHIR R4 §3.1.0.7.1, of a single match. What is not there is deleted already.
    pub(crate) fn delete_matching(
        &mut self,
        known: ResourceType,
        criteria: &str,
        repeat: Option<Repeat>,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        if let Some(answer) = self.repeated(repeat.as_ref(), prefer)? {
            return Ok(answer);
        }
        let criteria = self.criteria(known, criteria)?;
        let ticket = self.ticket(&criteria)?;
        let committed = self.gated(&ticket, |work, gate, found| {
            let writes = match found {
                [] => Vec::new(),
                [one] => vec![DocumentWrite {
                    name: named(known, one)?,
                    precondition: Precondition::None,
                    action: Action::Delete,
                }],
                many => return Err(work.several(known, many)),
            };
            Ok(work.commit_in(gate, writes, repeat.clone())?)
        })?;
        Ok(deleted(&committed, prefer))
    }

    /// Closes the gates of the criteria's types, and runs `inside` with what they find then.
    fn gated<R>(
        &mut self,
        ticket: &Ticket<'_>,
        inside: impl FnOnce(&mut Self, &Gate<'_>, &[&str]) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let types: Vec<&str> = ticket.criteria.types.iter().copied().collect();
        let (inner, tenant) = (self.inner, self.tenant().clone());
        inner.engine.gated(&tenant, &types, &[], |gate| {
            let found = self.now(ticket, gate)?;
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            inside(self, gate, &found)
        })?
    }

    /// One resource stands: nothing is written, but how a repetition is answered.
    fn stands(
        &mut self,
        gate: &Gate<'_>,
        name: DocumentName,
        repeat: Option<Repeat>,
    ) -> Result<Done, Failure> {
        let Some(repeat) = repeat else { return Ok(Done::Stands(name)) };
        let version = self.current(&name)?.ok_or_else(Failure::internal)?;
        let hint = kept(&name, version);
        Ok(match self.commit_in(gate, Vec::new(), Some(Repeat { hint, ..repeat }))? {
            Committed { repeated: None, .. } => Done::Stands(name),
            before => Done::Asked(before),
        })
    }

    /// Several match; the refusal rests on all of them.
    pub(crate) fn several(&mut self, known: ResourceType, found: &[&str]) -> Failure {
        for id in found {
            if let Ok(name) = named(known, id)
                && let Ok(Some(found)) = self.inner.engine.read(self.tenant(), &name)
            {
                self.trail.wait_for(found.barrier);
            }
        }
        several(known)
    }

    fn done(&mut self, done: Done, validated: &Validated, prefer: Prefer) -> Result<Answer, Failure> {
        match done {
            Done::Asked(committed) if committed.repeated.is_some() => self.replay(&committed, prefer),
            Done::Asked(committed) => {
                self.note(&committed);
                self.put_answer(&committed, validated, prefer)
            }
            Done::Stands(name) => {
                let found = self.inner.engine.read(self.tenant(), &name)?.ok_or_else(Failure::internal)?;
                self.trail.wait_for(found.barrier);
                self.standing(&name, found.row.version, prefer)
            }
        }
    }

    /// The answer of an earlier request under the same key, if there was one.
    fn repeated(&mut self, repeat: Option<&Repeat>, prefer: Prefer) -> Result<Option<Answer>, Failure> {
        let Some(repeat) = repeat else { return Ok(None) };
        let before =
            self.inner.engine.repeated(self.tenant(), repeat).map_err(|error| self.refused(error))?;
        before.map(|committed| self.replay(&committed, prefer)).transpose()
    }

    fn replay(&mut self, committed: &Committed, prefer: Prefer) -> Result<Answer, Failure> {
        self.trail.wait_for(committed.barrier);
        self.note(committed);
        let hint = committed.repeated.as_deref().unwrap_or_default();
        let standing = match (committed.outcomes.first(), matched(hint)) {
            (Some(outcome), _) if is_deletion(outcome) => None,
            (Some(outcome), _) => outcome.version.map(|version| (outcome.name.clone(), version)),
            (None, matched) => matched,
        };
        let mut answer = match standing {
            None => deleted(committed, prefer),
            Some((name, version)) => self.standing(&name, version, prefer)?,
        };
        if committed.outcomes.first().is_some_and(|outcome| outcome.result == WriteResult::Created) {
            answer.status = 201;
        }
        answer.replayed = true;
        Ok(answer)
    }

    /// An answer with a version that stands.
    pub(crate) fn standing(
        &mut self,
        name: &DocumentName,
        version: Version,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        let found = self.inner.engine.version(self.tenant(), name, version)?.ok_or_else(Failure::internal)?;
        self.trail.wait_for(found.barrier);
        self.trail.touched(name, Some(version));
        let mut answer = Answer::new(200).with_stamp(version, found.row.time);
        answer.location = Some((name.clone(), version));
        answer.body = match prefer {
            Prefer::Minimal => None,
            Prefer::OperationOutcome => Some(no_notices().into()),
            Prefer::Representation | Prefer::Unsaid => Some(self.rendered(name, &found.row)?),
        };
        Ok(answer)
    }
}

/// Which id the update is of, and whether the caller chose it for a resource that must be new.
fn target<'t>(
    known: ResourceType,
    resource: Value<'t>,
    found: &[&'t str],
    drawn: &'t str,
) -> Result<(Id<'t>, bool), Failure> {
    let says = resource.get("id").and_then(|id| id.raw_str());
    match (found, says) {
        ([], None) => Ok((Id::Drawn(drawn), false)),
        ([], Some(id)) => Ok((Id::Given(id), true)),
        ([one], None) => Ok((Id::Drawn(one), false)),
        ([one], Some(id)) if *one == id => Ok((Id::Given(id), false)),
        ([_], Some(_)) => {
            let text = "the body has another id than the resource that the criteria find";
            Err(Failure::malformed(text).about(&format!("{known}.id")))
        }
        _ => Err(several(known)),
    }
}

fn is_deletion(outcome: &WriteOutcome) -> bool {
    matches!(outcome.result, WriteResult::Deleted | WriteResult::NothingToDelete)
}

fn deleted(committed: &Committed, prefer: Prefer) -> Answer {
    let mut answer = match prefer {
        Prefer::OperationOutcome => Answer::new(200).with_body(no_notices()),
        _ => Answer::new(204),
    };
    let outcome = committed.outcomes.first();
    let stamp = |outcome: &WriteOutcome| outcome.version.map(|version| Stamp { version, time: outcome.time });
    answer.stamp = outcome.and_then(stamp);
    answer.replayed = committed.repeated.is_some();
    answer
}

/// What is kept under an idempotency key where nothing was written because something stands.
fn kept(name: &DocumentName, version: Version) -> Vec<u8> {
    format!("{name} {version}").into_bytes()
}

fn matched(hint: &[u8]) -> Option<(DocumentName, Version)> {
    let (name, version) = std::str::from_utf8(hint).ok()?.split_once(' ')?;
    let (collection, id) = name.split_once('/')?;
    Some((DocumentName::new(collection, id).ok()?, Version(version.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use vpr_codec::{Json, Limits};

    use super::*;

    #[test]
    fn what_stood_is_kept_and_read_back() {
        let name = DocumentName::new("Patient", "a-1").unwrap();
        assert_eq!(matched(&kept(&name, Version(7))), Some((name, Version(7))));
        for other in ["", "Patient/1", "Patient 1", "Patient/1 x"] {
            assert_eq!(matched(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn an_update_is_of_what_is_found_or_of_what_the_body_says() {
        let known = ResourceType::parse("Patient").unwrap();
        for (found, body, wanted) in [
            (&[][..], None, Ok(("drawn", false, false))),
            (&[], Some("b"), Ok(("b", true, true))),
            (&["a"], None, Ok(("a", false, false))),
            (&["a"], Some("a"), Ok(("a", true, false))),
            (&["a"], Some("b"), Err(400)),
            (&["a", "b"], None, Err(412)),
            (&["a", "b"], Some("a"), Err(412)),
        ] {
            let id = body.map_or(String::new(), |id| format!(r#","id":"{id}""#));
            let json =
                Json::parse(format!(r#"{{"resourceType":"Patient"{id}}}"#), &Limits::default()).unwrap();
            let chosen = target(known, json.root(), found, "drawn").map(|(id, new)| match id {
                Id::Drawn(id) => (id, false, new),
                Id::Given(id) => (id, true, new),
            });
            assert_eq!(chosen.map_err(|failure| failure.kind.status()), wanted, "{found:?} {body:?}");
        }
    }
}
