//! Conditional writes through the door: the headers and URLs that make them, and what is refused.

use vpr_http_tests::{Database, assert_outcome, bundle, entry, on_both_databases, patient};

use crate::{search, server};

on_both_databases! {
    create_update_and_delete_what_a_search_finds,
    bad_criteria_write_nothing,
    the_same_in_bundles,
}

fn with_identifier(family: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","identifier":[{{"system":"http://a","value":"1"}}],"name":[{{"family":"{family}"}}]}}"#
    )
}

fn create_update_and_delete_what_a_search_finds(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    let create = |client: &mut vpr_http_tests::Client, criteria: &str| {
        client.post("/fhir/Patient", with_identifier("Berg")).header("if-none-exist", criteria).send()
    };
    let first = create(&mut client, "identifier=http://a|1");
    assert_eq!(first.status, 201, "{}", first.text());
    let again = create(&mut client, "identifier=http%3A%2F%2Fa%7C1");
    assert_eq!((again.status, again.version()), (200, Some(1)), "{}", again.text());
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let put =
        client.put("/fhir/Patient?identifier=http://a|1&_format=json", with_identifier("Changed")).send();
    assert_eq!((put.status, put.version()), (200, Some(2)), "{}", put.text());
    assert_eq!(put.json()["id"].as_str(), Some(id.as_str()));
    let none = client.put("/fhir/Patient?identifier=http://a|2", patient("chosen", "New")).send();
    assert_eq!(none.status, 201, "{}", none.text());
    assert_eq!(search(&mut client, "/fhir/Patient")["total"].as_count(), Some(2));
    let several = client.put("/fhir/Patient?_lastUpdated=gt2000", with_identifier("X")).send();
    assert_outcome("several", &several, 412);
    assert_outcome("several", &create(&mut client, "_lastUpdated=gt2000"), 412);
    assert_outcome("several", &client.delete("/fhir/Patient?_lastUpdated=gt2000").send(), 412);
    assert_eq!(client.delete("/fhir/Patient?identifier=http://a|1").send().status, 204);
    assert_eq!(client.get(&format!("/fhir/Patient/{id}")).send().status, 410);
    assert_eq!(client.delete("/fhir/Patient?identifier=http://a|1").send().status, 204);
    assert_eq!(search(&mut client, "/fhir/Patient")["total"].as_count(), Some(1));
    server.stop();
}

fn bad_criteria_write_nothing(database: &Database) {
    let (_folder, server) = server(database, &[("VPR_SEARCH_HANDLING", "lenient")]);
    let mut client = server.client();
    for (what, criteria, status) in [
        ("unknown", "famly=x", 400),
        ("a modifier", "name:odd=x", 400),
        ("a value", "birthdate=then", 400),
        ("empty", "", 400),
        ("a broken escape", "name=%zz", 400),
        ("not built", "name:text=x", 501),
    ] {
        let created =
            client.post("/fhir/Patient", with_identifier("x")).header("if-none-exist", criteria).send();
        assert_outcome(what, &created, status);
        let place = format!("/fhir/Patient?{criteria}");
        assert_outcome(what, &client.put(&place, with_identifier("x")).send(), status);
        assert_outcome(what, &client.delete(&place).send(), status);
    }
    for place in ["/fhir/Patient", "/fhir/Patient?_format=json"] {
        let put = client.put(place, with_identifier("x")).send();
        assert!(matches!(put.status, 400 | 412), "{place}: {}", put.text());
        let deleted = client.delete(place).send();
        assert!(matches!(deleted.status, 400 | 412), "{place}: {}", deleted.text());
    }
    assert_outcome(
        "a patch",
        &client
            .request("PATCH", "/fhir/Patient?name=x")
            .header("content-type", "application/json")
            .body("{}")
            .send(),
        501,
    );
    let versioned = client.delete("/fhir/Patient?name=x").header("if-match", "W/\"1\"").send();
    assert_outcome("a version", &versioned, 501);
    assert_eq!(search(&mut client, "/fhir/Patient")["total"].as_count(), Some(0));
    server.stop();
}

fn the_same_in_bundles(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    let entries = [
        entry("POST", "Patient", r#","ifNoneExist":"identifier=http://a|1""#, Some(&with_identifier("Berg"))),
        entry("PUT", "Patient?identifier=http://a|2", "", Some(&patient("two", "Two"))),
    ];
    for (kind, statuses) in [("transaction", ["201", "201"]), ("batch", ["200", "409"])] {
        let done = client.post("/fhir", bundle(kind, &entries)).send();
        assert_eq!(done.status, 200, "{}", done.text());
        let json = done.json();
        // The second time the identifier 2 is still nobody's, and the id is somebody's (R4 §3.1.0.4.3).
        let got: Vec<_> = json["entry"]
            .items()
            .iter()
            .map(|e| e["response"]["status"].as_str().unwrap()[..3].to_owned())
            .collect();
        assert_eq!(got, statuses, "{kind}: {json}");
    }
    assert_eq!(search(&mut client, "/fhir/Patient")["total"].as_count(), Some(2));
    server.stop();
}
