//! Browsers of other origins (the Fetch standard's CORS protocol). Origins are matched exactly and
//! there is no wildcard.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, VARY,
};
use http::{HeaderMap, HeaderValue};

use crate::reply::Reply;

const REQUEST_HEADERS: &str = "accept, authorization, content-encoding, content-type, idempotency-key, if-match, \
    if-modified-since, if-none-exist, if-none-match, prefer, x-request-id, x-tenant-id";
const RESPONSE_HEADERS: &str =
    "etag, idempotency-replayed, last-modified, location, retry-after, warning, x-request-id";

/// The origin of a request, if it may call.
pub(crate) fn allowed<'a>(origins: &[String], origin: Option<&'a HeaderValue>) -> Option<&'a HeaderValue> {
    origin.filter(|origin| origins.iter().any(|known| known.as_bytes() == origin.as_bytes()))
}

/// What a browser may send to a path.
pub(crate) fn preflight(reply: &mut Reply, methods: &str) {
    reply.put(ACCESS_CONTROL_ALLOW_METHODS, methods);
    reply.headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    reply.headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
}

/// What a browser may show to its page.
pub(crate) fn expose(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(RESPONSE_HEADERS));
    headers.append(VARY, HeaderValue::from_static("origin"));
}
