use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::EgressError;
use crate::unix::UnixConnector;

/// What one answer may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the answer's body.
    pub answer_bytes_max: usize,
    /// From the first try to connect to the last byte of the answer.
    pub time_max: Duration,
    /// For the connection alone.
    pub connect_time_max: Duration,
}

impl Default for Limits {
    /// 256 MiB, 300 s, 5 s.
    fn default() -> Self {
        Self {
            answer_bytes_max: 256 * 1024 * 1024,
            time_max: Duration::from_secs(300),
            connect_time_max: Duration::from_secs(5),
        }
    }
}

/// A client of one server: cheap to clone, connections are kept and shared.
#[derive(Clone)]
pub struct Client {
    connections: Connections,
    authority: Authority,
    limits: Limits,
}

#[derive(Clone)]
enum Connections {
    Tcp(Pool<HttpConnector, Full<Bytes>>),
    Unix(Pool<UnixConnector, Full<Bytes>>),
}

impl Client {
    /// A client of the server that `url` names. Its path and query, if any, are of no account here.
    ///
    /// # Errors
    /// [`EgressError::NotSupported`] for `https`, [`EgressError::Address`] for what is no http URL
    /// with a host, or holds a user name or a password.
    pub fn http(url: &str, limits: Limits) -> Result<Self, EgressError> {
        let uri: Uri = url.parse().map_err(|_| EgressError::Address("this is not a URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(EgressError::NotSupported("https://")),
            _ => return Err(EgressError::Address("a URL must begin with http://")),
        }
        let authority = uri.authority().ok_or(EgressError::Address("the URL names no host"))?.clone();
        if authority.as_str().contains('@') {
            return Err(EgressError::Address("a URL must not hold a user name or a password"));
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(limits.connect_time_max));
        let pool = Pool::builder(TokioExecutor::new()).build(connector);
        Ok(Self { connections: Connections::Tcp(pool), authority, limits })
    }

    /// A client of the server that listens on the Unix socket at `path`.
    #[must_use]
    pub fn unix(path: &Path, limits: Limits) -> Self {
        let connector = UnixConnector(Arc::new(path.to_owned()));
        let pool = Pool::builder(TokioExecutor::new()).build(connector);
        let authority = Authority::from_static("localhost");
        Self { connections: Connections::Unix(pool), authority, limits }
    }

    /// Sends one request, whose URI is a path and query, and reads the whole answer.
    ///
    /// # Errors
    /// Any [`EgressError`]; [`EgressError::is_passing`] tells which may be tried again.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, EgressError> {
        let request = self.address(request)?;
        self.in_time(async {
            let (head, body) = self.exchange(request).await?.into_parts();
            let body = Limited::new(body, self.limits.answer_bytes_max).collect().await;
            let body = body.map_err(|error| self.broken(error.as_ref()))?;
            Ok(Response::from_parts(head, body.to_bytes()))
        })
        .await
    }

    /// Sends one request and hands on the answer's bytes as they come; gives the status at the end.
    ///
    /// # Errors
    /// As [`Client::send`]; what came before was handed on already.
    pub async fn stream(
        &self,
        request: Request<Bytes>,
        each: &mut (dyn FnMut(Bytes) + Send),
    ) -> Result<StatusCode, EgressError> {
        let request = self.address(request)?;
        self.in_time(async {
            let (head, body) = self.exchange(request).await?.into_parts();
            let mut body = Limited::new(body, self.limits.answer_bytes_max);
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| self.broken(error.as_ref()))?;
                if let Ok(bytes) = frame.into_data() {
                    each(bytes);
                }
            }
            Ok(head.status)
        })
        .await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, EgressError>>) -> Result<T, EgressError> {
        let limit = self.limits.time_max;
        match tokio::time::timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(EgressError::TimedOut(limit.as_secs())),
        }
    }

    fn address(&self, request: Request<Bytes>) -> Result<Request<Full<Bytes>>, EgressError> {
        let (mut head, body) = request.into_parts();
        let mut parts = Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query =
            Some(head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
        head.uri = Uri::from_parts(parts).map_err(|_| EgressError::Address("the request names no path"))?;
        Ok(Request::from_parts(head, Full::new(body)))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, EgressError> {
        let answer = match &self.connections {
            Connections::Tcp(pool) => pool.request(request).await,
            Connections::Unix(pool) => pool.request(request).await,
        };
        answer.map_err(|error| {
            if error.is_connect() {
                EgressError::Connect(innermost(&error))
            } else {
                EgressError::Lost(innermost(&error))
            }
        })
    }

    fn broken(&self, error: &(dyn Error + Send + Sync + 'static)) -> EgressError {
        if error.is::<LengthLimitError>() {
            EgressError::TooLarge(self.limits.answer_bytes_max)
        } else {
            EgressError::Lost(innermost(error))
        }
    }
}

/// The cause at the bottom, which is the one that names the system's reason.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        match Client::http(url, Limits::default()) {
            Ok(_) => panic!("{url} was accepted"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_address_without_plain_http_is_refused_with_the_reason() {
        assert!(refusal("https://example.org/fhir").contains("https:// is not supported yet"));
        assert!(refusal("ftp://example.org").contains("http://"));
        assert!(refusal("/fhir").contains("http://"));
        assert!(refusal("http://user:pass@example.org").contains("password"));
        assert!(Client::http("http://[::1]:8000/fhir", Limits::default()).is_ok());
    }
}
