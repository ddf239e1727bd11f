//! The entries of a transaction that read: looked at before anything is committed, because a
//! transaction whose read would fail must fail (FHIR R4 §3.1.0.11.2: all succeed, or none), and
//! answered after it, as its own change left the data.

use std::collections::BTreeMap;

use vpr_types::{DocumentName, Seq, Version};

use super::entry::{Entry, EntryRequest, place};
use super::plan::Plan;
use crate::answer::Answer;
use crate::conditions::{ReadConditions, parse_version};
use crate::failure::Failure;
use crate::operation::{Handling, Target};
use crate::read::{absent, gone};
use crate::work::{Work, document, is_deletion, resource_type};

/// The versions that stood when the reads were looked at, by the place of their entries.
pub(crate) type Stood = BTreeMap<usize, Version>;

impl Work<'_> {
    /// Whether each read will succeed.
    pub(crate) fn look_ahead(&mut self, entries: &[Entry<'_>], plan: &Plan) -> Result<Stood, Failure> {
        let written = plan.writes.iter().map(|write| (&write.name, write.deletes)).collect();
        let mut stood = Stood::new();
        for entry in entries {
            let looked = self.look_at(&entry.request, &written);
            if let Some(version) = looked.map_err(|failure| failure.at(&place(entry.place)))? {
                stood.insert(entry.place, version);
            }
        }
        Ok(stood)
    }

    fn look_at(
        &mut self,
        request: &EntryRequest<'_>,
        written: &BTreeMap<&DocumentName, bool>,
    ) -> Result<Option<Version>, Failure> {
        match request {
            EntryRequest::Read { target, .. } => {
                let name = document(target)?;
                match written.get(&name) {
                    Some(true) => {
                        return Err(Failure::new(
                            crate::failure::FailureKind::Gone,
                            vpr_fhir::IssueType::Deleted,
                            "the transaction deletes what it reads",
                        ));
                    }
                    Some(false) => return Ok(None),
                    None => {}
                }
                let found = self.inner.engine.read(self.tenant(), &name)?.ok_or_else(|| absent(&name))?;
                self.trail.wait_for(found.barrier);
                if is_deletion(&found.row) {
                    Err(gone(&name, &found.row))
                } else {
                    Ok(Some(found.row.version))
                }
            }
            EntryRequest::VRead { target, version, .. } => {
                let name = document(target)?;
                let none = || Failure::not_found(format!("{name} has no such version"));
                let version = parse_version(version).ok_or_else(none)?;
                let found = self.inner.engine.version(self.tenant(), &name, version)?.ok_or_else(none)?;
                self.trail.wait_for(found.barrier);
                if is_deletion(&found.row) { Err(gone(&name, &found.row)) } else { Ok(None) }
            }
            EntryRequest::History { target, .. } => {
                let name = document(target)?;
                if !written.contains_key(&name) {
                    let found = self.inner.engine.read(self.tenant(), &name)?.ok_or_else(|| absent(&name))?;
                    self.trail.wait_for(found.barrier);
                }
                Ok(None)
            }
            EntryRequest::Histories { type_name, .. } => {
                type_name.as_deref().map(resource_type).transpose()?;
                self.inner.searchable(self.tenant())?;
                Ok(None)
            }
            EntryRequest::Search { scope, parameters } => {
                self.query(scope, parameters, self.inner.config.search.handling)?;
                self.inner.searchable(self.tenant())?;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// A read after the commit `seq`. What somebody else deleted in between is shown as it stood.
    pub(crate) fn read_after(
        &mut self,
        entry: &Entry<'_>,
        seq: Option<Seq>,
        stood: &Stood,
    ) -> Result<Answer, Failure> {
        match (&entry.request, seq) {
            (EntryRequest::Read { target, conditions }, Some(seq)) => {
                self.read_as_of(target, conditions, seq, stood.get(&entry.place).copied())
            }
            (EntryRequest::Search { scope, parameters }, Some(seq)) => {
                self.caught_up(seq)?;
                self.search_at(scope, parameters, None::<Handling>, seq)
            }
            (EntryRequest::Histories { .. }, Some(seq)) => {
                self.caught_up(seq)?;
                self.get(&entry.request)
            }
            (request, _) => self.get(request),
        }
    }

    /// Waits until searches show `seq`.
    fn caught_up(&self, seq: Seq) -> Result<(), Failure> {
        let follower = self.inner.projector()?.follower(self.tenant());
        if follower.reached_blocking(seq, self.inner.config.search.gate_wait_max) {
            return Ok(());
        }
        let text = "the transaction is committed; searches do not show it yet";
        Err(Failure::new(crate::failure::FailureKind::Unavailable, vpr_fhir::IssueType::Transient, text))
    }

    fn read_as_of(
        &mut self,
        target: &Target,
        conditions: &ReadConditions,
        seq: Seq,
        stood: Option<Version>,
    ) -> Result<Answer, Failure> {
        let name = document(target)?;
        let found = self.inner.engine.as_of(self.tenant(), &name, seq)?;
        let found = match (found.filter(|found| !is_deletion(&found.row)), stood) {
            (Some(found), _) => found,
            (None, Some(version)) => {
                let found = self.inner.engine.version(self.tenant(), &name, version)?;
                found.ok_or_else(|| absent(&name))?
            }
            (None, None) => return Err(absent(&name)),
        };
        self.trail.wait_for(found.barrier);
        self.version_answer(&name, &found.row, conditions)
    }
}
