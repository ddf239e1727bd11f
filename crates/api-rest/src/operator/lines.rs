//! Answers that are lines of JSON as they come.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tokio::sync::mpsc;

/// Lines that may wait for a slow reader.
pub(super) const LINES_MAX: usize = 64;

/// The lines of `receiver`, until its senders are gone.
pub(super) fn answer(receiver: mpsc::Receiver<String>) -> Response {
    let mut response = Body::new(Lines(receiver)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}

/// A body of lines as they come.
struct Lines(mpsc::Receiver<String>);

impl hyper::body::Body for Lines {
    type Data = axum::body::Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Infallible>>> {
        self.0.poll_recv(context).map(|line| Some(Ok(hyper::body::Frame::data(line?.into()))))
    }
}
