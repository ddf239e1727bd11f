//! Preconditions of reads and writes.

use crate::app::{App, call, delete, get, patient_with, put};

#[tokio::test(flavor = "multi_thread")]
async fn writes_happen_only_on_the_version_that_they_name() {
    let app = App::new();
    let path = "/fhir/Patient/p";
    let body = |active: bool| {
        let mut body = patient_with("p");
        body["active"] = active.into();
        body
    };
    let mut active = false;
    // (header, value, status); the resource is at version 0, 1, 2 … as the writes succeed.
    for (name, value, status) in [
        ("if-match", "W/\"1\"", 412),
        ("if-match", "*", 412),
        ("if-none-match", "*", 201),
        ("if-none-match", "*", 412),
        ("if-match", "W/\"1\"", 200),
        ("if-match", "W/\"1\"", 412),
        ("if-match", "\"2\"", 200),
        ("if-match", "\"7\", W/\"3\"", 200),
        ("if-match", "\"7\", W/\"3\"", 412),
        ("if-match", "*", 200),
        ("if-match", "\"abc\"", 412),
        ("if-none-match", "\"5\"", 412),
        ("if-none-match", "\"4\"", 200),
        ("if-match", "5", 400),
        ("if-none-match", "x", 400),
    ] {
        active = !active;
        let reply = app.send(put(path, &body(active)).header(name, value)).await;
        assert_eq!(reply.status.as_u16(), status, "{name}: {value}: {}", reply.text());
        if status >= 400 {
            active = !active;
            reply.failure(status);
        }
    }
    assert_eq!(app.send(get(path)).await.header("etag"), "W/\"6\"");
    app.send(delete(path).header("if-match", "W/\"5\"")).await.failure(412);
    assert_eq!(app.send(delete(path).header("if-match", "W/\"6\"")).await.status, 204);
    app.send(delete(path).header("if-match", "W/\"7\"")).await.failure(412);
    let both = put(path, &body(true)).header("if-match", "\"7\"").header("if-none-match", "*");
    app.send(both).await.failure(400);
    assert_eq!(app.send(put(path, &body(true)).header("if-none-match", "*")).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_answered_in_full_only_when_needed() {
    let app = App::new();
    let path = "/fhir/Patient/p";
    app.send(put(path, &patient_with("p"))).await;
    let modified = app.send(get(path)).await.header("last-modified").to_owned();
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (headers, status) in [
        (&[("if-none-match", "W/\"1\"")][..], 304),
        (&[("if-none-match", "\"1\"")], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "W/\"2\"")], 200),
        (&[("if-modified-since", modified.as_str())], 304),
        (&[("if-modified-since", past)], 200),
        (&[("if-modified-since", "not a date")], 200),
        (&[("if-none-match", "W/\"2\""), ("if-modified-since", modified.as_str())], 200),
        (&[("if-none-match", "W/\"1\""), ("if-modified-since", past)], 304),
        (&[("if-none-match", "1")], 400),
    ] {
        for path in [path, "/fhir/Patient/p/_history/1"] {
            let request =
                headers.iter().fold(get(path), |request, (name, value)| request.header(name, value));
            let reply = app.send(request).await;
            assert_eq!(reply.status.as_u16(), status, "{path} {headers:?}");
            if status == 304 {
                assert_eq!((reply.header("etag"), reply.body.len()), ("W/\"1\"", 0));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_takes_a_search_and_no_version() {
    let app = App::new();
    let create = || call("POST", "/fhir/Patient").fhir(patient_with("p").to_string());
    assert_eq!(app.send(create().header("if-none-exist", "identifier=x")).await.status, 201);
    app.send(create().header("if-match", "\"1\"")).await.failure(400);
}

/// Exactly one of many writers that name the same version succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_on_one_version_one_succeeds() {
    let app = std::sync::Arc::new(App::new());
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    for round in 1..=10 {
        let mut tasks = Vec::new();
        for writer in 0..16 {
            let app = std::sync::Arc::clone(&app);
            tasks.push(tokio::spawn(async move {
                let mut body = patient_with("p");
                body["name"][0]["family"] = format!("{round}-{writer}").into();
                let request = put("/fhir/Patient/p", &body).header("if-match", &format!("W/\"{round}\""));
                app.send(request).await.status.as_u16()
            }));
        }
        let mut statuses = Vec::new();
        for task in tasks {
            statuses.push(task.await.unwrap());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15, "{statuses:?}");
    }
}
