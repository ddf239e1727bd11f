//! Answers and rejections as HTTP responses.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    LOCATION, RETRY_AFTER, VARY, WARNING, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use vpr_service::{Answer, Stamp};

use crate::body::compress;
use crate::date::format_date;
use crate::rejection::{RETRY_AFTER_SECONDS, Rejection};

/// A response before its body is compressed or dropped.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<(Bytes, &'static str)>,
}

pub(crate) const FHIR_JSON_UTF8: &str = "application/fhir+json; charset=utf-8";

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

impl Reply {
    pub(crate) fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::with_capacity(12), body: None }
    }

    pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>, media_type: &'static str) -> Self {
        Self { body: Some((body.into(), media_type)), ..Self::new(status) }
    }

    /// The answer of the service, its URLs below `base`.
    pub(crate) fn of(answer: Answer, base: &str, pretty: bool) -> Self {
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = Self::new(status);
        reply.stamp(answer.stamp);
        if let Some((name, version)) = answer.location {
            reply.put(LOCATION, &format!("{base}/{name}/_history/{version}"));
        }
        if answer.replayed {
            reply.headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(warning) = answer.warning {
            reply.headers.insert(WARNING, HeaderValue::from_static(warning.header()));
        }
        // A copy may be kept by the caller alone, and asked about before each use.
        reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        reply.body = answer.body.map(|body| (laid_out(body, pretty), FHIR_JSON_UTF8));
        reply
    }

    pub(crate) fn rejected(rejection: &Rejection, pretty: bool) -> Self {
        let body = laid_out(rejection.body().into(), pretty);
        let mut reply = Self::text(rejection.status, body, FHIR_JSON_UTF8);
        reply.stamp(rejection.stamp);
        if let Some(allow) = &rejection.allow {
            reply.put(ALLOW, allow);
        }
        if rejection.status == StatusCode::UNAUTHORIZED {
            reply.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vpr\""));
        }
        if rejection.is_transient() {
            reply.headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        reply
    }

    /// The same, and nothing more on this connection: what is left of the request is not read.
    pub(crate) fn closing(mut self) -> Self {
        self.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        self
    }

    fn stamp(&mut self, stamp: Option<Stamp>) {
        if let Some(stamp) = stamp {
            self.put(ETAG, &stamp.etag());
            self.put(LAST_MODIFIED, &format_date(stamp.time));
        }
    }

    /// Sets a header whose value is made of checked parts.
    pub(crate) fn put(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    /// The response: compressed if `gzip`, without its body for a `HEAD`.
    pub(crate) async fn into_response(self, gzip: bool, head: bool) -> Response {
        let Self { status, mut headers, body } = self;
        let mut content = Body::empty();
        if let Some((bytes, media_type)) = body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
            headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
            let compressed = if gzip { compress(&bytes).await } else { None };
            if compressed.is_some() {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            let bytes = compressed.unwrap_or(bytes);
            headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            if !head {
                content = Body::from(bytes);
            }
        }
        let mut response = Response::new(content);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

fn laid_out(body: Bytes, pretty: bool) -> Bytes {
    if pretty { vpr_codec::pretty(&body).into() } else { body }
}
