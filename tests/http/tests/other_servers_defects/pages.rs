//! Pages: several sort keys over all of them, nothing lost or doubled while others write, and links
//! that stay what they were.

use std::sync::atomic::{AtomicBool, Ordering};

use vpr_http_tests::{Database, assert_outcome, on_both_databases, patient};

use crate::{all_pages, ids, link, put_all, search, server, sorted};

on_both_databases! {
    several_sort_keys_over_all_pages,
    page_links_lose_or_repeat_nothing_while_others_write,
    page_links_keep_summary_elements_and_includes,
    page_links_do_not_cross_tenants,
}

fn person(id: &str, family: &str, given: &str, birth: &str, gender: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"{family}","given":["{given}"]}}],"birthDate":"{birth}","gender":"{gender}"}}"#
    )
}

fn several_sort_keys_over_all_pages(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let people: Vec<[String; 5]> = (0..120)
        .map(|n| {
            let family = format!("Family{}", n * 7 % 4);
            let given = format!("given{}", n * 5 % 6);
            let birth = format!("19{:02}-01-01", 50 + n * 11 % 5);
            [format!("p{n:03}"), family, given, birth, ["female", "male", "other"][n % 3].to_owned()]
        })
        .collect();
    let resources: Vec<String> = people
        .iter()
        .map(|[id, family, given, birth, gender]| person(id, family, given, birth, gender))
        .collect();
    put_all(&mut client, "/fhir", "transaction", &resources);
    let mut expected = people.clone();
    expected.sort_by(|a, b| {
        let by = |n: usize| a[n].cmp(&b[n]);
        by(1).then(by(3).reverse()).then(by(4)).then(by(2).reverse()).then(by(0))
    });
    let expected: Vec<String> = expected.into_iter().map(|[id, ..]| id).collect();
    for count in [7, 50] {
        let path = format!("/fhir/Patient?_sort=family,-birthdate,gender,-given,_id&_count={count}");
        assert_eq!(all_pages(&mut client, &path, |_| ()), expected, "{count}");
    }
    server.stop();
}

fn page_links_lose_or_repeat_nothing_while_others_write(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let resources: Vec<String> = (0..200).map(|n| patient(&format!("p{n}"), &format!("Berg{n}"))).collect();
    put_all(&mut client, "/fhir", "transaction", &resources);
    let everybody = sorted((0..200).map(|n| format!("p{n}")).collect());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let (done, mut client) = (&done, server.client());
            scope.spawn(move || {
                for n in (0..).take_while(|_| !done.load(Ordering::Relaxed)) {
                    // One comes, one that is there moves to the other end, and comes back; one goes.
                    let (new, there) = (format!("n{writer}-{n}"), format!("p{}", (n * 3 + writer) % 200));
                    client.put(&format!("/fhir/Patient/{new}"), patient(&new, "Berg0")).send();
                    client.put(&format!("/fhir/Patient/{there}"), patient(&there, "Zzz")).send();
                    client.delete(&format!("/fhir/Patient/{new}")).send();
                    let family = format!("Berg{}", &there[1..]);
                    client.put(&format!("/fhir/Patient/{there}"), patient(&there, &family)).send();
                }
            });
        }
        let mut rounds = 0;
        for order in ["_sort=family", "_sort=-_lastUpdated", "_sort=birthdate,-family", "_sort=_id"] {
            let mut seen =
                all_pages(&mut client, &format!("/fhir/Patient?{order}&_count=9"), |_| rounds += 1);
            // Whoever was there for a moment when the first page was made stands on its page.
            seen.retain(|id| id.starts_with('p'));
            let count = seen.len();
            assert_eq!(sorted(seen), everybody, "{order}: {count}");
        }
        done.store(true, Ordering::Relaxed);
        assert!(rounds > 80, "{rounds}");
    });
    server.stop();
}

fn page_links_keep_summary_elements_and_includes(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let mut resources: Vec<String> = (0..9)
        .map(|n| {
            let family = format!("Berg{n}");
            let resource = patient(&format!("p{n}"), &family);
            let more = r#""managingOrganization":{"reference":"Organization/org"},"photo":[{"title":"me"}]"#;
            format!("{},{more}}}", &resource[..resource.len() - 1])
        })
        .collect();
    resources.push(r#"{"resourceType":"Organization","id":"org","name":"House"}"#.to_owned());
    put_all(&mut client, "/fhir", "transaction", &resources);
    for (query, kept) in [("_summary=true", &["name", "photo"][..1]), ("_elements=birthDate", &["birthDate"])]
    {
        let mut found = search(&mut client, &format!("/fhir/Patient?{query}&_count=4&_sort=family"));
        let mut pages = 1;
        loop {
            for entry in found["entry"].items() {
                let resource = &entry["resource"];
                assert!(resource.get("photo").is_none(), "{query}, page {pages}: {resource}");
                assert!(kept.iter().all(|name| resource.get(name).is_some()), "{query}, page {pages}");
                assert!(resource["meta"]["tag"].to_string().contains("SUBSETTED"), "{resource}");
            }
            let Some(next) = link(&found, "next") else { break };
            found = search(&mut client, &next);
            pages += 1;
        }
        assert_eq!(pages, 3, "{query}");
    }
    let path = "/fhir/Patient?_include=Patient:organization&_count=4&_total=accurate";
    let mut found = search(&mut client, path);
    loop {
        assert_eq!(ids(&found, "include"), ["org"]);
        assert_eq!(found["total"].as_count(), Some(9));
        let Some(next) = link(&found, "next") else { break };
        found = search(&mut client, &next);
    }
    server.stop();
}

fn page_links_do_not_cross_tenants(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let created = server.operator().post("/operator/tenants", r#"{"name":"clinic-b"}"#).send();
    assert!(created.status < 300, "{} {}", created.status, created.text());
    let people = |prefix: &str| -> Vec<String> {
        (0..6).map(|n| patient(&format!("{prefix}{n}"), &format!("Berg{n}"))).collect()
    };
    put_all(&mut client, "/fhir", "transaction", &people("a"));
    put_all(&mut client, "/t/clinic-b/fhir", "transaction", &people("b"));
    let next = link(&search(&mut client, "/fhir/Patient?_count=2"), "next").unwrap();
    let elsewhere = next.replacen("/fhir", "/t/clinic-b/fhir", 1);
    let refused = client.get(&elsewhere).send();
    assert!(matches!(refused.status, 400 | 410), "{} {}", refused.status, refused.text());
    assert_outcome("another tenant's link", &refused, refused.status);
    assert!(!refused.text().contains("Berg"), "{}", refused.text());
    // Nor another search's, and not one letter may differ.
    let type_of_another = next.replacen("/Patient?", "/Observation?", 1);
    assert_outcome("of another type", &client.get(&type_of_another).send(), 400);
    for at in [next.len() - 1, next.len() - 20] {
        let mut altered = next.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        if altered != next {
            assert_outcome("altered", &client.get(&altered).send(), 400);
        }
    }
    assert_eq!(ids(&search(&mut client, &next), "match").len(), 2);
    server.stop();
}
