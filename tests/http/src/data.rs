//! Test data that nobody on the project wrote, found through `VPR_TEST_DATA`, and how much of it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::binary::target_folder;

/// The folder of a set of the FHIR test data, unpacked once into the build folder. Without the data
/// it says what is left out.
#[must_use]
pub fn fhir_set(name: &str) -> Option<PathBuf> {
    static UNPACKED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match UNPACKED.get_or_init(unpack) {
        Ok(folder) => Some(folder.join("fhir").join(name)),
        Err(why) => {
            shout(&format!("LEFT OUT: {name} was not read: {why}"));
            None
        }
    }
}

/// Says something on a line of its own though the test passes: what the macros print then is not
/// shown.
///
/// # Panics
/// When standard output is gone.
pub fn shout(text: &str) {
    let line = format!("\n{text}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

fn unpack() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = std::env::var_os("VPR_TEST_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    if !data.join("unpack").is_file() {
        return Err(format!("no test data at {} (VPR_TEST_DATA names another place)", data.display()));
    }
    let target = target_folder().join("test-data");
    fs::create_dir_all(&target).unwrap();
    let lock = File::create(target.join(".lock")).unwrap();
    lock.lock().unwrap();
    let done = Command::new(data.join("unpack")).arg(&target).output().unwrap();
    match done.status.success() {
        true => Ok(target),
        false => Err(format!("it cannot be unpacked: {}", String::from_utf8_lossy(&done.stderr))),
    }
}

/// The JSON files below a folder, sorted.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Whether the soak size is wanted: `VPR_SOAK=1`.
#[must_use]
pub fn is_soak() -> bool {
    std::env::var("VPR_SOAK").is_ok_and(|value| value == "1")
}

/// Whether all data is to be read, not a sample: `VPR_FULL=1`, or the soak size.
#[must_use]
pub fn is_full() -> bool {
    is_soak() || std::env::var("VPR_FULL").is_ok_and(|value| value == "1")
}
