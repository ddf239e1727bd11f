//! The wall between tenants, and how they are addressed.

use std::collections::BTreeMap;

use serde_json::json;
use vpr_api_shared::{FORM, Method, ROUTES, Schema};

use crate::app::{App, call, delete, get, patient, patient_with, post, put, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_in_two_tenants_is_two_resources() {
    let app = App::new();
    let mut theirs = patient_with("p");
    theirs["name"][0]["family"] = json!("Dahl");
    assert_eq!(app.send(put("/fhir/Patient/p", &patient_with("p"))).await.status, 201);
    app.send(get("/t/other/fhir/Patient/p")).await.failure(404);
    app.send(get("/t/other/fhir/Patient/p/_history")).await.failure(404);
    app.send(get("/t/other/fhir/Patient/p/_history/1")).await.failure(404);
    let before = app.send(get("/fhir/Patient/p")).await.body;

    let made = app.send(put("/t/other/fhir/Patient/p", &theirs)).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, "W/\"1\""));
    assert_eq!(made.header("location"), "http://vpr.example/t/other/fhir/Patient/p/_history/1");
    assert_eq!(app.send(get("/t/other/fhir/Patient/p")).await.json()["name"][0]["family"], "Dahl");
    assert_eq!(app.send(delete("/t/other/fhir/Patient/p")).await.status, 204);
    app.send(get("/t/other/fhir/Patient/p")).await.failure(410);

    assert_eq!(app.send(get("/fhir/Patient/p")).await.body, before);
    assert_eq!(app.send(get("/t/default/fhir/Patient/p")).await.body, before);
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": [
        { "request": { "method": "GET", "url": "Patient/p" } },
        { "request": { "method": "GET", "url": "http://vpr.example/fhir/Patient/p" } },
        { "request": { "method": "GET", "url": "/t/default/fhir/Patient/p" } },
    ] });
    let answers = app.send(post("/t/other/fhir", &bundle)).await.json();
    let statuses: Vec<_> =
        answers["entry"].as_array().unwrap().iter().map(|e| e["response"]["status"].clone()).collect();
    assert_eq!(statuses, ["410 Gone", "400 Bad Request", "400 Bad Request"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_address_may_only_repeat_it() {
    let app = App::with(|mut config| {
        config.tenant_hosts = BTreeMap::from([("other.example".to_owned(), tenant("other"))]);
        config
    });
    app.send(put("/t/other/fhir/Patient/p", &patient_with("p"))).await;
    for (request, status) in [
        (get("/fhir/Patient/p"), 404),
        (get("/fhir/Patient/p").header("host", "other.example:8443"), 200),
        (get("/t/other/fhir/Patient/p").header("x-tenant-id", "other"), 200),
        (get("/t/other/fhir/Patient/p?_tenant=other"), 200),
        (get("/fhir/Patient/p").header("x-tenant-id", "other"), 400),
        (get("/fhir/Patient/p?_tenant=other"), 400),
        (get("/t/default/fhir/Patient/p").header("host", "other.example"), 400),
        (get("/t/other/fhir/Patient/p").header("x-tenant-id", "default"), 400),
        (get("/t/other/fhir/Patient/p").header("host", "a b"), 400),
        (get("/t/OTHER/fhir/Patient/p"), 404),
        (get("/t/journal/fhir/Patient/p"), 404),
        (get("/t//fhir/Patient/p"), 404),
    ] {
        let reply = app.send(request.clone()).await;
        assert_eq!(reply.status.as_u16(), status, "{request:?}: {}", reply.text());
    }
    let located = app.send(post("/fhir/Patient", &patient()).header("host", "other.example")).await;
    assert!(located.header("location").starts_with("http://other.example/fhir/Patient/"));
}

/// Every route, in a tenant that does not exist: 404 and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn no_route_works_in_an_unknown_tenant() {
    let app = App::new();
    for route in ROUTES.iter().filter(|route| route.has_tenant()) {
        let path = route
            .path
            .replace("{type}", "Patient")
            .replace("{id}", "p")
            .replace("{version}", "1")
            .replace("{member}", "Observation");
        let request = call(route.method.as_str(), &format!("/t/nobody{path}"));
        let request = match route.method {
            Method::Get | Method::Delete => request,
            _ if path == "/fhir" => request.fhir(r#"{"resourceType":"Bundle","type":"batch"}"#),
            _ if route.request == Schema::Form => request.header("content-type", FORM).body("_count=1"),
            _ if path.ends_with("everything") => request.fhir(r#"{"resourceType":"Parameters"}"#),
            _ => request.fhir(patient_with("p").to_string()),
        };
        let reply = app.send(request).await;
        // What is not built is not built anywhere.
        let wanted = if route.interaction().is_some() { 404 } else { 501 };
        assert_eq!(reply.status.as_u16(), wanted, "{} {path}: {}", route.method.as_str(), reply.text());
    }
    app.send(get("/t/nobody/fhir/metadata")).await.failure(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_door_lets_nobody_in() {
    let app = App::with(|_| vpr_api_rest::RestConfig {
        default_tenant: Some(tenant("default")),
        ..vpr_api_rest::RestConfig::closed()
    });
    for request in [get("/fhir/Patient/p"), get("/t/other/fhir/metadata"), post("/fhir/Patient", &patient())]
    {
        let reply = app.send(request).await;
        assert_eq!(reply.failure(401).0, "login");
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
    }
    assert_eq!(app.send(get("/health")).await.status, 200);
    let app = App::with(|_| vpr_api_rest::RestConfig::closed());
    app.send(get("/fhir/Patient/p")).await.failure(404);
}
