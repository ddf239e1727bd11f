//! Our packs as stock git and libgit2 read them.

use std::fs;
use std::process::{Command, Stdio};

use vpr_git::{Encoded, Error, ObjectKind, encode, encode_delta, encode_stored, write_pack};
use vpr_types::ObjectId;

use crate::support::{Fixture, History, document, git_in, pack_objects};

#[test]
fn stock_git_makes_the_same_index_of_our_packs() {
    for (count, repeated) in [(1, false), (2, true), (30, false), (45, true)] {
        let mut history = History::default();
        let mut written = history.commits(count);
        if repeated {
            written.extend(written.clone());
            written.extend(history.commits(3));
        }
        let pack = write_pack(&pack_objects(&written)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ours.pack"), &pack.bytes).unwrap();
        git_in(folder.path(), &["init", "--bare", "--quiet", "."]).unwrap();
        let name = git_in(folder.path(), &["index-pack", "--strict", "ours.pack"]).unwrap();
        assert_eq!(name.trim(), pack.name);
        assert_eq!(fs::read(folder.path().join("ours.idx")).unwrap(), pack.index_bytes);
    }
}

#[test]
fn libgit2_and_stock_git_list_and_read_every_object() {
    let fixture = Fixture::new();
    let mut history = History::default();
    let mut all = Vec::new();
    for _ in 0..3 {
        let written = history.commits(45);
        fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
        all.extend(written);
    }
    let listed = fixture.git(&["cat-file", "--batch-all-objects", "--batch-check"]);
    let mut ids: Vec<String> = all.iter().map(|(o, _)| format!("{} {}", o.id, o.kind.as_str())).collect();
    ids.sort();
    ids.dedup();
    let listed: Vec<&str> = listed.lines().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(listed, ids);

    let theirs = git2::Repository::open_bare(fixture.folder()).unwrap();
    let odb = theirs.odb().unwrap();
    for (object, _) in &all {
        let read = odb.read(git2::Oid::from_bytes(&object.id.0).unwrap()).unwrap();
        let ours = fixture.repository.read(&object.id).unwrap().unwrap();
        assert_eq!((read.kind().str(), read.data()), (object.kind.as_str(), &ours.content[..]));
        assert_eq!(object.kind, ours.kind);
    }
    assert_eq!(theirs.head().unwrap().target().unwrap().to_string(), history.head.unwrap().to_hex());
}

#[test]
fn a_clone_of_ours_has_our_documents() {
    let fixture = Fixture::new();
    let mut history = History::default();
    for _ in 0..2 {
        let written = history.commits(45);
        fixture.repository.commit_objects(&pack_objects(&written), history.head.unwrap()).unwrap();
    }
    let copy = fixture.root.path().join("copy");
    let source = format!("file://{}", fixture.folder().display());
    git_in(fixture.root.path(), &["clone", "--quiet", &source, copy.to_str().unwrap()]).unwrap();
    for number in 51..=90_u32 {
        let name = format!("Type/doc-{}.json", number % 40);
        assert_eq!(fs::read(copy.join(name)).unwrap(), document(number));
    }
    assert_eq!(git_in(&copy, &["status", "--porcelain"]).unwrap(), "");
    git_in(&copy, &["fsck", "--strict"]).unwrap();
}

#[test]
fn every_size_and_every_stream_is_read_back() {
    let fixture = Fixture::new();
    let noise = |length: usize| -> Vec<u8> {
        let mut state = length as u64 + 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    };
    let mut objects: Vec<Encoded> = Vec::new();
    for length in [0, 1, 15, 16, 4000, 4085, 4086, 4096, 4097, 16_384, 16_385, 70_000, 3_000_000] {
        objects.push(encode(ObjectKind::Blob, &noise(length)).unwrap());
        objects.push(encode_stored(ObjectKind::Blob, &noise(length + 7)).unwrap());
        objects.push(encode(ObjectKind::Blob, &vec![b'x'; length + 3]).unwrap());
    }
    let list: Vec<_> = objects.iter().map(|o| o.pack_object(None)).collect();
    let staged = fixture.repository.stage_pack(&list).unwrap();
    staged.sync().unwrap();
    staged.publish().unwrap();
    let reopened = fixture.reopen();
    for object in &objects {
        for repository in [&fixture.repository, &reopened] {
            let read = repository.read(&object.id).unwrap().unwrap();
            assert_eq!(read.content.len(), object.size as usize);
        }
    }
    fixture.fsck();
    assert_eq!(reopened.verify().unwrap().objects, objects.len());
    // The reader of streams of unknown length agrees with the one that knows where they end.
    let output = Command::new("git")
        .current_dir(fixture.folder())
        .args(["cat-file", "--batch-all-objects", "--batch-check=%(objectsize)"])
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let total: usize =
        String::from_utf8(output.stdout).unwrap().lines().map(|l| l.parse::<usize>().unwrap()).sum();
    assert_eq!(total, objects.iter().map(|o| o.size as usize).sum());
}

#[test]
fn a_delta_without_its_base_makes_no_pack() {
    let base = document(1);
    let delta = encode_delta(ObjectKind::Blob, &base, &document(2)).unwrap();
    let base_id = vpr_git::id_of(ObjectKind::Blob, &base);
    assert!(matches!(write_pack(&[delta.pack_object(Some(base_id))]), Err(Error::Malformed(_))));
    let own = [delta.pack_object(Some(delta.id))];
    assert!(matches!(write_pack(&own), Err(Error::Malformed(_))), "a circle");
    let whole = encode(ObjectKind::Blob, &base).unwrap();
    // The order in which they are given does not matter.
    for list in [
        vec![whole.pack_object(None), delta.pack_object(Some(base_id))],
        vec![delta.pack_object(Some(base_id)), whole.pack_object(None)],
    ] {
        let pack = write_pack(&list).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ours.pack"), &pack.bytes).unwrap();
        git_in(folder.path(), &["init", "--bare", "--quiet", "."]).unwrap();
        git_in(folder.path(), &["index-pack", "--strict", "ours.pack"]).unwrap();
    }
    assert!(write_pack(&[whole.pack_object(Some(ObjectId([1; 20])))]).is_err());
}
