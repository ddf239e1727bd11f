//! Batches and transactions (FHIR R4 §3.1.0.11).

mod batch;
mod entry;
mod links;
mod plan;
mod reads;
mod resolve;
mod response;
mod transaction;
mod url;

use vpr_codec::{Json, Value};
use vpr_fhir::{BundleType, IssueType, ResourceType};
use vpr_policy::Interaction;
use vpr_types::limits;

use crate::answer::Answer;
use crate::audit::Trail;
use crate::context::RequestContext;
use crate::failure::{Failure, FailureKind};
use crate::operation::WriteOptions;
use crate::service::{Inner, authorize};
use crate::validated::{is_of_type, parse, too_large};

/// A Bundle that came in.
struct Submission<'a> {
    context: &'a RequestContext,
    json: &'a Json,
    options: &'a WriteOptions,
}

impl Inner {
    /// Runs a Bundle as its type says.
    pub(crate) fn bundle(
        &self,
        context: &RequestContext,
        body: Vec<u8>,
        options: &WriteOptions,
        trail: &mut Trail,
    ) -> Result<Answer, Failure> {
        let json = parse(body)?;
        let bundle = ResourceType::parse("Bundle").ok_or_else(Failure::internal)?;
        is_of_type(json.root(), bundle)?;
        let submission = Submission { context, json: &json, options };
        match submission.bundle_type()? {
            Interaction::Batch => {
                trail.is(Interaction::Batch);
                authorize(context, Interaction::Batch, ())?;
                self.batch(&submission, trail)
            }
            _ => self.transaction(&submission, trail),
        }
    }
}

impl<'a> Submission<'a> {
    fn bundle_type(&self) -> Result<Interaction, Failure> {
        let wrong = |code, text: &str| Failure::new(FailureKind::Malformed, code, text).about("Bundle.type");
        let says = self.json.root().get("type").and_then(Value::as_str);
        let says = says.ok_or_else(|| wrong(IssueType::Required, "the Bundle has no type"))?;
        match BundleType::parse(&says) {
            Some(BundleType::Batch) => Ok(Interaction::Batch),
            Some(BundleType::Transaction) => Ok(Interaction::Transaction),
            _ => Err(wrong(IssueType::Value, "only a batch or a transaction can be sent here")),
        }
    }

    fn entries(&self) -> Result<impl ExactSizeIterator<Item = (usize, Value<'a>)>, Failure> {
        let entries = self.json.root().get("entry");
        let items = match entries {
            Some(entries) if entries.is_array() && !entries.is_empty() => Some(entries),
            None => None,
            Some(_) => {
                let text = "the entries are no array, or an empty one";
                return Err(
                    Failure::new(FailureKind::Malformed, IssueType::Structure, text).about("Bundle.entry")
                );
            }
        };
        if items.is_some_and(|items| items.len() > limits::BUNDLE_ENTRIES_MAX) {
            return Err(too_large("the Bundle has more entries than are taken at once").about("Bundle.entry"));
        }
        let nothing = self.json.root();
        Ok(items.map_or_else(|| nothing.items(), Value::items).enumerate())
    }
}
