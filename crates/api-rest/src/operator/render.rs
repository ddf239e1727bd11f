//! What operators are shown, as JSON. Times are exact to the microsecond.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};
use vpr_service::{DocumentVersion, Failure, Health, RecordOverview, operated};
use vpr_types::{Instant, ObjectId, Part};

use super::json_response;

/// A failure as operators see it.
pub(super) struct Refused(Failure);

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl Refused {
    pub(super) fn to_json(&self) -> Value {
        let issue = self.0.outcome.issues.first();
        json!({ "error": {
            "code": issue.map_or("exception", |issue| issue.code.code()),
            "message": issue.map_or("", |issue| issue.text.as_str()),
        } })
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        json_response(status, &self.to_json())
    }
}

pub(super) fn health(health: &Health) -> Value {
    json!({
        "ready": health.is_ready(),
        "failed": health.failed,
        "full": health.full,
        "journal_used": health.journal_used,
        "journal_capacity": health.journal_capacity,
        "unmaterialized": health.unmaterialized,
        "groups": health.groups,
        "entries": health.entries,
        "last_sync_micros": health.last_sync_micros,
    })
}

pub(super) fn tenant(tenant: &operated::Tenant) -> Value {
    json!({
        "name": tenant.name.as_str(),
        "namespace": tenant.namespace.to_string(),
        "created": tenant.created.to_micros_text(),
    })
}

pub(super) fn record(record: &operated::RecordSummary) -> Value {
    let part = |(part, row): &(Part, operated::RepositoryRow)| json!({ "part": part.as_str(), "head": row.head.to_hex() });
    json!({
        "record": record.record.to_string(),
        "parts": record.parts.iter().map(part).collect::<Vec<_>>(),
    })
}

pub(super) fn overview(record: &RecordOverview) -> Value {
    let documents: serde_json::Map<String, Value> =
        record.documents.iter().map(|(part, count)| (part.as_str().to_owned(), json!(count))).collect();
    json!({
        "record": record.record.map_or_else(|| Part::Registry.as_str().to_owned(), |record| record.to_string()),
        "patient": record.patient.as_ref().map(ToString::to_string),
        "documents": documents,
        "last": record.last.map(Instant::to_micros_text),
    })
}

pub(super) fn commit((part, id, view): &(Part, ObjectId, operated::CommitView)) -> Value {
    json!({
        "part": part.as_str(),
        "commit": id.to_hex(),
        "subject": view.subject,
        "message": view.message,
        "author": view.author,
        "time": view.time.to_micros_text(),
        "seq": view.seq.map(|seq| seq.0),
    })
}

pub(super) fn document(document: &DocumentVersion) -> Value {
    let mut value = version(&document.row);
    value["name"] = document.name.to_string().into();
    value
}

pub(super) fn version(row: &operated::VersionRow) -> Value {
    json!({
        "version": row.version.0,
        "seq": row.seq.0,
        "time": row.time.to_micros_text(),
        "operation": row.operation.as_str(),
        "part": row.part.as_str(),
        "record": row.record.to_string(),
        "commit": row.commit.to_hex(),
        "object": row.object.map(ObjectId::to_hex),
        "size": row.size,
    })
}
