use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::kind::Kind;

/// A file to load.
#[derive(Debug)]
pub(crate) struct InputFile {
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
    /// Bytes on disk, for the progress bar.
    pub(crate) length: u64,
}

/// What the given paths come to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order of loading: paths as given, folders by name.
    pub(crate) files: Vec<InputFile>,
    /// In folders, but nothing that can be loaded.
    pub(crate) skipped: Vec<PathBuf>,
}

/// Why a path cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PathError {
    /// The system refuses it.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It was named, and nothing is known of its kind.
    #[error("{}: not a kind of file that can be loaded (known are folders and {})", path.display(), super::kind::ENDINGS)]
    Unknown {
        /// Which.
        path: PathBuf,
    },
}

/// Finds the files under `paths`. Symbolic links are followed when named, not when found.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Found, PathError> {
    let mut found = Found::default();
    for path in paths {
        let meta = fs::metadata(path).map_err(|error| PathError::Io { path: path.clone(), error })?;
        if meta.is_dir() {
            folder(path, &mut found)?;
        } else {
            let kind = kind_of(path).ok_or_else(|| PathError::Unknown { path: path.clone() })?;
            found.files.push(InputFile { path: path.clone(), kind, length: meta.len() });
        }
    }
    Ok(found)
}

fn folder(path: &Path, found: &mut Found) -> Result<(), PathError> {
    let failed = |error| PathError::Io { path: path.to_owned(), error };
    let mut entries = fs::read_dir(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let meta =
            fs::symlink_metadata(&path).map_err(|error| PathError::Io { path: path.clone(), error })?;
        match kind_of(&path) {
            _ if meta.is_dir() => folder(&path, found)?,
            Some(kind) if meta.is_file() => {
                found.files.push(InputFile { path, kind, length: meta.len() });
            }
            _ => found.skipped.push(path),
        }
    }
    Ok(())
}

fn kind_of(path: &Path) -> Option<Kind> {
    Kind::of(path.file_name()?.to_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_by_name_and_named_paths_in_their_order() {
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "{}").unwrap();
            path
        };
        let first = make("z.json");
        for name in ["in/b.json", "in/a/deep.ndjson", "in/c.json.gz", "in/README.md"] {
            make(name);
        }
        std::os::unix::fs::symlink(root.path(), root.path().join("in/loop")).unwrap();
        let found = find(&[first, root.path().join("in")]).unwrap();
        let names: Vec<_> =
            found.files.iter().map(|f| f.path.strip_prefix(root.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["z.json", "in/a/deep.ndjson", "in/b.json", "in/c.json.gz"]);
        assert_eq!(found.skipped.len(), 2);
    }

    #[test]
    fn what_is_named_and_cannot_be_loaded_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.xml");
        fs::write(&path, "<a/>").unwrap();
        assert!(find(&[path]).unwrap_err().to_string().contains(".ndjson"));
        assert!(matches!(find(&[root.path().join("none.json")]), Err(PathError::Io { .. })));
    }
}
