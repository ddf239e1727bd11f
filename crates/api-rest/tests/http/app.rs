//! A server over a data directory of its own, called through its router.

use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use vpr_api_rest::RestConfig;
use vpr_core::Engine;
use vpr_projection::{Limits, Place, Projection};
use vpr_service::{AuditMode, Service, ServiceConfig};
use vpr_store::disk::RealDisk;
use vpr_store::format::AccessEntry;
use vpr_store::logs::AccessLog;
use vpr_store::{StoreOptions, World};
use vpr_types::{Disk, SystemClock, SystemEntropy, TenantName};

pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) service: Service,
    pub(crate) engine: Engine,
    threads: Vec<JoinHandle<()>>,
    folder: Option<tempfile::TempDir>,
    /// Where the search index is.
    _index: tempfile::TempDir,
    /// Whether stopping must succeed: not after the disk was made to fail.
    pub(crate) sound: bool,
}

pub(crate) fn tenant(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

impl App {
    /// Tenants `default` and `other`, development mode, durable audit, a real folder.
    pub(crate) fn new() -> Self {
        Self::with(|config| config)
    }

    pub(crate) fn with(change: impl FnOnce(RestConfig) -> RestConfig) -> Self {
        Self::with_audit(AuditMode::Durable, change)
    }

    pub(crate) fn with_audit(audit: AuditMode, change: impl FnOnce(RestConfig) -> RestConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(RealDisk::open(folder.path()).unwrap());
        let mut app = Self::on(disk, StoreOptions::default(), audit, change);
        app.folder = Some(folder);
        app.run();
        app
    }

    /// The same over any disk, its threads not yet running: nothing becomes durable.
    pub(crate) fn on(
        disk: Arc<dyn Disk>,
        options: StoreOptions,
        audit: AuditMode,
        change: impl FnOnce(RestConfig) -> RestConfig,
    ) -> Self {
        let world = World { disk, clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
        let (engine, _) = Engine::open(world, options).unwrap();
        for name in ["default", "other"] {
            engine.create_tenant(&tenant(name)).unwrap();
        }
        while engine.step_journal().unwrap() {}
        let index = tempfile::tempdir().unwrap();
        let place = Place::Sqlite { folder: index.path().to_owned() };
        let projection = Projection::open(place, Limits::default()).unwrap();
        let config_of_service = ServiceConfig { audit, ..ServiceConfig::default() };
        let service = Service::searching(config_of_service, engine.clone(), projection);
        let config = change(RestConfig::development(tenant("default")));
        let router = vpr_api_rest::router(service.clone(), config);
        Self { router, service, engine, threads: Vec::new(), folder: None, _index: index, sound: true }
    }

    /// Starts the engine's threads, and the one that carries changes into the search index.
    pub(crate) fn run(&mut self) {
        let (journal, background) = (self.engine.clone(), self.engine.clone());
        let service = self.service.clone();
        self.threads.push(std::thread::spawn(move || service.run_projector()));
        self.threads.push(std::thread::spawn(move || journal.run_journal()));
        self.threads.push(std::thread::spawn(move || background.run_background()));
    }

    pub(crate) async fn send(&self, call: Call) -> Reply {
        let response = self.router.clone().oneshot(call.into_request()).await.unwrap();
        Reply::read(response).await
    }

    /// Stops the server and reads what it wrote into a tenant's audit.
    pub(crate) fn audit(mut self, name: &str) -> Vec<AccessEntry> {
        self.stop();
        let folder = self.folder.as_ref().unwrap();
        let disk = Arc::new(RealDisk::open(folder.path()).unwrap());
        let log = AccessLog::open(disk, &tenant(name)).unwrap();
        log.read_from(0).unwrap().map(Result::unwrap).collect()
    }

    fn stop(&mut self) {
        self.service.stop_projector();
        let closed = self.engine.close();
        assert!(closed.is_ok() || !self.sound || std::thread::panicking(), "{closed:?}");
        if closed.is_err() {
            // The threads of an engine that could not be closed go on.
            self.threads.clear();
        }
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.stop();
        }
    }
}

/// A request that is being made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

pub(crate) fn call(method: &str, path: &str) -> Call {
    let headers = vec![("host".to_owned(), "vpr.example".to_owned())];
    Call { method: method.parse().unwrap(), path: path.to_owned(), headers, body: Vec::new() }
}

pub(crate) fn get(path: &str) -> Call {
    call("GET", path)
}

pub(crate) fn delete(path: &str) -> Call {
    call("DELETE", path)
}

pub(crate) fn post(path: &str, body: &Value) -> Call {
    call("POST", path).fhir(body.to_string())
}

pub(crate) fn put(path: &str, body: &Value) -> Call {
    call("PUT", path).fhir(body.to_string())
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn fhir(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", "application/fhir+json").body(body)
    }

    pub(crate) fn into_request(self) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body)).unwrap()
    }
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) async fn read(response: http::Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that this is a failure as FHIR wants it, and gives the code and place of its first issue.
    #[track_caller]
    pub(crate) fn failure(&self, status: u16) -> (String, String) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/fhir+json; charset=utf-8");
        let json = self.json();
        assert_eq!(json["resourceType"], "OperationOutcome");
        let issue = &json["issue"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&issue["code"]), text(&issue["expression"][0]))
    }
}

/// Resources of the tests.
pub(crate) fn patient() -> Value {
    serde_json::json!({ "resourceType": "Patient", "active": true, "name": [{ "family": "Berg" }] })
}

pub(crate) fn patient_with(id: &str) -> Value {
    let mut patient = patient();
    patient["id"] = id.into();
    patient
}

pub(crate) fn observation(subject: &str) -> Value {
    serde_json::json!({
        "resourceType": "Observation", "status": "final", "code": { "text": "weight" },
        "subject": { "reference": subject }, "valueQuantity": { "value": 70.10, "unit": "kg" },
    })
}
