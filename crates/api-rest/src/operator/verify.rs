use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use vpr_service::{Operator, Service};

use super::render::Refused;
use super::{Answer, operator};

/// Lines of progress that may wait for a slow reader.
const LINES_MAX: usize = 64;

/// Checks everything; one line of JSON for each step, the last one the report.
pub(super) async fn verify(State(service): State<Service>, headers: HeaderMap) -> Answer {
    let operator = operator(&service, &headers)?;
    let (sender, receiver) = mpsc::channel(LINES_MAX);
    tokio::task::spawn_blocking(move || run(&operator, &sender));
    let mut response = Body::new(Lines(receiver)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    Ok::<Response, Refused>(response)
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

/// A body of lines as they come.
struct Lines(mpsc::Receiver<String>);

impl hyper::body::Body for Lines {
    type Data = axum::body::Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Infallible>>> {
        self.0.poll_recv(context).map(|line| Some(Ok(hyper::body::Frame::data(line?.into()))))
    }
}
