use crate::support::{Fixture, History, pack_objects};

#[test]
fn what_is_committed_is_read_by_us_and_by_stock_git() {
    let fixture = Fixture::new();
    let mut history = History::default();
    fixture.fsck();
    assert_eq!(fixture.repository.head().unwrap(), None);
    for round in 0..5 {
        let written = history.commits(10);
        fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
        assert_eq!(fixture.repository.pack_count().unwrap(), round + 1);
    }
    fixture.fsck();
    for repository in [fixture.repository.clone(), fixture.reopen()] {
        assert_eq!(repository.head().unwrap(), history.head);
        for (id, text) in &history.documents {
            assert_eq!(repository.read(id).unwrap().unwrap().content, *text);
        }
        let commits: Vec<_> =
            repository.commits(history.head.unwrap()).map(|c| c.unwrap().0.to_hex()).collect();
        assert_eq!(fixture.git(&["rev-list", "main"]).lines().collect::<Vec<_>>(), commits);
        assert_eq!(commits.len(), 50);
    }
}
