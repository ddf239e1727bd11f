//! What one entry of a batch or transaction asks for.

use std::borrow::Cow;

use vpr_codec::Value;
use vpr_fhir::{HttpVerb, IssueType, ResourceType};
use vpr_policy::Interaction;
use vpr_types::Instant;

use super::url::{Addressed, Url};
use crate::conditions::{ReadConditions, Tags, WriteConditions};
use crate::failure::{Failure, FailureKind};
use crate::history::HistoryQuery;
use crate::operation::{SearchScope, Target};

/// One entry, read but not checked against what is stored.
pub(crate) struct Entry<'a> {
    /// Its index in the Bundle.
    pub(crate) place: usize,
    pub(crate) full_url: Option<Cow<'a, str>>,
    pub(crate) request: EntryRequest<'a>,
    /// Whether only status and version are wanted.
    pub(crate) head: bool,
}

/// What an entry asks for.
pub(crate) enum EntryRequest<'a> {
    Create {
        known: ResourceType,
        resource: Value<'a>,
        if_none_exist: Option<String>,
    },
    ConditionalUpdate {
        known: ResourceType,
        criteria: String,
        resource: Value<'a>,
        conditions: WriteConditions,
    },
    ConditionalDelete {
        known: ResourceType,
        criteria: String,
    },
    Update {
        target: Target,
        resource: Value<'a>,
        conditions: WriteConditions,
    },
    Delete {
        target: Target,
        conditions: WriteConditions,
    },
    Read {
        target: Target,
        conditions: ReadConditions,
    },
    VRead {
        target: Target,
        version: String,
        conditions: ReadConditions,
    },
    History {
        target: Target,
        query: HistoryQuery,
    },
    Histories {
        type_name: Option<String>,
        query: HistoryQuery,
    },
    Search {
        scope: SearchScope,
        parameters: Vec<(String, String)>,
    },
}

/// The place of an entry, as FHIRPath.
pub(crate) fn place(index: usize) -> String {
    format!("Bundle.entry[{index}]")
}

const ENTRY_MEMBERS: &[&str] =
    &["id", "extension", "modifierExtension", "link", "fullUrl", "resource", "search", "request", "response"];
const REQUEST_MEMBERS: &[&str] = &[
    "id",
    "extension",
    "modifierExtension",
    "method",
    "url",
    "ifNoneMatch",
    "ifModifiedSince",
    "ifMatch",
    "ifNoneExist",
];

impl<'a> Entry<'a> {
    /// Reads an entry; URLs are relative to `base` or begin with it.
    pub(crate) fn read(place: usize, entry: Value<'a>, base: &str) -> Result<Self, Failure> {
        let here = self::place(place);
        let required = |what: &str| {
            let text = format!("the entry has no {what}");
            Failure::new(FailureKind::Malformed, IssueType::Required, text).about(&format!("{here}.{what}"))
        };
        known_members(entry, ENTRY_MEMBERS, &here)?;
        let request =
            entry.get("request").filter(|value| value.is_object()).ok_or_else(|| required("request"))?;
        known_members(request, REQUEST_MEMBERS, &format!("{here}.request"))?;
        let method = text(request, "method").ok_or_else(|| required("request.method"))?;
        let verb = HttpVerb::parse(&method).ok_or_else(|| {
            Failure::new(
                FailureKind::Malformed,
                IssueType::CodeInvalid,
                "the method is none of the standard's",
            )
            .about(&format!("{here}.request.method"))
        })?;
        let url = text(request, "url").ok_or_else(|| required("request.url"))?;
        let resource = entry.get("resource").filter(|value| value.is_object());
        let needed = || resource.ok_or_else(|| required("resource"));
        let url = Url::split(&url, base);
        let request = match verb {
            HttpVerb::Get | HttpVerb::Head => url.get(request, &here),
            HttpVerb::Post => url.one_segment().and_then(|known| {
                let if_none_exist = text(request, "ifNoneExist");
                let if_none_exist = if_none_exist.map(|it| it.strip_prefix('?').unwrap_or(&it).to_owned());
                Ok(EntryRequest::Create { known, resource: needed()?, if_none_exist })
            }),
            HttpVerb::Put => url.addressed().and_then(|addressed| {
                let (conditions, resource) = (write_conditions(request, &here)?, needed()?);
                Ok(match addressed {
                    Addressed::Target(target) => EntryRequest::Update { target, resource, conditions },
                    Addressed::Criteria(known, criteria) => {
                        EntryRequest::ConditionalUpdate { known, criteria, resource, conditions }
                    }
                })
            }),
            HttpVerb::Delete => url.addressed().and_then(|addressed| {
                Ok(match addressed {
                    Addressed::Target(target) => {
                        EntryRequest::Delete { target, conditions: write_conditions(request, &here)? }
                    }
                    Addressed::Criteria(known, criteria) => {
                        EntryRequest::ConditionalDelete { known, criteria }
                    }
                })
            }),
            HttpVerb::Patch => Err(Failure::not_supported("PATCH is not supported")),
        };
        let request = request.map_err(|failure| match failure.outcome.issues.first() {
            Some(issue) if issue.expression.is_empty() => failure.about(&format!("{here}.request.url")),
            _ => failure,
        })?;
        Ok(Self { place, full_url: text(entry, "fullUrl"), request, head: verb == HttpVerb::Head })
    }

    pub(crate) fn interaction(&self) -> Interaction {
        match &self.request {
            EntryRequest::Create { if_none_exist: None, .. } => Interaction::Create,
            EntryRequest::Create { .. } => Interaction::ConditionalCreate,
            EntryRequest::ConditionalUpdate { .. } => Interaction::ConditionalUpdate,
            EntryRequest::ConditionalDelete { .. } => Interaction::ConditionalDelete,
            EntryRequest::Histories { type_name: Some(_), .. } => Interaction::HistoryType,
            EntryRequest::Histories { .. } => Interaction::HistorySystem,
            EntryRequest::Search { scope, .. } => scope.interaction(),
            EntryRequest::Update { .. } => Interaction::Update,
            EntryRequest::Delete { .. } => Interaction::Delete,
            EntryRequest::Read { .. } => Interaction::Read,
            EntryRequest::VRead { .. } => Interaction::VRead,
            EntryRequest::History { .. } => Interaction::HistoryInstance,
        }
    }

    /// The type and the id that the entry names, as far as it does.
    pub(crate) fn named(&self) -> (Option<&str>, Option<&str>) {
        match &self.request {
            EntryRequest::Create { known, .. }
            | EntryRequest::ConditionalUpdate { known, .. }
            | EntryRequest::ConditionalDelete { known, .. } => (Some(known.name()), None),
            EntryRequest::Update { target, .. }
            | EntryRequest::Delete { target, .. }
            | EntryRequest::Read { target, .. }
            | EntryRequest::VRead { target, .. }
            | EntryRequest::History { target, .. } => (Some(&target.type_name), Some(&target.id)),
            EntryRequest::Histories { type_name, .. } => (type_name.as_deref(), None),
            EntryRequest::Search { scope, .. } => match scope {
                SearchScope::System => (None, None),
                SearchScope::Type(name) => (Some(name), None),
                SearchScope::Compartment { owner, id, .. } => (Some(owner), Some(id)),
            },
        }
    }

    /// Whether the projection is asked for it.
    pub(crate) fn searches(&self) -> bool {
        matches!(self.request, EntryRequest::Search { .. }) || self.criteria().is_some()
    }

    /// Whether it is answered with a Bundle.
    pub(crate) fn is_list(&self) -> bool {
        matches!(
            self.request,
            EntryRequest::History { .. } | EntryRequest::Histories { .. } | EntryRequest::Search { .. }
        )
    }

    /// Criteria that decide what the entry writes.
    pub(crate) fn criteria(&self) -> Option<(ResourceType, &str)> {
        match &self.request {
            EntryRequest::Create { known, if_none_exist: Some(criteria), .. }
            | EntryRequest::ConditionalUpdate { known, criteria, .. }
            | EntryRequest::ConditionalDelete { known, criteria } => Some((*known, criteria)),
            _ => None,
        }
    }

    /// The resource it brings.
    pub(crate) fn resource(&self) -> Option<Value<'a>> {
        match self.request {
            EntryRequest::Create { resource, .. }
            | EntryRequest::Update { resource, .. }
            | EntryRequest::ConditionalUpdate { resource, .. } => Some(resource),
            _ => None,
        }
    }
}

fn text<'a>(object: Value<'a>, name: &str) -> Option<Cow<'a, str>> {
    object.get(name).and_then(Value::as_str)
}

fn known_members(object: Value<'_>, known: &[&str], here: &str) -> Result<(), Failure> {
    for (name, _) in object.members() {
        if !known.contains(&name.strip_prefix('_').unwrap_or(&name)) {
            let text = "the entry has an element that is not in the standard";
            return Err(Failure::new(FailureKind::Malformed, IssueType::Structure, text).about(here));
        }
    }
    Ok(())
}

fn tags(request: Value<'_>, name: &str, here: &str) -> Result<Option<Tags>, Failure> {
    let Some(text) = text(request, name) else { return Ok(None) };
    Tags::parse(&text).map(Some).map_err(|error| {
        Failure::new(FailureKind::Malformed, IssueType::Value, format!("{name} {error}"))
            .about(&format!("{here}.request.{name}"))
    })
}

fn write_conditions(request: Value<'_>, here: &str) -> Result<WriteConditions, Failure> {
    Ok(WriteConditions {
        if_match: tags(request, "ifMatch", here)?,
        if_none_match: tags(request, "ifNoneMatch", here)?,
    })
}

pub(super) fn read_conditions(request: Value<'_>, here: &str) -> Result<ReadConditions, Failure> {
    let since = match text(request, "ifModifiedSince") {
        None => None,
        Some(text) => Some(Instant::parse(&text).ok_or_else(|| {
            Failure::new(FailureKind::Malformed, IssueType::Value, "ifModifiedSince is no instant")
                .about(&format!("{here}.request.ifModifiedSince"))
        })?),
    };
    Ok(ReadConditions {
        if_none_match: tags(request, "ifNoneMatch", here)?,
        if_modified_since: since.map(Instant::seconds),
    })
}

#[cfg(test)]
mod tests {
    use vpr_codec::{Json, Limits};

    use super::*;

    const BASE: &str = "http://a/fhir";

    fn read(request: &str, resource: bool) -> Result<String, (u16, String)> {
        let resource = if resource { r#""resource":{"resourceType":"Patient"},"# } else { "" };
        let text = format!(r#"{{{resource}"request":{{{request}}}}}"#);
        let json = Json::parse(text, &Limits::default()).unwrap();
        match Entry::read(36, json.root(), BASE) {
            Ok(entry) => {
                let (type_name, id) = entry.named();
                let criteria = entry.criteria().map(|(_, text)| format!(" {text}")).unwrap_or_default();
                let (type_name, id) = (type_name.unwrap_or("-"), id.unwrap_or("-"));
                Ok(format!("{} {type_name} {id}{criteria}", entry.interaction()))
            }
            Err(failure) => Err((failure.kind.status(), failure.outcome.issues[0].expression.clone())),
        }
    }

    #[test]
    fn requests_are_read_relative_to_the_base() {
        for (request, wanted) in [
            (r#""method":"POST","url":"Patient""#, "create Patient -"),
            (r#""method":"POST","url":"/Patient""#, "create Patient -"),
            (r#""method":"POST","url":"http://a/fhir/Patient""#, "create Patient -"),
            (r#""method":"PUT","url":"Patient/1""#, "update Patient 1"),
            (r#""method":"PUT","url":"Patient/1","ifMatch":"W/\"2\"""#, "update Patient 1"),
            (r#""method":"DELETE","url":"Patient/1""#, "delete Patient 1"),
            (r#""method":"GET","url":"Patient/1""#, "read Patient 1"),
            (r#""method":"GET","url":"Patient/1?_format=json""#, "read Patient 1"),
            (r#""method":"HEAD","url":"Patient/1""#, "read Patient 1"),
            (
                r#""method":"GET","url":"Patient/1","ifModifiedSince":"2024-01-01T00:00:00Z""#,
                "read Patient 1",
            ),
            (r#""method":"GET","url":"Patient/1/_history/3""#, "vread Patient 1"),
            (r#""method":"GET","url":"Patient/1/_history?_count=2""#, "history-instance Patient 1"),
            (
                r#""method":"POST","url":"Patient","ifNoneExist":"identifier=a|b""#,
                "conditional-create Patient - identifier=a|b",
            ),
            (r#""method":"PUT","url":"Patient?a=b""#, "conditional-update Patient - a=b"),
            (r#""method":"DELETE","url":"Patient?a=b&c=d""#, "conditional-delete Patient - a=b&c=d"),
            (r#""method":"GET","url":"Patient""#, "search-type Patient -"),
            (r#""method":"GET","url":"Patient?name=x""#, "search-type Patient -"),
            (r#""method":"GET","url":"?_type=Patient""#, "search-system - -"),
            (r#""method":"GET","url":"Patient/1/Observation?code=x""#, "search-type Patient 1"),
            (r#""method":"GET","url":"Patient/1/*""#, "search-system Patient 1"),
            (r#""method":"GET","url":"Patient/_history?_count=2""#, "history-type Patient -"),
            (r#""method":"GET","url":"_history""#, "history-system - -"),
        ] {
            assert_eq!(read(request, true).as_deref(), Ok(wanted), "{request}");
        }
    }

    #[test]
    fn refusals_name_their_place() {
        let url = "Bundle.entry[36].request.url";
        for (request, status, expression) in [
            (r#""method":"POST""#, 400, url),
            (r#""url":"Patient""#, 400, "Bundle.entry[36].request.method"),
            (r#""method":"post","url":"Patient""#, 400, "Bundle.entry[36].request.method"),
            (r#""method":"POST","url":"Patient","odd":1"#, 400, "Bundle.entry[36].request"),
            (r#""method":"POST","url":"Patient/1""#, 400, url),
            (r#""method":"POST","url":"""#, 400, url),
            (r#""method":"POST","url":"Nothing""#, 404, url),
            (r#""method":"POST","url":"http://b/fhir/Patient""#, 400, url),
            (r#""method":"POST","url":"Patient/$validate""#, 501, url),
            (r#""method":"POST","url":"Patient/_search""#, 501, url),
            (r#""method":"PUT","url":"Patient""#, 400, url),
            (r#""method":"POST","url":"Patient?a=b""#, 400, url),
            (r#""method":"PUT","url":"Patient/a_b""#, 400, url),
            (r#""method":"PUT","url":"Patient/1","ifMatch":"2""#, 400, "Bundle.entry[36].request.ifMatch"),
            (r#""method":"PATCH","url":"Patient/1""#, 501, url),
            (r#""method":"GET","url":"metadata""#, 501, url),
            (r#""method":"GET","url":"Patient/1/$everything""#, 501, url),
            (r#""method":"GET","url":"Patient/1?_summary=true""#, 501, url),
            (r#""method":"GET","url":"Patient/1?odd=true""#, 400, url),
            (
                r#""method":"GET","url":"Patient/1","ifModifiedSince":"x""#,
                400,
                "Bundle.entry[36].request.ifModifiedSince",
            ),
        ] {
            assert_eq!(read(request, true), Err((status, expression.to_owned())), "{request}");
        }
        let missing = read(r#""method":"POST","url":"Patient""#, false);
        assert_eq!(missing, Err((400, "Bundle.entry[36].resource".to_owned())));
    }
}
