//! What the bodies of requests in flight may hold together, and connections whose request was not
//! read to its end.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use hyper::body::Frame;
use tower::ServiceExt as _;
use vpr_types::limits;

use crate::app::{App, Reply, call, get, patient, post};

/// A body that gives a part and then nothing more.
struct Unfinished(Option<Bytes>);

impl hyper::body::Body for Unfinished {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |part| Poll::Ready(Some(Ok(Frame::data(part)))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_in_flight_share_one_budget() {
    // The limits in small: a 1024th of each, and nearly all of the budget is held.
    let app = App::with(|config| {
        assert_eq!(config.body_bytes_max, limits::BODY_BYTES_MAX);
        assert_eq!(config.body_budget_bytes, limits::BODY_BUDGET_BYTES);
        vpr_api_rest::RestConfig {
            body_bytes_max: limits::BODY_BYTES_MAX / 1024,
            body_budget_bytes: limits::BODY_BUDGET_BYTES / 1024,
            ..config
        }
    });
    let unfinished = || {
        let part = Bytes::from(vec![b' '; 60 * 1024]);
        let request = Request::post("/fhir/Patient")
            .header("host", "vpr.example")
            .header("content-type", "application/fhir+json")
            .body(Body::new(Unfinished(Some(part))))
            .unwrap();
        tokio::spawn(app.router.clone().oneshot(request))
    };
    let held = [unfinished(), unfinished(), unfinished(), unfinished()];
    let mut large = patient();
    large["name"][0]["text"] = "x".repeat(20 * 1024).into();
    // Until all of them are read, there is room.
    let mut refused = app.send(post("/fhir/Patient", &large)).await;
    for _ in 0..50 {
        if refused.status != 201 {
            break;
        }
        refused = app.send(post("/fhir/Patient", &large)).await;
    }
    assert_eq!(refused.failure(503).0, "throttled");
    assert_eq!((refused.header("retry-after"), refused.header("connection")), ("1", "close"));
    assert_eq!(app.send(post("/fhir/Patient", &patient())).await.status, 201, "a small one fits");
    for request in held {
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
    }
    for _ in 0..10 {
        assert_eq!(app.send(post("/fhir/Patient", &large)).await.status, 201, "all was given back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_before_the_body_was_read_closes_the_connection() {
    let app = App::with(|config| vpr_api_rest::RestConfig { body_bytes_max: 1_000, ..config });
    let closes = |reply: Reply| (reply.status.as_u16(), reply.header("connection") == "close");
    let body = vec![b'x'; 2_000];
    assert_eq!(closes(app.send(call("POST", "/fhir/Patient").fhir(body.clone())).await), (413, true));
    let plain = call("POST", "/fhir/Patient").header("content-type", "text/plain").body(body.clone());
    assert_eq!(closes(app.send(plain).await), (415, true));
    assert_eq!(closes(app.send(call("POST", "/nowhere").body(body.clone())).await), (404, true));
    assert_eq!(closes(app.send(call("PATCH", "/fhir/Patient").body(body)).await), (501, true));
    assert_eq!(closes(app.send(call("POST", "/fhir/Patient").fhir("x")).await), (400, false));
    assert_eq!(closes(app.send(get("/fhir/Patient/absent")).await), (404, false));
}
