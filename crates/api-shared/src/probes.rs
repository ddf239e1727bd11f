//! The routes of no tenant: what is where, whether the server lives, works, and how much.

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use vpr_service::Service;

use crate::index_state::IndexState;
use crate::metrics::Metrics;
use crate::reply::Reply;
use crate::route::Action;
use crate::routes::ROUTES;

const JSON: &str = "application/json";

pub(crate) fn index() -> Reply {
    let probes = ROUTES.iter().filter(|route| !matches!(route.action, Action::Index) && !route.has_tenant());
    let mut paths: serde_json::Map<String, Value> =
        probes.map(|route| (route.path.to_owned(), Value::from(route.doc))).collect();
    paths.insert("/fhir".into(), "FHIR R4; what it can do is at /fhir/metadata.".into());
    paths.insert("/t/<tenant>/fhir".into(), "The same for a tenant of that name.".into());
    reply(
        StatusCode::OK,
        &json!({
            "name": "vpr",
            "description": "Versioned Patient Repository",
            "version": env!("CARGO_PKG_VERSION"),
            "paths": paths,
        }),
    )
}

pub(crate) fn health() -> Reply {
    reply(StatusCode::OK, &json!({ "status": "alive" }))
}

/// Ready while writes are acknowledged or refused for a reason that goes away by itself. A search index
/// that is away or being built does not change that: reads by id and writes go on.
pub(crate) fn ready(service: &Service) -> Reply {
    let (health, index) = (service.health(), IndexState::of(&service.projections()));
    let mut reasons = Vec::new();
    if health.failed.is_some() {
        // Why stands in the log: it may name files.
        reasons.push("the store stopped after an I/O error and needs a restart");
    }
    let ready = health.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let search = json!({ "state": index.state, "applied": index.applied, "behind": index.behind });
    reply(status, &json!({ "ready": ready, "reasons": reasons, "full": health.full, "search": search }))
}

pub(crate) fn metrics(metrics: &Metrics, service: &Service) -> Reply {
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let index = IndexState::of(&service.projections());
    let text = metrics.scrape(&service.health(), &index, service.audits_lost());
    let mut reply = Reply::text(StatusCode::OK, text, media_type);
    reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

fn reply(status: StatusCode, body: &Value) -> Reply {
    let mut reply = Reply::text(status, body.to_string(), JSON);
    reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
