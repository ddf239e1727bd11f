//! Formats, codings, browsers, names of requests.

use crate::app::{App, call, get, patient, patient_with, post, put};

#[tokio::test(flavor = "multi_thread")]
async fn formats_are_negotiated() {
    let app = App::new();
    app.send(put("/fhir/Patient/p", &patient_with("p"))).await;
    for (query, accept, status) in [
        ("", "application/fhir+json", 200),
        ("", "application/json;q=0.5, text/html", 200),
        ("", "text/html,*/*;q=0.1", 200),
        ("", "application/fhir+json; fhirVersion=4.0", 200),
        ("", "application/fhir+json; fhirVersion=5.0", 406),
        ("", "application/fhir+xml", 406),
        ("", "text/html", 406),
        ("?_format=json", "application/fhir+xml", 200),
        ("?_format=application/fhir%2Bjson", "text/html", 200),
        ("?_format=application/fhir+json", "text/html", 200),
        ("?_format=text/json", "text/html", 200),
        ("?_format=xml", "*/*", 406),
        ("?_format=application/fhir%2Bxml", "*/*", 406),
        ("?_format=ttl", "*/*", 406),
    ] {
        for path in ["/fhir/Patient/p", "/fhir/metadata", "/fhir/Patient/p/_history"] {
            let reply = app.send(get(&format!("{path}{query}")).header("accept", accept)).await;
            assert_eq!(reply.status.as_u16(), status, "{path}{query} {accept}");
            assert_eq!(reply.header("content-type"), "application/fhir+json; charset=utf-8");
        }
    }
    let plain = app.send(get("/fhir/Patient/p")).await;
    let pretty = app.send(get("/fhir/Patient/p?_pretty=true")).await;
    assert!(pretty.text().starts_with("{\n  \"resourceType\": \"Patient\",\n"), "{}", pretty.text());
    assert_eq!(pretty.json(), plain.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_fhir_json() {
    let app = App::new();
    for (content_type, status) in [
        ("application/fhir+json", 201),
        ("application/json; charset=UTF-8", 201),
        ("application/fhir+json; fhirVersion=4.0", 201),
        ("application/fhir+json; charset=latin1", 415),
        ("application/fhir+xml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
    ] {
        let request =
            call("POST", "/fhir/Patient").header("content-type", content_type).body(patient().to_string());
        let reply = app.send(request).await;
        assert_eq!(reply.status.as_u16(), status, "{content_type}: {}", reply.text());
    }
    app.send(call("POST", "/fhir/Patient").body(patient().to_string())).await.failure(415);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_compressed_for_those_who_ask() {
    let app = App::new();
    for (path, accept, compressed) in [
        ("/fhir/metadata", "gzip", true),
        ("/fhir/metadata", "gzip;q=0", false),
        ("/fhir/metadata", "br", false),
        ("/fhir/Patient/never", "gzip", false),
    ] {
        let reply = app.send(get(path).header("accept-encoding", accept)).await;
        assert_eq!(reply.header("content-encoding") == "gzip", compressed, "{path} {accept}");
        assert!(reply.header("vary").contains("accept-encoding"));
        let mut body = reply.body.clone();
        if compressed {
            body.clear();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&reply.body[..]), &mut body)
                .unwrap();
            assert!(reply.body.len() < body.len());
        }
        assert!(body.starts_with(b"{\"resourceType\""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_named() {
    let app = App::new();
    for (given, kept) in [("r-1", true), ("a b", false), ("", false), (&"x".repeat(65), false)] {
        let named =
            app.send(get("/health").header("x-request-id", given)).await.header("x-request-id").to_owned();
        assert_eq!(named == given, kept, "{given}");
        assert!(!named.is_empty());
    }
    let drawn = [app.send(get("/health")).await, app.send(get("/nothing")).await];
    assert_ne!(drawn[0].header("x-request-id"), drawn[1].header("x-request-id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_of_known_origins_may_call() {
    let app = App::with(|mut config| {
        config.cors_origins = vec!["https://app.example".to_owned()];
        config
    });
    for (origin, allowed) in
        [("https://app.example", true), ("https://app.example.evil", false), ("null", false)]
    {
        let reply = app.send(get("/fhir/metadata").header("origin", origin)).await;
        let answer = if allowed { origin } else { "" };
        assert_eq!(reply.header("access-control-allow-origin"), answer);
        let preflight = call("OPTIONS", "/fhir/Patient/p")
            .header("origin", origin)
            .header("access-control-request-method", "PUT");
        let reply = app.send(preflight).await;
        assert_eq!(reply.status, 204);
        assert_eq!(reply.header("access-control-allow-origin"), answer);
        assert_eq!(reply.header("access-control-allow-methods").contains("PUT"), allowed);
    }
    let reply = App::new().send(get("/fhir/metadata").header("origin", "https://app.example")).await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_tells_browsers_to_be_careful() {
    let app = App::new();
    for request in [get("/"), get("/fhir/metadata"), get("/nothing"), post("/fhir/Patient", &patient())] {
        let reply = app.send(request).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(!reply.header("cache-control").is_empty());
    }
}
