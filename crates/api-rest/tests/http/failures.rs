//! What callers see when the server cannot do its work.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::Request;
use tower::ServiceExt as _;
use vpr_api_shared::{Authentication, Call, DoorConfig, Protocol};
use vpr_service::{Answer, AuditMode, Failure, Interaction, Operation};
use vpr_store::StoreOptions;
use vpr_testkit::{Fault, Repeat, SimDisk};
use vpr_types::PrincipalId;

use crate::app::{App, Reply, get, patient_with, put, tenant};

/// An app on a simulated disk, with a journal so small that it fills.
fn simulated() -> (App, SimDisk) {
    let disk = SimDisk::new();
    disk.stop_recording();
    let mut options = StoreOptions::default();
    options.journal.segment_bytes = 64 << 10;
    options.journal.segments_max = 4;
    options.journal.retry_micros = 10_000;
    let short = |mut config: vpr_api_rest::RestConfig| {
        config.request_timeout = Duration::from_millis(500);
        config
    };
    let mut app = App::on(Arc::new(disk.clone()), options, AuditMode::Durable, short);
    app.run();
    (app, disk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_serves_reads() {
    let (app, disk) = simulated();
    assert_eq!(app.send(put("/fhir/Patient/p", &patient_with("p"))).await.status, 201);
    disk.set_quota(Some(disk.used_bytes()));
    let (mut full, mut waiting) = (None, false);
    for number in 0..400 {
        let id = format!("p{number}");
        let reply = app.send(put(&format!("/fhir/Patient/{id}"), &patient_with(&id))).await;
        // What was queued when the room ran out waits for more; what comes after is refused.
        waiting |= reply.status == 503;
        if !matches!(reply.status.as_u16(), 201 | 503) {
            full = Some(reply);
            break;
        }
    }
    let read = app.send(get("/fhir/Patient/p")).await;
    disk.set_quota(None);
    let full = full.expect("the disk never filled");
    assert_eq!(full.failure(507).0, "no-store");
    assert!(!full.header("retry-after").is_empty());
    // Its audit entry stands behind the write that waits, if one does.
    assert!(read.status == 200 || waiting, "{}", read.text());
    let mut last = 0;
    for _ in 0..200 {
        last = app.send(put("/fhir/Patient/late", &patient_with("late"))).await.status.as_u16();
        if last < 300 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(last < 300, "room does not help: {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_io_error_nothing_is_acknowledged() {
    let (mut app, disk) = simulated();
    app.sound = false;
    assert_eq!(app.send(put("/fhir/Patient/p", &patient_with("p"))).await.status, 201);
    assert_eq!(app.send(get("/ready")).await.status, 200);
    disk.fail_operation(disk.operations() + 1, Fault::Eio, Repeat::Sticky);
    let write = app.send(put("/fhir/Patient/q", &patient_with("q"))).await;
    assert_eq!(write.failure(503).0, "transient");
    assert!(!write.header("retry-after").is_empty());
    // Reads cannot be audited any more, so they are not answered.
    app.send(get("/fhir/Patient/p")).await.failure(503);
    let ready = app.send(get("/ready")).await;
    assert_eq!((ready.status.as_u16(), ready.json()["ready"].as_bool()), (503, Some(false)));
    assert_eq!(app.send(get("/health")).await.status, 200);
    assert!(app.send(get("/metrics")).await.text().contains("vpr_ready 0\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_leaves_before_it_is_durable() {
    let disk: Arc<SimDisk> = Arc::new(SimDisk::new());
    let short = |mut config: vpr_api_rest::RestConfig| {
        config.request_timeout = Duration::from_millis(50);
        config
    };
    for audit in [AuditMode::Durable, AuditMode::Buffered] {
        // Nobody syncs.
        let app = App::on(Arc::new(disk.snapshot()), StoreOptions::default(), audit, short);
        let write = app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
        assert_eq!(write.failure(503).0, "timeout");
        // What is not durable is not shown, whatever the question.
        for request in [
            get("/fhir/Patient/p"),
            get("/fhir/Patient/p/_history"),
            get("/fhir/Patient/p/_history/1"),
            get("/fhir/Patient/p").header("if-none-match", "*"),
            put("/fhir/Patient/p", &patient_with("p")).header("if-none-match", "*"),
            put("/fhir/Patient/p", &patient_with("p")),
        ] {
            assert_eq!(app.send(request).await.failure(503).0, "timeout", "{audit}");
        }
        let nothing = app.send(get("/fhir/Patient/never")).await;
        assert_eq!(nothing.status.as_u16(), if audit == AuditMode::Durable { 503 } else { 404 });
        while app.engine.step_journal().unwrap() {}
        let read = tokio::spawn(app.router.clone().oneshot(get("/fhir/Patient/p").into_request()));
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            while app.engine.step_journal().unwrap() {}
        }
        assert_eq!(read.await.unwrap().unwrap().status(), 200);
    }
}

/// A body that never comes.
struct Silence;

impl hyper::body::Body for Silence {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let app = App::with(|mut config| {
        config.request_timeout = Duration::from_millis(50);
        config
    });
    let request = Request::post("/fhir/Patient").header("content-type", "application/fhir+json");
    let request = request.body(Body::new(Silence)).unwrap();
    let reply = Reply::read(app.router.clone().oneshot(request).await.unwrap()).await;
    assert_eq!(reply.failure(408).0, "timeout");
}

/// A protocol with a defect.
struct Defective;

impl Protocol for Defective {
    fn operation(&self, call: Call) -> Result<Operation, Failure> {
        assert!(call.interaction != Interaction::Read, "secret: {:?}", call.path);
        Ok(Operation::Capabilities)
    }

    fn render(&self, _: Interaction, _: &str, answer: Answer) -> Answer {
        answer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_defect_answers_500_without_internals_and_the_next_request_works() {
    let app = App::new();
    let config = DoorConfig {
        slow_search: Duration::from_secs(1),
        authentication: Authentication::Development { principal: PrincipalId::new("dev").unwrap() },
        addressing: vpr_api_shared::Addressing {
            default_tenant: Some(tenant("default")),
            ..Default::default()
        },
        cors_origins: Vec::new(),
        request_timeout: Duration::from_secs(1),
        body_bytes_max: 1_000,
        body_budget_bytes: 1_000,
    };
    let router = vpr_api_shared::router(Defective, app.service.clone(), config);
    let send =
        async |path: &str| Reply::read(router.clone().oneshot(get(path).into_request()).await.unwrap()).await;
    let reply = send("/fhir/Patient/secret").await;
    assert_eq!(reply.failure(500).0, "exception");
    assert!(!reply.text().contains("secret"));
    assert!(!reply.header("x-request-id").is_empty());
    assert_eq!(send("/fhir/metadata").await.status, 200);
}
