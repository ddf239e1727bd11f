//! The URL of an entry's request, relative to the base or below it (FHIR R4 §3.1.0.11).

use vpr_codec::Value;
use vpr_fhir::ResourceType;

use super::entry::{EntryRequest, read_conditions};
use crate::failure::Failure;
use crate::history::HistoryQuery;
use crate::operation::{SearchScope, Target};
use crate::query::{pairs, unknown_parameter};
use crate::work::resource_type;

/// A request URL in its segments.
pub(super) struct Url<'u> {
    segments: Vec<&'u str>,
    query: Option<&'u str>,
}

impl<'u> Url<'u> {
    /// A URL that is relative to `base` or begins with it.
    pub(super) fn split(url: &'u str, base: &str) -> Self {
        let own = url.strip_prefix(base).filter(|rest| rest.starts_with('/') || rest.is_empty());
        let relative = own.unwrap_or(url);
        let relative = relative.strip_prefix('/').unwrap_or(relative);
        let (path, query) =
            relative.split_once('?').map_or((relative, None), |(path, query)| (path, Some(query)));
        Self { segments: path.split('/').collect(), query }
    }

    /// `Type`, for a create.
    pub(super) fn one_segment(&self) -> Result<ResourceType, Failure> {
        match self.segments[..] {
            [""] => Err(Failure::malformed("the URL names no resource type")),
            [.., last] if last.starts_with('$') => Err(not_supported_operation()),
            [.., "_search"] => {
                Err(Failure::not_supported("a search in a Bundle is a GET: its answer cannot be too long"))
            }
            [type_name] if self.query.is_none() => resource_type(type_name),
            _ => Err(malformed()),
        }
    }

    /// `Type/id` or `Type?criteria`, for a write.
    pub(super) fn addressed(&self) -> Result<Addressed, Failure> {
        match (&self.segments[..], self.query) {
            ([type_name, id], None) => Ok(Addressed::Target(target(type_name, id)?)),
            ([type_name], Some(criteria)) if !type_name.is_empty() => {
                Ok(Addressed::Criteria(resource_type(type_name)?, criteria.to_owned()))
            }
            _ => Err(malformed()),
        }
    }

    /// What a GET or HEAD asks for.
    pub(super) fn get<'a>(&self, request: Value<'_>, here: &str) -> Result<EntryRequest<'a>, Failure> {
        let parameters = pairs(self.query.unwrap_or_default())?;
        let search = |scope: SearchScope| {
            let only = |name: &str| !matches!(name, "_format" | "_pretty");
            let parameters = parameters.iter().filter(|(name, _)| only(name)).cloned().collect();
            Ok(EntryRequest::Search { scope, parameters })
        };
        let read = || {
            let unknown = parameters.iter().find(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty"));
            match unknown {
                None => read_conditions(request, here),
                Some((name, _)) => Err(unknown_parameter(name, &["_summary", "_elements"])),
            }
        };
        match self.segments[..] {
            [.., last] if last.starts_with('$') => Err(not_supported_operation()),
            ["metadata"] => Err(Failure::not_supported("metadata is not supported in a Bundle")),
            [""] => search(SearchScope::System),
            ["_history"] => Ok(EntryRequest::Histories { type_name: None, query: history(&parameters)? }),
            [type_name] => {
                resource_type(type_name)?;
                search(SearchScope::Type(type_name.to_owned()))
            }
            [type_name, "_history"] => {
                resource_type(type_name)?;
                let type_name = Some(type_name.to_owned());
                Ok(EntryRequest::Histories { type_name, query: history(&parameters)? })
            }
            [owner, id, "*"] => {
                let owner = target(owner, id)?;
                search(SearchScope::Compartment { owner: owner.type_name, id: owner.id, type_name: None })
            }
            [type_name, id] => Ok(EntryRequest::Read { target: target(type_name, id)?, conditions: read()? }),
            [type_name, id, "_history"] => {
                Ok(EntryRequest::History { target: target(type_name, id)?, query: history(&parameters)? })
            }
            [type_name, id, "_history", version] => Ok(EntryRequest::VRead {
                target: target(type_name, id)?,
                version: version.to_owned(),
                conditions: read()?,
            }),
            [owner, id, type_name] => {
                let owner = target(owner, id)?;
                resource_type(type_name)?;
                let type_name = Some(type_name.to_owned());
                search(SearchScope::Compartment { owner: owner.type_name, id: owner.id, type_name })
            }
            _ => Err(malformed()),
        }
    }
}

/// What a write's URL leads to.
pub(super) enum Addressed {
    Target(Target),
    Criteria(ResourceType, String),
}

fn history(parameters: &[(String, String)]) -> Result<HistoryQuery, Failure> {
    let mut query = HistoryQuery::default();
    for (name, value) in parameters {
        if !query.take(name, value)? && !matches!(name.as_str(), "_format" | "_pretty") {
            return Err(unknown_parameter(name, &["_summary", "_elements", "_sort"]));
        }
    }
    Ok(query)
}

fn target(type_name: &str, id: &str) -> Result<Target, Failure> {
    let known = resource_type(type_name)?;
    crate::work::named(known, id)?;
    Ok(Target { type_name: type_name.to_owned(), id: id.to_owned() })
}

fn malformed() -> Failure {
    Failure::malformed("the URL is none that an entry may have")
}

fn not_supported_operation() -> Failure {
    Failure::not_supported("operations in a Bundle are not supported")
}
