//! Where a document lies in its repository's tree: `<collection>/<a>/<b>/<id>.json`, `a` and `b`
//! the first two hexadecimal digits of SHA-256 over the id.
//!
//! Ids that clients choose are skewed, their hash is not: each level splits evenly, and a write
//! touches four small trees however many documents there are. The layout is version 1 of
//! `docs/decisions/0003-stored-formats.md`; another layout is another `VPR-Format`.

use sha2::{Digest as _, Sha256};
use vpr_types::DocumentName;

/// In which form a document stands in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentForm {
    /// One blob of canonical JSON, `<id>.json`.
    Json,
}

impl DocumentForm {
    /// What follows the id in the file's name.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Json => ".json",
        }
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The two folder names, one hexadecimal digit each, that the id's hash gives.
#[must_use]
fn fan_out(id: &str) -> [char; 2] {
    let first = Sha256::digest(id.as_bytes())[0];
    [char::from(HEX[usize::from(first >> 4)]), char::from(HEX[usize::from(first & 15)])]
}

/// The path of a document within its repository's tree, `/` between the levels.
#[must_use]
pub fn document_path(name: &DocumentName, form: DocumentForm) -> String {
    let [a, b] = fan_out(name.id());
    let (collection, id, suffix) = (name.collection(), name.id(), form.suffix());
    let mut path = String::with_capacity(collection.len() + id.len() + suffix.len() + 5);
    for piece in
        [collection, "/", a.encode_utf8(&mut [0; 4]), "/", b.encode_utf8(&mut [0; 4]), "/", id, suffix]
    {
        path.push_str(piece);
    }
    path
}

/// The document that lies at `path`; `None` when [`document_path`] never gives that path.
#[must_use]
pub fn parse_document_path(path: &str) -> Option<(DocumentName, DocumentForm)> {
    let mut levels = path.split('/');
    let (collection, _, _, file) = (levels.next()?, levels.next()?, levels.next()?, levels.next()?);
    let id = file.strip_suffix(DocumentForm::Json.suffix())?;
    let name = DocumentName::new(collection, id).ok()?;
    (document_path(&name, DocumentForm::Json) == path).then_some((name, DocumentForm::Json))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_fan_out_by_the_hash_of_the_id() {
        // printf %s p1 | sha256sum begins f6.
        let name = DocumentName::new("Patient", "p1").unwrap();
        assert_eq!(document_path(&name, DocumentForm::Json), "Patient/f/6/p1.json");
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
        fn every_path_reads_back(collection in "[A-Za-z_][A-Za-z0-9_]{0,63}", id in "[A-Za-z0-9.-]{0,63}[A-Za-z0-9-]") {
            let name = DocumentName::new(&collection, &id).unwrap();
            let path = document_path(&name, DocumentForm::Json);
            prop_assert_eq!(parse_document_path(&path), Some((name, DocumentForm::Json)));
        }
    }
}
