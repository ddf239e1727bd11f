//! Development has no authentication, so a page in the browser of this machine must not reach the
//! server under a name of its own (DNS rebinding): the `Host` must be this machine's.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::HOST;
use http::uri::Authority;

/// Refuses requests whose `Host`, or the authority of whose target, is neither this machine nor one
/// of `names`: 421 (RFC 9110 §15.5.20). URLs in answers are made of the authority if there is one.
pub(crate) fn only(routes: Router, names: impl IntoIterator<Item = String>) -> Router {
    let names: Arc<[String]> = names.into_iter().collect();
    routes.layer(middleware::from_fn(move |request: Request, next: Next| {
        let names = Arc::clone(&names);
        async move { check(&names, request, next).await }
    }))
}

async fn check(names: &[String], request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    if another.is_some() {
        return (StatusCode::BAD_REQUEST, "A request has one Host (RFC 9112 §3.2).\n").into_response();
    }
    let host = host.and_then(|host| host.to_str().ok());
    let authority = request.uri().authority().map_or("localhost", Authority::as_str);
    if host.is_some_and(|host| is_here(host, names)) && is_here(authority, names) {
        return next.run(request).await;
    }
    let text = "In development the server answers under localhost, 127.0.0.1 and [::1] only.\n";
    (StatusCode::MISDIRECTED_REQUEST, text).into_response()
}

fn is_here(host: &str, names: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback()) || names.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_here() {
        let names = ["a.example".to_owned()];
        for good in
            ["localhost", "LOCALHOST:8000", "127.0.0.1:80", "127.9.9.9", "[::1]:8000", "[::1]", "a.example:1"]
        {
            assert!(is_here(good, &names), "{good}");
        }
        for bad in
            ["", "evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example:80", "[::2]"]
        {
            assert!(!is_here(bad, &names), "{bad}");
        }
    }
}
