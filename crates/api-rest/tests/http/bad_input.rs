//! Requests that must not get through, each with the status that says why.

use std::io::Write as _;

use serde_json::json;
use vpr_types::limits;

use crate::app::{App, call, get, patient, patient_with, post, put};

#[tokio::test(flavor = "multi_thread")]
async fn malformed_bodies_are_refused_with_their_place() {
    let app = App::new();
    let deep =
        format!("{}{}", "[".repeat(limits::JSON_DEPTH_MAX + 1), "]".repeat(limits::JSON_DEPTH_MAX + 1));
    let nested = |depth: usize| {
        let open = r#"{"url":"http://a","extension":["#.repeat(depth);
        let close = "]}".repeat(depth);
        format!(
            r#"{{"resourceType":"Patient","extension":[{open}{{"url":"http://a","valueInteger":1}}{close}]}}"#
        )
    };
    for (name, body, status, code) in [
        ("empty", String::new(), 400, "structure"),
        ("no JSON", "{".into(), 400, "structure"),
        ("trailing", r#"{"resourceType":"Patient"} x"#.into(), 400, "structure"),
        ("duplicate", r#"{"resourceType":"Patient","active":true,"active":false}"#.into(), 400, "structure"),
        (
            "escaped duplicate",
            r#"{"resourceType":"Patient","active":true,"\u0061ctive":false}"#.into(),
            400,
            "structure",
        ),
        ("lone surrogate", r#"{"resourceType":"Patient","id":"\ud800"}"#.into(), 400, "structure"),
        ("bad number", r#"{"resourceType":"Patient","multipleBirthInteger":01}"#.into(), 400, "structure"),
        ("deep", deep, 400, "too-costly"),
        ("deep resource", nested(40), 400, "too-costly"),
        ("array", "[]".into(), 400, "structure"),
        ("null", "null".into(), 400, "structure"),
        ("no type", "{}".into(), 400, "required"),
        ("other type", r#"{"resourceType":"Group"}"#.into(), 400, "invalid"),
        ("type is no string", r#"{"resourceType":1}"#.into(), 400, "required"),
    ] {
        let reply = app.send(call("POST", "/fhir/Patient").fhir(body)).await;
        assert_eq!(reply.failure(status).0, code, "{name}: {}", reply.text());
    }
    let not_utf8 = app
        .send(call("POST", "/fhir/Patient").fhir(b"{\"resourceType\":\"Patient\",\"id\":\"\xff\"}".to_vec()))
        .await;
    assert_eq!(not_utf8.failure(400).0, "structure");
    assert_eq!(app.send(call("POST", "/fhir/Patient").fhir(nested(20))).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_that_break_the_standard_are_refused() {
    let app = App::new();
    for (change, status, place) in [
        (json!({ "odd": 1 }), 400, "Patient"),
        (json!({ "active": "true" }), 400, "Patient.active"),
        (json!({ "name": { "family": "x" } }), 400, "Patient.name"),
        (json!({ "birthDate": "2023-02-29" }), 400, "Patient.birthDate"),
        (json!({ "birthDate": "yesterday" }), 400, "Patient.birthDate"),
        (json!({ "gender": "odd" }), 422, "Patient.gender"),
        (json!({ "link": [{ "type": "refer" }] }), 400, "Patient.link[0]"),
        (
            json!({ "managingOrganization": { "reference": "Organization?name=x" } }),
            501,
            "Patient.managingOrganization",
        ),
        (json!({ "id": "a_b" }), 400, "Patient.id"),
        (json!({ "active": null }), 400, "Patient.active"),
        (json!({ "name": [] }), 400, "Patient.name"),
    ] {
        let mut body = patient();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let reply = app.send(post("/fhir/Patient", &body)).await;
        let (_, expression) = reply.failure(status);
        assert!(expression.starts_with(place), "{change}: {}", reply.text());
        assert!(!reply.text().contains("Berg"), "an issue repeats content: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_parameters_are_checked() {
    let app = App::new();
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    for (path, status, code) in [
        ("/fhir/Nothing/p", 404, "not-supported"),
        ("/fhir/patient/p", 404, "not-supported"),
        ("/fhir/Parameters/p", 404, "not-supported"),
        ("/fhir/_tenant/tenant", 404, "not-supported"),
        ("/fhir/Patient/a_b", 400, "value"),
        ("/fhir/Patient/%20", 400, "value"),
        ("/fhir/Patient/%zz", 400, "invalid"),
        ("/fhir/Patient/%2e%2e%2fx", 400, "value"),
        ("/fhir/Patient/p/_history/0", 404, "not-found"),
        ("/fhir/Patient/p/_history/01", 404, "not-found"),
        ("/fhir/Patient/p/_history/abc", 404, "not-found"),
        ("/fhir/Patient/p/_history/a_b", 400, "value"),
        ("/fhir/Patient/p?odd=1", 400, "invalid"),
        ("/fhir/Patient/p?_summary=true", 501, "not-supported"),
        ("/fhir/Patient/p?_elements=id", 501, "not-supported"),
        ("/fhir/Patient/p?_format=json&_format=json", 400, "invalid"),
        ("/fhir/Patient/p?_pretty=odd", 400, "invalid"),
        ("/fhir/Patient/p?a=%zz", 400, "invalid"),
        ("/fhir/metadata?mode=terminology", 501, "not-supported"),
        ("/fhir/Patient/p/", 404, "not-found"),
        ("/nothing", 404, "not-found"),
        ("/fhir/Patient/p/_history/1/x", 404, "not-found"),
    ] {
        let reply = app.send(get(path)).await;
        assert_eq!(reply.failure(status).0, code, "{path}: {}", reply.text());
    }
    app.send(get(&format!("/fhir/Patient/{}", "a".repeat(65)))).await.failure(400);
    app.send(get(&format!("/fhir/Patient/{}", "a".repeat(64)))).await.failure(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_bounded_before_and_after_decompression() {
    let app = App::with(|mut config| {
        config.body_bytes_max = 10_000;
        config
    });
    let padded = |bytes: usize| {
        let mut body = patient().to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        body
    };
    let gzip = |body: String| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let send = |body: Vec<u8>, coding: &str| {
        app.send(call("POST", "/fhir/Patient").fhir(body).header("content-encoding", coding))
    };
    assert_eq!(send(padded(10_000).into(), "identity").await.status, 201);
    assert_eq!(send(padded(10_001).into(), "identity").await.failure(413).0, "too-long");
    assert_eq!(send(gzip(padded(10_000)), "gzip").await.status, 201);
    assert_eq!(send(gzip(padded(10_001)), "gzip").await.failure(413).0, "too-long");
    send(gzip(padded(5_000_000)), "gzip").await.failure(413);
    send(b"not gzip".to_vec(), "gzip").await.failure(400);
    send(padded(1_000).into(), "br").await.failure(415);
    let announced = call("POST", "/fhir/Patient").fhir("{}").header("content-length", "10001");
    app.send(announced).await.failure(413);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_bundles_are_bounded() {
    let app = App::new();
    let mut patient = patient();
    let megabyte = "x".repeat(1 << 20);
    patient["name"] = (0..=limits::DOCUMENT_BYTES_MAX >> 20).map(|_| json!({ "family": megabyte })).collect();
    assert_eq!(app.send(post("/fhir/Patient", &patient)).await.failure(413).0, "too-long");
    let entries =
        vec![json!({ "request": { "method": "GET", "url": "Patient/x" } }); limits::BUNDLE_ENTRIES_MAX + 1];
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": entries });
    assert_eq!(app.send(post("/fhir", &bundle)).await.failure(413).1, "Bundle.entry");
}

/// Small requests for large documents: the answer ends where it would grow too large.
#[tokio::test(flavor = "multi_thread")]
async fn answers_are_bounded() {
    let app = App::new();
    let megabyte = "x".repeat(1 << 20);
    let mut patient = patient_with("large");
    patient["name"] = (0..12).map(|_| json!({ "family": megabyte })).collect();
    let one = app.send(put("/fhir/Patient/large", &patient)).await;
    assert_eq!(one.status, 201);
    let read = json!({ "request": { "method": "GET", "url": "Patient/large" } });
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": vec![read; 30] });
    let answer = app.send(post("/fhir", &bundle)).await.json();
    let statuses: Vec<&str> = answer["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["response"]["status"].as_str().unwrap())
        .collect();
    let given = limits::ANSWER_BYTES_MAX / one.body.len();
    assert!((2..29).contains(&given));
    assert!(statuses[..given].iter().all(|status| *status == "200 OK"), "{statuses:?}");
    assert!(statuses[given..].iter().all(|status| *status == "413 Content Too Large"), "{statuses:?}");

    for active in [false, true] {
        patient["active"] = json!(active);
        app.send(put("/fhir/Patient/large", &patient).header("prefer", "return=minimal")).await;
    }
    let page = app.send(get("/fhir/Patient/large/_history")).await.json();
    assert_eq!((page["entry"].as_array().unwrap().len(), &page["total"]), (2, &json!(3)));
    assert!(page["link"][1]["url"].as_str().unwrap().contains("_before=2"), "{}", page["link"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_and_headers_are_bounded() {
    let app = App::new();
    assert_eq!(
        app.send(get(&format!("/fhir/Patient/p?_format={}", "x".repeat(9_000)))).await.failure(414).0,
        "too-long"
    );
    let request = (0..40)
        .fold(get("/fhir/Patient/p"), |request, at| request.header(&format!("x-{at}"), &"x".repeat(1_000)));
    assert_eq!(app.send(request).await.failure(431).0, "too-long");
    app.send(get("/fhir/Patient/p").header("x-1", &"x".repeat(10_000))).await.failure(404);
}
