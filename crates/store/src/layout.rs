//! Where a document lies in its repository's tree: `<collection>/<a>/<b>/<id>.json`, `a` and `b`
//! the first two hexadecimal digits of SHA-256 over the id.
//!
//! Ids that clients choose are skewed, their hash is not: each level splits evenly, and a write
//! touches four small trees however many documents there are. The layout is version 1 of
//! `docs/decisions/0003-stored-formats.md`; another layout is another `VPR-Format`.

use sha2::{Digest as _, Sha256};
use vpr_types::DocumentName;

const SUFFIX: &str = ".json";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// The two folder names, one hexadecimal digit each, that the id's hash gives.
#[must_use]
fn fan_out(id: &str) -> [char; 2] {
    let first = Sha256::digest(id.as_bytes())[0];
    [char::from(HEX[usize::from(first >> 4)]), char::from(HEX[usize::from(first & 15)])]
}

/// The path of a document of canonical JSON within its repository's tree, `/` between the levels.
#[must_use]
pub fn document_path(name: &DocumentName) -> String {
    let [a, b] = fan_out(name.id());
    let (collection, id) = (name.collection(), name.id());
    let mut path = String::with_capacity(collection.len() + id.len() + SUFFIX.len() + 5);
    path.push_str(collection);
    for level in [a, b] {
        path.push('/');
        path.push(level);
    }
    path.push('/');
    path.push_str(id);
    path.push_str(SUFFIX);
    path
}

/// The document that lies at `path`; `None` when [`document_path`] never gives that path.
#[must_use]
pub fn parse_document_path(path: &str) -> Option<DocumentName> {
    let mut levels = path.split('/');
    let (collection, _, _, file) = (levels.next()?, levels.next()?, levels.next()?, levels.next()?);
    let name = DocumentName::new(collection, file.strip_suffix(SUFFIX)?).ok()?;
    (document_path(&name) == path).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_fan_out_by_the_hash_of_the_id() {
        // printf %s p1 | sha256sum begins f6.
        let name = DocumentName::new("Patient", "p1").unwrap();
        assert_eq!(document_path(&name), "Patient/f/6/p1.json");
    }

    #[test]
    fn a_path_of_another_layout_names_no_document() {
        for path in [
            "",
            "Patient",
            "Patient/p1.json",
            "Patient/6/f/p1.json",
            "Patient/f/6/p1",
            "Patient/f/6/p1.json/x",
            "Patient/f/6/.json",
            "/Patient/f/6/p1.json",
            "Pat ient/f/6/p1.json",
        ] {
            assert_eq!(parse_document_path(path), None, "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn every_path_reads_back(collection in "[A-Za-z_][A-Za-z0-9_]{0,63}", id in "[A-Za-z0-9.-]{1,64}") {
            let name = DocumentName::new(&collection, &id).unwrap();
            let path = document_path(&name);
            prop_assert_eq!(parse_document_path(&path), Some(name));
        }
    }
}
