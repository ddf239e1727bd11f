//! Over all types, in compartments, `$everything`, and the histories.

use vpr_http_tests::{Database, assert_outcome, observation, on_both_databases, parse, patient};

use crate::{fill, link, matches, path, post_search, search, server, sorted};

on_both_databases! {
    over_all_types,
    in_a_compartment,
    everything_of_a_patient,
    histories_of_a_type_and_of_everything,
}

fn over_all_types(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 3);
    assert_eq!(search(&mut client, "/fhir")["total"].as_count(), Some(6));
    assert_eq!(search(&mut client, "/fhir/")["total"].as_count(), Some(6));
    assert_eq!(search(&mut client, "/fhir?_type=Patient,Observation&_id=p1,o2")["total"].as_count(), Some(2));
    assert_eq!(sorted(matches(&search(&mut client, "/fhir?_id=p1,o2"))), ["Observation/o2", "Patient/p1"]);
    let form = post_search(&mut client, "/fhir/_search", "_type=Patient&name=Berg1");
    assert_eq!(matches(&form.json()), ["Patient/p1"]);
    let found = search(&mut client, "/fhir?_count=4");
    let next = link(&found, "next").unwrap();
    assert!(next.contains("/fhir?_cursor="), "{next}");
    let rest = search(&mut client, path(&next));
    assert_eq!(matches(&found).len() + matches(&rest).len(), 6);
    server.stop();
}

fn in_a_compartment(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 3);
    client.put("/fhir/Observation/more", observation("more", "Patient/p1", "height")).send();
    let found = search(&mut client, "/fhir/Patient/p1/Observation");
    assert_eq!(sorted(matches(&found)), ["Observation/more", "Observation/o1"]);
    let found = search(&mut client, "/fhir/Patient/p1/Observation?_id=more");
    assert_eq!(matches(&found), ["Observation/more"]);
    let own = link(&found, "self").unwrap();
    assert!(own.contains("/fhir/Patient/p1/Observation?_id=more"), "{own}");
    let form = post_search(&mut client, "/fhir/Patient/p1/Observation/_search", "_id=more,o0");
    assert_eq!(matches(&form.json()), ["Observation/more"], "what is another's is not there");
    let all = search(&mut client, "/fhir/Patient/p1/*");
    assert_eq!(sorted(matches(&all)), ["Observation/more", "Observation/o1", "Patient/p1"]);
    let first = search(&mut client, "/fhir/Patient/p1/*?_count=2");
    let rest = search(&mut client, path(&link(&first, "next").unwrap()));
    assert_eq!(matches(&first).len() + matches(&rest).len(), 3);
    assert_eq!(search(&mut client, "/fhir/Patient/nobody/Observation")["total"].as_count(), Some(0));
    for (place, status) in [
        ("Patient/p1/Organization", 404),
        ("Patient/p1/Nothing", 404),
        ("Nothing/p1/Observation", 404),
        ("Organization/p1/Patient", 404),
        ("Patient/a_b/Observation", 400),
        ("Patient/p1/Observation?famly=x", 400),
        ("Patient/p1/Observation/x", 404),
    ] {
        assert_outcome(place, &client.get(&format!("/fhir/{place}")).send(), status);
    }
    server.stop();
}

fn everything_of_a_patient(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 3);
    let names = |found: &vpr_http_tests::Json| {
        let resources = found["entry"].items().iter().map(|entry| &entry["resource"]);
        sorted(
            resources
                .map(|each| {
                    format!("{}/{}", each["resourceType"].as_str().unwrap(), each["id"].as_str().unwrap())
                })
                .collect(),
        )
    };
    let wanted = ["Observation/o1", "Patient/p1"];
    for place in [
        "/fhir/Patient/p1/$everything",
        "/fhir/Patient/p1/%24everything",
        "/t/default/fhir/Patient/p1/$everything",
    ] {
        assert_eq!(names(&search(&mut client, place)), wanted, "{place}");
    }
    assert_eq!(names(&search(&mut client, "/fhir/Patient/p1/$everything?_type=Observation")), wanted[..1]);
    let parameters =
        r#"{"resourceType":"Parameters","parameter":[{"name":"_type","valueCode":"Observation"}]}"#;
    let posted = client.post("/fhir/Patient/p1/$everything", parameters).send();
    assert_eq!(names(&posted.json()), wanted[..1], "{}", posted.text());
    let first = search(&mut client, "/fhir/Patient/p1/$everything?_count=1");
    let next = link(&first, "next").unwrap();
    assert_ne!(names(&search(&mut client, path(&next))), names(&first));
    let moved = path(&next).replace("/p1/", "/p2/");
    assert_outcome("another patient's", &client.get(&moved).send(), 400);
    for (place, status) in [
        ("Patient/nobody/$everything", 404),
        ("Patient/p1/$everything?odd=1", 400),
        ("Patient/p1/$everything?start=then", 400),
        ("Observation/o1/$everything", 501),
        ("Patient/$everything", 501),
        ("$everything", 501),
    ] {
        assert_outcome(place, &client.get(&format!("/fhir/{place}")).send(), status);
    }
    let odd = r#"{"resourceType":"Parameters","parameter":[{"name":"odd","valueCode":"x"}]}"#;
    assert_outcome("odd", &client.post("/fhir/Patient/p1/$everything", odd).send(), 400);
    assert_outcome("no resource", &client.post("/fhir/Patient/p1/$everything", "{}").send(), 400);
    server.stop();
}

fn histories_of_a_type_and_of_everything(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 3);
    client.put("/fhir/Patient/p1", patient("p1", "Changed")).send();
    client.delete("/fhir/Patient/p2").send();
    let get = |client: &mut vpr_http_tests::Client, place: &str| {
        let answer = client.get(place).send();
        assert_eq!(answer.status, 200, "{place}: {}", answer.text());
        let found = answer.json();
        assert!(found["type"] == "history", "{found}");
        found
    };
    let of = |found: &vpr_http_tests::Json| -> Vec<String> {
        let entries = found["entry"].items().iter();
        let request = |entry: &vpr_http_tests::Json| {
            let url = entry["request"]["url"].as_str().unwrap().to_owned();
            format!("{} {url}", entry["request"]["method"].as_str().unwrap())
        };
        entries.map(request).collect()
    };
    let all = get(&mut client, "/fhir/Patient/_history");
    assert_eq!(of(&all)[..2], ["DELETE Patient/p2", "PUT Patient/p1"], "{all}");
    assert_eq!((of(&all).len(), all["total"].as_count()), (5, Some(5)));
    assert!(all["entry"][0].get("resource").is_none(), "a deletion has none");
    assert_eq!(of(&get(&mut client, "/fhir/_history")).len(), 8);
    let (mut seen, mut found) = (Vec::new(), get(&mut client, "/fhir/_history?_count=3"));
    loop {
        seen.extend(of(&found));
        let Some(next) = link(&found, "next") else { break };
        client.put("/fhir/Patient/late", patient("late", "Late")).send();
        found = get(&mut client, path(&next));
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
    let since = all["entry"][1]["resource"]["meta"]["lastUpdated"].as_str().unwrap().to_owned();
    let newer = get(&mut client, &format!("/fhir/Patient/_history?_since={}", since.replace('+', "%2B")));
    assert!(
        of(&newer).contains(&"DELETE Patient/p2".to_owned())
            && !of(&newer).contains(&"PUT Patient/p0".to_owned()),
        "{newer}"
    );
    for (place, status) in [
        ("Nothing/_history", 404),
        ("Patient/_history?odd=1", 400),
        ("Patient/_history?_count=x", 400),
        ("Patient/_history?_since=then", 400),
        ("Patient/_history?_cursor=x", 400),
        ("_history?_at=then", 400),
    ] {
        assert_outcome(place, &client.get(&format!("/fhir/{place}")).send(), status);
    }
    assert!(parse(&client.get("/fhir/Patient/_history?_pretty=true").send().text()).is_ok());
    server.stop();
}
