//! The index file is taken away under a service that runs.

use crate::harness::{Database, Running, create, open, patient};

async fn total(running: &Running) -> Result<String, u16> {
    let page = running.search("Patient", "identifier:missing=false&_total=accurate&_count=1").await?;
    Ok(page.total.unwrap())
}

/// Searches until one is answered; each is answered with all or not at all.
async fn comes_back(running: &Running, wanted: &str) {
    for _ in 0..2000 {
        match total(running).await {
            Ok(total) => {
                assert_eq!(total, wanted, "a part for the whole");
                return;
            }
            Err(status) => assert_eq!(status, 503),
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it does not come back: {:?}", running.service.projections());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_noticed_and_built_again() {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path(), &Database::Sqlite);
    for number in 0..30 {
        running.create("Patient", &patient(&number.to_string())).await;
    }
    running.settle().await;
    let index = folder.path().join("projection");
    let file = || {
        for name in ["a.sqlite", "a.sqlite-wal", "a.sqlite-shm"] {
            let _ = std::fs::remove_file(index.join(name));
        }
    };
    let rebuilds = || running.service.projections()[0].rebuilds;
    let before = rebuilds();

    file();
    assert_eq!(total(&running).await, Err(503), "nobody reads on in a file that has no name");
    comes_back(&running, "30").await;
    assert!(index.join("a.sqlite").is_file());
    assert_eq!(rebuilds(), before + 1);

    // A write notices it too, and is found when all is.
    std::fs::remove_dir_all(&index).unwrap();
    running.create("Patient", &patient("late")).await;
    comes_back(&running, "31").await;
    assert!(index.join("a.sqlite").is_file());

    // Nothing is decided by what is not there.
    file();
    match running.perform(create("Patient", &patient("7"), Some("identifier=http://ids|7"))).await {
        Ok(answer) => assert_eq!(answer.status, 200),
        Err(failure) => assert_eq!(failure.kind.status(), 503),
    }
    comes_back(&running, "31").await;
    assert_eq!(rebuilds(), before + 3);
}
