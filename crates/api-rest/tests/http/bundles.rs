//! Batches and transactions (FHIR R4 §3.1.0.11).

use serde_json::{Value, json};

use crate::app::{App, call, get, observation, patient, patient_with, post, put};

const UUID: &str = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9";

fn bundle(kind: &str, entries: &[Value]) -> Value {
    match entries {
        [] => json!({ "resourceType": "Bundle", "type": kind }),
        _ => json!({ "resourceType": "Bundle", "type": kind, "entry": entries }),
    }
}

fn create(full_url: &str, resource: Value) -> Value {
    let url = resource["resourceType"].clone();
    let mut entry = json!({ "resource": resource, "request": { "method": "POST", "url": url } });
    if !full_url.is_empty() {
        entry["fullUrl"] = full_url.into();
    }
    entry
}

fn request(method: &str, url: &str) -> Value {
    json!({ "request": { "method": method, "url": url } })
}

fn update(resource: Value) -> Value {
    let url = format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap());
    json!({ "resource": resource, "request": { "method": "PUT", "url": url } })
}

fn statuses(response: &Value) -> Vec<String> {
    let entries = response["entry"].as_array().into_iter().flatten();
    entries.map(|entry| entry["response"]["status"].as_str().unwrap()[..3].to_owned()).collect()
}

/// The path of what entry `at` made.
fn made(response: &Value, at: usize) -> String {
    let location = response["entry"][at]["response"]["location"].as_str().unwrap();
    let path = location.strip_prefix("http://vpr.example").unwrap();
    path.split("/_history/").next().unwrap().to_owned()
}

fn id_of(path: &str) -> &str {
    path.strip_prefix("/fhir/").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn links_between_entries_lead_to_the_ids_that_were_drawn() {
    let app = App::new();
    let mut result = observation(UUID);
    result["text"] = json!({ "status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"{UUID}\">x</a></div>") });
    result["extension"] = json!([
        { "url": "http://a.example/ref", "valueReference": { "reference": UUID } },
        { "url": "http://a.example/uri", "valueUri": UUID },
        { "url": "http://a.example/text", "valueString": UUID },
        { "url": "http://a.example/canonical", "valueCanonical": UUID },
    ]);
    result["contained"] =
        json!([{ "resourceType": "Specimen", "id": "s", "subject": { "reference": UUID } }]);
    result["specimen"] = json!({ "reference": "#s" });
    result["performer"] = json!([
        { "reference": "http://other.example/fhir/Practitioner/9" }, { "reference": "Practitioner/9" },
        { "reference": "urn:oid:1.2.3" },
    ]);
    let entries = [
        create("http://other.example/fhir/Observation/1", result),
        create(UUID, patient()),
        create("http://other.example/fhir/Practitioner/9", json!({ "resourceType": "Practitioner" })),
    ];
    let reply = app.send(post("/fhir", &bundle("transaction", &entries))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let response = reply.json();
    assert_eq!(response["type"], "transaction-response");
    assert_eq!(statuses(&response), ["201", "201", "201"]);
    let (observation, patient, practitioner) = (made(&response, 0), made(&response, 1), made(&response, 2));
    assert!(patient.starts_with("/fhir/Patient/") && practitioner.starts_with("/fhir/Practitioner/"));
    let stored = app.send(get(&observation)).await.json();
    assert_eq!(stored["subject"]["reference"], id_of(&patient));
    assert_eq!(stored["contained"][0]["subject"]["reference"], id_of(&patient));
    assert_eq!(stored["extension"][0]["valueReference"]["reference"], id_of(&patient));
    assert_eq!(stored["extension"][1]["valueUri"], id_of(&patient));
    assert_eq!(stored["extension"][2]["valueString"], UUID);
    assert_eq!(stored["extension"][3]["valueCanonical"], UUID);
    assert!(stored["text"]["div"].as_str().unwrap().contains(&format!("href=\"{}\"", id_of(&patient))));
    assert_eq!(stored["performer"][0]["reference"], id_of(&practitioner));
    assert_eq!(stored["performer"][1]["reference"], id_of(&practitioner));
    assert_eq!(stored["performer"][2]["reference"], "urn:oid:1.2.3");
}

#[tokio::test(flavor = "multi_thread")]
async fn deletes_come_first_then_creates_updates_and_reads_and_answers_in_the_order_of_the_request() {
    let app = App::new();
    app.send(put("/fhir/Patient/old", &patient_with("old"))).await;
    app.send(put("/fhir/Patient/kept", &patient_with("kept"))).await;
    let mut changed = patient_with("kept");
    changed["active"] = json!(false);
    let entries = [
        request("GET", "Patient/kept"),
        update(changed),
        create("", patient()),
        request("DELETE", "Patient/old"),
        request("GET", "Patient/kept/_history/1"),
        request("GET", "Patient/kept/_history?_count=1"),
        request("HEAD", "Patient/kept"),
        json!({ "request": { "method": "GET", "url": "Patient/kept", "ifNoneMatch": "W/\"2\"" } }),
    ];
    let reply = app.send(post("/fhir", &bundle("transaction", &entries))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let response = reply.json();
    assert_eq!(statuses(&response), ["200", "200", "201", "204", "200", "200", "200", "304"]);
    let entry = |at: usize| &response["entry"][at];
    assert_eq!(entry(0)["resource"]["meta"]["versionId"], "2");
    assert_eq!(entry(0)["fullUrl"], "http://vpr.example/fhir/Patient/kept");
    assert_eq!(entry(1)["response"]["etag"], "W/\"2\"");
    assert!(entry(1).get("resource").is_none(), "a write shows its resource only to those who ask");
    assert_eq!(entry(3)["response"]["etag"], "W/\"2\"");
    assert_eq!(entry(4)["resource"]["meta"]["versionId"], "1");
    assert_eq!(entry(5)["resource"]["total"], 2);
    assert!(entry(6).get("resource").is_none() && entry(7).get("resource").is_none());
    assert!(entry(1)["response"]["lastModified"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_entry_of_forty_fails_the_whole_and_names_itself() {
    let app = App::new();
    let good = |at: usize| update(patient_with(&format!("p{at}")));
    let mut wrong_type = patient_with("p36");
    wrong_type["active"] = json!("yes");
    let mut conditional = observation("Patient?identifier=x");
    conditional["id"] = json!("p36");
    for (bad, status, place) in [
        (update(wrong_type), 400, "Bundle.entry[36].resource.active"),
        (
            update(json!({ "resourceType": "Patient", "id": "p36", "odd": 1 })),
            400,
            "Bundle.entry[36].resource",
        ),
        (update(json!({ "resourceType": "Patient", "id": "a_b" })), 400, "Bundle.entry[36].resource.id"),
        (
            json!({ "resource": patient_with("x"), "request": { "method": "PUT", "url": "Patient/y" } }),
            400,
            "Bundle.entry[36].resource.id",
        ),
        (
            json!({ "resource": patient(), "request": { "method": "POST", "url": "Group" } }),
            400,
            "Bundle.entry[36].resource",
        ),
        (
            json!({ "resource": patient(), "request": { "method": "POST", "url": "Patient", "ifNoneExist": "a=b" } }),
            400,
            "Bundle.entry[36].request.ifNoneExist",
        ),
        (request("DELETE", "Patient?odd=x"), 400, "Bundle.entry[36]"),
        (request("GET", "Patient?odd=x"), 400, "Bundle.entry[36]"),
        (request("GET", "Patient/never"), 404, "Bundle.entry[36]"),
        (request("PATCH", "Patient?name=x"), 501, "Bundle.entry[36]"),
        // Deletes come first, so the update is the second of the two.
        (request("DELETE", "Patient/p35"), 400, "Bundle.entry[35].request.url"),
        (
            json!({ "resource": patient_with("p36"), "request": { "method": "PUT", "url": "Patient/p36", "ifMatch": "W/\"9\"" } }),
            412,
            "Bundle.entry[36]",
        ),
        (update(conditional), 412, "Bundle.entry[36].resource.subject.reference"),
        (json!({ "fullUrl": "http://a/Patient/x" }), 400, "Bundle.entry[36].request"),
    ] {
        let mut entries: Vec<Value> = (0..40).map(good).collect();
        entries[36] = bad.clone();
        let reply = app.send(post("/fhir", &bundle("transaction", &entries))).await;
        let (_, expression) = reply.failure(status);
        assert!(expression.starts_with(place), "{bad}: {expression}");
        for at in [0, 35, 36, 39] {
            app.send(get(&format!("/fhir/Patient/p{at}"))).await.failure(404);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_does_what_it_can() {
    let app = App::new();
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    let entries = [
        create("", patient()),
        update(json!({ "resourceType": "Patient", "id": "bad", "odd": 1 })),
        request("GET", "Patient/p"),
        request("GET", "Patient/never"),
        request("DELETE", "Patient/p"),
        request("GET", "Patient/p"),
        request("PATCH", "Patient/p"),
        request("GET", "Nothing/p"),
        json!({ "resource": patient(), "request": { "method": "POST", "url": "Patient", "ifNoneExist": "a=b" } }),
        json!({ "resource": patient_with("p"), "request": { "method": "PUT", "url": "Patient/p", "ifMatch": "W/\"1\"" } }),
        json!({ "resource": patient() }),
        create("", observation("Patient?identifier=x")),
        update(patient_with("q")),
        json!({ "resource": patient_with("q"), "request": { "method": "PUT", "url": "Patient/q", "ifNoneMatch": "*" } }),
    ];
    let reply = app.send(post("/fhir", &bundle("batch", &entries))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let response = reply.json();
    assert_eq!(response["type"], "batch-response");
    let wanted =
        ["201", "400", "200", "404", "204", "410", "501", "404", "400", "412", "400", "501", "201", "412"];
    assert_eq!(statuses(&response), wanted);
    for (at, status) in wanted.iter().enumerate() {
        let outcome = &response["entry"][at]["response"]["outcome"];
        assert_eq!(outcome["resourceType"] == "OperationOutcome", *status >= "400", "{at}");
    }
    assert_eq!(
        response["entry"][1]["response"]["outcome"]["issue"][0]["expression"][0],
        "Bundle.entry[1].resource.odd"
    );
    assert_eq!(app.send(get(&made(&response, 0))).await.status, 200);
    assert_eq!(app.send(get("/fhir/Patient/q")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_batch_do_not_depend_on_each_other() {
    let app = App::new();
    let entries =
        [create(UUID, patient()), create("", observation(UUID)), create("", observation("Patient/x"))];
    let response = app.send(post("/fhir", &bundle("batch", &entries))).await.json();
    assert_eq!(statuses(&response), ["201", "400", "201"]);
    let place = &response["entry"][1]["response"]["outcome"]["issue"][0]["expression"][0];
    assert_eq!(place, "Bundle.entry[1].resource.subject.reference");
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_hold_for_the_entries() {
    let app = App::new();
    app.send(put("/fhir/Patient/there", &patient_with("there"))).await;
    for kind in ["batch", "transaction"] {
        for (prefer, resource, outcome) in [
            ("return=representation", true, false),
            ("return=minimal", false, false),
            ("return=OperationOutcome", false, true),
        ] {
            let entries = [create("", patient()), request("GET", "Patient/there")];
            let call = post("/fhir", &bundle(kind, &entries)).header("prefer", prefer);
            let response = app.send(call).await.json();
            let entry = &response["entry"][0];
            assert_eq!(entry.get("resource").is_some(), resource, "{kind} {prefer}");
            assert_eq!(entry["response"].get("outcome").is_some(), outcome, "{kind} {prefer}");
            if resource {
                let read = app.send(get(&made(&response, 0))).await;
                assert_eq!(entry["resource"], read.json());
                assert_eq!(entry["fullUrl"], format!("http://vpr.example{}", made(&response, 0)));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_that_are_none_are_refused() {
    let app = App::new();
    let same = [create(UUID, patient()), create(UUID, patient())];
    for (body, status, place) in [
        (bundle("collection", &[]), 400, "Bundle.type"),
        (bundle("odd", &[]), 400, "Bundle.type"),
        (json!({ "resourceType": "Bundle" }), 400, "Bundle.type"),
        (patient(), 400, "Bundle"),
        (json!({ "resourceType": "Bundle", "type": "batch", "entry": {} }), 400, "Bundle.entry"),
        (json!({ "resourceType": "Bundle", "type": "batch", "entry": [] }), 400, "Bundle.entry"),
        (json!({ "resourceType": "Bundle", "type": "transaction", "entry": [] }), 400, "Bundle.entry"),
        (bundle("transaction", &same), 400, "Bundle.entry[1].fullUrl"),
        (
            bundle("transaction", &[update(patient_with("x")), update(patient_with("x"))]),
            400,
            "Bundle.entry[1].request.url",
        ),
    ] {
        let reply = app.send(post("/fhir", &body)).await;
        assert_eq!(reply.failure(status).1, place, "{body}");
    }
    for kind in ["batch", "transaction"] {
        let reply = app.send(call("POST", "/fhir/").fhir(bundle(kind, &[]).to_string())).await;
        assert_eq!(
            (reply.status.as_u16(), statuses(&reply.json()).len()),
            (200, 0),
            "{kind}: {}",
            reply.text()
        );
    }
    // At /fhir/Bundle a Bundle is a resource like any other.
    let stored = app.send(post("/fhir/Bundle", &bundle("collection", &[]))).await;
    assert_eq!(stored.status, 201, "{}", stored.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_transaction_takes_time_in_proportion() {
    let app = App::new();
    let time = async |entries: usize| {
        let subject = create(UUID, patient());
        let rest = (1..entries).map(|_| create("", observation(UUID)));
        let body = bundle("transaction", &std::iter::once(subject).chain(rest).collect::<Vec<_>>());
        let begun = std::time::Instant::now();
        let reply = app.send(post("/fhir", &body)).await;
        let took = begun.elapsed();
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(statuses(&reply.json()).len(), entries);
        took
    };
    time(100).await;
    let (small, large) = (time(500).await, time(4_000).await);
    // Eight times the entries; a square would be sixty-four times the time.
    assert!(large < small * 24, "{small:?} for 500 entries, {large:?} for 4000");
}
