//! Commits against libgit2 and stock git.

use vpr_git::{Commit, Error, Mode, ObjectKind, Repository, Signature, encode, id_of, tree};
use vpr_types::ObjectId;

use crate::support::{Fixture, History, pack_objects};

#[test]
fn what_is_committed_is_read_by_us_and_by_stock_git() {
    let fixture = Fixture::new();
    let mut history = History::default();
    fixture.fsck();
    assert_eq!(fixture.repository.head().unwrap(), None);
    assert!(fixture.repository.verify().unwrap().is_sound());
    for round in 0..5 {
        let written = history.commits(10);
        fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
        assert_eq!(fixture.repository.pack_count().unwrap(), round + 1);
    }
    fixture.fsck();
    for repository in [fixture.repository.clone(), fixture.reopen()] {
        check(&fixture, &repository, &history);
    }
    let report = fixture.repository.verify().unwrap();
    assert_eq!((report.packs, report.commits, report.damage), (5, 50, vec![]));
    assert!(fixture.git(&["log", "-p", "--format=%H %an %ae %ad %s", "main"]).contains("Change 50"));
}

fn check(fixture: &Fixture, repository: &Repository, history: &History) {
    assert_eq!(repository.head().unwrap(), history.head);
    for (id, text) in &history.documents {
        assert_eq!(repository.read(id).unwrap().unwrap().content, *text);
    }
    let commits: Vec<_> = repository.commits(history.head.unwrap()).map(Result::unwrap).collect();
    let ids: Vec<_> = commits.iter().map(|(id, _)| id.to_hex()).collect();
    assert_eq!(fixture.git(&["rev-list", "main"]).lines().collect::<Vec<_>>(), ids);
    assert_eq!(ids.len(), history.documents.len());
    let listed: Vec<String> = repository
        .walk_tree(commits[0].1.tree)
        .map(|entry| {
            let (path, mode, id) = entry.unwrap();
            let kind = if mode == Mode::Tree { "tree" } else { "blob" };
            format!("{:0>6} {kind} {id}\t{path}", mode.as_str())
        })
        .collect();
    assert_eq!(fixture.git(&["ls-tree", "-r", "-t", "main"]).lines().collect::<Vec<_>>(), listed);
}

#[test]
fn a_missing_object_is_none_and_a_missing_repository_too() {
    let fixture = Fixture::new();
    assert!(fixture.repository.read(&ObjectId([7; 20])).unwrap().is_none());
    assert!(matches!(fixture.repository.read_existing(&ObjectId([7; 20])), Err(Error::Missing(_))));
    let commits: Vec<_> = fixture.repository.commits(ObjectId([7; 20])).collect();
    assert!(matches!(commits[..], [Err(Error::Missing(_))]));
    let disk = std::sync::Arc::new(crate::support::Folder(fixture.root.path().to_owned()));
    assert!(Repository::open(disk, std::path::Path::new("tenant/none")).unwrap().is_none());
}

#[test]
fn commits_are_byte_equal_to_those_of_libgit2() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = git2::Repository::init_bare(folder.path()).unwrap();
    let tree = theirs.find_tree(theirs.treebuilder(None).unwrap().write().unwrap()).unwrap();
    let signature =
        |name: &str, email: &str, seconds| Signature { name: name.into(), email: email.into(), seconds };
    let mut parents: Vec<ObjectId> = Vec::new();
    for (author, committer, message) in [
        (signature("Ola Nordmann", "ola@example.org", 0), signature("VPR", "vpr@localhost", 1), "First\n"),
        (signature("Å", "å", 1_700_000_000), signature("b", "b@c", 4_000_000_000), "No newline"),
        (
            signature("c d", "c", 7),
            signature("e", "f", 8),
            "Title\n\nBody\n\nVPR-Seq: 7\nVPR-Digest: sha256:00\n",
        ),
        (signature("c d", "c", 7), signature("e", "f", 8), ""),
    ] {
        let git =
            |s: &Signature| git2::Signature::new(&s.name, &s.email, &git2::Time::new(s.seconds, 0)).unwrap();
        let found: Vec<_> = parents
            .iter()
            .map(|id| theirs.find_commit(git2::Oid::from_bytes(&id.0).unwrap()).unwrap())
            .collect();
        let found: Vec<_> = found.iter().collect();
        let buffer =
            theirs.commit_create_buffer(&git(&author), &git(&committer), message, &tree, &found).unwrap();
        let mut commit = Commit {
            tree: id_of(ObjectKind::Tree, b""),
            parents: parents.clone(),
            author,
            committer,
            signature: None,
            message: message.into(),
        };
        assert_eq!(commit.encode().unwrap(), *buffer);
        assert_eq!(Commit::parse(&buffer).unwrap(), commit);

        let armor = "-----BEGIN SIGNED MESSAGE-----\nMIIB\n\nabc=\n-----END SIGNED MESSAGE-----";
        let id = theirs.commit_signed(buffer.as_str().unwrap(), armor, None).unwrap();
        commit.signature = Some(armor.into());
        assert_eq!(id_of(ObjectKind::Commit, &commit.encode().unwrap()).to_hex(), id.to_string());
        let odb = theirs.odb().unwrap();
        let raw = odb.read(id).unwrap();
        assert_eq!(Commit::parse(raw.data()).unwrap(), commit);
        let (extracted, signed) = theirs.extract_signature(&id, None).unwrap();
        assert_eq!(extracted.as_str().unwrap(), armor);
        assert_eq!(*signed, commit.encode_unsigned().unwrap());
        parents.insert(0, ObjectId(id.as_bytes().try_into().unwrap()));
    }
}

#[test]
fn signed_commits_and_empty_objects_pass_a_strict_check() {
    let fixture = Fixture::new();
    let empty = encode(ObjectKind::Blob, b"").unwrap();
    let tree = tree::splice(b"", &[("empty", Some((Mode::File, empty.id)))]).unwrap();
    let tree = encode(ObjectKind::Tree, &tree).unwrap();
    let who = Signature { name: "a".into(), email: String::new(), seconds: 1 };
    let commit = Commit {
        tree: tree.id,
        parents: vec![],
        author: who.clone(),
        committer: who,
        signature: Some("-----BEGIN SIGNED MESSAGE-----\n\nabc\n-----END SIGNED MESSAGE-----".into()),
        message: String::new(),
    };
    let commit = encode(ObjectKind::Commit, &commit.encode().unwrap()).unwrap();
    let written = [&empty, &tree, &commit].map(|encoded| encoded.pack_object(None));
    fixture.repository.commit_objects(&written, commit.id).unwrap();
    fixture.fsck();
    assert_eq!(fixture.repository.read(&empty.id).unwrap().unwrap().content, b"");
    assert_eq!(fixture.repository.verify().unwrap().damage, vec![]);
}

#[test]
fn a_lock_of_somebody_else_is_respected_and_swept_after_a_crash() {
    let fixture = Fixture::new();
    let mut history = History::default();
    let written = history.commits(1);
    let lock = fixture.folder().join("refs/heads/main.lock");
    std::fs::write(&lock, "").unwrap();
    let commit = || fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap());
    assert!(matches!(commit(), Err(Error::Locked(_))));
    assert!(lock.exists());
    fixture.repository.sweep_temporary().unwrap();
    commit().unwrap();
    assert!(!lock.exists());
    drop(fixture.repository.stage_head(history.head.unwrap()).unwrap());
    assert!(!lock.exists());
    drop(fixture.repository.stage_pack(&pack_objects(&history.commits(1))).unwrap());
    assert_eq!((fixture.packs(".pack").len(), fixture.packs(".idx").len()), (1, 1));
    fixture.fsck();
}
