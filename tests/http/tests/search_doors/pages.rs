//! Pages: they hold still, their links use the host that was called, and `HEAD` answers as `GET` does.

use vpr_http_tests::{Database, on_both_databases, patient};

use crate::{fill, link, matches, path, post_search, search, server, sorted};

on_both_databases! {
    pages_lose_nothing_and_repeat_nothing_while_others_write,
    an_answer_shows_what_was_answered_before,
    links_use_the_host_that_was_called,
    head_answers_as_get_does_and_forms_as_urls_do,
    the_total_alone_and_parts_of_resources,
}

fn pages_lose_nothing_and_repeat_nothing_while_others_write(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 23);
    let before = search(&mut client, "/fhir/Patient?_count=100");
    for order in ["", "&_sort=family", "&_sort=-birthdate,_id", "&_sort=_lastUpdated"] {
        let mut found = search(&mut client, &format!("/fhir/Patient?_count=5&_total=accurate{order}"));
        assert_eq!(found["total"].as_count(), Some(23));
        let (mut seen, mut pages, mut number) = (matches(&found), 1, 0);
        while let Some(next) = link(&found, "next") {
            // Between any two pages one comes, one changes and one goes.
            let id = format!("n{pages}{}", order.len());
            client.put(&format!("/fhir/Patient/{id}"), patient(&id, "Berg0")).send();
            client.put(&format!("/fhir/Patient/p{number}"), patient(&format!("p{number}"), "Zzz")).send();
            client.delete(&format!("/fhir/Patient/p{}", number + 1)).send();
            number += 2;
            found = search(&mut client, path(&next));
            assert_eq!(found["total"].as_count(), Some(23));
            seen.extend(matches(&found));
            pages += 1;
        }
        assert_eq!(pages, 5);
        assert_eq!(sorted(seen), sorted(matches(&before)), "{order}");
        // Back again.
        let mut back = 1;
        while let Some(previous) = link(&found, "previous") {
            found = search(&mut client, path(&previous));
            back += 1;
        }
        assert_eq!(back, 5, "{order}");
        for n in 0..23 {
            client.put(&format!("/fhir/Patient/p{n}"), patient(&format!("p{n}"), &format!("Berg{n}"))).send();
        }
        let late: Vec<_> = (1..5).map(|page| format!("n{page}{}", order.len())).collect();
        for id in late {
            client.delete(&format!("/fhir/Patient/{id}")).send();
        }
    }
    server.stop();
}

fn an_answer_shows_what_was_answered_before(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    for n in 0..50 {
        let id = format!("x{n}");
        assert_eq!(
            client.put(&format!("/fhir/Patient/{id}"), patient(&id, &format!("Family{n}x"))).send().status,
            201
        );
        let found = search(&mut client, &format!("/fhir/Patient?family=Family{n}x"));
        assert_eq!(matches(&found), [format!("Patient/{id}")]);
        assert_eq!(client.delete(&format!("/fhir/Patient/{id}")).send().status, 204);
        assert_eq!(search(&mut client, &format!("/fhir/Patient?_id={id}"))["total"].as_count(), Some(0));
    }
    server.stop();
}

fn links_use_the_host_that_was_called(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let server = database.start_with(&folder.path().join("data"), &[("VPR_TRUST_FORWARDED", "true")]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 3);
    let called = |client: &mut vpr_http_tests::Client, headers: &[(&str, &str)], path: &str| {
        let request =
            headers.iter().fold(client.get(path), |request, (name, value)| request.header(name, value));
        let answer = request.send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    for (headers, at, base) in [
        (&[("host", "localhost:1234")][..], "/fhir/Patient?_count=2", "http://localhost:1234/fhir"),
        (&[("host", "localhost")][..], "/t/default/fhir/Patient?_count=2", "http://localhost/t/default/fhir"),
        (
            &[
                ("host", "localhost"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "ehr.example.org"),
                ("x-forwarded-prefix", "/vpr"),
            ][..],
            "/fhir/Patient?_count=2",
            "https://ehr.example.org/vpr/fhir",
        ),
    ] {
        let found = called(&mut client, headers, at);
        for relation in ["self", "next"] {
            let url = link(&found, relation).unwrap();
            assert!(url.starts_with(&format!("{base}/Patient?")), "{relation}: {url}");
        }
        for entry in found["entry"].items() {
            assert!(entry["fullUrl"].as_str().unwrap().starts_with(&format!("{base}/Patient/")), "{entry}");
        }
    }
    server.stop();
}

fn head_answers_as_get_does_and_forms_as_urls_do(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 3);
    let get = client.get("/fhir/Patient?name=Berg&_sort=family").send();
    let head = client.request("HEAD", "/fhir/Patient?name=Berg&_sort=family").send();
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-type"), get.header("content-type"));
    assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()));
    let form = post_search(&mut client, "/fhir/Patient/_search", "name=Berg&_sort=family");
    assert_eq!(form.text(), get.text());
    let pretty = client.get("/fhir/Patient?name=Berg&_sort=family&_pretty=true&_format=json").send();
    assert!(pretty.text().contains("\n  "), "{}", pretty.text());
    assert_eq!(matches(&pretty.json()), matches(&get.json()));
    let refused = client.request("HEAD", "/fhir/Patient?famly=x").send();
    assert_eq!((refused.status, refused.body.len()), (400, 0));
    server.stop();
}

fn the_total_alone_and_parts_of_resources(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 4);
    for query in ["_summary=count", "_count=0"] {
        let found = search(&mut client, &format!("/fhir/Patient?{query}"));
        assert_eq!(
            (found["total"].as_count(), found["entry"].items().len()),
            (Some(4), 0),
            "{query}: {found}"
        );
    }
    let found = search(&mut client, "/fhir/Patient?_elements=birthDate&_count=2");
    for entry in found["entry"].items() {
        let resource = &entry["resource"];
        assert!(resource.get("birthDate").is_some() && resource.get("name").is_none(), "{resource}");
        assert!(resource["meta"]["tag"].to_string().contains("SUBSETTED"), "{resource}");
    }
    let next = search(&mut client, path(&link(&found, "next").unwrap()));
    assert!(next["entry"][0]["resource"].get("name").is_none(), "a later page is as the first: {next}");
    let found = search(&mut client, "/fhir/Observation?_include=Observation:subject&_count=1");
    assert_eq!((matches(&found).len(), found["entry"].items().len()), (1, 2), "{found}");
    assert!(found["entry"][1]["search"]["mode"] == "include", "{found}");
    server.stop();
}
