use axum::extract::State;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use vpr_service::{Operator, Service};

use super::lines::{LINES_MAX, answer};
use super::render::Refused;
use super::{Answer, operator};

/// Checks everything; one line of JSON for each step, the last one the report.
pub(super) async fn verify(State(service): State<Service>, headers: HeaderMap) -> Answer {
    let operator = operator(&service, &headers)?;
    let (sender, receiver) = mpsc::channel(LINES_MAX);
    tokio::task::spawn_blocking(move || run(&operator, &sender));
    Ok(answer(receiver))
}

fn run(operator: &Operator, lines: &mpsc::Sender<String>) {
    let send = |value: &Value| {
        // Whoever went away does not stop the check.
        let _ = lines.blocking_send(format!("{value}\n"));
    };
    let result = operator.verify(&mut |progress| {
        let tenant = progress.tenant.as_str();
        send(&json!({ "progress": { "tenant": tenant, "done": progress.done, "total": progress.total } }));
    });
    send(&match result {
        Ok(report) => json!({ "report": {
            "ok": report.damage.is_empty(),
            "repositories": report.repositories,
            "commits": report.commits,
            "changes": report.changes,
            "damage": report.damage,
        } }),
        Err(failure) => Refused::from(failure).to_json(),
    });
}
