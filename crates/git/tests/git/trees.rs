//! Trees against libgit2's tree builder.

use git2::Oid;
use proptest::collection::vec;
use proptest::prelude::*;
use vpr_git::tree::{apply_delta, compare, delta, find, parse, splice};
use vpr_git::{Mode, ObjectKind, id_of};
use vpr_types::ObjectId;

type Edit = (String, Option<(Mode, ObjectId)>);

/// libgit2 wants entries to exist: a few blobs and trees to choose from.
struct Builder {
    _folder: tempfile::TempDir,
    repository: git2::Repository,
    blobs: Vec<Oid>,
    trees: Vec<Oid>,
}

impl Builder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(folder.path()).unwrap();
        let blobs: Vec<Oid> = (0..5).map(|i| repository.blob(&[i]).unwrap()).collect();
        let tree = |oid: &Oid| {
            let mut builder = repository.treebuilder(None).unwrap();
            builder.insert("x", *oid, 0o100_644).unwrap();
            builder.write().unwrap()
        };
        let trees = blobs.iter().map(tree).collect();
        Self { _folder: folder, repository, blobs, trees }
    }

    fn value(&self, mode: Mode, choice: usize) -> ObjectId {
        let oids = if mode == Mode::Tree { &self.trees } else { &self.blobs };
        ObjectId(oids[choice % oids.len()].as_bytes().try_into().unwrap())
    }

    /// The tree after the edits, as libgit2 builds it.
    fn build(&self, base: Option<Oid>, edits: &[Edit]) -> Oid {
        let base = base.map(|oid| self.repository.find_tree(oid).unwrap());
        let mut builder = self.repository.treebuilder(base.as_ref()).unwrap();
        for (name, value) in edits {
            match value {
                Some((mode, id)) => {
                    let oid = Oid::from_bytes(&id.0).unwrap();
                    builder.insert(name, oid, *mode as i32).unwrap();
                }
                None if builder.get(name).unwrap().is_some() => builder.remove(name).unwrap(),
                None => {}
            }
        }
        builder.write().unwrap()
    }
}

fn names() -> impl Strategy<Value = String> {
    // Short names of few characters around `/` (0x2f): the ones whose order is easy to get wrong.
    prop_oneof![
        "[a-b]{1,2}",
        "[a-b][-.0!][a-b]?",
        "[a-b](-|\\.|0)(json)?",
        "[a-zA-Z0-9._-]{1,12}x",
        "é[a-b]?"
    ]
}

/// A name, and what it shall be: a directory or a file, and which one of five.
type Drawn = (String, Option<(bool, usize)>);

fn rounds() -> impl Strategy<Value = Vec<Vec<Drawn>>> {
    let edit = (names(), prop::option::weighted(0.75, (any::<bool>(), 0_usize..5)));
    vec(vec(edit, 0..12), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn splicing_agrees_with_libgit2(rounds in rounds()) {
        let builder = Builder::new();
        let mut ours: Vec<u8> = Vec::new();
        let mut theirs: Option<Oid> = None;
        for round in rounds {
            let mut edits: Vec<Edit> = Vec::new();
            for (name, value) in round {
                if edits.iter().all(|(other, _)| *other != name) {
                    let value = value.map(|(folder, choice)| {
                        let mode = if folder { Mode::Tree } else { Mode::File };
                        (mode, builder.value(mode, choice))
                    });
                    edits.push((name, value));
                }
            }
            let built = builder.build(theirs, &edits);
            let borrowed: Vec<_> = edits.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let new = splice(&ours, &borrowed).unwrap();
            prop_assert_eq!(id_of(ObjectKind::Tree, &new).to_hex(), built.to_string());
            prop_assert_eq!(apply_delta(&ours, &delta(&ours, &new)).unwrap(), &new[..]);
            for (name, value) in &edits {
                prop_assert_eq!(find(&new, name).unwrap(), *value);
            }
            let entries: Vec<_> = parse(&new).map(Result::unwrap).collect();
            prop_assert!(entries.is_sorted_by(|a, b| compare((a.name, a.mode), (b.name, b.mode)).is_lt()));
            (ours, theirs) = (new, Some(built));
        }
    }
}

#[test]
fn the_delta_of_a_changed_directory_is_as_long_as_its_changes() {
    let id = |n: u32| ObjectId(std::array::from_fn(|i| (n >> (i % 4 * 8)) as u8 ^ i as u8));
    let names: Vec<String> = (0..1000).map(|i| format!("observation-{i:04}.json")).collect();
    let all: Vec<_> =
        names.iter().zip(0..).map(|(name, i)| (name.as_str(), Some((Mode::File, id(i))))).collect();
    let base = splice(b"", &all).unwrap();
    for (count, limit) in [(1, 45), (10, 400), (100, 4000)] {
        let edits: Vec<_> =
            (0..count).map(|i| (names[i * 9 + 3].as_str(), Some((Mode::File, id(7_000_000))))).collect();
        let new = splice(&base, &edits).unwrap();
        let delta = delta(&base, &new);
        assert!(delta.len() <= limit, "{count} changed, {} bytes", delta.len());
        assert_eq!(apply_delta(&base, &delta).unwrap(), new);
    }
    let removed: Vec<_> = (0..1000).step_by(3).map(|i| (names[i].as_str(), None)).collect();
    let new = splice(&base, &removed).unwrap();
    let delta = delta(&base, &new);
    assert!(delta.len() < new.len() / 4, "{} of {}", delta.len(), new.len());
    assert_eq!(apply_delta(&base, &delta).unwrap(), new);
}
