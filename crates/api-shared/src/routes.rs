//! The declarations: every path that the server answers, once. The router, OpenAPI, the
//! CapabilityStatement and the tests that probe each route read this table and nothing else.

use vpr_service::Interaction;

use crate::declared::{
    EVERYTHING_PARAMETERS, HISTORY_PARAMETERS, PAGED_HISTORY_PARAMETERS, SEARCH_PARAMETERS,
    VALIDATE_PARAMETERS,
};
use crate::route::{Action, Method, Parameter, Route, Schema};

/// Statuses of every FHIR route: bad request, unknown tenant or resource, not acceptable, not
/// built, unavailable.
pub const COMMON_STATUSES: &[u16] = &[400, 401, 403, 404, 406, 414, 431, 500, 501, 503];

const READ: &[u16] = &[200, 304, 410];
const WRITE: &[u16] = &[200, 201, 409, 412, 413, 415, 422, 507];
const SEARCH: &[u16] = &[200, 410, 422];
const SEARCH_FORM: &[u16] = &[200, 410, 413, 415, 422];

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
        &[204, 409, 412, 422, 507],
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
