use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use tower::ServiceExt;
use vpr_egress::{Client, EgressError};

/// The way to a server: the routes of this process, or another process. What is asked and what is
/// answered are the same.
#[derive(Clone)]
pub(crate) enum Connection {
    /// This process holds the data directory.
    Here(Router),
    /// A server does: over its Unix socket, or over the network.
    There(Client),
}

impl Connection {
    /// Sends one request, whose URI is a path and query, and gives the whole answer.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, EgressError> {
        match self {
            Self::There(client) => client.send(request).await,
            Self::Here(router) => {
                let request = request.map(Body::from);
                let answer = match router.clone().oneshot(request).await {
                    Ok(answer) => answer,
                    Err(never) => match never {},
                };
                let (head, body) = answer.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX)
                    .await
                    .map_err(|error| EgressError::Lost(error.to_string()))?;
                Ok(Response::from_parts(head, body))
            }
        }
    }
}
