//! The declarations against what is served.

use std::collections::BTreeSet;

use serde_json::Value;
use vpr_api_shared::{Action, FORM, Method, ROUTES, Schema, paths};
use vpr_service::Interaction;

use crate::app::{App, call, get, patient_with, post, put};

fn filled(path: &str) -> String {
    path.replace("{type}", "Patient")
        .replace("{id}", "p")
        .replace("{version}", "1")
        .replace("{member}", "Observation")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_declared_route_answers_with_a_status_that_it_declares() {
    let app = App::new();
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    for route in ROUTES {
        let conditional = matches!(
            route.interaction(),
            Some(Interaction::ConditionalUpdate | Interaction::ConditionalDelete)
        );
        let query = if conditional { "?_id=p" } else { "" };
        let request = call(route.method.as_str(), &format!("{}{query}", filled(route.path)));
        let request = match route.request {
            _ if matches!(route.method, Method::Get | Method::Delete) => request,
            _ if route.path == "/fhir" => request.fhir(r#"{"resourceType":"Bundle","type":"batch"}"#),
            Schema::Form => request.header("content-type", FORM).body("_count=5"),
            Schema::Named("Parameters") => request.fhir(r#"{"resourceType":"Parameters"}"#),
            _ => request.fhir(patient_with("p").to_string()),
        };
        let reply = app.send(request).await;
        let place = format!("{} {}", route.method.as_str(), route.path);
        assert!(
            route.statuses.contains(&reply.status.as_u16()),
            "{place}: {} {}",
            reply.status,
            reply.text()
        );
        match route.action {
            Action::NotBuilt(_) => assert_eq!(reply.failure(501).0, "not-supported", "{place}"),
            _ => assert!(reply.status.is_success(), "{place}: {}", reply.text()),
        }
        if route.method == Method::Delete {
            app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_are_not_declared_are_not_allowed() {
    let app = App::new();
    for (path, routes) in paths() {
        let declared: BTreeSet<&str> = routes.iter().map(|route| route.method.as_str()).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            if declared.contains(method) {
                continue;
            }
            let reply = app.send(call(method, &filled(path)).fhir("{}")).await;
            assert_eq!(reply.failure(405).0, "not-supported", "{method} {path}");
            let allow: BTreeSet<&str> = reply.header("allow").split(", ").collect();
            assert!(declared.is_subset(&allow) && !allow.contains(method), "{method} {path}: {allow:?}");
        }
        let options = app.send(call("OPTIONS", &filled(path))).await;
        assert_eq!((options.status.as_u16(), options.header("allow").is_empty()), (204, false), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_that_are_not_built_say_so() {
    let app = App::new();
    for (method, path) in [
        ("GET", "/fhir/$everything"),
        ("POST", "/fhir/$export"),
        ("GET", "/fhir/Patient/$everything"),
        ("POST", "/fhir/Patient/$match"),
        ("GET", "/fhir/Patient/%24everything"),
        ("POST", "/fhir/Patient/p/$meta-add"),
        ("GET", "/fhir/Patient/p/%24meta"),
        ("GET", "/fhir/Patient/p/$nothing"),
    ] {
        let reply = app.send(call(method, path).fhir("{}")).await;
        assert_eq!(reply.failure(501).0, "not-supported", "{method} {path}");
    }
}

/// What the statement says works, and what it does not name answers 501.
#[tokio::test(flavor = "multi_thread")]
async fn the_capability_statement_is_what_is_served() {
    let app = App::new();
    let reply = app.send(get("/fhir/metadata")).await;
    assert_eq!(reply.status, 200);
    let statement = reply.json();
    assert_eq!(statement["implementation"]["url"], "http://vpr.example/fhir");
    let rest = &statement["rest"][0];
    let all = rest["resource"].as_array().unwrap();
    let patient = all.iter().find(|resource| resource["type"] == "Patient").unwrap();
    let codes: Vec<&str> =
        patient["interaction"].as_array().unwrap().iter().map(|i| i["code"].as_str().unwrap()).collect();
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    for (code, method, path) in [
        ("create", "POST", "/fhir/Patient"),
        ("read", "GET", "/fhir/Patient/p"),
        ("vread", "GET", "/fhir/Patient/p/_history/1"),
        ("update", "PUT", "/fhir/Patient/p"),
        ("history-instance", "GET", "/fhir/Patient/p/_history"),
        ("patch", "PATCH", "/fhir/Patient/p"),
        ("search-type", "GET", "/fhir/Patient?name=x"),
        ("history-type", "GET", "/fhir/Patient/_history"),
        ("delete", "DELETE", "/fhir/Patient/p"),
    ] {
        let request = call(method, path);
        let request = if method == "GET" { request } else { request.fhir(patient_with("p").to_string()) };
        let reply = app.send(request).await;
        if codes.contains(&code) {
            assert!(reply.status.is_success(), "{code}: {}", reply.text());
        } else {
            reply.failure(501);
        }
    }
    assert_eq!(codes.len(), 8);
    // Every type that it names can be addressed, and no other.
    for resource in all {
        app.send(get(&format!("/fhir/{}/none", resource["type"].as_str().unwrap()))).await.failure(404);
    }
    let named = |name: &str| all.iter().any(|resource| resource["type"] == name);
    assert!(named("Bundle") && !named("Parameters") && !named("Resource"));
    let parameter = |name: &str| patient["searchParam"].as_array().unwrap().iter().any(|p| p["name"] == name);
    assert!(parameter("name") && parameter("_id") && !parameter("_text"));
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_and_the_index_answer_without_a_tenant() {
    let app = App::new();
    let index = app.send(get("/")).await.json();
    for path in ["/health", "/ready", "/metrics", "/fhir"] {
        assert!(index["paths"][path].is_string(), "{index}");
    }
    assert_eq!(app.send(get("/health")).await.json()["status"], "alive");
    let ready = app.send(get("/ready")).await;
    assert_eq!((ready.status.as_u16(), &ready.json()["ready"]), (200, &Value::Bool(true)));
    app.send(post("/fhir/Patient", &patient_with("x"))).await;
    let metrics = app.send(get("/metrics")).await.text();
    assert!(
        metrics.contains(r#"vpr_http_requests_total{action="create",method="POST",status="201"} 1"#),
        "{metrics}"
    );
    assert!(metrics.contains("vpr_journal_groups_total "), "{metrics}");
    assert!(!metrics.contains("Berg"));
}
