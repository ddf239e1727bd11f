use sha2::{Digest as _, Sha256};
use vpr_types::{Digest, Version};

use super::share::Share;
use crate::format::ChangeSummary;
use crate::layout::{DocumentForm, document_path};

/// One path that a commit changed, as `VPR-Digest` covers it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangedPath {
    /// Within the repository's tree.
    pub path: String,
    /// The version the change made; of a document that left, the last one here.
    pub version: Version,
    /// SHA-256 of the bytes as stored; absent when the path was removed.
    pub stored: Option<Digest>,
}

/// `VPR-Digest`: SHA-256 over the parent commit's digest (32 bytes, zeros for the first commit),
/// then for each changed path, sorted, the line
/// `path NUL version NUL (hexadecimal SHA-256 of the stored bytes | "deleted") LF`.
///
/// It chains all of a repository's history, so its integrity never rests on SHA-1.
#[must_use]
pub fn digest(parent: Option<&Digest>, changed: &[ChangedPath]) -> Digest {
    let mut lines: Vec<Vec<u8>> = changed.iter().map(line).collect();
    lines.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(parent.map_or([0; Digest::LEN], |digest| digest.0));
    for line in lines {
        hash.update(&line);
    }
    Digest(hash.finalize().into())
}

fn line(changed: &ChangedPath) -> Vec<u8> {
    let stored = changed.stored.map_or_else(|| "deleted".to_owned(), Digest::to_hex);
    format!("{}\0{}\0{stored}\n", changed.path, changed.version).into_bytes()
}

/// What a change did to the paths of one of its repositories.
#[must_use]
pub fn changed_paths(summary: &ChangeSummary, repository_index: usize) -> Vec<ChangedPath> {
    let here = summary.documents.iter().filter(|d| usize::from(d.repository) == repository_index);
    here.map(|document| ChangedPath {
        path: document_path(&document.name, DocumentForm::Json),
        version: document.version,
        stored: document.digest,
    })
    .collect()
}

impl Share {
    /// The digest that the share's commit must have after a parent with that digest, from the
    /// documents that it names.
    #[must_use]
    pub fn expected_digest(&self, parent: Option<&Digest>) -> Digest {
        let changed: Vec<ChangedPath> = self
            .documents
            .iter()
            .map(|document| ChangedPath {
                path: document_path(&document.name, DocumentForm::Json),
                version: document.version,
                stored: document.digest,
            })
            .collect();
        digest(parent, &changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(path: &str, version: u32, stored: Option<u8>) -> ChangedPath {
        ChangedPath {
            path: path.to_owned(),
            version: Version(version),
            stored: stored.map(|byte| Digest([byte; 32])),
        }
    }

    #[test]
    fn the_digest_is_the_one_a_shell_computes() {
        // { head -c 32 /dev/zero; printf 'A/0/0/x.json\0001\000deleted\n'; } | sha256sum
        assert_eq!(
            digest(None, &[changed("A/0/0/x.json", 1, None)]).to_hex(),
            "ace467c8d15d8e69d587ed878a39efc3f1498ba6ca3c4691e15e85091ed36565"
        );
        // { head -c 32 /dev/zero | tr '\0' '\7'; printf 'A/0/0/x.json\0002\000%s\nB/0/0/y.json\0001\000deleted\n' \
        //   "$(printf '01%.0s' $(seq 32))"; } | sha256sum
        let (a, b) = (changed("A/0/0/x.json", 2, Some(1)), changed("B/0/0/y.json", 1, None));
        let expected = "b100f630aed3f8e8e2ab51a9bfabf8329e88a72d82ca23f9d80eba3db49dbe79";
        let parent = Digest([7; 32]);
        assert_eq!(digest(Some(&parent), &[a.clone(), b.clone()]).to_hex(), expected);
        assert_eq!(digest(Some(&parent), &[b, a]).to_hex(), expected);
    }
}
