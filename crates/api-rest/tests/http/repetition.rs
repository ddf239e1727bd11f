//! Requests that are sent again under the same `Idempotency-Key`.

use serde_json::{Value, json};

use crate::app::{App, delete, get, observation, patient, patient_with, post, put};

#[tokio::test(flavor = "multi_thread")]
async fn a_create_sent_twice_creates_once() {
    let app = App::new();
    let create = || post("/fhir/Patient", &patient()).header("idempotency-key", "k-1");
    let first = app.send(create()).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, ""));
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/fhir/Patient/{id}");
    let mut changed = patient_with(&id);
    changed["active"] = json!(false);
    assert_eq!(app.send(put(&path, &changed)).await.status, 200);

    let again = app.send(create()).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.body, first.body);
    for name in ["location", "etag", "last-modified"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    let other = post("/fhir/Patient", &changed).header("idempotency-key", "k-1");
    assert_eq!(app.send(other).await.failure(422).0, "business-rule");
    // The other tenant's keys are its own.
    let elsewhere = post("/t/other/fhir/Patient", &patient()).header("idempotency-key", "k-1");
    let elsewhere = app.send(elsewhere).await;
    assert_eq!((elsewhere.status.as_u16(), elsewhere.header("idempotency-replayed")), (201, ""));
    app.send(post("/fhir/Patient", &patient()).header("idempotency-key", "")).await.failure(400);
    app.send(post("/fhir/Patient", &patient()).header("idempotency-key", &"k".repeat(256)))
        .await
        .failure(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_and_deletes_are_repeated_past_their_preconditions() {
    let app = App::new();
    let path = "/fhir/Patient/p";
    app.send(put(path, &patient_with("p"))).await;
    let mut changed = patient_with("p");
    changed["active"] = json!(false);
    for (key, value) in [("u", "W/\"1\""), ("v", "W/\"2\", W/\"9\""), ("w", "*")] {
        changed["name"][0]["family"] = key.into();
        let update = || put(path, &changed).header("if-match", value).header("idempotency-key", key);
        let first = app.send(update()).await;
        assert_eq!(first.status, 200, "{key}: {}", first.text());
        let again = app.send(update()).await;
        assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (200, "true"), "{key}");
        assert_eq!(again.body, first.body);
    }
    let remove = || delete(path).header("if-match", "W/\"4\"").header("idempotency-key", "d");
    let first = app.send(remove()).await;
    assert_eq!((first.status.as_u16(), first.header("etag")), (204, "W/\"5\""));
    let again = app.send(remove()).await;
    assert_eq!((again.status.as_u16(), again.header("etag")), (204, "W/\"5\""));
    assert_eq!(again.header("idempotency-replayed"), "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_are_repeated_whole_or_entry_by_entry() {
    let app = App::new();
    let bundle = |kind: &str, family: &str| {
        let mut patient = patient();
        patient["name"][0]["family"] = family.into();
        json!({ "resourceType": "Bundle", "type": kind, "entry": [
            { "fullUrl": "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9", "resource": patient,
              "request": { "method": "POST", "url": "Patient" } },
            { "resource": observation("Patient/p"), "request": { "method": "POST", "url": "Observation" } },
        ] })
    };
    for kind in ["transaction", "batch"] {
        let send = || post("/fhir", &bundle(kind, "x")).header("idempotency-key", kind);
        let (first, again) = (app.send(send()).await, app.send(send()).await);
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 200), "{}", first.text());
        if kind == "transaction" {
            assert_eq!(again.body, first.body);
            continue;
        }
        // A batch is repeated entry by entry, and each says so.
        let mut said = again.json();
        for entry in said["entry"].as_array_mut().unwrap() {
            let outcome = entry["response"].as_object_mut().unwrap().remove("outcome").unwrap();
            assert_eq!(outcome["issue"][0]["code"], "duplicate");
        }
        assert_eq!(said, first.json());
    }
    let again = post("/fhir", &bundle("transaction", "x")).header("idempotency-key", "transaction");
    assert_eq!(app.send(again).await.header("idempotency-replayed"), "true");
    let other = post("/fhir", &bundle("transaction", "y")).header("idempotency-key", "transaction");
    app.send(other).await.failure(422);
    let other =
        app.send(post("/fhir", &bundle("batch", "y")).header("idempotency-key", "batch")).await.json();
    let statuses: Vec<&Value> =
        other["entry"].as_array().unwrap().iter().map(|e| &e["response"]["status"]).collect();
    assert_eq!(statuses, ["422 Unprocessable Content", "201 Created"]);
    let location = other["entry"][1]["response"]["location"].as_str().unwrap().to_owned();
    assert_eq!(app.send(get(location.strip_prefix("http://vpr.example").unwrap())).await.status, 200);
}
