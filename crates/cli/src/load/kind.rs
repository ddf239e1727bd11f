/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// What a file holds once it is expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// One JSON document: a resource or a Bundle.
    Json,
    /// One document a line.
    Lines,
    /// An archive of files.
    Tar,
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) compression: Compression,
    pub(crate) content: Content,
}

/// The endings that are known, for messages.
pub(crate) const ENDINGS: &str = ".json, .ndjson, .jsonl or .tar, each also with .gz or .zst";

impl Kind {
    /// What a file of this name is; `None` when it is nothing to load.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let (stem, compression) = if let Some(stem) = lower.strip_suffix(".gz") {
            (stem, Compression::Gzip)
        } else if let Some(stem) = lower.strip_suffix(".zst") {
            (stem, Compression::Zstd)
        } else if lower.ends_with(".tgz") {
            return Some(Self { compression: Compression::Gzip, content: Content::Tar });
        } else if lower.ends_with(".tzst") {
            return Some(Self { compression: Compression::Zstd, content: Content::Tar });
        } else {
            (lower.as_str(), Compression::None)
        };
        let content = match stem.rsplit_once('.')?.1 {
            "json" => Content::Json,
            "ndjson" | "jsonl" => Content::Lines,
            "tar" => Content::Tar,
            _ => return None,
        };
        Some(Self { compression, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_what_a_file_is() {
        let of = |name| Kind::of(name).map(|kind| (kind.compression, kind.content));
        assert_eq!(of("a.json"), Some((Compression::None, Content::Json)));
        assert_eq!(of("Patient.000.ndjson"), Some((Compression::None, Content::Lines)));
        assert_eq!(of("A.JSONL.GZ"), Some((Compression::Gzip, Content::Lines)));
        assert_eq!(of("x.tar.zst"), Some((Compression::Zstd, Content::Tar)));
        assert_eq!(of("x.tgz"), Some((Compression::Gzip, Content::Tar)));
        for other in ["json", ".sum", "README.md", "a.xml", "a.gz", "a.json.bz2", "a.json.gz.gz", "a.zip"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
