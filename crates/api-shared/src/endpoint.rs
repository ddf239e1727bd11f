use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::Response;
use http::header::{ACCEPT_ENCODING, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use vpr_types::RequestId;

use crate::cors;
use crate::door::{Door, Protocol};
use crate::negotiate::accepts_gzip;
use crate::probes;
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::route::{Action, Method, Route};
use crate::routes::OPERATION;
use crate::tenant::has_operation;

/// All routes of one path: the wrapper around every request. Nothing is served but through it, so
/// none of them can forget the request id, the tenant, authentication, limits, audit or metrics.
pub(crate) struct Endpoint<P> {
    door: Arc<Door<P>>,
    routes: Arc<[&'static Route]>,
}

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the response needs to know of the request besides its answer.
pub(crate) struct Manner {
    pub(crate) request: RequestId,
    head: bool,
    gzip: bool,
    origin: Option<HeaderValue>,
}

impl<P> Clone for Endpoint<P> {
    fn clone(&self) -> Self {
        Self { door: Arc::clone(&self.door), routes: Arc::clone(&self.routes) }
    }
}

impl<P: Protocol> Endpoint<P> {
    pub(crate) fn new(door: Arc<Door<P>>, routes: Vec<&'static Route>) -> Self {
        Self { door, routes: routes.into() }
    }

    async fn serve(self, request: Request) -> Response {
        let begun = Instant::now();
        let Some(manner) = self.manner(&request) else {
            // Without randomness for an id there is none for a document either.
            return Reply::rejected(&Rejection::internal(), false).into_response(false, false).await;
        };
        let method = Method::of(request.method());
        let route = self.route(method, request.uri().path());
        let preflight = request.method() == http::Method::OPTIONS && !self.routes.is_empty();
        let reply = if preflight {
            self.options(&manner, request.headers())
        } else {
            CatchPanic(Box::pin(self.reply(route, &manner, request))).await.unwrap_or_else(|| {
                tracing::error!(request = %manner.request, "a request panicked");
                Reply::rejected(&Rejection::internal(), false)
            })
        };
        let status = reply.status.as_u16();
        let mut response = reply.into_response(manner.gzip, manner.head).await;
        let action = route.map_or("none", Route::action_name);
        let took = begun.elapsed();
        tracing::debug!(request = %manner.request, action, status, micros = took.as_micros(), "answered");
        self.finish(response.headers_mut(), manner);
        self.door.metrics.answered(action, method.map_or("other", Method::as_str), status, took);
        response
    }

    fn route(&self, method: Option<Method>, path: &str) -> Option<&'static Route> {
        let declared = self.routes.iter().copied().find(|route| Some(route.method) == method);
        let operation = || {
            let asks = matches!(method, Some(Method::Get | Method::Post)) && has_operation(path);
            let template = self.routes.first().is_some_and(|route| route.path.contains('{'));
            (asks && template).then_some(OPERATION)
        };
        declared.or_else(operation)
    }

    fn manner(&self, request: &Request) -> Option<Manner> {
        let headers = request.headers();
        let named = headers.get(&REQUEST_ID).and_then(|id| RequestId::new(id.to_str().ok()?));
        Some(Manner {
            request: named.or_else(|| self.door.service.new_request_id())?,
            head: request.method() == http::Method::HEAD,
            gzip: accepts_gzip(headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok())),
            origin: cors::allowed(&self.door.config.cors_origins, headers.get(ORIGIN)).cloned(),
        })
    }

    async fn reply(&self, route: Option<&'static Route>, manner: &Manner, request: Request) -> Reply {
        let door = &self.door;
        let Some(route) = route else {
            let rejection = match self.routes.is_empty() {
                true => Rejection::unknown_route(),
                false => Rejection::method_not_allowed(self.allow()),
            };
            let reply = Reply::rejected(&rejection, false);
            return if request.body().is_end_stream() { reply } else { reply.closing() };
        };
        match route.action {
            Action::Index => probes::index(),
            Action::Health => probes::health(),
            Action::Ready => probes::ready(&door.service),
            Action::Metrics => probes::metrics(&door.metrics, &door.service),
            Action::Fhir(_) | Action::NotBuilt(_) => door.tenant_reply(route, manner, request).await,
        }
    }

    /// `OPTIONS`: which methods there are, and for browsers of known origins what they may send.
    fn options(&self, manner: &Manner, headers: &HeaderMap) -> Reply {
        let mut reply = Reply::new(StatusCode::NO_CONTENT);
        let allow = self.allow();
        if manner.origin.is_some() && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            cors::preflight(&mut reply, &allow);
        }
        reply.put(ALLOW, &allow);
        reply
    }

    /// The methods of the path.
    fn allow(&self) -> String {
        let mut methods = Vec::new();
        for route in self.routes.iter() {
            methods.push(route.method.as_str());
            if route.method == Method::Get {
                methods.push("HEAD");
            }
        }
        methods.push("OPTIONS");
        methods.join(", ")
    }

    fn finish(&self, headers: &mut HeaderMap, manner: Manner) {
        if let Ok(id) = HeaderValue::from_str(manner.request.as_str()) {
            headers.insert(REQUEST_ID, id);
        }
        for (name, value) in SECURITY {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(origin) = manner.origin {
            cors::expose(headers, origin);
        }
    }
}

/// On every response: browsers neither guess types nor run, frame or embed anything of it.
const SECURITY: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
];

impl<P: Protocol> tower::Service<Request<Body>> for Endpoint<P> {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let endpoint = self.clone();
        Box::pin(async move { Ok(endpoint.serve(request).await) })
    }
}

/// A future that ends with `None` when it panics.
struct CatchPanic<F>(Pin<Box<F>>);

impl<F: Future> Future for CatchPanic<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.0.as_mut();
        // A future that panicked is dropped and never polled again.
        match std::panic::catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Err(_) => Poll::Ready(None),
        }
    }
}
