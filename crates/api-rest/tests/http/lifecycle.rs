//! One resource from its creation to its end.

use serde_json::json;

use crate::app::{App, call, delete, get, patient, patient_with, post, put};

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_created_read_updated_deleted_and_comes_back() {
    let app = App::new();
    let created = app.send(post("/fhir/Patient", &patient())).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let id = created.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(created.header("location"), format!("http://vpr.example/fhir/Patient/{id}/_history/1"));
    assert_eq!(created.header("etag"), "W/\"1\"");
    assert_eq!(created.json()["meta"]["versionId"], "1");
    assert_eq!(created.json()["name"][0]["family"], "Berg");

    let path = format!("/fhir/Patient/{id}");
    let read = app.send(get(&path)).await;
    assert_eq!(read.status, 200);
    assert_eq!(read.body, created.body);
    assert_eq!(read.header("content-type"), "application/fhir+json; charset=utf-8");
    assert_eq!(read.header("last-modified"), created.header("last-modified"));
    assert_eq!(read.header("content-length"), read.body.len().to_string());
    let head = app.send(call("HEAD", &path)).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), read.body.len().to_string());
    assert_eq!(head.header("etag"), "W/\"1\"");

    let mut changed = patient_with(&id);
    changed["active"] = json!(false);
    let updated = app.send(put(&path, &changed)).await;
    assert_eq!((updated.status.as_u16(), updated.header("etag")), (200, "W/\"2\""));
    assert_eq!(updated.header("location"), format!("http://vpr.example/fhir/Patient/{id}/_history/2"));
    assert_eq!(updated.json()["active"], false);

    // Sent again, with members in another order and other facts of the version: nothing changed.
    let mut again = json!({ "meta": { "versionId": "77", "lastUpdated": "2001-01-01T00:00:00Z" } });
    for name in ["name", "active", "id", "resourceType"] {
        again[name] = changed[name].clone();
    }
    let unchanged = app.send(put(&path, &again)).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.header("etag")), (200, "W/\"2\""));
    assert_eq!(unchanged.body, updated.body);

    let first = app.send(get(&format!("{path}/_history/1"))).await;
    assert_eq!(first.body, created.body);
    app.send(get(&format!("{path}/_history/3"))).await.failure(404);

    let gone = app.send(delete(&path)).await;
    assert_eq!((gone.status.as_u16(), gone.header("etag"), gone.body.len()), (204, "W/\"3\"", 0));
    let read = app.send(get(&path)).await;
    assert_eq!(read.failure(410).0, "deleted");
    assert_eq!(read.header("etag"), "W/\"3\"");
    app.send(get(&format!("{path}/_history/3"))).await.failure(410);
    assert_eq!(app.send(get(&format!("{path}/_history/2"))).await.body, updated.body);
    let again = app.send(delete(&path)).await;
    assert_eq!((again.status.as_u16(), again.header("etag")), (204, "W/\"3\""));

    let back = app.send(put(&path, &changed)).await;
    assert_eq!((back.status.as_u16(), back.header("etag")), (201, "W/\"4\""));
    assert_eq!(app.send(get(&path)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_choose_the_id() {
    let app = App::new();
    let made = app.send(put("/fhir/Patient/a-1.B", &patient_with("a-1.B"))).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, "W/\"1\""));
    assert_eq!(made.header("location"), "http://vpr.example/fhir/Patient/a-1.B/_history/1");
    assert_eq!(app.send(get("/fhir/Patient/a%2D1.B")).await.status, 200);
    // What never was is deleted already.
    let nothing = app.send(delete("/fhir/Patient/never")).await;
    assert_eq!((nothing.status.as_u16(), nothing.header("etag")), (204, ""));
    app.send(get("/fhir/Patient/never")).await.failure(404);
    // An id that came with a create is not the one that it gets.
    let created = app.send(post("/fhir/Patient", &patient_with("a-1.B"))).await;
    assert_eq!(created.status, 201);
    assert_ne!(created.json()["id"], "a-1.B");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_must_repeat_its_id() {
    let app = App::new();
    assert_eq!(app.send(put("/fhir/Patient/a", &patient_with("b"))).await.failure(400).1, "Patient.id");
    assert_eq!(app.send(put("/fhir/Patient/a", &patient())).await.failure(400).1, "Patient.id");
    app.send(put("/fhir/Group/a", &patient_with("a"))).await.failure(400);
    app.send(get("/fhir/Patient/a")).await.failure(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_is_what_is_preferred() {
    let app = App::new();
    for (prefer, method, status, type_or_none) in [
        ("return=minimal", "POST", 201, None),
        ("return=representation", "POST", 201, Some("Patient")),
        ("return=OperationOutcome", "POST", 201, Some("OperationOutcome")),
        ("return=minimal", "PUT", 201, None),
        ("return=OperationOutcome", "PUT", 200, Some("OperationOutcome")),
        ("return=OperationOutcome", "DELETE", 200, Some("OperationOutcome")),
        ("return=minimal", "DELETE", 204, None),
    ] {
        let path = if method == "POST" { "/fhir/Patient" } else { "/fhir/Patient/p" };
        let mut body = patient_with("p");
        body["active"] = json!(prefer == "return=minimal");
        let request = call(method, path).header("prefer", prefer);
        let request = if method == "DELETE" { request } else { request.fhir(body.to_string()) };
        let reply = app.send(request).await;
        assert_eq!(reply.status.as_u16(), status, "{method} {prefer}: {}", reply.text());
        let answered =
            (!reply.body.is_empty()).then(|| reply.json()["resourceType"].as_str().unwrap().to_owned());
        assert_eq!(answered.as_deref(), type_or_none, "{method} {prefer}");
        if method != "DELETE" {
            assert!(reply.header("location").contains("/_history/"), "{method} {prefer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decimals_and_order_survive() {
    let app = App::new();
    let text = r#"{"resourceType":"Observation","id":"d","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.00,"unit":"kg"},"component":[{"code":{"text":"b"},"valueQuantity":{"value":0.10}},{"code":{"text":"a"},"valueInteger":3}]}"#;
    assert_eq!(app.send(call("PUT", "/fhir/Observation/d").fhir(text)).await.status, 201);
    let read = app.send(get("/fhir/Observation/d")).await.text();
    assert!(read.contains(r#""value":1.00,"#) && read.contains(r#""value":0.10}"#), "{read}");
    assert!(read.find(r#""text":"b""#) < read.find(r#""text":"a""#), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn references_to_this_server_are_stored_relative() {
    let app = App::new();
    let body = crate::app::observation("http://vpr.example/fhir/Patient/p");
    let created = app.send(post("/fhir/Observation", &body)).await;
    assert_eq!(created.json()["subject"]["reference"], "Patient/p");
    let body = crate::app::observation("http://elsewhere.example/fhir/Patient/p");
    let created = app.send(post("/fhir/Observation", &body)).await;
    assert_eq!(created.json()["subject"]["reference"], "http://elsewhere.example/fhir/Patient/p");
}
