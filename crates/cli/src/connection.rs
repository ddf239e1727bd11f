use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use vpr_egress::{Client, EgressError};

/// The way to a server: the routes of this process, or another process. What is asked and what is
/// answered are the same.
#[derive(Clone)]
pub(crate) enum Connection {
    /// This process holds the data directory.
    Here(Router),
    /// A server does: over its Unix socket, or over the network.
    There(Arc<Client>),
}

impl Connection {
    /// Sends one request, whose URI is a path and query, and gives the whole answer.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, EgressError> {
        match self {
            Self::There(client) => client.send(request).await,
            Self::Here(router) => {
                let (head, body) = call(router, request).await.into_parts();
                let body = body.collect().await.map_err(|error| EgressError::Lost(error.to_string()))?;
                Ok(Response::from_parts(head, body.to_bytes()))
            }
        }
    }

    /// Sends one request and hands on the answer's bytes as they come.
    pub(crate) async fn stream(
        &self,
        request: Request<Bytes>,
        each: &mut (dyn FnMut(Bytes) + Send),
    ) -> Result<StatusCode, EgressError> {
        match self {
            Self::There(client) => client.stream(request, each).await,
            Self::Here(router) => {
                let (head, mut body) = call(router, request).await.into_parts();
                while let Some(frame) = body.frame().await {
                    let frame = frame.map_err(|error| EgressError::Lost(error.to_string()))?;
                    if let Ok(bytes) = frame.into_data() {
                        each(bytes);
                    }
                }
                Ok(head.status)
            }
        }
    }
}

async fn call(router: &Router, request: Request<Bytes>) -> Response<Body> {
    match router.clone().oneshot(request.map(Body::from)).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
