//! The declarations: every path that the server answers, once. The router, OpenAPI, the
//! CapabilityStatement and the tests that probe each route read this table and nothing else.

use vpr_service::Interaction;

/// One method of one path.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method; `GET` answers `HEAD` too.
    pub method: Method,
    /// The path below the tenant's address, with `{type}`, `{id}`, `{version}` and `{member}` for its
    /// variable segments.
    pub path: &'static str,
    /// What it does.
    pub action: Action,
    /// What the request body is.
    pub request: Schema,
    /// What a successful answer is.
    pub response: Schema,
    /// The query parameters it takes, beside [`COMMON_PARAMETERS`].
    pub parameters: &'static [Parameter],
    /// Whether it takes the search parameters of the standard too; the service knows which they are.
    pub searches: bool,
    /// The statuses it answers with, beside those of every route.
    pub statuses: &'static [u16],
    /// What it does, in one sentence.
    pub doc: &'static str,
}

/// A method that routes declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// `GET`, and `HEAD` with it.
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Says what is where.
    Index,
    /// The process is alive.
    Health,
    /// The server can do its work.
    Ready,
    /// Counters for Prometheus.
    Metrics,
    /// An interaction of FHIR's RESTful API. Its permission and its class in the audit are those of
    /// the interaction.
    Fhir(Interaction),
    /// A part of the standard that this version does not have: 501, and not in the
    /// CapabilityStatement.
    NotBuilt(&'static str),
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// No body.
    None,
    /// A resource of the type in the path.
    Resource,
    /// A resource of one type.
    Named(&'static str),
    /// A resource to validate, or Parameters around it.
    ResourceOrParameters,
    /// Query parameters as a form: they add to those of the URL.
    Form,
    /// JSON that is no resource.
    Json,
    /// Text.
    Text,
}

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
}

/// The parameters that every FHIR route takes (FHIR R4 §3.1.0.1.12).
pub const COMMON_PARAMETERS: &[Parameter] = &[
    Parameter { name: "_format", doc: "The format of the answer: json." },
    Parameter { name: "_pretty", doc: "true: the answer is indented for people." },
    Parameter { name: "_tenant", doc: "May repeat the tenant that the address names; never chooses one." },
];

/// Parameters of the standard that are refused as not supported instead of unknown.
pub const PARAMETERS_NOT_BUILT: &[&str] = &["_summary", "_elements"];

const HISTORY_PARAMETERS: &[Parameter] = &[
    Parameter { name: "_count", doc: "At most this many versions on a page." },
    Parameter { name: "_since", doc: "Only versions committed at or after this instant." },
    Parameter { name: "_at", doc: "Only versions that stood at some moment of this date or instant." },
    Parameter { name: "_before", doc: "Only versions below this one; stands in the links to further pages." },
];

const PAGED_HISTORY_PARAMETERS: &[Parameter] = &[
    Parameter { name: "_count", doc: "At most this many versions on a page." },
    Parameter { name: "_since", doc: "Only versions committed at or after this instant." },
    Parameter { name: "_at", doc: "Only versions that stood at some moment of this date or instant." },
    Parameter { name: "_cursor", doc: "Stands in the links to further pages." },
];

/// What searches take beside the search parameters of their types (FHIR R4 §3.1.1.5).
const SEARCH_PARAMETERS: &[Parameter] = &[
    Parameter { name: "_id", doc: "Only resources with one of these ids." },
    Parameter { name: "_lastUpdated", doc: "Only resources whose newest version was committed then." },
    Parameter { name: "_has", doc: "Only resources that are referred to by others with these values." },
    Parameter { name: "_type", doc: "Only these types, in a search over several." },
    Parameter { name: "_sort", doc: "The order of the matches; newest first without it." },
    Parameter { name: "_count", doc: "At most this many matches on a page; 0 asks for the total alone." },
    Parameter { name: "_total", doc: "none, estimate or accurate." },
    Parameter { name: "_include", doc: "Adds what the matches refer to." },
    Parameter { name: "_revinclude", doc: "Adds what refers to the matches." },
    Parameter { name: "_summary", doc: "true, text, data, count or false." },
    Parameter { name: "_elements", doc: "Only these elements, and the mandatory ones." },
    Parameter { name: "_cursor", doc: "Stands alone in the links to further pages." },
];

const EVERYTHING_PARAMETERS: &[Parameter] = &[
    Parameter { name: "start", doc: "Only what happened on or after this date." },
    Parameter { name: "end", doc: "Only what happened on or before this date." },
    Parameter { name: "_since", doc: "Only versions committed at or after this instant." },
    Parameter { name: "_type", doc: "Only these types." },
    Parameter { name: "_count", doc: "At most this many resources on a page." },
    Parameter { name: "_cursor", doc: "Stands alone in the links to further pages." },
];

const VALIDATE_PARAMETERS: &[Parameter] = &[
    Parameter { name: "mode", doc: "create, update or delete." },
    Parameter { name: "profile", doc: "Not supported: answers 501." },
];

/// Statuses of every FHIR route: bad request, unknown tenant or resource, not acceptable, not
/// built, unavailable.
pub const COMMON_STATUSES: &[u16] = &[400, 401, 403, 404, 406, 414, 431, 500, 501, 503];

const READ: &[u16] = &[200, 304, 410];
const WRITE: &[u16] = &[200, 201, 409, 412, 413, 415, 422, 507];
const SEARCH: &[u16] = &[200, 410];
const SEARCH_FORM: &[u16] = &[200, 410, 413, 415];

const fn probe(
    path: &'static str,
    action: Action,
    response: Schema,
    statuses: &'static [u16],
    doc: &'static str,
) -> Route {
    Route {
        method: Method::Get,
        path,
        action,
        request: Schema::None,
        response,
        parameters: &[],
        searches: false,
        statuses,
        doc,
    }
}

const fn fhir(
    method: Method,
    path: &'static str,
    interaction: Interaction,
    (request, response): (Schema, Schema),
    parameters: &'static [Parameter],
    statuses: &'static [u16],
    doc: &'static str,
) -> Route {
    let (action, searches) = (Action::Fhir(interaction), false);
    Route { method, path, action, request, response, parameters, searches, statuses, doc }
}

/// A route that takes search parameters.
const fn search(
    method: Method,
    path: &'static str,
    interaction: Interaction,
    request: Schema,
    doc: &'static str,
) -> Route {
    let statuses = if matches!(request, Schema::Form) { SEARCH_FORM } else { SEARCH };
    let route = fhir(method, path, interaction, (request, BUNDLE), SEARCH_PARAMETERS, statuses, doc);
    Route { searches: true, ..route }
}

/// A write of what a search finds.
const fn conditional(
    method: Method,
    interaction: Interaction,
    (request, response): (Schema, Schema),
    statuses: &'static [u16],
    doc: &'static str,
) -> Route {
    let route = fhir(method, "/fhir/{type}", interaction, (request, response), &[], statuses, doc);
    Route { searches: true, ..route }
}

const fn not_built(method: Method, path: &'static str, what: &'static str, doc: &'static str) -> Route {
    let action = Action::NotBuilt(what);
    let (request, response) = (Schema::None, Schema::Named("OperationOutcome"));
    Route { method, path, action, request, response, parameters: &[], searches: false, statuses: &[501], doc }
}

use Method::{Delete, Get, Patch, Post, Put};
use Schema::{Named, Resource, ResourceOrParameters};

const NO_BODY: Schema = Schema::None;
const OUTCOME: Schema = Named("OperationOutcome");
const BUNDLE: Schema = Named("Bundle");

/// All routes. Paths of one template stand together.
pub const ROUTES: &[Route] = &[
    probe("/", Action::Index, Schema::Json, &[200], "Says what is where."),
    probe("/health", Action::Health, Schema::Json, &[200], "Answers while the process lives."),
    probe(
        "/ready",
        Action::Ready,
        Schema::Json,
        &[200, 503],
        "Whether requests should be sent here, and why not.",
    ),
    probe("/metrics", Action::Metrics, Schema::Text, &[200], "Counters and durations for Prometheus."),
    fhir(
        Get,
        "/fhir/metadata",
        Interaction::Capabilities,
        (NO_BODY, Named("CapabilityStatement")),
        &[Parameter { name: "mode", doc: "full; other modes are not supported." }],
        &[200],
        "What this server can do (FHIR R4 §3.1.0.10).",
    ),
    fhir(
        Post,
        "/fhir",
        Interaction::Transaction,
        (BUNDLE, BUNDLE),
        &[],
        WRITE,
        "Runs a batch or a transaction, as the Bundle's type says (FHIR R4 §3.1.0.11).",
    ),
    search(Get, "/fhir", Interaction::SearchSystem, NO_BODY, "Search over all types (FHIR R4 §3.1.1)."),
    fhir(
        Get,
        "/fhir/_history",
        Interaction::HistorySystem,
        (NO_BODY, BUNDLE),
        PAGED_HISTORY_PARAMETERS,
        SEARCH,
        "The versions of all resources, newest first (FHIR R4 §3.1.0.12).",
    ),
    search(
        Post,
        "/fhir/_search",
        Interaction::SearchSystem,
        Schema::Form,
        "Search over all types, parameters in the body.",
    ),
    fhir(
        Post,
        "/fhir/{type}",
        Interaction::Create,
        (Resource, Resource),
        &[],
        WRITE,
        "Creates a resource under a new id (FHIR R4 §3.1.0.8).",
    ),
    search(Get, "/fhir/{type}", Interaction::SearchType, NO_BODY, "Search in one type (FHIR R4 §3.1.1)."),
    conditional(
        Put,
        Interaction::ConditionalUpdate,
        (Resource, Resource),
        WRITE,
        "Makes the next version of the one resource that a search finds, or a new one (FHIR R4 §3.1.0.4.3).",
    ),
    not_built(Patch, "/fhir/{type}", "conditional-patch", "Patch of what a search finds."),
    conditional(
        Delete,
        Interaction::ConditionalDelete,
        (NO_BODY, NO_BODY),
        &[204, 409, 412, 507],
        "Deletes the one resource that a search finds (FHIR R4 §3.1.0.7.1).",
    ),
    fhir(
        Get,
        "/fhir/{type}/_history",
        Interaction::HistoryType,
        (NO_BODY, BUNDLE),
        PAGED_HISTORY_PARAMETERS,
        SEARCH,
        "The versions of all resources of a type, newest first (FHIR R4 §3.1.0.12).",
    ),
    search(
        Post,
        "/fhir/{type}/_search",
        Interaction::SearchType,
        Schema::Form,
        "Search in one type, parameters in the body.",
    ),
    fhir(
        Post,
        "/fhir/{type}/$validate",
        Interaction::Validate,
        (ResourceOrParameters, OUTCOME),
        VALIDATE_PARAMETERS,
        &[200, 413, 415],
        "Says what is wrong with a resource, and stores nothing.",
    ),
    fhir(
        Get,
        "/fhir/{type}/{id}",
        Interaction::Read,
        (NO_BODY, Resource),
        &[],
        READ,
        "The newest version of a resource (FHIR R4 §3.1.0.1).",
    ),
    fhir(
        Put,
        "/fhir/{type}/{id}",
        Interaction::Update,
        (Resource, Resource),
        &[],
        WRITE,
        "Makes the next version of a resource, or the first under this id (FHIR R4 §3.1.0.4).",
    ),
    fhir(
        Delete,
        "/fhir/{type}/{id}",
        Interaction::Delete,
        (NO_BODY, NO_BODY),
        &[],
        &[204, 409, 412, 507],
        "Deletes a resource; its versions stay (FHIR R4 §3.1.0.7).",
    ),
    not_built(Patch, "/fhir/{type}/{id}", "patch", "Changes parts of a resource."),
    fhir(
        Get,
        "/fhir/{type}/{id}/_history",
        Interaction::HistoryInstance,
        (NO_BODY, BUNDLE),
        HISTORY_PARAMETERS,
        &[200],
        "The versions of a resource, newest first (FHIR R4 §3.1.0.12).",
    ),
    fhir(
        Post,
        "/fhir/{type}/{id}/$validate",
        Interaction::Validate,
        (ResourceOrParameters, OUTCOME),
        VALIDATE_PARAMETERS,
        &[200, 413, 415],
        "Says what would be wrong with a resource as an update of this one, and stores nothing.",
    ),
    fhir(
        Get,
        "/fhir/{type}/{id}/_history/{version}",
        Interaction::VRead,
        (NO_BODY, Resource),
        &[],
        READ,
        "One version of a resource (FHIR R4 §3.1.0.2).",
    ),
    fhir(
        Get,
        "/fhir/{type}/{id}/$everything",
        Interaction::Everything,
        (NO_BODY, BUNDLE),
        EVERYTHING_PARAMETERS,
        SEARCH,
        "All that is in a patient's compartment, and what it refers to.",
    ),
    fhir(
        Post,
        "/fhir/{type}/{id}/$everything",
        Interaction::Everything,
        (Named("Parameters"), BUNDLE),
        EVERYTHING_PARAMETERS,
        SEARCH_FORM,
        "The same, parameters in the body.",
    ),
    search(
        Get,
        "/fhir/{type}/{id}/{member}",
        Interaction::SearchType,
        NO_BODY,
        "Search in a compartment: in one type, or in all of them with `*` (FHIR R4 §3.1.0.9.1).",
    ),
    not_built(Post, "/fhir/{type}/{id}/{member}", "operation", "Operations on a resource."),
    search(
        Post,
        "/fhir/{type}/{id}/{member}/_search",
        Interaction::SearchType,
        Schema::Form,
        "Search in a compartment, parameters in the body.",
    ),
];

/// An operation in a place where no route declares one: its name begins with `$`, which no id and no
/// type does, so it is told apart from them wherever they stand.
pub(crate) const OPERATION: &Route =
    &not_built(Post, "/fhir/{type}/{id}/{member}", "operation", "Operations.");

impl Method {
    /// As it stands in a request line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of a request; `HEAD` is `GET`.
    #[must_use]
    pub fn of(method: &http::Method) -> Option<Self> {
        match method.as_str() {
            "GET" | "HEAD" => Some(Self::Get),
            "POST" => Some(Self::Post),
            "PUT" => Some(Self::Put),
            "PATCH" => Some(Self::Patch),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }
}

impl Route {
    /// Whether the route works on a tenant's data.
    #[must_use]
    pub fn has_tenant(&self) -> bool {
        matches!(self.action, Action::Fhir(_) | Action::NotBuilt(_))
    }

    /// The interaction, if it is one that is built.
    #[must_use]
    pub fn interaction(&self) -> Option<Interaction> {
        match self.action {
            Action::Fhir(interaction) => Some(interaction),
            _ => None,
        }
    }

    /// The word for the action in metrics and in the audit.
    #[must_use]
    pub fn action_name(&self) -> &'static str {
        match self.action {
            Action::Index => "index",
            Action::Health => "health",
            Action::Ready => "ready",
            Action::Metrics => "metrics",
            Action::Fhir(interaction) => interaction.code(),
            Action::NotBuilt(what) => what,
        }
    }
}

/// The routes of each path template, in the order of the table.
#[must_use]
pub fn paths() -> Vec<(&'static str, Vec<&'static Route>)> {
    let mut paths: Vec<(&'static str, Vec<&'static Route>)> = Vec::new();
    for route in ROUTES {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((route.path, vec![route])),
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_method_of_a_path_is_declared_once() {
        let mut seen = HashSet::new();
        for route in ROUTES {
            assert!(seen.insert((route.method, route.path)), "{:?} {}", route.method, route.path);
        }
    }

    #[test]
    fn what_reads_a_body_says_which_and_what_is_not_built_answers_501() {
        for route in ROUTES {
            let place = format!("{} {}", route.method.as_str(), route.path);
            if matches!(route.method, Get | Delete) {
                assert_eq!(route.request, NO_BODY, "{place}");
            }
            match route.action {
                Action::NotBuilt(_) => assert_eq!(route.statuses, [501], "{place}"),
                _ => assert!(route.statuses.iter().any(|status| (200..300).contains(status)), "{place}"),
            }
            if route.request == Schema::Form {
                assert!(route.searches && route.path.ends_with("/_search"), "{place}");
            }
            assert!(route.doc.ends_with('.'), "{place}");
            assert!(route.path.starts_with("/fhir") == route.has_tenant(), "{place}");
        }
    }
}
