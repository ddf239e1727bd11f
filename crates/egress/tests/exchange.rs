//! The client against real servers of this process: what comes through, and how each failure is named.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as Incoming;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Request, StatusCode};
use tokio::net::{TcpListener, UnixListener};
use vpr_egress::{Client, EgressError, Limits};

fn small() -> Limits {
    Limits {
        answer_bytes_max: 1_000,
        time_max: Duration::from_millis(600),
        connect_time_max: Duration::from_millis(300),
    }
}

fn routes() -> Router {
    Router::new()
        .route(
            "/echo",
            post(|request: Incoming| async move {
                let query = request.uri().query().unwrap_or("none").to_owned();
                let host = request.headers()["host"].to_str().unwrap().to_owned();
                let body = axum::body::to_bytes(request.into_body(), 100_000).await.unwrap();
                format!("{query} {} {}", host.split(':').next().unwrap(), String::from_utf8_lossy(&body))
            }),
        )
        .route("/large", get(|| async { "x".repeat(1_001) }))
        .route("/exact", get(|| async { "x".repeat(1_000) }))
        .route("/moved", get(|| async { (StatusCode::FOUND, [("location", "/exact")]) }))
        .route(
            "/never",
            get(|| async {
                tokio::time::sleep(Duration::from_secs(30)).await;
                Body::empty()
            }),
        )
}

async fn tcp() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes()).await });
    Client::http(&format!("http://{address}/fhir"), small()).unwrap()
}

fn get_of(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn a_request_and_its_answer_pass_whole_over_tcp_and_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move { axum::serve(listener, routes()).await });
    for (client, host) in [(tcp().await, "127.0.0.1"), (Client::unix(&socket, small()), "localhost")] {
        let request =
            Request::post("/echo?a=1&b=%20").body(Bytes::from_static("påtient".as_bytes())).unwrap();
        let answer = client.send(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.body(), format!("a=1&b=%20 {host} påtient").as_bytes());
    }
}

#[tokio::test]
async fn a_stream_hands_on_what_came_until_its_limit() {
    let client = tcp().await;
    let mut length = 0;
    let status = client.stream(get_of("/exact"), &mut |bytes| length += bytes.len()).await.unwrap();
    assert_eq!((status, length), (StatusCode::OK, 1_000));
    assert!(matches!(client.stream(get_of("/large"), &mut |_| ()).await, Err(EgressError::TooLarge(1_000))));
}

#[tokio::test]
async fn limits_of_bytes_and_of_time_hold() {
    let client = tcp().await;
    assert_eq!(client.send(get_of("/exact")).await.unwrap().body().len(), 1_000);
    assert!(matches!(client.send(get_of("/large")).await, Err(EgressError::TooLarge(1_000))));
    let error = client.send(get_of("/never")).await.unwrap_err();
    assert!(matches!(error, EgressError::TimedOut(_)) && error.is_passing(), "{error}");
}

#[tokio::test]
async fn a_redirect_is_given_back_and_never_followed() {
    let answer = tcp().await.send(get_of("/moved")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn nobody_there_is_a_failed_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let gone = Client::http(&format!("http://{address}"), small()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for client in [gone, Client::unix(&folder.path().join("none.sock"), small())] {
        let error = client.send(get_of("/")).await.unwrap_err();
        assert!(matches!(error, EgressError::Connect(_)) && error.is_passing(), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_is_a_lost_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut first = [0; 1];
            let _ = stream.readable().await;
            let _ = stream.try_read(&mut first);
            drop(stream);
        }
    });
    let client = Client::http(&format!("http://{address}"), small()).unwrap();
    let error = client.send(get_of("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Lost(_)) && error.is_passing(), "{error}");
}
