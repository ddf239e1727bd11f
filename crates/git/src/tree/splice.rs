use vpr_types::ObjectId;

use super::{Entry, Mode, compare, parse};
use crate::Error;

/// The tree `base` (empty bytes for the empty tree) with some entries set (`Some`) or removed
/// (`None`; removing what is absent changes nothing). Edits come in any order; an entry that was
/// a file may become a directory and the other way round. The result is in Git's order and holds
/// what libgit2's tree builder would hold.
///
/// # Errors
/// [`Error::Malformed`] when `base` is not a tree, a name is refused by [`check_name`], or two
/// edits have the same name.
pub fn splice(base: &[u8], edits: &[(&str, Option<(Mode, ObjectId)>)]) -> Result<Vec<u8>, Error> {
    let mut names: Vec<&str> = edits.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::Malformed("two edits of a tree have the same name"));
    }
    let mut inserts: Vec<Entry<'_>> = Vec::with_capacity(edits.len());
    for (name, value) in edits {
        if let Some((mode, id)) = *value {
            check_name(name)?;
            inserts.push(Entry { mode, name, id });
        }
    }
    inserts.sort_unstable_by(|a, b| compare((a.name, a.mode), (b.name, b.mode)));

    let added: usize = inserts.iter().map(|entry| entry.name.len() + 28).sum();
    let mut out = Vec::with_capacity(base.len() + added);
    let mut inserts = inserts.into_iter().peekable();
    let mut copied = 0;
    let mut entries = parse(base);
    while let Some(next) = entries.next_with_range() {
        let (entry, range) = next?;
        let here = (entry.name, entry.mode);
        while let Some(insert) = inserts.next_if(|i| compare((i.name, i.mode), here).is_lt()) {
            out.extend_from_slice(&base[copied..range.start]);
            copied = range.start;
            write(&mut out, insert);
        }
        if names.binary_search(&entry.name).is_ok() {
            out.extend_from_slice(&base[copied..range.start]);
            copied = range.end;
        }
    }
    out.extend_from_slice(&base[copied..]);
    for insert in inserts {
        write(&mut out, insert);
    }
    Ok(out)
}

fn write(out: &mut Vec<u8>, entry: Entry<'_>) {
    out.extend_from_slice(entry.mode.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(entry.name.as_bytes());
    out.push(0);
    out.extend_from_slice(&entry.id.0);
}

/// Whether a name can stand in a tree that any Git on any file system checks out: not empty, no
/// `/`, `\`, `:`, `~`, control or invisible character, not `.` or `..`, and nothing that some
/// file system takes for `.git`, `.gitmodules` and their like (`git fsck --strict`).
///
/// # Errors
/// [`Error::Malformed`].
pub fn check_name(name: &str) -> Result<(), Error> {
    const REFUSED: Result<(), Error> = Err(Error::Malformed("a name cannot stand in a tree"));
    let forbidden = |c: char| {
        c.is_control()
            || matches!(c, '/' | '\\' | ':' | '~')
            || matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
    };
    if name.is_empty() || name.len() > 255 || name.contains(forbidden) {
        return REFUSED;
    }
    // Some file systems drop dots and spaces at the end of a name, and most Macs ignore case.
    let seen = name.trim_end_matches(['.', ' ']).to_lowercase();
    match seen.as_str() {
        "" | ".git" | ".gitmodules" | ".gitattributes" | ".gitignore" | ".mailmap" => REFUSED,
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_file_system_misreads_are_refused() {
        for good in ["a.json", ".a", "a..b", ".git.json", "git", "é", "..a"] {
            assert!(check_name(good).is_ok(), "{good:?}");
        }
        let long = "a".repeat(256);
        for bad in [
            "",
            ".",
            "..",
            "...",
            "a/b",
            "a\0b",
            "a\nb",
            "a\\b",
            "git~1",
            ".git",
            ".GIT",
            ".git. .",
            ".g\u{200c}it",
            "a:b",
            ".gitmodules",
            &long,
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn broken_trees_and_contradicting_edits_are_refused() {
        let id = ObjectId([7; 20]);
        let tree = splice(b"", &[("a", Some((Mode::File, id)))]).unwrap();
        assert_eq!(tree, [b"100644 a\0".as_slice(), &[7; 20]].concat());
        for length in 1..tree.len() {
            assert!(splice(&tree[..length], &[]).is_err(), "{length}");
        }
        assert!(splice(b"", &[("a", None), ("a", Some((Mode::File, id)))]).is_err());
        for strange in [
            b"100755 a\0".as_slice(),
            b"120000 a\0",
            b"160000 a\0",
            b"040000 a\0",
            b"100644 a/b\0",
            b"100644 \0",
        ] {
            assert!(splice(&[strange, &[7; 20]].concat(), &[]).is_err());
        }
    }
}
