use std::time::Duration;

use axum::extract::{Path, State};
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use vpr_service::{ProjectionStatus, ProjectorState, Service};
use vpr_types::TenantName;

use super::lines::{LINES_MAX, answer};
use super::{Answer, operator, tenant_name};

/// How often the progress is told.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Has a tenant's search index emptied and built again; one line of JSON for each step, the last one
/// the report. Reads by id and writes go on, searches answer 503 until it is done.
pub(super) async fn reindex(
    State(service): State<Service>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let tenant = tenant_name(&tenant)?;
    // Counted before it is asked for: it may have begun when the request is answered.
    let rebuilds = status(&service, &tenant).map_or(0, |status| status.rebuilds);
    operator(&service, &headers)?.reindex(&tenant).await?;
    let (sender, receiver) = mpsc::channel(LINES_MAX);
    tokio::spawn(tell(service, tenant, rebuilds, sender));
    Ok(answer(receiver))
}

/// Where each tenant's index stands.
pub(super) fn line(status: &ProjectionStatus) -> Value {
    json!({
        "tenant": status.tenant.as_str(),
        "state": match status.state {
            ProjectorState::Starting => "starting",
            ProjectorState::Following => "following",
            ProjectorState::Rebuilding => "rebuilding",
            ProjectorState::Unavailable => "unavailable",
        },
        "applied": status.applied.0,
        "durable": status.durable.0,
        "error": status.last_error,
    })
}

fn status(service: &Service, tenant: &TenantName) -> Option<ProjectionStatus> {
    service.projections().into_iter().find(|status| status.tenant == *tenant)
}

async fn tell(service: Service, tenant: TenantName, rebuilds: u64, lines: mpsc::Sender<String>) {
    loop {
        let Some(now) = status(&service, &tenant) else { return };
        let rebuilt = now.rebuilds > rebuilds;
        let done = rebuilt && now.state == ProjectorState::Following;
        let mut told = line(&now);
        // What was applied before the rebuild began is no progress of it.
        told["applied"] = json!(if rebuilt { now.applied.0 } else { 0 });
        let told = if done { json!({ "report": told }) } else { json!({ "progress": told }) };
        // Whoever went away does not stop the rebuild.
        if lines.send(format!("{told}\n")).await.is_err() || done {
            return;
        }
        tokio::time::sleep(TELL_EVERY).await;
    }
}
