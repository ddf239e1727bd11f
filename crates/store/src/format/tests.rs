use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use vpr_types::{Digest, ObjectId};

use super::arbitrary;
use super::{
    BlobReference, ChangeEntry, ChangeOperation, DocumentChange, Entry, FormatError, IndexKeys, ObjectEntry,
    RepositoryChange, SealedKey, decode, encode, sample,
};

fn object_id() -> impl Strategy<Value = ObjectId> {
    any::<[u8; 20]>().prop_map(ObjectId)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn repository() -> impl Strategy<Value = RepositoryChange> {
    let object = (object_id(), 1..4_u8, option::of(object_id()), any::<u32>(), bytes())
        .prop_map(|(id, kind, base, size, deflated)| ObjectEntry { id, kind, base, size, deflated });
    (option::of(object_id()), vec(object, 0..4))
        .prop_map(|(old_head, objects)| RepositoryChange { old_head, objects })
}

fn document() -> impl Strategy<Value = DocumentChange> {
    let index = (any::<u32>(), bytes()).prop_map(|(extractor, keys)| IndexKeys { extractor, keys });
    let key = (any::<u16>(), bytes()).prop_map(|(scheme, wrapped)| SealedKey { scheme, wrapped });
    let blob = (any::<[u8; 32]>(), any::<u64>(), any::<String>())
        .prop_map(|(digest, size, media_type)| BlobReference { digest: Digest(digest), size, media_type });
    (option::of(index), option::of(key), vec(blob, 0..3))
        .prop_map(|(index, sealed_key, blobs)| DocumentChange { index, sealed_key, blobs })
}

fn entry() -> impl Strategy<Value = Entry> {
    let change = (arbitrary::summary(), vec(repository(), 0..4), vec(document(), 0..4));
    prop_oneof![
        change.prop_map(|(summary, repositories, documents)| {
            Entry::Change(Box::new(ChangeEntry { summary, repositories, documents }))
        }),
        arbitrary::access().prop_map(Entry::Access),
        arbitrary::state().prop_map(Entry::State),
    ]
}

proptest! {
    #[test]
    fn every_entry_reads_back(entry in entry()) {
        prop_assert_eq!(decode(&encode(&entry).unwrap()).unwrap(), entry);
    }

    #[test]
    fn a_cut_entry_is_an_error(entry in entry(), cut in any::<usize>()) {
        let bytes = encode(&entry).unwrap();
        prop_assert!(decode(&bytes[..cut % bytes.len()]).is_err());
    }

    #[test]
    fn garbage_is_no_panic(kind in 1..4_u8, body in vec(any::<u8>(), 0..300)) {
        let _ = decode(&[&[1, kind], body.as_slice()].concat());
    }

    #[test]
    fn operations_have_words(operation in arbitrary::operation(), word in "[a-z-]{0,10}") {
        prop_assert_eq!(ChangeOperation::parse(operation.as_str()), Some(operation));
        if let Some(operation) = ChangeOperation::parse(&word) {
            prop_assert_eq!(operation.as_str(), word);
        }
    }
}

#[test]
fn versions_and_kinds_of_later_versions_are_refused() {
    let good = encode(&Entry::State(sample::state(1))).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        decode(&bytes).unwrap_err()
    };
    assert!(matches!(with(0, 2), FormatError::Version(2)));
    assert!(matches!(with(1, 4), FormatError::Kind(4)));
    assert!(matches!(decode(&[1]).unwrap_err(), FormatError::Short));
}
