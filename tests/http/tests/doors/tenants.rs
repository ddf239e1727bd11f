//! Two tenants of one server see nothing of each other.

use vpr_http_tests::{
    Database, assert_outcome, bundle, entry, observation, on_both_databases, patient, repositories,
};

use crate::server;

on_both_databases! {
    two_tenants_see_nothing_of_each_other,
}

const ALONE: [(&str, &str); 2] = [("/t/east", "EastSecret"), ("/t/west", "WestSecret")];

fn two_tenants_see_nothing_of_each_other(database: &Database) {
    let (folder, server) = server(database);
    let data = folder.path().join("data");
    let mut client = server.client();
    assert_outcome("before it is created", &client.get("/t/east/fhir/Patient/same").send(), 404);
    let created = server.operator().post("/operator/tenants", r#"{"name":"east"}"#).send();
    assert_eq!(created.status, 201, "{}", created.text());
    let by_command = database.command(&data).args(["tenant", "create", "west"]).output().unwrap();
    assert!(by_command.status.success(), "{by_command:?}");
    for (prefix, secret) in ALONE {
        let put = client.put(&format!("{prefix}/fhir/Patient/same"), patient("same", secret)).send();
        assert_eq!((put.status, put.version()), (201, Some(1)), "{}", put.text());
        let location = format!("http://127.0.0.1:{}{prefix}/fhir/Patient/same/_history/1", server.port());
        assert_eq!(put.header("location"), Some(location.as_str()));
        let own = format!("only-{}", &prefix[3..]);
        let entries = [
            entry("PUT", &format!("Patient/{own}"), "", Some(&patient(&own, secret))),
            entry("PUT", "Observation/o", "", Some(&observation("o", &format!("Patient/{own}"), secret))),
        ];
        let done = client.post(&format!("{prefix}/fhir"), bundle("transaction", &entries)).send();
        assert_eq!(done.status, 200, "{}", done.text());
    }
    for ((prefix, own), (other, secret)) in [(ALONE[0], ALONE[1]), (ALONE[1], ALONE[0])] {
        let theirs = format!("only-{}", &other[3..]);
        for path in [
            format!("Patient/{theirs}"),
            format!("Patient/{theirs}/_history"),
            format!("Patient/{theirs}/_history/1"),
        ] {
            assert_outcome(&path, &client.get(&format!("{prefix}/fhir/{path}")).send(), 404);
        }
        let read = client.get(&format!("{prefix}/fhir/Patient/same")).send();
        assert!(read.text().contains(own) && !read.text().contains(secret), "{}", read.text());
        let gone = client.delete(&format!("{prefix}/fhir/Patient/{theirs}")).send();
        assert_eq!(gone.status, 204, "as if it had never been there");
        assert_eq!(client.get(&format!("{other}/fhir/Patient/{theirs}")).send().status, 200, "and it stays");
        // Within a Bundle there is no other tenant either.
        let entries = [entry("GET", &format!("{other}/fhir/Patient/{theirs}"), "", None)];
        let batch = client.post(&format!("{prefix}/fhir"), bundle("batch", &entries)).send();
        assert!(!batch.text().contains(secret), "{}", batch.text());
        let absolute = format!("http://127.0.0.1:{}{other}/fhir/Patient/{theirs}", server.port());
        let batch = client
            .post(&format!("{prefix}/fhir"), bundle("batch", &[entry("GET", &absolute, "", None)]))
            .send();
        assert!(!batch.text().contains(secret), "{}", batch.text());
        // A header or a parameter may only repeat the address.
        let name = &prefix[3..];
        let same = client
            .get(&format!("{prefix}/fhir/Patient/same?_tenant={name}"))
            .header("x-tenant-id", name)
            .send();
        assert_eq!(same.status, 200, "{}", same.text());
        let header =
            client.get(&format!("{prefix}/fhir/Patient/same")).header("x-tenant-id", &other[3..]).send();
        assert_outcome("another tenant in the header", &header, 400);
        let query = client.get(&format!("{prefix}/fhir/Patient/same?_tenant={}", &other[3..])).send();
        assert_outcome("another tenant in the query", &query, 400);
    }
    // The same idempotency key in both is two requests.
    let mut places = Vec::new();
    for (prefix, secret) in ALONE {
        let body = format!(r#"{{"resourceType":"Patient","name":[{{"family":"{secret}"}}]}}"#);
        let post = client.post(&format!("{prefix}/fhir/Patient"), body).header("idempotency-key", "k").send();
        assert_eq!((post.status, post.header("idempotency-replayed")), (201, None), "{}", post.text());
        places.push(post.header("location").unwrap().to_owned());
    }
    assert_ne!(places[0], places[1]);
    assert_outcome("the default tenant has none of it", &client.get("/fhir/Patient/same").send(), 404);
    server.materialize();
    for ((prefix, own), (_, secret)) in [(ALONE[0], ALONE[1]), (ALONE[1], ALONE[0])] {
        let mut seen = String::new();
        for repository in repositories(&data, &prefix[3..]) {
            seen.push_str(&repository.git(&["log", "-p", "--all"]));
        }
        assert!(seen.contains(own) && !seen.contains(secret), "what stock git shows of {prefix}");
    }
    // Neither name is taken twice, nor is a bad one taken.
    for (name, status) in [("east", 409), ("West", 400), ("journal", 400), ("../x", 400), ("", 400)] {
        let answer = server.operator().post("/operator/tenants", format!(r#"{{"name":"{name}"}}"#)).send();
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
    }
    server.stop();
}
