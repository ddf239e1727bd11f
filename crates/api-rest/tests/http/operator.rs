//! The operators' routes.

use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::app::{App, Call, Reply, call, delete, get, observation, patient_with, put};

async fn operate(app: &App, call: Call) -> Reply {
    let router = vpr_api_rest::operator_router(app.service.clone());
    Reply::read(router.oneshot(call.into_request()).await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_listed_and_created() {
    let app = App::new();
    let names = |reply: &Reply| -> Vec<String> {
        let tenants = reply.json()["tenants"].as_array().unwrap().clone();
        tenants.iter().map(|tenant| tenant["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&operate(&app, get("/tenants")).await), ["default", "other"]);
    for (body, status) in [
        (r#"{"name":"third"}"#, 201),
        (r#"{"name":"third"}"#, 409),
        (r#"{"name":"Third"}"#, 400),
        (r#"{}"#, 400),
        ("{", 400),
    ] {
        let reply = operate(&app, call("POST", "/tenants").body(body)).await;
        assert_eq!(reply.status.as_u16(), status, "{body}: {}", reply.text());
        assert_eq!(reply.json().get("error").is_some(), status >= 400);
    }
    assert_eq!(names(&operate(&app, get("/tenants")).await), ["default", "other", "third"]);
    assert_eq!(app.send(put("/t/third/fhir/Patient/p", &patient_with("p"))).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_commits_and_versions_are_shown() {
    let app = App::new();
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    let mut weight = observation("Patient/p");
    weight["id"] = json!("w");
    app.send(put("/fhir/Observation/w", &weight)).await;
    weight["status"] = json!("amended");
    app.send(put("/fhir/Observation/w", &weight)).await;
    app.send(delete("/fhir/Observation/w")).await;

    let records = operate(&app, get("/tenants/default/records")).await.json();
    let record = operate(&app, get("/tenants/default/record?key=Patient/p")).await;
    assert_eq!(record.status, 200, "{}", record.text());
    let record = record.json();
    assert!(records["records"].as_array().unwrap().contains(&record), "{records}");
    let uuid = record["record"].as_str().unwrap().to_owned();
    let parts: Vec<&str> =
        record["parts"].as_array().unwrap().iter().map(|part| part["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["demographics", "clinical"]);
    assert_eq!(operate(&app, get(&format!("/tenants/default/record?key={uuid}"))).await.json(), record);
    assert_eq!(operate(&app, get("/tenants/default/record?key=Patient/never")).await.status, 404);
    assert_eq!(operate(&app, get(&format!("/tenants/other/record?key={uuid}"))).await.status, 404);

    let log = operate(&app, get(&format!("/tenants/default/records/{uuid}/log?part=clinical"))).await.json();
    assert_eq!(log["commits"].as_array().unwrap().len(), 3, "{log}");
    let all = operate(&app, get(&format!("/tenants/default/records/{uuid}/log"))).await.json();
    assert_eq!(all["commits"].as_array().unwrap().len(), 4);
    let one = operate(&app, get(&format!("/tenants/default/records/{uuid}/log?limit=1"))).await.json();
    assert_eq!(one["commits"].as_array().unwrap().len(), 1);
    assert_eq!(operate(&app, get("/tenants/default/records/odd/log")).await.status, 400);

    let documents = operate(&app, get(&format!("/tenants/default/records/{uuid}/documents"))).await.json();
    let names: Vec<&Value> =
        documents["documents"].as_array().unwrap().iter().map(|each| &each["name"]).collect();
    assert!(names.contains(&&json!("Patient/p")), "{documents}");
    let versions = operate(&app, get("/tenants/default/documents/Observation/w/versions")).await.json();
    let operations: Vec<&Value> =
        versions["versions"].as_array().unwrap().iter().map(|each| &each["operation"]).collect();
    assert_eq!(operations, ["delete", "update", "create"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_bytes_are_shown_and_audited() {
    let app = App::new();
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    let path = "/tenants/default/documents/Patient/p";
    let shown = operate(&app, get(path)).await;
    assert_eq!((shown.status.as_u16(), shown.header("etag")), (200, "W/\"1\""));
    assert!(
        shown.text().starts_with("{\n  \"resourceType\": \"Patient\",\n  \"id\": \"p\",\n"),
        "{}",
        shown.text()
    );
    assert!(!shown.text().contains("versionId"));
    app.send(delete("/fhir/Patient/p")).await;
    assert_eq!(operate(&app, get(path)).await.status, 410);
    assert_eq!(operate(&app, get(&format!("{path}?version=1"))).await.body, shown.body);
    assert_eq!(operate(&app, get(&format!("{path}?version=9"))).await.status, 404);
    assert_eq!(operate(&app, get(&format!("{path}?version=x"))).await.status, 400);
    assert_eq!(operate(&app, get("/tenants/nobody/documents/Patient/p")).await.status, 404);
    let shows = app.audit("default").into_iter().filter(|entry| entry.interaction == "operator-show");
    let shows: Vec<_> = shows.map(|entry| (entry.principal, entry.status)).collect();
    assert_eq!(shows, [200, 410, 200, 404].map(|status| ("operator".to_owned(), status)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_looked_after() {
    let app = App::new();
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    let health = operate(&app, get("/health")).await.json();
    assert_eq!(health["ready"], true);
    assert_eq!(operate(&app, call("POST", "/materialize")).await.status, 200);
    let verified = operate(&app, call("POST", "/verify")).await.text();
    let last: Value = serde_json::from_str(verified.lines().last().unwrap()).unwrap();
    assert_eq!((&last["report"]["ok"], &last["report"]["damage"]), (&json!(true), &json!([])), "{verified}");
    assert_eq!(operate(&app, get("/nothing")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_how_a_search_is_run_is_in_the_audit() {
    let app = App::new();
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    for (number, search, status) in [
        (1, "Patient?name=Berg", 200),
        (2, "Patient/p/Observation?code=1", 200),
        (3, "?_type=Patient", 200),
        (4, "Patient?nam=Berg", 400),
        (5, "Berg", 400),
    ] {
        let ask = call("POST", "/tenants/default/explain").header("x-request-id", &format!("r{number}"));
        let reply = operate(&app, ask.body(json!({ "search": search }).to_string())).await;
        assert_eq!(reply.status.as_u16(), status, "{search}: {}", reply.text());
        assert!(!reply.text().contains("Berg"), "{}", reply.text());
    }
    let entries = app.audit("default").into_iter().filter(|entry| entry.principal == "operator");
    let seen: Vec<_> = entries
        .map(|entry| {
            let documents = entry.documents.iter().map(|(name, _)| name.to_string());
            let place = entry.collection.unwrap_or_else(|| documents.collect());
            format!("{} {} {place} {}", entry.request, entry.interaction, entry.status)
        })
        .collect();
    assert_eq!(
        seen,
        [
            "r1 operator-inspect Patient 200",
            "r2 operator-inspect Patient/p 200",
            "r3 operator-inspect  200",
            "r4 operator-inspect Patient 400",
            "r5 operator-inspect  400",
        ]
    );
}
