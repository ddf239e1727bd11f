//! Reading: entity tags, dates, HEAD, formats, compression.

use std::io::Read;

use flate2::read::GzDecoder;
use vpr_http_tests::{Database, assert_outcome, on_both_databases, parse, patient};

use crate::server;

on_both_databases! {
    a_read_is_stamped_and_conditional,
    head_is_get_without_the_body,
    formats_and_layout_are_the_callers_choice,
    bodies_are_compressed_both_ways,
}

fn a_read_is_stamped_and_conditional(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    assert_eq!(client.put("/fhir/Patient/a", patient("a", "One")).send().status, 201);
    assert_eq!(client.put("/fhir/Patient/a", patient("a", "Two")).send().status, 200);
    let full = client.get("/fhir/Patient/a").send();
    assert_eq!(full.status, 200);
    assert_eq!(full.header("etag"), Some("W/\"2\""));
    assert_eq!(full.header("content-type"), Some("application/fhir+json; charset=utf-8"));
    let json = full.json();
    assert!(json["meta"]["versionId"] == "2", "{json}");
    // FHIR R4 §3.1.0.1: Last-Modified is meta.lastUpdated.
    let modified = full.header("last-modified").unwrap().to_owned();
    assert_eq!(http_date(json["meta"]["lastUpdated"].as_str().unwrap()), modified);
    let mut get = |name: &str, value: &str| client.get("/fhir/Patient/a").header(name, value).send();
    for tag in ["W/\"2\"", "\"2\"", "W/\"1\", W/\"2\"", "*"] {
        let same = get("if-none-match", tag);
        assert_eq!((same.status, same.body.len()), (304, 0), "{tag}");
        assert_eq!(same.header("etag"), Some("W/\"2\""), "{tag}");
    }
    for tag in ["W/\"1\"", "W/\"22\"", "\"x\""] {
        assert_eq!(get("if-none-match", tag).status, 200, "{tag}");
    }
    assert_eq!(get("if-modified-since", &modified).status, 304);
    assert_eq!(get("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT").status, 200);
    // RFC 9110 §13.1.3: what is no date is ignored; If-None-Match wins.
    assert_eq!(get("if-modified-since", "yesterday").status, 200);
    let both = client
        .get("/fhir/Patient/a")
        .header("if-none-match", "W/\"1\"")
        .header("if-modified-since", &modified);
    assert_eq!(both.send().status, 200);
    let old = client.get("/fhir/Patient/a/_history/1").send();
    assert_eq!((old.status, old.version()), (200, Some(1)));
    assert!(old.json()["name"][0]["family"] == "One", "{}", old.text());
    assert_eq!(
        client.get("/fhir/Patient/a/_history/1").header("if-none-match", "W/\"1\"").send().status,
        304
    );
    assert_outcome("a version that is not there", &client.get("/fhir/Patient/a/_history/3").send(), 404);
    server.stop();
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` from `1994-11-06T08:49:37.123Z`, by counting days.
fn http_date(instant: &str) -> String {
    let number = |from: usize, to: usize| instant[from..to].parse::<i64>().unwrap();
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let in_year: i64 = lengths[..usize::try_from(month - 1).unwrap()].iter().sum();
    let days = before + in_year + day - 1;
    let name = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][usize::try_from(days % 7).unwrap()];
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[usize::try_from(month - 1).unwrap()];
    format!("{name}, {day:02} {month} {year} {} GMT", &instant[11..19])
}

#[test]
fn the_date_of_the_oracle_is_that_of_the_standard() {
    assert_eq!(http_date("1994-11-06T08:49:37.123Z"), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(http_date("2024-02-29T00:00:00.000Z"), "Thu, 29 Feb 2024 00:00:00 GMT");
}

fn head_is_get_without_the_body(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    client.put("/fhir/Patient/a", patient("a", "One")).send();
    for path in
        ["/fhir/Patient/a", "/fhir/Patient/a/_history/1", "/fhir/Patient/a/_history", "/fhir/metadata"]
    {
        let get = client.get(path).send();
        let head = client.request("HEAD", path).send();
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        for name in ["etag", "last-modified", "content-type", "content-length"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
    }
    assert_eq!(client.request("HEAD", "/fhir/Patient/b").send().status, 404);
    let same = client.request("HEAD", "/fhir/Patient/a").header("if-none-match", "W/\"1\"").send();
    assert_eq!(same.status, 304);
    client.delete("/fhir/Patient/a").send();
    assert_eq!(client.request("HEAD", "/fhir/Patient/a").send().status, 410);
    server.stop();
}

fn formats_and_layout_are_the_callers_choice(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    client.put("/fhir/Patient/a", patient("a", "One")).send();
    let plain = client.get("/fhir/Patient/a").send();
    assert!(!plain.text().contains('\n'), "{}", plain.text());
    for path in ["/fhir/Patient/a?_pretty=true", "/fhir/Patient/a?_format=json&_pretty=true"] {
        let pretty = client.get(path).send();
        assert!(pretty.text().starts_with("{\n  \"resourceType\": \"Patient\",\n"), "{}", pretty.text());
        assert_eq!(pretty.json(), plain.json());
    }
    let refused = client.get("/fhir/Patient/b?_pretty=true").send();
    assert!(refused.text().contains("\n  "), "{}", refused.text());
    assert_eq!(client.get("/fhir/Patient/a?_pretty=false").send().body, plain.body);
    for format in
        ["json", "application/json", "application/fhir%2Bjson", "application/fhir+json", "text/json"]
    {
        // _format wins over Accept (FHIR R4 §3.1.0.1.11).
        let answer =
            client.get(&format!("/fhir/Patient/a?_format={format}")).header("accept", "text/html").send();
        assert_eq!((answer.status, answer.body), (200, plain.body.clone()), "{format}");
    }
    for accept in [
        "application/fhir+json",
        "application/json",
        "*/*",
        "application/fhir+json; fhirVersion=4.0",
        "application/fhir+xml;q=0.9, application/fhir+json;q=0.1",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ] {
        let answer = client.get("/fhir/Patient/a").header("accept", accept).send();
        assert_eq!((answer.status, answer.body), (200, plain.body.clone()), "{accept}");
    }
    server.stop();
}

fn bodies_are_compressed_both_ways(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let long = patient("a", &"long".repeat(2_000));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, long.as_bytes()).unwrap();
    let put =
        client.put("/fhir/Patient/a", encoder.finish().unwrap()).header("content-encoding", "gzip").send();
    assert_eq!(put.status, 201, "{}", put.text());
    let plain = client.get("/fhir/Patient/a").send();
    assert_eq!(plain.header("content-encoding"), None);
    assert!(plain.body.len() > 8_000);
    for coding in ["gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.5", "*"] {
        let zipped = client.get("/fhir/Patient/a").header("accept-encoding", coding).send();
        assert_eq!(zipped.header("content-encoding"), Some("gzip"), "{coding}");
        assert!(zipped.header("vary").unwrap().contains("accept-encoding"));
        assert_eq!(zipped.header("content-length"), Some(zipped.body.len().to_string().as_str()));
        let mut text = String::new();
        GzDecoder::new(zipped.body.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(parse(&text).unwrap(), plain.json(), "{coding}");
    }
    for coding in ["identity", "br", "gzip;q=0"] {
        let answer = client.get("/fhir/Patient/a").header("accept-encoding", coding).send();
        assert_eq!(answer.header("content-encoding"), None, "{coding}");
    }
    server.stop();
}
