//! A batch: each entry on its own, as if it had come alone.

use std::collections::HashSet;
use std::time::Instant;

use vpr_codec::Value;
use vpr_fhir::IssueType;

use super::Submission;
use super::entry::{Entry, EntryRequest, place};
use super::response::{EntryAnswer, respond};
use crate::answer::Answer;
use crate::audit::Trail;
use crate::failure::{Failure, FailureKind};
use crate::service::{Inner, permitted};
use crate::work::{Work, document, resource_type};

impl Inner {
    /// FHIR R4 §3.1.0.11.1.
    pub(super) fn batch(&self, submission: &Submission<'_>, trail: &mut Trail) -> Result<Answer, Failure> {
        let context = submission.context;
        let entries: Vec<_> =
            submission.entries()?.map(|(place, entry)| Entry::read(place, entry, &context.base)).collect();
        // What is created here has no id yet that another entry could mean.
        let created: HashSet<&str> = entries
            .iter()
            .flatten()
            .filter(|entry| {
                matches!(entry.request, EntryRequest::Create { .. } | EntryRequest::ConditionalUpdate { .. })
            })
            .filter_map(|entry| entry.full_url.as_deref())
            .collect();
        let mut answers = Vec::with_capacity(entries.len());
        let begun = Instant::now();
        for entry in &entries {
            answers.push(match entry {
                Err(failure) => {
                    EntryAnswer { result: Err(failure.clone()), writes: false, head: false, name: None }
                }
                Ok(entry) => {
                    let mut part = trail.begin_part(entry.interaction());
                    let (type_name, id) = entry.named();
                    part.name(type_name, id);
                    let late = begun.elapsed() >= self.config.search.bundle_search_max;
                    let result = if late && entry.searches() {
                        Err(searched_enough("the batch"))
                    } else {
                        self.entry(submission, entry, &created, &mut part)
                    };
                    let result = result.map_err(|failure| failure.at(&place(entry.place)));
                    let status = result.as_ref().map_or_else(|failure| failure.kind.status(), |a| a.status);
                    trail.part(part, status);
                    entry.answer(result)
                }
            });
        }
        let body = respond("batch-response", &context.base, submission.options.prefer, &answers);
        Ok(Answer::new(200).with_body(body))
    }

    fn entry(
        &self,
        submission: &Submission<'_>,
        entry: &Entry<'_>,
        created: &HashSet<&str>,
        trail: &mut Trail,
    ) -> Result<Answer, Failure> {
        let context = submission.context;
        let grant = permitted(context, entry.interaction())?;
        let mut work = Work { inner: self, context, grant, trail };
        if let Some(resource) = entry.resource() {
            independent(resource, created)?;
        }
        let options = submission.options;
        let repeat = |work: &Work<'_>, resource: Option<Value<'_>>| {
            let (type_name, id) = entry.named();
            let (verb, raw) = (entry.interaction().code(), resource.map_or("", Value::raw));
            let criteria = entry.criteria().map_or("", |(_, criteria)| criteria);
            let request = [verb, type_name.unwrap_or_default(), id.unwrap_or_default(), raw, criteria];
            let request = request.map(str::as_bytes);
            // As long as the entry has no criteria, its digest is what it was before they were known.
            let request = if criteria.is_empty() { &request[..4] } else { &request };
            work.repeat(options, 1 + entry.place, request)
        };
        match &entry.request {
            EntryRequest::Create { known, resource, if_none_exist } => {
                let repeat = repeat(&work, Some(*resource));
                match if_none_exist {
                    None => work.create_value(*known, *resource, repeat, options.prefer),
                    Some(criteria) => work.create_unless(*known, *resource, criteria, repeat, options.prefer),
                }
            }
            EntryRequest::ConditionalUpdate { known, criteria, resource, conditions } => {
                let repeat = repeat(&work, Some(*resource));
                work.update_matching(*known, *resource, (criteria, conditions), repeat, options.prefer)
            }
            EntryRequest::ConditionalDelete { known, criteria } => {
                let repeat = repeat(&work, None);
                work.delete_matching(*known, criteria, repeat, options.prefer)
            }
            EntryRequest::Update { target, resource, conditions } => {
                let known = resource_type(&target.type_name)?;
                let repeat = repeat(&work, Some(*resource));
                work.update_value(known, &target.id, *resource, conditions.clone(), repeat, options.prefer)
            }
            EntryRequest::Delete { target, conditions } => {
                let repeat = repeat(&work, None);
                work.delete_document(document(target)?, conditions.clone(), repeat, options.prefer)
            }
            other => work.get(other),
        }
    }
}

impl Work<'_> {
    /// The entries that only read.
    pub(crate) fn get(&mut self, request: &EntryRequest<'_>) -> Result<Answer, Failure> {
        match request {
            EntryRequest::Read { target, conditions } => self.read(target, conditions),
            EntryRequest::VRead { target, version, conditions } => self.vread(target, version, conditions),
            EntryRequest::History { target, query } => self.history(target, query),
            EntryRequest::Histories { type_name: Some(name), query } => self.history_of_type(name, query),
            EntryRequest::Histories { type_name: None, query } => self.history_of_all(query),
            EntryRequest::Search { scope, parameters } => self.search(scope, parameters, None),
            EntryRequest::Create { .. }
            | EntryRequest::ConditionalUpdate { .. }
            | EntryRequest::ConditionalDelete { .. }
            | EntryRequest::Update { .. }
            | EntryRequest::Delete { .. } => Err(Failure::internal()),
        }
    }
}

/// `what` may not search any longer.
pub(super) fn searched_enough(what: &str) -> Failure {
    let text = format!("{what} has searched for as long as it may; send what is left anew, or less at once");
    Failure::new(FailureKind::Unavailable, IssueType::Timeout, text)
}

/// Refuses a resource that refers to another one created in the same batch
/// (FHIR R4 §3.1.0.11.1: such references are not conformant).
fn independent(resource: Value<'_>, created: &HashSet<&str>) -> Result<(), Failure> {
    if created.is_empty() {
        return Ok(());
    }
    match vpr_fhir::references(resource).iter().find(|each| created.contains(each.text.as_ref())) {
        None => Ok(()),
        Some(reference) => {
            let text = "an entry of a batch refers to another one of it; send a transaction";
            Err(Failure::new(FailureKind::Malformed, IssueType::BusinessRule, text).about(&reference.path()))
        }
    }
}
