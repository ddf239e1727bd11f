//! `$validate`: says what is wrong, stores nothing.

use serde_json::{Value, json};

use crate::app::{App, get, patient, patient_with, post};

#[tokio::test(flavor = "multi_thread")]
async fn good_and_bad_resources_are_told_apart() {
    let app = App::new();
    let bad = json!({ "resourceType": "Patient", "active": "yes", "odd": 1 });
    let parameters = |mode: &str, resource: &Value| {
        json!({ "resourceType": "Parameters", "parameter": [
            { "name": "mode", "valueCode": mode }, { "name": "resource", "resource": resource },
        ] })
    };
    for (path, body, errors) in [
        ("/fhir/Patient/$validate", patient(), 0),
        ("/fhir/Patient/$validate?mode=create", patient(), 0),
        ("/fhir/Patient/$validate", bad.clone(), 2),
        ("/fhir/Patient/$validate", parameters("create", &patient()), 0),
        ("/fhir/Patient/$validate", parameters("create", &bad), 2),
        ("/fhir/Patient/p/$validate?mode=update", patient_with("p"), 0),
        ("/fhir/Patient/p/$validate?mode=update", patient_with("q"), 1),
        ("/fhir/Patient/$validate?mode=update", patient(), 1),
        ("/fhir/Patient/p/$validate", parameters("delete", &patient()), 0),
    ] {
        let reply = app.send(post(path, &body)).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        let outcome = reply.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome");
        let found =
            outcome["issue"].as_array().unwrap().iter().filter(|issue| issue["severity"] == "error").count();
        assert_eq!(found, errors, "{path} {body}: {outcome}");
    }
    app.send(get("/fhir/Patient/p")).await.failure(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_cannot_do_it_says() {
    let app = App::new();
    let only = |name: &str| json!({ "resourceType": "Parameters", "parameter": [{ "name": name, "valueUri": "http://a" }] });
    for (path, body, status) in [
        ("/fhir/Patient/$validate?profile=http://a", patient(), 501),
        ("/fhir/Patient/$validate", only("profile"), 501),
        ("/fhir/Patient/$validate?mode=profile", patient(), 501),
        ("/fhir/Patient/$validate?mode=odd", patient(), 400),
        ("/fhir/Patient/$validate", only("odd"), 400),
        ("/fhir/Patient/$validate", json!({ "resourceType": "Parameters" }), 400),
        ("/fhir/Patient/$validate", json!({ "resourceType": "Group" }), 400),
        ("/fhir/Patient/$validate", json!([]), 400),
        ("/fhir/Patient/a_b/$validate", patient(), 400),
        ("/fhir/Nothing/$validate", patient(), 404),
        ("/fhir/Patient/$validate?odd=1", patient(), 400),
    ] {
        let reply = app.send(post(path, &body)).await;
        assert_eq!(reply.status.as_u16(), status, "{path} {body}: {}", reply.text());
        reply.failure(status);
    }
}
