use std::collections::BTreeSet;

use vpr_fhir::search::Query;
use vpr_fhir::{IssueType, ResourceType};

use crate::failure::{Failure, FailureKind};
use crate::operation::{Handling, SearchScope};
use crate::query::pairs;
use crate::work::Work;

/// A search among the resources of one type that decides a write.
#[derive(Debug, Clone)]
pub(crate) struct Criteria {
    pub(crate) known: ResourceType,
    pub(crate) query: Query,
    /// The types whose resources decide what is found.
    pub(crate) types: BTreeSet<&'static str>,
    /// Whether each resource alone decides whether it is found.
    pub(crate) local: bool,
}

impl Work<'_> {
    /// Reads criteria from a query string. They are always strict: a parameter that is left out
    /// would have the wrong resource written.
    pub(crate) fn criteria(&self, known: ResourceType, text: &str) -> Result<Criteria, Failure> {
        let refused = |text: &str| Failure::new(FailureKind::Malformed, IssueType::Value, text);
        let parameters = pairs(text)?;
        if parameters.iter().any(|(name, _)| name == "_cursor") {
            return Err(refused("the criteria are a page link"));
        }
        let scope = SearchScope::Type(known.name().to_owned());
        let query = self.query(&scope, &parameters, Handling::Strict)?;
        if let Some(ignored) = query.ignored.first() {
            return Err(refused(&ignored.why));
        }
        if query.filters.is_empty() {
            return Err(refused("the criteria say nothing of the resource that is meant"));
        }
        let types = query.touches().into_iter().map(ResourceType::name).collect();
        let local = query.is_local();
        Ok(Criteria { known, query, types, local })
    }
}
