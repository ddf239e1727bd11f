use std::time::Duration;

use vpr_service::{ProjectorState, Warning};

use crate::harness::{Database, create, open, open_with, patient};

on_both_databases!(
    a_write_is_found_as_soon_as_it_is_answered_and_after_a_restart,
    without_its_projector_writes_go_on_and_say_that_they_are_not_found_yet,
);

async fn a_write_is_found_as_soon_as_it_is_answered_and_after_a_restart(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    {
        let running = open(folder.path(), database);
        for number in 0..20 {
            running.create("Patient", &patient(&number.to_string())).await;
            let page = running.search("Patient", &format!("identifier={number}")).await.unwrap();
            assert_eq!(page.entries.len(), 1);
        }
    }
    let running = open(folder.path(), database);
    running.settle().await;
    assert_eq!(running.search("Patient", "identifier=7").await.unwrap().entries.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projection_that_is_lost_is_built_again() {
    let folder = tempfile::tempdir().unwrap();
    {
        let running = open(folder.path(), &Database::Sqlite);
        for number in 0..50 {
            running.create("Patient", &patient(&number.to_string())).await;
        }
    }
    std::fs::remove_dir_all(folder.path().join("projection")).unwrap();
    {
        let running = open(folder.path(), &Database::Sqlite);
        running.settle().await;
        assert_eq!(running.search("Patient", "_total=accurate").await.unwrap().total.as_deref(), Some("50"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projection_that_is_damaged_is_built_again() {
    let folder = tempfile::tempdir().unwrap();
    {
        let running = open(folder.path(), &Database::Sqlite);
        for number in 0..50 {
            running.create("Patient", &patient(&number.to_string())).await;
        }
        running.settle().await;
    }
    let mut damaged = 0;
    for entry in std::fs::read_dir(folder.path().join("projection")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "sqlite") {
            std::fs::write(&file, b"this is no database, and it is long enough to be looked at").unwrap();
            damaged += 1;
        }
    }
    assert_eq!(damaged, 2, "both tenants");
    let running = open(folder.path(), &Database::Sqlite);
    running.settle().await;
    let page = running.search("Patient", "_total=accurate").await.unwrap();
    assert_eq!(page.total.as_deref(), Some("50"));
    assert!(running.service.projections().iter().all(|one| one.rebuilds == 1));
}

async fn without_its_projector_writes_go_on_and_say_that_they_are_not_found_yet(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let running = open_with(folder.path(), database, |config| {
        config.search.searchable_wait_max = Duration::from_millis(50);
        config.search.gate_wait_max = Duration::from_millis(50);
    });
    running.create("Patient", &patient("1")).await;
    running.service.stop_projector();
    // The projector ends after what it is at.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let answer = running.perform(create("Patient", &patient("2"), None)).await.unwrap();
    assert_eq!((answer.status, answer.warning), (201, Some(Warning::NotYetSearchable)));
    let status = running.service.projections();
    assert_eq!(status[0].state, ProjectorState::Following);
    assert!(status[0].applied < status[0].durable);
    let parameters = vpr_service::pairs("identifier=1").unwrap();
    let scope = vpr_service::SearchScope::Type("Patient".to_owned());
    let search = vpr_service::Operation::Search { scope, parameters, handling: None };
    assert_eq!(running.perform(search).await.unwrap().warning, Some(Warning::Stale));
    // What memory can decide is still decided: the write that is not found yet counts.
    let answer = running.perform(create("Patient", &patient("2"), Some("identifier=2"))).await.unwrap();
    assert_eq!(answer.status, 200);
    let answer = running.perform(create("Patient", &patient("3"), Some("identifier=3"))).await.unwrap();
    assert_eq!(answer.status, 201);
    let chained = create(
        "Observation",
        r#"{"resourceType":"Observation","status":"final","code":{"text":"x"}}"#,
        Some("subject:Patient.identifier=2"),
    );
    assert_eq!(running.perform(chained).await.unwrap_err().kind.status(), 503);
}
