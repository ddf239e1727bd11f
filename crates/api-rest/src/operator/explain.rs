use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use vpr_codec::{Json, Limits, Value as Said};
use vpr_service::{ExplainedStatement, Failure, Service};

use super::{Answer, json_response, operator, tenant_name};

/// How a search is run: `{"search": "Observation?code=…"}`. It stands in the body because it may name
/// a patient.
pub(super) async fn explain(
    State(service): State<Service>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Answer {
    let json =
        Json::parse(body, &Limits::default()).map_err(|error| Failure::malformed(error.to_string()))?;
    let search = json.root().get("search").and_then(Said::as_str).map(std::borrow::Cow::into_owned);
    let search = search.ok_or_else(|| Failure::malformed("the member search is missing"))?;
    let told = operator(&service, &headers)?.explain(&tenant_name(&tenant)?, search).await?;
    let body = json!({
        "statements": told.statements.iter().map(statement).collect::<Vec<_>>(),
        "stale": told.warning.is_some(),
    });
    Ok(json_response(StatusCode::OK, &body))
}

fn statement(asked: &ExplainedStatement) -> Value {
    json!({
        "statement": asked.text,
        "plan": asked.steps,
        "rows": asked.rows,
        "micros": u64::try_from(asked.time.as_micros()).unwrap_or(u64::MAX),
    })
}
