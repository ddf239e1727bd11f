use std::collections::BTreeSet;

use vpr_service::{Handling, Operation, SearchScope, Target};

use crate::harness::{Database, Page, context, delete, open, patient, update};

on_both_databases!(
    pages_hold_still_while_others_write,
    links_are_their_callers_and_lead_where_they_led,
    what_is_not_known_is_refused_or_told,
    counts_totals_and_scopes,
    a_page_has_a_size_whatever_is_asked_for,
);

async fn pages_hold_still_while_others_write(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let mut ids = BTreeSet::new();
    for number in 0..25 {
        ids.insert(running.create("Patient", &patient(&number.to_string())).await);
    }
    let first = running.search("Patient", "_count=10&_summary=data").await.unwrap();
    assert_eq!(first.link("self"), Some("http://a.example/fhir/Patient?_count=10&_summary=data"));
    assert!(first.link("previous").is_none() && first.link("first").is_none());
    // Others write: one more, one gone, one changed.
    running.create("Patient", &patient("later")).await;
    let gone = ids.first().unwrap().clone();
    running.perform(delete("Patient", &gone)).await.unwrap();
    let changed = ids.iter().nth(1).unwrap();
    let body = patient("changed").replace("\"Patient\"", &format!("\"Patient\",\"id\":\"{changed}\""));
    running.perform(update("Patient", changed, &body)).await.unwrap();
    let mut seen: Vec<String> = first.entries.clone();
    let mut page = first;
    let mut pages = 1;
    while let Some(next) = page.query("next") {
        let before = page.entries.clone();
        page = running.search("Patient", next).await.unwrap();
        let back = running.search("Patient", page.query("previous").unwrap()).await.unwrap();
        assert_eq!(back.entries, before);
        assert!(page.text.contains("SUBSETTED"), "links keep what was asked for");
        assert!(page.versions.iter().all(|version| version == "1"), "{:?}", page.versions);
        seen.extend(page.entries.clone());
        pages += 1;
    }
    assert_eq!(pages, 3);
    assert_eq!(seen.len(), 25);
    let found: BTreeSet<String> = seen
        .iter()
        .map(|name| name.trim_start_matches("Patient/").trim_end_matches(" match").to_owned())
        .collect();
    assert_eq!(found, ids);
}

async fn links_are_their_callers_and_lead_where_they_led(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    for number in 0..3 {
        running.create("Patient", &patient(&number.to_string())).await;
    }
    let page = running.search("Patient", "_count=1").await.unwrap();
    let next = page.query("next").unwrap();
    let parameters = vpr_service::pairs(next).unwrap();
    for (context, wanted) in
        [(context("a", "dev"), Ok(200)), (context("a", "other"), Err(400)), (context("b", "dev"), Err(400))]
    {
        let operation = Operation::Search {
            scope: SearchScope::Type("Patient".to_owned()),
            parameters: parameters.clone(),
            handling: None,
        };
        let answer = running.service.perform(context, operation).await;
        assert_eq!(answer.map(|it| it.status).map_err(|it| it.kind.status()), wanted);
    }
    assert_eq!(running.search("Observation", next).await.unwrap_err(), 400);
    assert_eq!(running.search("Patient", &format!("{next}&_count=2")).await.unwrap_err(), 400);
    let operator = running
        .service
        .operator(vpr_types::PrincipalId::new("operator").unwrap(), vpr_types::RequestId::new("r").unwrap());
    let tenant = vpr_types::TenantName::new("a").unwrap();
    operator.reindex(&tenant).await.unwrap();
    for _ in 0..500 {
        if operator.projection(&tenant).await.unwrap().rebuilds == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    running.settle().await;
    assert_eq!(running.search("Patient", next).await.unwrap_err(), 410, "the projection was rebuilt");
    assert_eq!(running.search("Patient", "").await.unwrap().entries.len(), 3);
}

async fn what_is_not_known_is_refused_or_told(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    running.create("Patient", &patient("1")).await;
    assert_eq!(running.search("Patient", "nmae=x").await.unwrap_err(), 400);
    assert_eq!(running.search("Nothing", "").await.unwrap_err(), 404);
    let operation = Operation::Search {
        scope: SearchScope::Type("Patient".to_owned()),
        parameters: vpr_service::pairs("nmae=x&identifier=1").unwrap(),
        handling: Some(Handling::Lenient),
    };
    let page = Page::of(&running.perform(operation).await.unwrap());
    assert_eq!(page.entries.len(), 2);
    assert_eq!(page.entries[1], "OperationOutcome outcome");
    assert_eq!(page.link("self"), Some("http://a.example/fhir/Patient?identifier=1"));
}

async fn counts_totals_and_scopes(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let mut id = String::new();
    for number in 0..3 {
        id = running.create("Patient", &patient(&number.to_string())).await;
    }
    let practitioner = running.create("Practitioner", r#"{"resourceType":"Practitioner"}"#).await;
    let observation = format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/{id}"}},"performer":[{{"reference":"Practitioner/{practitioner}"}}]}}"#
    );
    let observation = running.create("Observation", &observation).await;
    for query in ["_count=0", "_summary=count"] {
        let page = running.search("Patient", query).await.unwrap();
        assert_eq!((page.total.as_deref(), page.entries.len()), (Some("3"), 0), "{query}");
        assert!(page.link("next").is_none());
    }
    let total = |page: Page| page.total;
    assert_eq!(total(running.search("Patient", "_count=1").await.unwrap()), None);
    assert_eq!(
        total(running.search("Patient", "_count=1&_total=accurate").await.unwrap()).as_deref(),
        Some("3")
    );
    assert_eq!(total(running.search("Patient", "").await.unwrap()).as_deref(), Some("3"));
    assert_eq!(running.search("", "_type=Patient,Practitioner").await.unwrap().entries.len(), 4);
    let compartment = |type_name: Option<&str>| SearchScope::Compartment {
        owner: "Patient".to_owned(),
        id: id.clone(),
        type_name: type_name.map(str::to_owned),
    };
    let page = running.search_in(compartment(Some("Observation")), "").await.unwrap();
    assert_eq!(page.entries, [format!("Observation/{observation} match")]);
    assert_eq!(page.link("self"), Some(format!("http://a.example/fhir/Patient/{id}/Observation").as_str()));
    assert_eq!(running.search_in(compartment(None), "").await.unwrap().entries.len(), 2);
    let include = running.search("Observation", "_include=Observation:performer").await.unwrap();
    assert_eq!(
        include.entries,
        [format!("Observation/{observation} match"), format!("Practitioner/{practitioner} include")]
    );
    let everything = Operation::Everything {
        target: Target { type_name: "Patient".to_owned(), id: id.clone() },
        parameters: Vec::new(),
    };
    let page = Page::of(&running.perform(everything).await.unwrap());
    let mut entries = page.entries.clone();
    entries.sort();
    assert_eq!(
        entries,
        [
            format!("Observation/{observation} match"),
            format!("Patient/{id} match"),
            format!("Practitioner/{practitioner} include")
        ]
    );
    assert_eq!(page.total.as_deref(), Some("2"));
}

async fn a_page_has_a_size_whatever_is_asked_for(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let most = vpr_types::limits::SEARCH_COUNT_DEFAULT as usize;
    let entries: Vec<String> = (0..=most)
        .map(|number| {
            let body = patient(&number.to_string());
            format!(r#"{{"resource":{body},"request":{{"method":"POST","url":"Patient"}}}}"#)
        })
        .collect();
    running.perform(crate::harness::bundle("transaction", &entries)).await.unwrap();
    let page = running.search("Patient", "").await.unwrap();
    assert_eq!(page.entries.len(), most);
    assert!(page.link("next").is_some());
    assert_eq!(running.search("Patient", "_count=4000000000").await.unwrap().entries.len(), most + 1);
}
