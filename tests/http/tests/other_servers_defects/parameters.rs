//! What a server does not understand must not silently find everything.

use vpr_http_tests::{
    Database, Server, assert_outcome, bundle, entry, issues, observation, on_both_databases, patient,
};

use crate::{ids, link, put_all, server};

on_both_databases! {
    unknown_parameters_are_refused_by_default,
    lenient_searches_say_what_was_ignored,
    what_is_not_built_is_refused_as_not_supported,
}

fn filled(database: &Database) -> (tempfile::TempDir, Server) {
    let (folder, server) = server(database);
    let resources = [patient("a", "Berg"), patient("b", "Tal"), observation("o", "Patient/a", "weight")];
    put_all(&mut server.client(), "/fhir", "transaction", &resources);
    (folder, server)
}

fn unknown_parameters_are_refused_by_default(database: &Database) {
    let (_folder, server) = filled(database);
    let mut client = server.client();
    for (path, named) in [
        ("Patient?famly=Berg", "famly"),
        ("Patient?family=Berg&birthdat=1970", "birthdat"),
        ("Patient?Family=Berg", "Family"),
        ("Observation?subject:Patient.famly=Berg", "famly"),
        ("Patient?_has:Observation:patient:kode=x", "kode"),
        ("Patient?_sort=famly", "_sort"),
        ("Patient?_include=Patient:nobody", "_include"),
        ("Patient/a/Observation?famly=Berg", "famly"),
        ("?famly=Berg", "famly"),
        ("Patient?family:sounds=Berg", "sounds"),
    ] {
        let errors = assert_outcome(path, &client.get(&format!("/fhir/{path}")).send(), 400);
        assert!(errors.iter().any(|error| error.text.contains(named)), "{path}: {errors:?}");
    }
    let form = client.request("POST", "/fhir/Patient/_search").body("famly=Berg");
    let form = form.header("content-type", "application/x-www-form-urlencoded").send();
    assert_outcome("by form", &form, 400);
    // In a batch its entry is refused; nothing is decided by criteria that are not understood.
    let asked = bundle("batch", &[entry("GET", "Patient?famly=Berg", "", None)]);
    let answer = client.post("/fhir", asked).send().json();
    let status = answer["entry"][0]["response"]["status"].as_str().unwrap();
    assert!(status.starts_with("400"), "{answer}");
    for handling in ["handling=strict", "handling=lenient"] {
        let create = client.post("/fhir/Patient", patient("c", "Berg")).header("prefer", handling);
        assert_outcome("create", &create.header("if-none-exist", "famly=Berg").send(), 400);
        let update = client.put("/fhir/Patient?famly=Berg", patient("a", "x")).header("prefer", handling);
        assert_outcome("update", &update.send(), 400);
        let delete = client.delete("/fhir/Patient?famly=Berg").header("prefer", handling);
        assert_outcome("delete", &delete.send(), 400);
    }
    assert_eq!(crate::search(&mut client, "/fhir/Patient")["total"].as_count(), Some(2));
    server.stop();
}

fn lenient_searches_say_what_was_ignored(database: &Database) {
    let (folder, server) = filled(database);
    let check = |server: &Server, handling: Option<&str>| {
        let mut client = server.client();
        let request = client.get("/fhir/Patient?famly=Berg&family=Tal");
        let answer = match handling {
            Some(handling) => request.header("prefer", handling).send(),
            None => request.send(),
        };
        assert_eq!(answer.status, 200, "{}", answer.text());
        let found = answer.json();
        assert_eq!(ids(&found, "match"), ["b"]);
        let own = link(&found, "self").unwrap();
        assert!(own.contains("family=Tal") && !own.contains("famly"), "{own}");
        let said = found["entry"].items().iter().find(|entry| entry["search"]["mode"] == "outcome").unwrap();
        let said = issues(&said["resource"]);
        assert!(said.iter().any(|issue| issue.text.contains("famly")), "{said:?}");
    };
    check(&server, Some("handling=lenient"));
    server.stop();
    let variables = [("VPR_SEARCH_HANDLING", "lenient")];
    let server = database.start_with(&folder.path().join("data"), &variables);
    check(&server, None);
    let strict = server.client().get("/fhir/Patient?famly=Berg").header("prefer", "handling=strict").send();
    assert_outcome("strict", &strict, 400);
    server.stop();
}

fn what_is_not_built_is_refused_as_not_supported(database: &Database) {
    let limitations =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/LIMITATIONS.md")).unwrap();
    let line = limitations.lines().find(|line| line.starts_with("- Of search:")).unwrap();
    let (_folder, server) = filled(database);
    let mut client = server.client();
    for (path, name) in [
        ("Patient?_filter=family+eq+Berg", "`_filter`"),
        ("Patient?_text=Berg", "`_text`"),
        ("Patient?_content=Berg", "`_content`"),
        ("Patient?_query=everybody", "`_query`"),
        ("Patient?_list=42", "`_list`"),
        ("Observation?code:not-in=http://vs.example/a", "`:not-in`"),
        ("Observation?code:in=http://vs.example/a", "`:in`"),
        ("Observation?code:text=weight", "`:text`"),
        ("Observation?code:above=http://loinc.org%7C1", "`:above`"),
        ("Observation?code:below=http://loinc.org%7C1", "`:below`"),
        ("Patient?identifier:of-type=http://a.example%7CMR%7C1", "`:of-type`"),
        ("Location?near=42.25%7C-83.69", "`near`"),
    ] {
        let errors = assert_outcome(path, &client.get(&format!("/fhir/{path}")).send(), 501);
        assert!(errors.iter().any(|error| error.code == "not-supported"), "{path}: {errors:?}");
        assert!(line.contains(name), "docs/LIMITATIONS.md does not name {name}");
    }
    server.stop();
}
