use std::collections::HashMap;

use vpr_codec::Value;
use vpr_core::{
    Action, Barrier, Change, Committed, DocumentWrite, EngineError, Gate, Precondition, Repeat, WriteOutcome,
    WriteResult,
};
use vpr_fhir::ResourceType;
use vpr_store::format::Provenance;
use vpr_types::{DocumentName, Version};

use crate::answer::{Answer, Stamp};
use crate::conditions::WriteConditions;
use crate::failure::Failure;
use crate::operation::{Prefer, Target, WriteOptions};
use crate::validated::{Checked, Id, Validated, is_of_type, own_links, parse};
use crate::work::{Work, document, is_deletion, render, resource_type};

/// How often a write whose precondition names several versions is tried, when others write in
/// between.
const ROUNDS: usize = 4;

impl Work<'_> {
    /// FHIR R4 §3.1.0.8.
    pub(crate) fn create(
        &mut self,
        type_name: &str,
        body: Vec<u8>,
        if_none_exist: Option<&str>,
        options: &WriteOptions,
    ) -> Result<Answer, Failure> {
        let known = resource_type(type_name)?;
        let json = parse(body)?;
        let source = json.source().as_bytes();
        match if_none_exist {
            None => {
                let repeat = self.repeat(options, 0, &[b"POST", type_name.as_bytes(), source]);
                self.create_value(known, json.root(), repeat, options.prefer)
            }
            Some(criteria) => {
                let request = [b"POST", type_name.as_bytes(), source, criteria.as_bytes()];
                let repeat = self.repeat(options, 0, &request);
                self.create_unless(known, json.root(), criteria, repeat, options.prefer)
            }
        }
    }

    /// FHIR R4 §3.1.0.4.3.
    pub(crate) fn conditional_update(
        &mut self,
        type_name: &str,
        criteria: &str,
        body: Vec<u8>,
        conditions: &WriteConditions,
        options: &WriteOptions,
    ) -> Result<Answer, Failure> {
        let known = resource_type(type_name)?;
        let json = parse(body)?;
        let request = [b"PUT", type_name.as_bytes(), criteria.as_bytes(), json.source().as_bytes()];
        let repeat = self.repeat(options, 0, &request);
        self.update_matching(known, json.root(), (criteria, conditions), repeat, options.prefer)
    }

    /// FHIR R4 §3.1.0.7.1.
    pub(crate) fn conditional_delete(
        &mut self,
        type_name: &str,
        criteria: &str,
        options: &WriteOptions,
    ) -> Result<Answer, Failure> {
        let known = resource_type(type_name)?;
        let repeat = self.repeat(options, 0, &[b"DELETE", type_name.as_bytes(), criteria.as_bytes()]);
        self.delete_matching(known, criteria, repeat, options.prefer)
    }

    /// FHIR R4 §3.1.0.4; the first version under an id that the caller chose is an update too.
    pub(crate) fn update(
        &mut self,
        target: &Target,
        body: Vec<u8>,
        conditions: WriteConditions,
        options: &WriteOptions,
    ) -> Result<Answer, Failure> {
        let name = document(target)?;
        let known = resource_type(&target.type_name)?;
        let json = parse(body)?;
        let path = name.to_string();
        let repeat = self.repeat(options, 0, &[b"PUT", path.as_bytes(), json.source().as_bytes()]);
        self.update_value(known, &target.id, json.root(), conditions, repeat, options.prefer)
    }

    pub(crate) fn create_value(
        &mut self,
        known: ResourceType,
        resource: Value<'_>,
        repeat: Option<Repeat>,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        is_of_type(resource, known)?;
        let id = self.inner.engine.new_id()?;
        let links = self.links(resource);
        let validated = Validated::new(Checked::resource(resource)?, known, Id::Drawn(&id), some(&links))?;
        self.put(&validated, &Conditions::Unused, repeat, prefer)
    }

    pub(crate) fn update_value(
        &mut self,
        known: ResourceType,
        id: &str,
        resource: Value<'_>,
        conditions: WriteConditions,
        repeat: Option<Repeat>,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        is_of_type(resource, known)?;
        let links = self.links(resource);
        let validated = Validated::new(Checked::resource(resource)?, known, Id::Given(id), some(&links))?;
        self.put(&validated, &Conditions::Stated(conditions), repeat, prefer)
    }

    pub(crate) fn links(&self, resource: Value<'_>) -> HashMap<String, String> {
        let mut links = HashMap::new();
        own_links(resource, &self.context.base, &mut links);
        links
    }

    /// FHIR R4 §3.1.0.7. What is not there is deleted already.
    pub(crate) fn delete(
        &mut self,
        target: &Target,
        conditions: WriteConditions,
        options: &WriteOptions,
    ) -> Result<Answer, Failure> {
        let name = document(target)?;
        let path = name.to_string();
        let repeat = self.repeat(options, 0, &[b"DELETE", path.as_bytes()]);
        self.delete_document(name, conditions, repeat, options.prefer)
    }

    pub(crate) fn delete_document(
        &mut self,
        name: DocumentName,
        conditions: WriteConditions,
        repeat: Option<Repeat>,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        let committed = self.commit_one((name, Action::Delete), &Conditions::Stated(conditions), repeat)?;
        let outcome = the_outcome(&committed)?;
        let mut answer = match prefer {
            Prefer::OperationOutcome => Answer::new(200).with_body(no_notices()),
            _ => Answer::new(204),
        };
        answer.stamp = outcome.version.map(|version| Stamp { version, time: outcome.time });
        answer.replayed = committed.repeated.is_some();
        Ok(answer)
    }

    /// Commits a validated resource and answers with it.
    fn put(
        &mut self,
        validated: &Validated,
        conditions: &Conditions,
        repeat: Option<Repeat>,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        let what = (validated.name.clone(), validated.put_action());
        let committed = self.commit_one(what, conditions, repeat)?;
        self.put_answer(&committed, validated, prefer)
    }

    /// The answer to a resource that was put.
    pub(crate) fn put_answer(
        &mut self,
        committed: &Committed,
        validated: &Validated,
        prefer: Prefer,
    ) -> Result<Answer, Failure> {
        let outcome = the_outcome(committed)?;
        let replayed = committed.repeated.is_some();
        let version = outcome.version.ok_or_else(Failure::internal)?;
        let stamp = Stamp { version, time: outcome.time };
        let status = if outcome.result == WriteResult::Created { 201 } else { 200 };
        let mut answer = Answer::new(status).with_stamp(version, outcome.time);
        answer.body = match prefer {
            Prefer::Minimal => None,
            Prefer::OperationOutcome => Some(validated.notices.to_json(vpr_codec::Style::Compact).into()),
            Prefer::Representation | Prefer::Unsaid if replayed => {
                let found = self.inner.engine.version(self.tenant(), &outcome.name, version)?;
                let found = found.filter(|found| !is_deletion(&found.row)).ok_or_else(Failure::internal)?;
                Some(self.rendered(&outcome.name, &found.row)?)
            }
            Prefer::Representation | Prefer::Unsaid => {
                let rendered = render(&validated.stored, stamp);
                self.inner.cache.put(self.tenant(), &outcome.name, version, rendered.clone());
                Some(rendered)
            }
        };
        answer.location = Some((outcome.name.clone(), version));
        answer.replayed = replayed;
        Ok(answer)
    }

    fn commit_one(
        &mut self,
        (name, action): (DocumentName, Action),
        conditions: &Conditions,
        repeat: Option<Repeat>,
    ) -> Result<Committed, Failure> {
        let mut rounds = if conditions.needs_current() { ROUNDS } else { 0 };
        let mut current = if rounds > 0 { self.current(&name)? } else { None };
        let mut action = Some(action);
        loop {
            let precondition = conditions.precondition(current);
            let again = if rounds > 0 { action.clone() } else { None };
            let write =
                action.take().map(|action| DocumentWrite { name: name.clone(), precondition, action });
            action = again;
            match self.commit(write.into_iter().collect(), repeat.clone()) {
                Err(EngineError::Precondition { current: now, deleted, .. })
                    if rounds > 0 && now.filter(|_| !deleted) != current =>
                {
                    // Somebody wrote in between: what stands now may fit the precondition too.
                    current = now.filter(|_| !deleted);
                    rounds -= 1;
                }
                Err(error) => return Err(error.into()),
                Ok(committed) => {
                    self.note(&committed);
                    return Ok(committed);
                }
            }
        }
    }

    /// Hands a change to the engine and notes what must be on disk before anybody hears of it.
    pub(crate) fn commit(
        &mut self,
        writes: Vec<DocumentWrite>,
        repeat: Option<Repeat>,
    ) -> Result<Committed, EngineError> {
        let result = self.inner.engine.commit(self.change(writes, repeat));
        self.rests_on(&result);
        result
    }

    /// The same, with gates held.
    pub(crate) fn commit_in(
        &mut self,
        gate: &Gate<'_>,
        writes: Vec<DocumentWrite>,
        repeat: Option<Repeat>,
    ) -> Result<Committed, EngineError> {
        if writes.is_empty() && repeat.is_none() {
            let barrier = Barrier::PASSED;
            return Ok(Committed { seq: None, outcomes: Vec::new(), barrier, repeated: None });
        }
        let result = gate.commit(self.change(writes, repeat));
        self.rests_on(&result);
        result
    }

    fn change(&self, writes: Vec<DocumentWrite>, repeat: Option<Repeat>) -> Change {
        let provenance = Provenance {
            author: self.grant.principal().id.clone(),
            role: None,
            registration: None,
            care_location: None,
            on_behalf_of: None,
            purpose: self.grant.purpose().map(|purpose| purpose.as_str().to_owned()),
            request: self.context.request.as_str().to_owned(),
        };
        Change { tenant: self.tenant().clone(), provenance, writes, repeat }
    }

    fn rests_on(&mut self, result: &Result<Committed, EngineError>) {
        match result {
            Ok(committed) => {
                self.trail.wait_for(committed.barrier);
                self.trail.wrote(committed.seq);
            }
            Err(EngineError::Precondition { name, barrier, .. }) => {
                self.trail.wait_for(*barrier);
                self.trail.touched(name, None);
            }
            Err(EngineError::KeyReused { barrier }) => self.trail.wait_for(*barrier),
            Err(_) => {}
        }
    }

    /// The failure that an engine's refusal is; it is answered when what it rests on is on disk.
    pub(crate) fn refused(&mut self, error: EngineError) -> Failure {
        let refused = Err(error);
        self.rests_on(&refused);
        match refused {
            Err(error) => error.into(),
            Ok(_) => Failure::internal(),
        }
    }

    /// Notes what a change touched.
    pub(crate) fn note(&mut self, committed: &Committed) {
        for outcome in &committed.outcomes {
            self.trail.touched(&outcome.name, outcome.version);
        }
    }

    /// The newest version, unless it is a deletion.
    pub(crate) fn current(&self, name: &DocumentName) -> Result<Option<Version>, Failure> {
        let found = self.inner.engine.read(self.tenant(), name)?;
        Ok(found.filter(|found| !is_deletion(&found.row)).map(|found| found.row.version))
    }

    /// What makes this write repeatable, if its caller wants that.
    pub(crate) fn repeat(&self, options: &WriteOptions, place: usize, request: &[&[u8]]) -> Option<Repeat> {
        let key = options.key.as_ref()?;
        Some(key.repeat(self.grant.principal().id.as_str(), place, request))
    }
}

/// What must hold for a single write.
#[derive(Debug)]
pub(crate) enum Conditions {
    /// The id is new.
    Unused,
    /// What the caller stated.
    Stated(WriteConditions),
}

impl Conditions {
    fn needs_current(&self) -> bool {
        matches!(self, Self::Stated(conditions) if conditions.needs_current())
    }

    fn precondition(&self, current: Option<Version>) -> Precondition {
        match self {
            Self::Unused => Precondition::Unused,
            Self::Stated(conditions) => conditions.precondition(current),
        }
    }
}

fn the_outcome(committed: &Committed) -> Result<&WriteOutcome, Failure> {
    committed.outcomes.first().ok_or_else(Failure::internal)
}

pub(crate) fn some(links: &HashMap<String, String>) -> Option<&HashMap<String, String>> {
    (!links.is_empty()).then_some(links)
}

/// An OperationOutcome that says that all is well.
pub(crate) fn no_notices() -> Vec<u8> {
    vpr_fhir::OperationOutcome::default().to_json(vpr_codec::Style::Compact)
}
