use sha2::{Digest as _, Sha256};
use vpr_types::{Digest, Version};

use super::share::Share;
use crate::layout::document_path;

/// `VPR-Digest` of a commit that changed `lines`, each a path of the repository's tree, the version
/// that the change made (of a document that left, the last one here) and SHA-256 of the stored
/// bytes, absent when the path was removed. Their order does not matter.
///
/// SHA-256 over the parent commit's digest (32 bytes, zeros for the first commit), then for each
/// line, sorted by its bytes,
/// `path NUL version NUL (hexadecimal SHA-256 of the stored bytes | "deleted") LF`.
/// It chains all of a repository's history, so its integrity never rests on SHA-1.
#[must_use]
pub fn digest<'a>(
    parent: Option<&Digest>,
    lines: impl IntoIterator<Item = (&'a str, Version, Option<Digest>)>,
) -> Digest {
    let mut lines: Vec<Vec<u8>> = lines.into_iter().map(line).collect();
    lines.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(parent.map_or([0; Digest::LEN], |digest| digest.0));
    for line in lines {
        hash.update(&line);
    }
    Digest(hash.finalize().into())
}

fn line((path, version, stored): (&str, Version, Option<Digest>)) -> Vec<u8> {
    let stored = stored.map_or_else(|| "deleted".to_owned(), Digest::to_hex);
    format!("{path}\0{version}\0{stored}\n").into_bytes()
}

impl Share {
    /// The digest that the share's commit must have after a parent with that digest, from the
    /// documents that it names.
    #[must_use]
    pub fn expected_digest(&self, parent: Option<&Digest>) -> Digest {
        let paths: Vec<String> =
            self.documents.iter().map(|document| document_path(&document.name)).collect();
        let documents = paths.iter().zip(&self.documents);
        digest(parent, documents.map(|(path, document)| (path.as_str(), document.version, document.digest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_one_a_shell_computes() {
        // { head -c 32 /dev/zero; printf 'A/0/0/x.json\0001\000deleted\n'; } | sha256sum
        assert_eq!(
            digest(None, [("A/0/0/x.json", Version(1), None)]).to_hex(),
            "ace467c8d15d8e69d587ed878a39efc3f1498ba6ca3c4691e15e85091ed36565"
        );
        // { head -c 32 /dev/zero | tr '\0' '\7'; printf 'A/0/0/x.json\0002\000%s\nB/0/0/y.json\0001\000deleted\n' \
        //   "$(printf '01%.0s' $(seq 32))"; } | sha256sum
        let (a, b) =
            (("A/0/0/x.json", Version(2), Some(Digest([1; 32]))), ("B/0/0/y.json", Version(1), None));
        let expected = "b100f630aed3f8e8e2ab51a9bfabf8329e88a72d82ca23f9d80eba3db49dbe79";
        let parent = Digest([7; 32]);
        assert_eq!(digest(Some(&parent), [a, b]).to_hex(), expected);
        assert_eq!(digest(Some(&parent), [b, a]).to_hex(), expected);
    }
}
