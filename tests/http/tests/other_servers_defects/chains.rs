//! Chains, `_has` and includes are one question to the database, not lists of ids that are cut.

use vpr_http_tests::{Database, observation, on_both_databases, patient};

use crate::{all_pages, ids, put_all, search, server, sorted};

on_both_databases!(chains_are_not_cut_at_100, includes_stay_within_what_the_caller_may_see);

/// More than any list of ids that servers are known to be cut at.
const TARGETS: usize = 1_300;

fn chains_are_not_cut_at_100(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let resources: Vec<String> = (0..TARGETS)
        .flat_map(|n| {
            let (id, other) = (format!("p{n}"), format!("o{n}"));
            let family = if n % 10 == 9 { "Other" } else { "Chain" };
            [patient(&id, family), observation(&other, &format!("Patient/{id}"), "weight")]
        })
        .collect();
    put_all(&mut client, "/fhir", "transaction", &resources);
    let chained = (0..TARGETS).filter(|n| n % 10 != 9);
    let expected = |prefix: &str| sorted(chained.clone().map(|n| format!("{prefix}{n}")).collect());
    for (path, prefix) in [
        ("/fhir/Observation?subject:Patient.family=Chain", "o"),
        ("/fhir/Observation?patient.name=Chain&status=final", "o"),
        ("/fhir/Patient?family=Chain&_has:Observation:patient:status=final", "p"),
    ] {
        let expected = expected(prefix);
        let total = search(&mut client, &format!("{path}&_count=0"))["total"].as_count();
        assert_eq!(total, Some(expected.len() as u64), "{path}");
        assert_eq!(sorted(all_pages(&mut client, &format!("{path}&_count=300"), |_| ())), expected, "{path}");
    }
    // As many included as there are matches.
    for (path, prefix) in [
        ("/fhir/Observation?subject:Patient.family=Chain&_count=1000&_include=Observation:patient", "p"),
        ("/fhir/Patient?family=Chain&_count=1000&_revinclude=Observation:patient", "o"),
    ] {
        let found = search(&mut client, path);
        let matched = ids(&found, "match");
        assert_eq!(matched.len(), 1000);
        let same: Vec<String> = matched.iter().map(|id| format!("{prefix}{}", &id[1..])).collect();
        assert_eq!(sorted(ids(&found, "include")), sorted(same), "{path}");
    }
    server.stop();
}

/// What holds callers apart today is the tenant: everybody in it may see all of it.
fn includes_stay_within_what_the_caller_may_see(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = database.start(&data);
    let mut client = server.client();
    let created = server.operator().post("/operator/tenants", r#"{"name":"clinic-b"}"#).send();
    assert!(created.status < 300, "{} {}", created.status, created.text());
    // The same ids on both sides; only the other side's say so.
    let other = "/t/clinic-b/fhir";
    put_all(
        &mut client,
        "/fhir",
        "transaction",
        &[observation("o", "Patient/there", "x"), patient("a", "A")],
    );
    let theirs = [patient("there", "Secret"), observation("secret", "Patient/a", "x")];
    put_all(&mut client, other, "transaction", &theirs);
    let found =
        search(&mut client, "/fhir/Observation?_include=Observation:subject&_include:iterate=Observation:*");
    assert_eq!((ids(&found, "match"), ids(&found, "include")), (vec!["o".to_owned()], Vec::new()), "{found}");
    let found =
        search(&mut client, "/fhir/Patient?_revinclude=Observation:subject&_revinclude=Provenance:target");
    assert_eq!((ids(&found, "match"), ids(&found, "include")), (vec!["a".to_owned()], Vec::new()), "{found}");
    for path in [
        "/fhir/Observation?subject:Patient.family=Secret",
        "/fhir/Patient?_has:Observation:patient:_id=secret",
        "/fhir/Patient?family=Secret",
        "/fhir?_id=secret",
    ] {
        assert_eq!(search(&mut client, path)["total"].as_count(), Some(0), "{path}");
    }
    let all = search(&mut client, "/fhir/Patient/a/$everything");
    assert!(!all.to_string().contains("secret"), "{all}");
    // They are there, for those whose they are.
    let found = search(&mut client, &format!("{other}/Observation?_include=Observation:subject"));
    assert_eq!(ids(&found, "match"), ["secret"]);
    assert_eq!(search(&mut client, &format!("{other}/Patient?family=Secret"))["total"].as_count(), Some(1));
    server.stop();
}
