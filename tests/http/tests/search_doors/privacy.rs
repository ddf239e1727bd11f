//! What is searched for stays out of logs and metrics, also when it is wrong or slow.

use vpr_http_tests::{Database, on_both_databases};

use crate::{fill, link, path, post_search, search, server};

on_both_databases! {
    nothing_of_a_query_is_logged_or_counted,
}

fn nothing_of_a_query_is_logged_or_counted(database: &Database) {
    // Everything there is to log, and every search is slow.
    let (_folder, server) = server(database, &[("VPR_LOG", "trace"), ("VPR_SEARCH_SLOW_MILLIS", "0")]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 3);
    search(&mut client, "/fhir/Patient?name=Findme1&birthdate=1971-03-05");
    search(&mut client, "/fhir/Observation?subject:Patient.name=Findme2");
    post_search(&mut client, "/fhir/Patient/_search", "name=Findme3");
    client.get("/fhir/Patient?Findme4=x").send();
    client.get("/fhir/Patient?name:Findme5=x").send();
    client.get("/fhir/Patient?birthdate=Findme6").send();
    client.delete("/fhir/Patient?name=Findme7").send();
    client
        .post("/fhir/Patient", r#"{"resourceType":"Patient"}"#)
        .header("if-none-exist", "name=Findme8")
        .send();
    let found = search(&mut client, "/fhir/Patient?name=Berg&_count=1");
    let next = link(&found, "next").unwrap();
    search(&mut client, path(&next));
    let metrics = client.get("/metrics").send().text();
    let log = server.log();
    for place in [&log, &metrics] {
        assert!(!place.contains("Findme"), "{place}");
        assert!(!place.contains("1971-03-05"), "{place}");
        assert!(!place.contains("Berg"), "{place}");
        assert!(!place.contains(next.split_once("_cursor=").unwrap().1), "{place}");
    }
    for shape in
        ["parameters=\"name&birthdate\"", "parameters=\"subject:Patient.name\"", "parameters=\"_cursor\""]
    {
        assert!(log.contains(shape), "{shape} in {log}");
    }
    assert!(log.contains("a slow search"), "{log}");
    assert!(metrics.contains("vpr_http_request_duration_seconds_count{action=\"search-type\"}"), "{metrics}");
    server.stop();
}
