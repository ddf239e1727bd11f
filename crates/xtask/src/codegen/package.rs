use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// One npm package, pinned by the SHA-256 of its archive.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) sha256: &'static str,
}

/// The JSON files of a package that were asked for, by file name.
pub(super) type Files = BTreeMap<String, Value>;

impl Package {
    /// The JSON files of this package whose name `wanted` accepts, from the first of `given` with
    /// the pinned checksum, else from `downloads`, else fetched there.
    pub(super) fn read(
        &self,
        given: &[PathBuf],
        downloads: &Path,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Files, Box<dyn Error>> {
        let archive = self.archive(given, downloads)?;
        let mut files = Files::new();
        for entry in tar::Archive::new(flate2::read::GzDecoder::new(File::open(archive)?)).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name.ends_with(".json") && wanted(name) {
                let mut text = String::new();
                entry.read_to_string(&mut text)?;
                files.insert(name.to_owned(), serde_json::from_str(&text)?);
            }
        }
        Ok(files)
    }

    fn archive(&self, given: &[PathBuf], downloads: &Path) -> Result<PathBuf, Box<dyn Error>> {
        for path in given {
            if self.is_pinned(path)? {
                return Ok(path.clone());
            }
        }
        let path = downloads.join(format!("{}-{}.tgz", self.name, self.version));
        if path.exists() && self.is_pinned(&path)? {
            return Ok(path);
        }
        fs::create_dir_all(downloads)?;
        let package = format!("{}@{}", self.name, self.version);
        let status =
            Command::new("npm").args(["pack", "--silent", &package]).current_dir(downloads).status()?;
        if !status.success() {
            return Err(format!("npm pack {package} failed; give the archive with --package").into());
        }
        if self.is_pinned(&path)? {
            return Ok(path);
        }
        Err(format!("{package} does not have the pinned checksum {}", self.sha256).into())
    }

    fn is_pinned(&self, path: &Path) -> Result<bool, Box<dyn Error>> {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let digest = Sha256::digest(&bytes);
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == self.sha256)
    }
}
