//! The declarations: every path that the server answers, once. The router, OpenAPI, the
//! CapabilityStatement and the tests that probe each route read this table and nothing else.

use vpr_service::Interaction;

/// One method of one path.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method; `GET` answers `HEAD` too.
    pub method: Method,
    /// The path below the tenant's address, with `{type}`, `{id}`, `{version}` and `{rest}` for its
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

const VALIDATE_PARAMETERS: &[Parameter] = &[
    Parameter { name: "mode", doc: "create, update or delete." },
    Parameter { name: "profile", doc: "Not supported: answers 501." },
];

/// Statuses of every FHIR route: bad request, unknown tenant or resource, not acceptable, not
/// built, unavailable.
pub const COMMON_STATUSES: &[u16] = &[400, 401, 403, 404, 406, 414, 431, 500, 501, 503];

const READ: &[u16] = &[200, 304, 410];
const WRITE: &[u16] = &[200, 201, 409, 412, 413, 415, 422, 507];

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
    Route { method, path, action: Action::Fhir(interaction), request, response, parameters, statuses, doc }
}

const fn not_built(method: Method, path: &'static str, what: &'static str, doc: &'static str) -> Route {
    let action = Action::NotBuilt(what);
    let (request, response) = (Schema::None, Schema::Named("OperationOutcome"));
    Route { method, path, action, request, response, parameters: &[], statuses: &[501], doc }
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
    not_built(Get, "/fhir", "search-system", "Search over all types."),
    not_built(Get, "/fhir/_history", "history-system", "The history of all resources."),
    not_built(Post, "/fhir/_search", "search-system", "Search over all types."),
    fhir(
        Post,
        "/fhir/{type}",
        Interaction::Create,
        (Resource, Resource),
        &[],
        WRITE,
        "Creates a resource under a new id (FHIR R4 §3.1.0.8).",
    ),
    not_built(Get, "/fhir/{type}", "search-type", "Search in one type."),
    not_built(Put, "/fhir/{type}", "conditional-update", "Update of what a search finds."),
    not_built(Patch, "/fhir/{type}", "conditional-patch", "Patch of what a search finds."),
    not_built(Delete, "/fhir/{type}", "conditional-delete", "Deletion of what a search finds."),
    not_built(Get, "/fhir/{type}/_history", "history-type", "The history of one type."),
    not_built(Post, "/fhir/{type}/_search", "search-type", "Search in one type."),
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
    not_built(
        Get,
        "/fhir/{type}/{id}/{rest}",
        "compartment-search",
        "Search in a compartment, and operations.",
    ),
    not_built(Post, "/fhir/{type}/{id}/{rest}", "operation", "Operations on a resource."),
];

/// An operation in a place where no route declares one: its name begins with `$`, which no id and no
/// type does, so it is told apart from them wherever they stand.
pub(crate) const OPERATION: &Route = &not_built(Post, "/fhir/{type}/{id}/{rest}", "operation", "Operations.");

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
            assert!(route.doc.ends_with('.'), "{place}");
            assert!(route.path.starts_with("/fhir") == route.has_tenant(), "{place}");
        }
    }
}
