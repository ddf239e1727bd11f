//! What operators ask of a data directory, over its Unix socket or in process: records, commits,
//! versions, stored bytes, maintenance. Answers are JSON of ids and facts; only the stored bytes and
//! the titles and snippets of [`list`] hold content, and are audited as looked at.

mod explain;
mod lines;
mod list;
mod reindex;
mod render;
mod verify;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;
use vpr_fhir::IssueType;
use vpr_service::{Failure, FailureKind, Operator, Service, Stamp, parse_version};
use vpr_types::{
    DocumentName, InvalidName, Part, PrincipalId, RecordId, RepositoryId, RequestId, TenantName,
};

use render::Refused;

type Answer = Result<Response, Refused>;
type Parameters = Query<HashMap<String, String>>;

/// Commits shown if the caller names no limit.
const LOG_LIMIT_DEFAULT: usize = 50;

/// The operators' routes. Whoever can reach them is an operator: serve them only on a socket whose
/// permissions say so.
pub fn operator_router(service: Service) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/tenants", get(tenants).post(create_tenant))
        .route("/tenants/{tenant}/records", get(records))
        .route("/tenants/{tenant}/overview", get(overview))
        .route("/tenants/{tenant}/record", get(record))
        .route("/tenants/{tenant}/records/{record}/log", get(log))
        .route("/tenants/{tenant}/records/{record}/documents", get(documents))
        .route("/tenants/{tenant}/list", get(list::list))
        .route("/tenants/{tenant}/explain", post(explain::explain))
        .route("/tenants/{tenant}/documents/{collection}/{id}/versions", get(versions))
        .route("/tenants/{tenant}/documents/{collection}/{id}", get(content))
        .route("/projections", get(projections))
        .route("/tenants/{tenant}/reindex", post(reindex::reindex))
        .route("/materialize", post(materialize))
        .route("/verify", post(verify::verify))
        .fallback(unknown)
        .with_state(service)
}

async fn unknown() -> Refused {
    Failure::not_found("there is nothing at this address").into()
}

fn operator(service: &Service, headers: &HeaderMap) -> Result<Operator, Failure> {
    let named = headers.get("x-request-id").and_then(|id| RequestId::new(id.to_str().ok()?));
    let request = named.or_else(|| service.new_request_id()).ok_or_else(Failure::internal)?;
    let principal = PrincipalId::new("operator").ok_or_else(Failure::internal)?;
    Ok(service.operator(principal, request))
}

async fn health(State(service): State<Service>) -> Response {
    json_response(StatusCode::OK, &render::health(&service.health()))
}

async fn tenants(State(service): State<Service>, headers: HeaderMap) -> Answer {
    let tenants = operator(&service, &headers)?.tenants()?;
    let tenants: Vec<Value> = tenants.iter().map(render::tenant).collect();
    Ok(json_response(StatusCode::OK, &json!({ "tenants": tenants })))
}

async fn create_tenant(State(service): State<Service>, headers: HeaderMap, body: String) -> Answer {
    let json = vpr_codec::Json::parse(body, &vpr_codec::Limits::default())
        .map_err(|error| Failure::malformed(error.to_string()))?;
    let name = json.root().get("name").and_then(|name| name.as_str());
    let name = TenantName::new(&name.unwrap_or_default()).map_err(malformed)?;
    let tenant = operator(&service, &headers)?.create_tenant(name).await?;
    Ok(json_response(StatusCode::CREATED, &render::tenant(&tenant)))
}

async fn records(State(service): State<Service>, Path(tenant): Path<String>, headers: HeaderMap) -> Answer {
    let records = operator(&service, &headers)?.records(&tenant_name(&tenant)?).await?;
    let records: Vec<Value> = records.iter().map(render::record).collect();
    Ok(json_response(StatusCode::OK, &json!({ "records": records })))
}

async fn overview(State(service): State<Service>, Path(tenant): Path<String>, headers: HeaderMap) -> Answer {
    let records = operator(&service, &headers)?.overview(&tenant_name(&tenant)?).await?;
    let records: Vec<Value> = records.iter().map(render::overview).collect();
    Ok(json_response(StatusCode::OK, &json!({ "records": records })))
}

async fn record(
    State(service): State<Service>,
    Path(tenant): Path<String>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Answer {
    let key =
        parameters.get("key").cloned().ok_or_else(|| Failure::malformed("the parameter key is missing"))?;
    let record = operator(&service, &headers)?.record(&tenant_name(&tenant)?, key).await?;
    Ok(json_response(StatusCode::OK, &render::record(&record)))
}

async fn log(
    State(service): State<Service>,
    Path((tenant, record)): Path<(String, String)>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Answer {
    let tenant = tenant_name(&tenant)?;
    let part = match parameters.get("part") {
        None => None,
        Some(part) => Some(Part::parse(part).ok_or_else(|| Failure::malformed("there is no such part"))?),
    };
    let limit = match parameters.get("limit") {
        None => LOG_LIMIT_DEFAULT,
        Some(limit) => limit.parse().map_err(|_| Failure::malformed("limit is no number"))?,
    };
    let operator = operator(&service, &headers)?;
    let repositories = repositories(&operator, &tenant, &record, part).await?;
    let commits = operator.log(&tenant, repositories, limit).await?;
    let commits: Vec<Value> = commits.iter().map(render::commit).collect();
    Ok(json_response(StatusCode::OK, &json!({ "commits": commits })))
}

async fn documents(
    State(service): State<Service>,
    Path((tenant, record)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let tenant = tenant_name(&tenant)?;
    let operator = operator(&service, &headers)?;
    let repositories = repositories(&operator, &tenant, &record, None).await?;
    let documents = operator.documents(&tenant, repositories).await?;
    let documents: Vec<Value> = documents.iter().map(render::document).collect();
    Ok(json_response(StatusCode::OK, &json!({ "documents": documents })))
}

async fn versions(
    State(service): State<Service>,
    Path((tenant, collection, id)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let name = DocumentName::new(&collection, &id).map_err(malformed)?;
    let page = operator(&service, &headers)?.versions(&tenant_name(&tenant)?, name).await?;
    let versions: Vec<Value> = page.versions.iter().map(render::version).collect();
    Ok(json_response(StatusCode::OK, &json!({ "versions": versions })))
}

async fn content(
    State(service): State<Service>,
    Path((tenant, collection, id)): Path<(String, String, String)>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Answer {
    let name = DocumentName::new(&collection, &id).map_err(malformed)?;
    let version = match parameters.get("version") {
        None => None,
        Some(text) => Some(parse_version(text).ok_or_else(|| Failure::malformed("version is no version"))?),
    };
    let (row, bytes) = operator(&service, &headers)?.content(&tenant_name(&tenant)?, name, version).await?;
    let mut response = bytes.to_vec().into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(etag) = HeaderValue::from_str(&Stamp { version: row.version, time: row.time }.etag()) {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}

async fn projections(State(service): State<Service>) -> Response {
    let all: Vec<Value> = service.projections().iter().map(reindex::line).collect();
    json_response(StatusCode::OK, &json!({ "projections": all }))
}

async fn materialize(State(service): State<Service>, headers: HeaderMap) -> Answer {
    operator(&service, &headers)?.materialize().await?;
    Ok(json_response(StatusCode::OK, &json!({})))
}

/// The repositories that `record` (a UUID, or `registry`) has, or the one `part` of them.
async fn repositories(
    operator: &Operator,
    tenant: &TenantName,
    record: &str,
    part: Option<Part>,
) -> Result<Vec<RepositoryId>, Failure> {
    if record == Part::Registry.as_str() {
        return Ok(vec![RepositoryId::registry(tenant.clone())]);
    }
    let uuid = Uuid::parse_str(record).map_err(|_| Failure::malformed("the record is no UUID"))?;
    let summary = operator.record(tenant, uuid.to_string()).await?;
    let parts =
        summary.parts.into_iter().map(|(part, _)| part).filter(|each| part.is_none_or(|part| part == *each));
    Ok(parts.map(|part| RepositoryId::new(tenant.clone(), part, RecordId(uuid))).collect())
}

fn tenant_name(text: &str) -> Result<TenantName, Failure> {
    TenantName::new(text).map_err(malformed)
}

fn malformed(error: InvalidName) -> Failure {
    Failure::new(FailureKind::Malformed, IssueType::Value, error.to_string())
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let content_type = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (status, content_type, body.to_string()).into_response()
}
