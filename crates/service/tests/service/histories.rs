use vpr_service::{HistoryQuery, Operation};

use crate::harness::{Database, Page, delete, open, patient};

on_both_databases!(histories_of_types_and_of_all_are_paged_and_hold_still,);

async fn histories_of_types_and_of_all_are_paged_and_hold_still(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), database);
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(running.create("Patient", &patient(&number.to_string())).await);
    }
    running.create("Practitioner", r#"{"resourceType":"Practitioner"}"#).await;
    running.perform(delete("Patient", &ids[0])).await.unwrap();
    let ask = |type_name: Option<&str>, query: &str| {
        let mut history = HistoryQuery::default();
        for (name, value) in vpr_service::pairs(query).unwrap() {
            assert!(history.take(&name, &value).unwrap());
        }
        let operation = match type_name {
            Some(name) => Operation::HistoryType { type_name: name.to_owned(), query: history },
            None => Operation::HistorySystem { query: history },
        };
        running.perform(operation)
    };
    let page = Page::of(&ask(Some("Patient"), "_count=4").await.unwrap());
    let mut wanted = vec![format!("Patient/{} DELETE", ids[0])];
    wanted.extend(ids.iter().rev().take(3).map(|id| format!("Patient/{id} POST")));
    assert_eq!(page.entries, wanted);
    running.create("Patient", &patient("later")).await;
    let next = page.query("next").unwrap().to_owned();
    let rest = Page::of(&ask(Some("Patient"), &next).await.unwrap());
    assert_eq!(rest.entries, [format!("Patient/{} POST", ids[1]), format!("Patient/{} POST", ids[0])]);
    assert!(rest.link("next").is_none());
    assert_eq!(ask(None, &next).await.unwrap_err().kind.status(), 400);
    let all = Page::of(&ask(None, "").await.unwrap());
    assert_eq!((all.entries.len(), all.total.as_deref()), (8, Some("8")));
    assert_eq!(Page::of(&ask(None, "_count=0").await.unwrap()).total.as_deref(), Some("8"));
    assert_eq!(Page::of(&ask(None, "_since=2999").await.unwrap()).entries.len(), 0);
}
