use axum::extract::{Path, Query, State};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use vpr_service::{Failure, ListRequest, ListedDocument, Service, unknown_parameter};

use super::{Answer, Parameters, json_response, operator, tenant_name};

/// The documents of a record, a page of them: `?record=Patient/<id>`, and `type`, `count`, `cursor`.
pub(super) async fn list(
    State(service): State<Service>,
    Path(tenant): Path<String>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Answer {
    let mut request = ListRequest::default();
    let mut record = None;
    for (name, value) in parameters {
        match name.as_str() {
            "record" => record = Some(value),
            "type" => request.type_name = Some(value),
            "count" => {
                let count = value.parse().map_err(|_| Failure::malformed("count is no number"))?;
                request.count = Some(count);
            }
            "cursor" => request.cursor = Some(value),
            other => return Err(unknown_parameter(other, &[]).into()),
        }
    }
    request.record = record.ok_or_else(|| Failure::malformed("the parameter record is missing"))?;
    let page = operator(&service, &headers)?.list(&tenant_name(&tenant)?, request).await?;
    let body = json!({
        "seq": page.seq.0,
        "documents": page.documents.iter().map(line).collect::<Vec<_>>(),
        "next": page.next,
        "stale": page.warning.is_some(),
    });
    Ok(json_response(StatusCode::OK, &body))
}

fn line(document: &ListedDocument) -> Value {
    let ListedDocument { name, row } = document;
    json!({
        "name": name.to_string(),
        "version": row.version.0,
        "time": row.time.to_micros_text(),
        "author": row.author,
        "flags": row.listing.flags.words().collect::<Vec<_>>(),
        "title": row.listing.title,
        "snippet": row.listing.snippet,
    })
}
