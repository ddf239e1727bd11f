//! Which resource each entry of a transaction is about, and what its conditional references mean.
//!
//! Entries are processed in the standard's order: DELETE, POST, PUT, then conditional references
//! (FHIR R4 §3.1.0.11.2). Each criterion is matched against the state that stood before, as the
//! entries processed before it leave it. So of two equal conditional creates in one transaction the
//! second finds what the first creates, and a reference finds what the transaction itself makes.
//! A resource that an update of the transaction takes out of an entry's criteria is still what that
//! entry means, so that the overlap is refused. Criteria with chains are matched against the state
//! before alone.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vpr_fhir::search::Extracted;
use vpr_fhir::{IssueType, ResourceType};
use vpr_types::{DocumentName, Instant};

use super::entry::{Entry, EntryRequest, place};
use crate::conditional::{Criteria, fulfills};
use crate::failure::{Failure, FailureKind};
use crate::validated::{ConditionalReference, conditional_references, too_large};
use crate::work::{Work, document, named};

/// What decides a transaction.
pub(crate) struct Question {
    pub(crate) criteria: Criteria,
    pub(crate) asker: Asker,
}

/// Who asks.
pub(crate) enum Asker {
    /// The entry with this index.
    Entry(usize),
    /// A conditional reference of the entry with this index.
    Reference(usize, ConditionalReference),
}

/// What an entry comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slot {
    /// It writes this document; whether its id is new because the server drew it.
    Writes(DocumentName, Origin),
    /// It would have created what is there already.
    Stands(DocumentName),
    /// There is nothing to delete.
    Nothing,
    /// It reads.
    Reads,
}

/// Where the id of a document that is written comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The server drew it.
    Drawn,
    /// The URL names it.
    Url,
    /// Criteria found it.
    Found,
    /// The body names it, and criteria found nothing.
    Body,
}

/// What the questions of a transaction come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolution {
    /// One for each entry.
    pub(crate) slots: Vec<Slot>,
    /// Conditional references as written, and what they mean.
    pub(crate) references: BTreeMap<String, DocumentName>,
}

/// What the questions rest on.
pub(crate) struct Ground<'a, 'e> {
    pub(crate) entries: &'a [Entry<'e>],
    pub(crate) questions: &'a [Question],
    /// An id for each entry, should it need one.
    pub(crate) drawn: &'a [String],
    /// What each question finds in the state before the transaction.
    pub(crate) before: &'a [BTreeSet<String>],
    /// What the entries say to searches, as far as they were built.
    pub(crate) said: &'a [Option<Arc<Extracted>>],
    pub(crate) now: Instant,
}

/// The questions of a transaction: entries first, in their order, then references, each text once.
pub(crate) fn questions(work: &Work<'_>, entries: &[Entry<'_>]) -> Result<Vec<Question>, Failure> {
    let most = work.inner.config.search.transaction_criteria_max;
    let enough =
        |questions: &[Question]| match questions.len() < most {
            true => Ok(()),
            false => Err(too_large("more criteria decide the transaction than are taken at once")
                .about("Bundle.entry")),
        };
    let mut questions = Vec::new();
    for entry in entries {
        let Some((known, text)) = entry.criteria() else { continue };
        enough(&questions)?;
        let criteria = work.criteria(known, text);
        let at = match entry.request {
            EntryRequest::Create { .. } => "request.ifNoneExist",
            _ => "request.url",
        };
        let criteria = criteria.map_err(|failure| failure.about(&format!("{}.{at}", place(entry.place))))?;
        questions.push(Question { criteria, asker: Asker::Entry(entry.place) });
    }
    let mut texts = BTreeSet::new();
    for entry in entries {
        for reference in entry.resource().map(conditional_references).unwrap_or_default() {
            if !texts.insert(reference.text.clone()) {
                continue;
            }
            enough(&questions)?;
            let criteria = work.criteria(reference.known, &reference.criteria);
            let criteria =
                criteria.map_err(|failure| failure.about(&reference.path).at(&place(entry.place)))?;
            questions.push(Question { criteria, asker: Asker::Reference(entry.place, reference) });
        }
    }
    Ok(questions)
}

/// The indexes of the entries in the order in which they are processed; reads come last.
pub(crate) fn in_order(entries: &[Entry<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|at| entries.get(*at).map(|entry| phase(&entry.request)));
    order
}

fn phase(request: &EntryRequest<'_>) -> u8 {
    match request {
        EntryRequest::Delete { .. } | EntryRequest::ConditionalDelete { .. } => 0,
        EntryRequest::Create { .. } => 1,
        EntryRequest::Update { .. } | EntryRequest::ConditionalUpdate { .. } => 2,
        _ => 3,
    }
}

/// What the entries processed so far did.
type Done<'a> = BTreeMap<DocumentName, Option<&'a Extracted>>;

impl Ground<'_, '_> {
    /// Answers all questions. `several` makes the refusal of criteria that find too much.
    pub(crate) fn resolve(
        &self,
        several: &mut dyn FnMut(ResourceType, &[&str]) -> Failure,
    ) -> Result<Resolution, Failure> {
        let mut slots = vec![Slot::Reads; self.entries.len()];
        let mut done = Done::new();
        for at in in_order(self.entries) {
            let Some(entry) = self.entries.get(at) else { continue };
            let found = self.found(at, &done);
            let found: Option<Vec<&str>> = found.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
            if let (Some(many @ [_, _, ..]), Some((known, _))) = (found.as_deref(), entry.criteria()) {
                return Err(several(known, many).about(&place(at)));
            }
            let drawn = self.drawn.get(at).map_or("", String::as_str);
            let slot = slot(entry, found.as_deref().unwrap_or_default(), drawn)?;
            if let Slot::Writes(name, _) = &slot {
                let said = self.said.get(at).and_then(Option::as_deref);
                if let Some(entry) = done.insert(name.clone(), said).map(|_| place(at)) {
                    let text = format!("{name} is written by another entry too");
                    return Err(Failure::new(FailureKind::Malformed, IssueType::Duplicate, text)
                        .about(&format!("{entry}.request.url")));
                }
            }
            if let Some(mine) = slots.get_mut(at) {
                *mine = slot;
            }
        }
        let references = self.references(&done, several)?;
        Ok(Resolution { slots, references })
    }

    fn references(
        &self,
        done: &Done<'_>,
        several: &mut dyn FnMut(ResourceType, &[&str]) -> Failure,
    ) -> Result<BTreeMap<String, DocumentName>, Failure> {
        let mut references = BTreeMap::new();
        for (question, before) in self.questions.iter().zip(self.before) {
            let Asker::Reference(at, reference) = &question.asker else { continue };
            let found = self.after(&question.criteria, before, done, false);
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            let refused = |failure: Failure| failure.about(&reference.path).at(&place(*at));
            match found[..] {
                [one] => {
                    references.insert(reference.text.clone(), named(reference.known, one)?);
                }
                [] => {
                    let text = "the conditional reference finds nothing";
                    let failure = Failure::new(FailureKind::PreconditionFailed, IssueType::NotFound, text);
                    return Err(refused(failure));
                }
                ref many => return Err(refused(several(reference.known, many))),
            }
        }
        Ok(references)
    }

    /// What the criteria of an entry find; `None` if it has none.
    fn found(&self, at: usize, done: &Done<'_>) -> Option<BTreeSet<String>> {
        // Entries ask in their order, before references.
        let earlier = |question: &Question| matches!(question.asker, Asker::Entry(entry) if entry < at);
        let index = self.questions.partition_point(earlier);
        let question = self.questions.get(index)?;
        if !matches!(question.asker, Asker::Entry(entry) if entry == at) {
            return None;
        }
        Some(self.after(&question.criteria, self.before.get(index)?, done, true))
    }

    /// What was found before, as the entries processed so far leave it; `keeps` what they change so
    /// that it is not found any more.
    fn after(
        &self,
        criteria: &Criteria,
        before: &BTreeSet<String>,
        done: &Done<'_>,
        keeps: bool,
    ) -> BTreeSet<String> {
        let mut ids = before.clone();
        let these = done.iter().filter(|(name, _)| name.collection() == criteria.known.name());
        for (name, said) in these {
            match said {
                Some(_) if !criteria.local => {}
                Some(said) if fulfills(criteria, name.id(), self.now, said) => {
                    ids.insert(name.id().to_owned());
                }
                Some(_) if keeps => {}
                _ => {
                    ids.remove(name.id());
                }
            }
        }
        ids
    }
}

fn slot(entry: &Entry<'_>, found: &[&str], drawn: &str) -> Result<Slot, Failure> {
    Ok(match &entry.request {
        EntryRequest::Create { known, .. } => match found {
            [one, ..] => Slot::Stands(named(*known, one)?),
            [] => Slot::Writes(named(*known, drawn)?, Origin::Drawn),
        },
        EntryRequest::ConditionalUpdate { known, resource, .. } => {
            let says = resource.get("id").and_then(|id| id.as_str());
            match (found, says.as_deref()) {
                ([], None) => Slot::Writes(named(*known, drawn)?, Origin::Drawn),
                ([], Some(id)) => Slot::Writes(named(*known, id)?, Origin::Body),
                ([one, ..], says) if says.is_none_or(|id| id == *one) => {
                    Slot::Writes(named(*known, one)?, Origin::Found)
                }
                _ => {
                    let text = "the resource has another id than the one that the criteria find";
                    let at = format!("{}.resource.id", place(entry.place));
                    return Err(Failure::malformed(text).about(&at));
                }
            }
        }
        EntryRequest::ConditionalDelete { known, .. } => match found {
            [one, ..] => Slot::Writes(named(*known, one)?, Origin::Found),
            [] => Slot::Nothing,
        },
        EntryRequest::Update { target, .. } | EntryRequest::Delete { target, .. } => {
            Slot::Writes(document(target)?, Origin::Url)
        }
        _ => Slot::Reads,
    })
}
