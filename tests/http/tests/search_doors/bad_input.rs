//! Each bad input of a search is refused with the status that says why, and names the parameter.

use vpr_http_tests::{Database, assert_outcome, on_both_databases};

use crate::{FORM, fill, link, path, post_search, search, server};

on_both_databases! {
    what_is_not_understood_is_refused_and_named,
    lenient_handling_leaves_out_what_is_unknown_and_says_so,
    a_search_by_post_is_a_form_and_nothing_else,
    page_links_cannot_be_altered_or_carried_elsewhere,
}

fn what_is_not_understood_is_refused_and_named(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 2);
    for (query, status, code, says) in [
        // Unknown parameters: a mistyped one must not find everybody.
        ("Patient?famly=Berg", 400, "invalid", "famly"),
        ("Patient?name=Berg&famly=Berg", 400, "invalid", "famly"),
        ("Patient?Name=Berg", 400, "invalid", "Name"),
        ("Patient?code=x", 400, "invalid", "code"),
        ("Patient?=x", 400, "invalid", ""),
        ("Observation?subject.famly=x", 400, "invalid", "famly"),
        ("Observation?subject:Organization.name=x", 400, "invalid", "Organization"),
        ("Patient?name.family=x", 400, "invalid", "name"),
        ("Patient?_has:Observation:famly:code=x", 400, "invalid", "famly"),
        ("Patient?_has:Nothing:patient:code=x", 400, "invalid", "Nothing"),
        ("Patient?_has:Observation:patient=x", 400, "invalid", "_has"),
        ("?name=x", 400, "invalid", "name"),
        // Modifiers.
        ("Patient?name:odd=x", 400, "invalid", "odd"),
        ("Patient?birthdate:exact=2020", 400, "invalid", "exact"),
        ("Patient?gender:contains=x", 400, "invalid", "contains"),
        ("Patient?_id:exact=x", 400, "invalid", "exact"),
        ("Patient?gender:in=http://a", 501, "not-supported", "in"),
        ("Patient?gender:text=x", 501, "not-supported", "text"),
        ("Patient?_text=x", 501, "not-supported", "_text"),
        ("Patient?_content=x", 501, "not-supported", "_content"),
        ("Patient?_filter=x", 501, "not-supported", "_filter"),
        ("Location?near=1|2", 501, "not-supported", "near"),
        // A bad value of each type.
        ("Patient?birthdate=yesterday", 400, "value", "birthdate"),
        ("Patient?birthdate=2023-02-30", 400, "value", "birthdate"),
        ("Patient?birthdate=zz2020", 400, "value", "birthdate"),
        ("Patient?_lastUpdated=then", 400, "value", "_lastUpdated"),
        ("RiskAssessment?probability=much", 400, "value", "probability"),
        ("Observation?value-quantity=much", 400, "value", "value-quantity"),
        ("Observation?value-quantity=1|a", 400, "value", "value-quantity"),
        ("Patient?gender=a|b|c", 400, "value", "gender"),
        ("Patient?gender=|", 400, "value", "gender"),
        ("Patient?gender=male,,female", 400, "value", "alternative"),
        ("Observation?subject=Nothing/1", 400, "value", "subject"),
        ("Observation?code-value-quantity=x", 400, "value", "code-value-quantity"),
        ("Observation?code-value-quantity=x$y$z", 400, "value", "code-value-quantity"),
        ("Patient?name=a%5Cb", 400, "value", "name"),
        ("Patient?active:missing=maybe", 400, "value", "missing"),
        ("Patient?_id=a_b", 400, "value", "_id"),
        // What comes back.
        ("Patient?_count=-1", 400, "value", "_count"),
        ("Patient?_count=many", 400, "value", "_count"),
        ("Patient?_count=1.5", 400, "value", "_count"),
        ("Patient?_count=99999999999999999999", 400, "value", "_count"),
        ("Patient?_count=1&_count=2", 400, "invalid", "_count"),
        ("Patient?_sort=odd", 400, "invalid", "_sort"),
        ("Patient?_summary=odd", 400, "value", "_summary"),
        ("Patient?_total=odd", 400, "value", "_total"),
        ("Patient?_elements=odd", 400, "value", "_elements"),
        ("Patient?_include=Observation", 400, "value", "_include"),
        ("Patient?_include=Observation:subject", 400, "value", "_include"),
        ("Patient?_include=Patient:odd", 400, "invalid", "_include"),
        ("Patient?_revinclude=Observation:code", 400, "invalid", "_revinclude"),
        ("Patient?_type=Observation", 400, "value", "_type"),
        ("?_type=Nothing", 400, "value", "_type"),
        // The door's own.
        ("Patient?name=%zz", 400, "invalid", ""),
        ("Patient?name=%ff", 400, "invalid", ""),
        ("Patient?_pretty=odd", 400, "invalid", "_pretty"),
        ("Patient?_format=xml", 406, "not-supported", ""),
        ("Patient?_tenant=other", 400, "invalid", ""),
        ("Nothing?name=x", 404, "not-supported", ""),
        ("Parameters?_id=x", 404, "not-supported", ""),
    ] {
        let place = if query.starts_with('?') { format!("/fhir{query}") } else { format!("/fhir/{query}") };
        let errors = assert_outcome(query, &client.get(&place).send(), status);
        assert_eq!(errors[0].code, code, "{query}: {errors:?}");
        assert!(errors[0].text.contains(says), "{query}: {errors:?}");
        let (before, after) = place.split_once('?').unwrap();
        if !matches!(errors[0].code.as_str(), "invalid") || says.is_empty() {
            continue;
        }
        // The same by form.
        let errors =
            assert_outcome(query, &post_search(&mut client, &format!("{before}/_search"), after), status);
        assert!(errors[0].text.contains(says), "{query}: {errors:?}");
    }
    // Every fault is named, not only the first.
    let errors = assert_outcome("two", &client.get("/fhir/Patient?famly=x&_count=odd").send(), 400);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert_eq!(search(&mut client, "/fhir/Patient?name=Berg")["total"].as_count(), Some(2));
    server.stop();
}

fn lenient_handling_leaves_out_what_is_unknown_and_says_so(database: &Database) {
    let (_folder, strict) = server(database, &[]);
    let mut client = strict.client();
    fill(&mut client, "/fhir", 2);
    let lenient = |client: &mut vpr_http_tests::Client, query: &str, prefer: &str| {
        client.get(&format!("/fhir/Patient?{query}")).header("prefer", prefer).send()
    };
    let answer = lenient(&mut client, "famly=Nobody&name=Berg1", "handling=lenient");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    assert_eq!(crate::matches(&found), ["Patient/p1"]);
    let outcome = found["entry"].items().iter().find(|entry| entry["search"]["mode"] == "outcome").unwrap();
    let text = outcome["resource"].to_string();
    assert!(text.contains("famly") && text.contains("warning") && !text.contains("Nobody"), "{text}");
    let own = link(&found, "self").unwrap();
    assert!(own.contains("name=Berg1") && !own.contains("famly"), "{own}");
    // Values and modifiers are refused all the same.
    assert_outcome("a value", &lenient(&mut client, "birthdate=then", "handling=lenient"), 400);
    assert_outcome("a modifier", &lenient(&mut client, "name:odd=x", "handling=lenient"), 400);
    assert_outcome("strict", &lenient(&mut client, "famly=x", "handling=strict"), 400);
    strict.stop();

    let (_folder, server) = server(database, &[("VPR_SEARCH_HANDLING", "lenient")]);
    let mut client = server.client();
    assert_eq!(client.get("/fhir/Patient?famly=x").send().status, 200);
    assert_outcome("asked to be strict", &lenient(&mut client, "famly=x", "handling=strict"), 400);
    server.stop();
}

fn a_search_by_post_is_a_form_and_nothing_else(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    fill(&mut client, "/fhir", 3);
    let found = post_search(&mut client, "/fhir/Patient/_search", "name=Berg1");
    assert_eq!(crate::matches(&found.json()), ["Patient/p1"]);
    // Both places are one search.
    let both = post_search(&mut client, "/fhir/Patient/_search?name=Berg", "_id=p2,p1&name=erg&_pretty=true");
    assert_eq!(both.json()["total"].as_count(), Some(0), "{}", both.text());
    let both = post_search(&mut client, "/fhir/Patient/_search?name=Berg", "_id=p2,p1&_pretty=true");
    assert_eq!(crate::sorted(crate::matches(&both.json())), ["Patient/p1", "Patient/p2"]);
    assert!(both.text().contains('\n'), "_pretty of a form counts");
    let all_in_the_url = client.request("POST", "/fhir/Patient/_search?name=Berg2").send();
    assert_eq!(crate::matches(&all_in_the_url.json()), ["Patient/p2"], "{}", all_in_the_url.text());
    for (content_type, body) in [
        ("application/fhir+json", r#"{"resourceType":"Parameters"}"#),
        ("application/json", "{}"),
        ("multipart/form-data; boundary=x", "--x--"),
        ("text/plain", "name=x"),
        ("application/x-www-form-urlencoded; charset=latin1", "name=x"),
    ] {
        for path in ["/fhir/Patient/_search", "/fhir/_search", "/fhir/Patient/p1/Observation/_search"] {
            let answer = client.request("POST", path).header("content-type", content_type).body(body).send();
            let errors = assert_outcome(content_type, &answer, 415);
            assert_eq!(errors[0].code, "not-supported");
        }
    }
    let nameless = client.request("POST", "/fhir/Patient/_search").body("name=x").send();
    assert_outcome("a body without a type", &nameless, 415);
    for (what, form, status) in [
        ("a broken escape", "name=%zz".to_owned(), 400),
        ("not UTF-8", "name=%ff".to_owned(), 400),
        ("another tenant", "_tenant=other".to_owned(), 400),
        ("another format", "_format=xml".to_owned(), 406),
        ("too large", format!("name={}", "x".repeat(300 * 1024)), 413),
        ("too many alternatives", format!("_id={}", vec!["x"; 1_001].join(",")), 400),
        ("too many parameters", vec!["name=x"; 101].join("&"), 400),
    ] {
        assert_outcome(what, &post_search(&mut client, "/fhir/Patient/_search", &form), status);
    }
    let bytes = client
        .request("POST", "/fhir/Patient/_search")
        .header("content-type", FORM)
        .body(b"name=\xff".to_vec());
    assert_outcome("raw bytes that are no UTF-8", &bytes.send(), 400);
    assert_outcome(
        "a long URL",
        &client.get(&format!("/fhir/Patient?name={}", "x".repeat(9_000))).send(),
        414,
    );
    let many =
        post_search(&mut client, "/fhir/Patient/_search", &format!("_id=p1,{}", vec!["x"; 900].join(",")));
    assert_eq!(crate::matches(&many.json()), ["Patient/p1"]);
    server.stop();
}

fn page_links_cannot_be_altered_or_carried_elsewhere(database: &Database) {
    let (_folder, server) = server(database, &[]);
    let mut client = server.client();
    server.operator().post("/operator/tenants", r#"{"name":"other"}"#).send();
    fill(&mut client, "/fhir", 3);
    fill(&mut client, "/t/other/fhir", 3);
    let found = search(&mut client, "/fhir/Patient?name=Berg&_count=2");
    let next = link(&found, "next").unwrap();
    let next = path(&next).to_owned();
    assert_eq!(crate::matches(&search(&mut client, &next)).len(), 1);
    let (place, cursor) = next.split_once("_cursor=").unwrap();
    // Each tenth sign altered, a cut and a longer one.
    for at in (0..cursor.len()).step_by(10) {
        let sign = if &cursor[at..=at] == "A" { "B" } else { "A" };
        let altered = format!("{place}_cursor={}{sign}{}", &cursor[..at], &cursor[at + 1..]);
        let answer = client.get(&altered).send();
        assert_outcome(&format!("altered at {at}"), &answer, 400);
    }
    for odd in [&cursor[..cursor.len() / 2], "", "x", "%00", "%3D%3D"] {
        assert_outcome(odd, &client.get(&format!("{place}_cursor={odd}")).send(), 400);
    }
    let with_more = client.get(&format!("{next}&name=Berg")).send();
    assert_outcome("a cursor stands alone", &with_more, 400);
    let elsewhere = next.replace("/fhir/Patient", "/fhir/Observation");
    assert_outcome("of another type", &client.get(&elsewhere).send(), 400);
    let system = next.replace("/fhir/Patient", "/fhir");
    assert_outcome("of everything", &client.get(&system).send(), 400);
    // Another tenant has other keys.
    let theirs = next.replace("/fhir/", "/t/other/fhir/");
    let answer = client.get(&theirs).send();
    assert_outcome("another tenant's", &answer, 400);
    assert!(!answer.text().contains("Berg"), "{}", answer.text());
    assert_eq!(crate::matches(&search(&mut client, &next)).len(), 1, "the link itself is good still");
    server.stop();
}
