//! Every access has its audit entry, good or bad, and no more than ids and codes in it.

use serde_json::json;
use vpr_api_shared::{Method, ROUTES};
use vpr_service::AuditMode;
use vpr_store::format::AccessAction;

use crate::app::{App, call, delete, get, patient_with, post, put};

#[tokio::test(flavor = "multi_thread")]
async fn each_access_is_in_the_audit_with_what_was_given_out() {
    let app = App::new();
    let named = |call: crate::app::Call, name: &str| call.header("x-request-id", name);
    app.send(named(put("/fhir/Patient/p", &patient_with("p")), "r1")).await;
    app.send(named(get("/fhir/Patient/p"), "r2")).await;
    app.send(named(get("/fhir/Patient/p").header("if-none-match", "*"), "r3")).await;
    app.send(named(get("/fhir/Patient/never"), "r4")).await;
    app.send(named(put("/fhir/Patient/p", &patient_with("p")).header("if-match", "\"9\""), "r5")).await;
    app.send(named(post("/fhir/Patient", &json!({ "resourceType": "Patient", "odd": 1 })), "r6")).await;
    app.send(named(get("/fhir/Patient/p/_history"), "r7")).await;
    app.send(named(delete("/fhir/Patient/p"), "r8")).await;
    app.send(named(get("/fhir/Patient/p/_history"), "r8b")).await;
    app.send(named(get("/fhir/Patient?name=Berg"), "r9")).await;
    app.send(named(get("/fhir/Patient/p").header("accept", "text/html"), "r10")).await;
    app.send(named(get("/t/other/fhir/Patient/p"), "r11")).await;
    let seen: Vec<_> = app
        .audit("default")
        .into_iter()
        .map(|entry| {
            assert_eq!(entry.principal, "development");
            let documents: Vec<String> = entry
                .documents
                .iter()
                .map(|(name, version)| {
                    format!("{name}@{}", version.map_or("-".to_owned(), |version| version.to_string()))
                })
                .collect();
            let place = entry.collection.unwrap_or_else(|| documents.join(" "));
            format!("{} {} {place} {}", entry.request, entry.interaction, entry.status)
        })
        .collect();
    assert_eq!(
        seen,
        [
            "r1 update Patient/p@1 201",
            "r2 read Patient/p@1 200",
            "r3 read Patient/p@1 304",
            "r4 read Patient/never@- 404",
            "r5 update Patient/p@- 412",
            "r6 create Patient 400",
            "r7 history-instance Patient/p@1 200",
            "r8 delete Patient/p@2 204",
            "r8b history-instance Patient/p@2 Patient/p@1 200",
            "r9 search-type Patient 200",
            "r10 read Patient/p@- 406",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_bundle_are_audited() {
    let app = App::new();
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    let entries = json!([
        { "request": { "method": "GET", "url": "Patient/p" } },
        { "resource": patient_with("q"), "request": { "method": "PUT", "url": "Patient/q" } },
    ]);
    for kind in ["batch", "transaction"] {
        app.send(post("/fhir", &json!({ "resourceType": "Bundle", "type": kind, "entry": entries }))).await;
    }
    let seen: Vec<_> = app
        .audit("default")
        .into_iter()
        .skip(1)
        .map(|entry| {
            let names: Vec<String> = entry.documents.iter().map(|(name, _)| name.to_string()).collect();
            (entry.interaction, entry.action, names.join(" "))
        })
        .collect();
    let row = |interaction: &str, action, names: &str| (interaction.to_owned(), action, names.to_owned());
    assert_eq!(
        seen,
        [
            row("batch", AccessAction::Execute, ""),
            row("read", AccessAction::Read, "Patient/p"),
            row("update", AccessAction::Update, "Patient/q"),
            row("transaction", AccessAction::Execute, "Patient/q"),
            row("read", AccessAction::Read, "Patient/p"),
        ]
    );
}

/// Every route, with a request that succeeds and with one that is refused at the door.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_audited_whatever_comes_of_it() {
    for audit in [AuditMode::Durable, AuditMode::Buffered] {
        let app = App::with_audit(audit, |config| config);
        let mut wanted = Vec::new();
        for route in ROUTES.iter().filter(|route| route.has_tenant()) {
            let path = route
                .path
                .replace("{type}", "Patient")
                .replace("{id}", "p")
                .replace("{version}", "1")
                .replace("{rest}", "x");
            for accept in ["*/*", "text/html"] {
                let request = call(route.method.as_str(), &path).header("accept", accept);
                let request = match route.method {
                    Method::Get | Method::Delete => request,
                    _ => request.fhir(r#"{"resourceType":"Bundle","type":"transaction"}"#),
                };
                let status = app.send(request).await.status.as_u16();
                wanted.push((route.action_name().to_owned(), status));
            }
        }
        let seen: Vec<_> =
            app.audit("default").into_iter().map(|entry| (entry.interaction, entry.status)).collect();
        assert_eq!(seen, wanted);
    }
}
