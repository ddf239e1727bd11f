//! What a server once found wrongly, each reduced to its least, with the answer by hand from the
//! text of the standard.

// What goes wrong is said by panicking.
#![allow(clippy::unwrap_used)]

use vpr_http_tests::{Client, Json};
use vpr_search_tests::Tenant;

struct Case {
    /// Why the answer is what it is.
    why: &'static str,
    documents: &'static [&'static str],
    search: &'static str,
    /// The ids, in their order.
    expected: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        why: "a period ends where its end says, though its start is a whole year (R4 §3.1.1.4.7)",
        documents: &[
            r#"{"resourceType":"CarePlan","id":"until-june","status":"active","intent":"plan","subject":{"reference":"Patient/1"},"period":{"start":"2020","end":"2020-06"}}"#,
            r#"{"resourceType":"CarePlan","id":"until-february","status":"active","intent":"plan","subject":{"reference":"Patient/1"},"period":{"start":"2020","end":"2020-02-28"}}"#,
        ],
        search: "CarePlan?date=gt2020-03",
        expected: &["until-june"],
    },
    Case {
        why: "downwards a period sorts by its end",
        documents: &[],
        search: "CarePlan?_sort=-date",
        expected: &["until-june", "until-february"],
    },
    Case {
        why: "without a system a code is the unit as it is written, also of what UCUM could convert (R4 §3.1.1.4.11)",
        documents: &[
            r#"{"resourceType":"Observation","id":"milligrams","status":"final","code":{"text":"x"},"valueQuantity":{"value":5.4,"unit":"milligram","system":"http://unitsofmeasure.org","code":"mg"}}"#,
            r#"{"resourceType":"Observation","id":"grams","status":"final","code":{"text":"x"},"valueQuantity":{"value":0.0054,"system":"http://unitsofmeasure.org","code":"g"}}"#,
            r#"{"resourceType":"Observation","id":"words","status":"final","code":{"text":"x"},"valueQuantity":{"value":5.4,"unit":"mg"}}"#,
        ],
        search: "Observation?value-quantity=5.4%7C%7Cmg&_sort=_id",
        expected: &["milligrams", "words"],
    },
];

fn found(client: &mut Client, search: &str) -> Vec<String> {
    let answer = client.get(&format!("/fhir/{search}")).send();
    assert_eq!(answer.status, 200, "{search}: {}", answer.text());
    let id = |entry: &Json| entry["resource"]["id"].as_str().unwrap_or_default().to_owned();
    answer.json()["entry"].items().iter().map(id).collect()
}

#[test]
fn what_was_once_wrong_is_right() {
    let tenant = Tenant::start(&[]);
    let mut client = tenant.server.client();
    let mut wrong = Vec::new();
    for case in CASES {
        for document in case.documents {
            let content = vpr_http_tests::parse(document).unwrap();
            let name =
                format!("{}/{}", content["resourceType"].as_str().unwrap(), content["id"].as_str().unwrap());
            let answer = client.put(&format!("/fhir/{name}"), *document).send();
            assert!(answer.status < 300, "{name}: {}", answer.text());
        }
        let found = found(&mut client, case.search);
        if found != case.expected {
            wrong.push(format!("{}: {found:?}, not {:?}: {}", case.search, case.expected, case.why));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
