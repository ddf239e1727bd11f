use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vpr_core::{CommittedChange, Gate, Pin};
use vpr_fhir::search::{Extracted, Facts, matches};
use vpr_fhir::{IssueType, ResourceType};
use vpr_projection::{HitMode, PageRequest};
use vpr_types::{Instant, Seq};

use super::Criteria;
use crate::failure::{Failure, FailureKind};
use crate::projector::{extracted, in_memory};
use crate::work::{Work, is_deletion};

/// Matches that are looked for: more than the one that is allowed, so that some may have gone since.
const MATCHES_MAX: usize = 16;

/// What criteria found at a seq, and the promise that what happened since can be looked through.
pub(crate) struct Ticket<'c> {
    pub(crate) criteria: &'c Criteria,
    found: Found,
    _pin: Pin,
}

/// Ids that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) ids: BTreeSet<String>,
    /// Whether there are others.
    more: bool,
    seq: Seq,
}

impl Work<'_> {
    /// Searches before any lock.
    pub(crate) fn ticket<'c>(&self, criteria: &'c Criteria) -> Result<Ticket<'c>, Failure> {
        self.inner.searchable(self.tenant())?;
        let applied = self.inner.projector()?.follower(self.tenant()).applied();
        let pin = self.inner.engine.pin(self.tenant(), applied);
        Ok(Ticket { criteria, found: self.matching(criteria)?, _pin: pin })
    }

    fn matching(&self, criteria: &Criteria) -> Result<Found, Failure> {
        let request = PageRequest { limit: MATCHES_MAX, ..PageRequest::default() };
        let page = self.found(&criteria.query, &request)?;
        let mut ids = BTreeSet::new();
        for hit in page.hits.into_iter().filter(|hit| hit.mode == HitMode::Match) {
            if self.confirmed(&criteria.query, &hit)? {
                ids.insert(hit.id);
            }
        }
        Ok(Found { ids, more: page.next.is_some(), seq: page.seq })
    }

    /// What the criteria find now, with their gates closed by the caller.
    pub(crate) fn now(&self, ticket: &Ticket<'_>, gate: &Gate<'_>) -> Result<BTreeSet<String>, Failure> {
        let criteria = ticket.criteria;
        if let Some(changes) = gate.since(ticket.found.seq)
            && let Some(ids) = self.after(criteria, &ticket.found, &changes)?
        {
            return Ok(ids);
        }
        // Nobody else writes to these types: what is accepted now is all there is.
        let all = self.inner.engine.last_accepted(self.tenant());
        let follower = self.inner.projector()?.follower(self.tenant());
        if !follower.reached_blocking(all, self.inner.config.search.gate_wait_max) {
            let text = "the search index is too far behind to decide this; try again";
            return Err(Failure::new(FailureKind::Unavailable, IssueType::Transient, text));
        }
        Ok(self.matching(criteria)?.ids)
    }

    /// What was found, brought forward over `changes`; `None` where that cannot be told.
    fn after(
        &self,
        criteria: &Criteria,
        found: &Found,
        changes: &[Arc<CommittedChange>],
    ) -> Result<Option<BTreeSet<String>>, Failure> {
        let mut newest = BTreeMap::new();
        for document in changes.iter().flat_map(|change| &change.documents) {
            if !criteria.types.contains(document.name.collection()) {
                continue;
            }
            if !criteria.local {
                return Ok(None);
            }
            newest.insert(document.name.id(), document);
        }
        let mut ids = found.ids.clone();
        for (id, document) in newest {
            ids.remove(id);
            if is_deletion(&document.row) {
                continue;
            }
            let said = match in_memory(document) {
                Some(said) => said,
                None => extracted(&self.inner.engine, self.tenant(), document)?,
            };
            if fulfills(criteria, id, document.row.time, &said) {
                ids.insert(id.to_owned());
            }
        }
        // With others beyond those that were fetched, a few that are left say nothing.
        Ok(if found.more && ids.len() < 2 { None } else { Some(ids) })
    }
}

impl Ticket<'_> {
    /// What was found before the gates were closed: likely, not sure.
    pub(crate) fn likely(&self) -> &BTreeSet<String> {
        &self.found.ids
    }
}

/// Whether one resource is found by criteria that look at it alone.
pub(crate) fn fulfills(criteria: &Criteria, id: &str, time: Instant, said: &Extracted) -> bool {
    let facts = Facts { resource: criteria.known, id, last_updated: time, extracted: said };
    criteria.query.filters.iter().all(|filter| matches(filter, &facts) == Some(true))
}

/// Criteria that find several resources.
pub(crate) fn several(known: ResourceType) -> Failure {
    let text = format!("the criteria find several resources of type {known}; they must find one");
    Failure::new(FailureKind::PreconditionFailed, IssueType::MultipleMatches, text)
}
