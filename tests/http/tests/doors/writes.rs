//! Writing: status, location, stamps, preconditions, preferences, deletion, validation.

use vpr_http_tests::{
    Database, Json, assert_outcome, bundle, entry, issues, observation, on_both_databases, patient,
};

use crate::server;

on_both_databases! {
    a_create_says_where_it_is,
    an_update_makes_the_next_version_unless_nothing_changed,
    prefer_decides_what_comes_back,
    what_is_deleted_is_gone_and_its_versions_stay,
    a_transaction_replaces_its_links_by_what_they_become,
    validate_says_what_is_wrong_and_stores_nothing,
}

fn a_create_says_where_it_is(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let post = client.post("/fhir/Patient", patient("ignored", "New")).send();
    assert_eq!(post.status, 201, "{}", post.text());
    let json = post.json();
    let id = json["id"].as_str().unwrap();
    assert_ne!(id, "ignored", "the server draws the id (FHIR R4 §3.1.0.8)");
    assert_eq!(post.header("location"), Some(format!("{}/Patient/{id}/_history/1", server.base()).as_str()));
    assert_eq!(post.header("etag"), Some("W/\"1\""));
    assert!(post.header("last-modified").is_some());
    assert!(json["meta"]["versionId"] == "1" && json["name"][0]["family"] == "New", "{json}");
    assert_eq!(client.get(&format!("/fhir/Patient/{id}")).send().json(), json);
    server.stop();
}

fn an_update_makes_the_next_version_unless_nothing_changed(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let mut put = |family: &str, name: &str, value: &str| {
        let request = client.put("/fhir/Patient/a", patient("a", family));
        if name.is_empty() { request.send() } else { request.header(name, value).send() }
    };
    let seen = |answer: vpr_http_tests::Response| (answer.status, answer.version());
    assert_eq!(seen(put("One", "if-match", "W/\"1\"")).0, 412, "there is nothing to match");
    assert_eq!(seen(put("One", "if-none-match", "*")), (201, Some(1)));
    assert_eq!(seen(put("Two", "if-none-match", "*")).0, 412);
    assert_eq!(seen(put("Two", "", "")), (200, Some(2)));
    assert_eq!(seen(put("Two", "", "")), (200, Some(2)), "nothing changed");
    assert_eq!(seen(put("Three", "if-match", "W/\"2\"")), (200, Some(3)));
    assert_eq!(seen(put("Four", "if-match", "W/\"2\"")).0, 412);
    assert_eq!(seen(put("Four", "if-match", "\"3\"")), (200, Some(4)));
    assert_eq!(seen(put("Five", "if-match", "W/\"9\", W/\"4\"")), (200, Some(5)));
    assert_eq!(seen(put("Six", "if-match", "*")), (200, Some(6)));
    let refused = put("Seven", "if-match", "W/\"1\"");
    assert_outcome("an old version", &refused, 412);
    // Other orders of members, other whitespace: the same content.
    let read = client.get("/fhir/Patient/a").send();
    let reordered = r#" {"name":[{"given":["A","B"],"family":"S\u0069x"}], "birthDate":"1970-01-01","id":"a","resourceType":"Patient","active":true}"#;
    let same = client.put("/fhir/Patient/a", reordered).send();
    assert_eq!((same.status, same.version()), (200, Some(6)), "{}", same.text());
    // A client that sends back what it read, its meta included, changes nothing.
    let same = client.put("/fhir/Patient/a", read.body.clone()).send();
    assert_eq!((same.status, same.version()), (200, Some(6)), "{}", same.text());
    assert_eq!(same.json(), read.json());
    server.stop();
}

fn prefer_decides_what_comes_back(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    for (number, (prefer, wanted)) in [
        ("return=minimal", ""),
        ("return=representation", "Patient"),
        ("return=OperationOutcome", "OperationOutcome"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("p{number}");
        let post = client.post("/fhir/Patient", patient("", "a")).header("prefer", prefer).send();
        // An empty id is none; so the body is refused before anything is preferred.
        assert_eq!(post.status, 400, "{}", post.text());
        let body = r#"{"resourceType":"Patient","name":[{"family":"a"}]}"#;
        let created = client.post("/fhir/Patient", body).header("prefer", prefer).send();
        let updated =
            client.put(&format!("/fhir/Patient/{id}"), patient(&id, "a")).header("prefer", prefer).send();
        for answer in [created, updated] {
            assert_eq!(answer.status, 201, "{prefer}");
            assert!(answer.header("location").is_some() && answer.version() == Some(1), "{prefer}");
            match wanted {
                "" => assert!(answer.body.is_empty(), "{prefer}: {}", answer.text()),
                _ => assert!(answer.json()["resourceType"] == wanted, "{prefer}: {}", answer.text()),
            }
        }
        let entries = [entry("PUT", &format!("Patient/{id}"), "", Some(&patient(&id, "b")))];
        let done =
            client.post("/fhir", bundle("transaction", &entries)).header("prefer", prefer).send().json();
        let first = &done["entry"][0];
        assert!(first["response"]["status"] == "200 OK" && first["response"]["etag"] == "W/\"2\"", "{done}");
        assert_eq!(first.get("resource").is_some(), wanted == "Patient", "{prefer}: {done}");
        assert_eq!(
            first["response"].get("outcome").is_some(),
            wanted == "OperationOutcome",
            "{prefer}: {done}"
        );
        let deleted = client.delete(&format!("/fhir/Patient/{id}")).header("prefer", prefer).send();
        assert_eq!(deleted.status, if wanted == "OperationOutcome" { 200 } else { 204 }, "{prefer}");
    }
    server.stop();
}

fn what_is_deleted_is_gone_and_its_versions_stay(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    assert_eq!(client.delete("/fhir/Patient/never").send().status, 204, "FHIR R4 §3.1.0.7.1");
    client.put("/fhir/Patient/a", patient("a", "One")).send();
    assert_outcome(
        "an old version",
        &client.delete("/fhir/Patient/a").header("if-match", "W/\"7\"").send(),
        412,
    );
    let deleted = client.delete("/fhir/Patient/a").header("if-match", "W/\"1\"").send();
    assert_eq!((deleted.status, deleted.version(), deleted.body.len()), (204, Some(2), 0));
    let gone = client.get("/fhir/Patient/a").send();
    let errors = assert_outcome("deleted", &gone, 410);
    assert_eq!((errors[0].code.as_str(), gone.version()), ("deleted", Some(2)));
    assert_outcome("the version of the deletion", &client.get("/fhir/Patient/a/_history/2").send(), 410);
    assert_eq!(client.get("/fhir/Patient/a/_history/1").send().status, 200);
    assert_eq!(client.delete("/fhir/Patient/a").send().status, 204, "again");
    let history = client.get("/fhir/Patient/a/_history").send().json();
    assert_eq!(history["total"].as_count(), Some(2), "{history}");
    assert!(history["entry"][0]["request"]["method"] == "DELETE", "{history}");
    assert_eq!(history["entry"][0].get("resource"), None);
    let back = client.put("/fhir/Patient/a", patient("a", "One")).send();
    assert_eq!((back.status, back.version()), (201, Some(3)), "{}", back.text());
    server.stop();
}

fn a_transaction_replaces_its_links_by_what_they_become(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let link = "urn:uuid:0f5bb8b2-7d9a-4e6f-9c37-6f3b1f2f4a11";
    let made = |url: &str, full: &str, resource: &str| {
        entry("POST", url, "", Some(resource)).replacen('{', &format!(r#"{{"fullUrl":"{full}","#), 1)
    };
    let entries = [
        made(
            "Observation",
            "urn:uuid:22222222-7d9a-4e6f-9c37-6f3b1f2f4a11",
            &observation("", link, "first, before its patient"),
        ),
        made("Patient", link, r#"{"resourceType":"Patient","name":[{"family":"Linked"}]}"#),
    ];
    // A transaction whose read would fail fails whole (FHIR R4 §3.1.0.11.2: all succeed, or none).
    let failing = [entries.to_vec(), vec![entry("GET", "Patient/absent", "", None)]].concat();
    assert_outcome("a read", &client.post("/fhir", bundle("transaction", &failing)).send(), 404);
    let none = client.get("/fhir?_summary=count").send().json();
    assert_eq!(none["total"].as_count(), Some(0), "{none}");
    let done = client.post("/fhir", bundle("transaction", &entries)).send();
    assert_eq!(done.status, 200, "{}", done.text());
    let done = done.json();
    assert!(done["type"] == "transaction-response", "{done}");
    let location = |at: usize| done["entry"][at]["response"]["location"].as_str().unwrap().to_owned();
    let path = |at: usize| {
        location(at).strip_prefix(&format!("{}/", server.base())).unwrap().replace("/_history/1", "")
    };
    let read = client.get(&format!("/fhir/{}", path(0))).send().json();
    assert!(read["subject"]["reference"] == path(1).as_str(), "{read}");
    assert_eq!(client.get(&format!("/fhir/{}", path(1))).send().status, 200);
    server.stop();
}

fn validate_says_what_is_wrong_and_stores_nothing(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let wrong = r#"{"resourceType":"Patient","gender":"x"}"#;
    let good = r#"{"resourceType":"Patient","gender":"female"}"#;
    let around = |resource: &str| {
        format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"resource","resource":{resource}}}]}}"#
        )
    };
    let errors = |outcome: &Json| issues(outcome).iter().filter(|issue| issue.severity == "error").count();
    for body in [good.to_owned(), around(good)] {
        let answer = client.post("/fhir/Patient/$validate", body).send();
        assert_eq!((answer.status, errors(&answer.json())), (200, 0), "{}", answer.text());
        assert!(!issues(&answer.json()).is_empty(), "an outcome has at least one issue");
    }
    for body in [wrong.to_owned(), around(wrong)] {
        let answer = client.post("/fhir/Patient/$validate", body).send();
        assert_eq!((answer.status, errors(&answer.json())), (200, 1), "{}", answer.text());
        assert_eq!(issues(&answer.json())[0].place, "Patient.gender");
    }
    // As an update it must have the id of the URL.
    let update = client.post("/fhir/Patient/a/$validate?mode=update", good).send();
    assert_eq!(errors(&update.json()), 1, "{}", update.text());
    let update = client.post("/fhir/Patient/a/$validate?mode=update", patient("a", "x")).send();
    assert_eq!(errors(&update.json()), 0, "{}", update.text());
    let profile = client.post("/fhir/Patient/$validate?profile=http://example.org/p", good).send();
    assert_outcome("a profile", &profile, 501);
    assert_outcome("no such mode", &client.post("/fhir/Patient/$validate?mode=x", good).send(), 400);
    assert_outcome("malformed", &client.post("/fhir/Patient/$validate", "{").send(), 400);
    assert_eq!(client.get("/fhir/Patient/a").send().status, 404);
    let records = server.operator().get("/operator/tenants/default/records").send().json();
    assert_eq!(records["records"].items().len(), 0, "{records}");
    server.stop();
}
