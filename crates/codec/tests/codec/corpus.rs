//! Every JSON file of the FHIR test data, which nobody on the project wrote.
//!
//! The data is found through `VPR_TEST_DATA`; without it this test says so and passes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::de::IgnoredAny;
use vpr_codec::{Json, Limits, Style, Writer, compact, pretty};

/// Larger files (most are of one generator) are all read and laid out; one in ten is also written.
const LARGE_BYTES_MIN: usize = 200_000;

/// Unpacks the data once into the build folder, whatever number of tests asks for it.
fn fhir_data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = std::env::var_os("VPR_TEST_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    if !data.join("unpack").is_file() {
        eprintln!(
            "LEFT OUT: no test data at {} (set VPR_TEST_DATA); the FHIR corpus was not read",
            data.display()
        );
        return None;
    }
    let target = root.join("target/test-data");
    fs::create_dir_all(&target).expect("the build folder");
    let lock = File::create(target.join(".lock")).expect("a lock file");
    lock.lock().expect("a lock");
    let done = Command::new(data.join("unpack")).arg(&target).output().expect("the unpack script");
    if !done.status.success() {
        eprintln!("LEFT OUT: the test data cannot be unpacked: {}", String::from_utf8_lossy(&done.stderr));
        return None;
    }
    Some(target.join("fhir"))
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

fn write(json: &Json, style: Style) -> Vec<u8> {
    let mut writer = Writer::with_capacity(style, json.source().len());
    writer.value(json.root());
    writer.finish()
}

/// The number texts of a valid text, found by another way than the reader's.
fn numbers(text: &str) -> Vec<&str> {
    let outside = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
    let (mut found, mut inside, mut rest) = (Vec::new(), false, text);
    while let Some(at) = rest.find(if inside {
        &['"', '\\'][..]
    } else {
        &['"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'][..]
    }) {
        let c = rest.as_bytes()[at];
        rest = &rest[at..];
        let length = match c {
            b'\\' => 2,
            b'"' => {
                inside = !inside;
                1
            }
            _ => rest.find(|c| !outside(c)).unwrap_or(rest.len()),
        };
        if !matches!(c, b'\\' | b'"') {
            found.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    found
}

#[test]
fn every_fhir_example_is_read_and_written_without_loss() {
    let Some(data) = fhir_data() else { return };
    let mut files = Vec::new();
    json_files(&data, &mut files);
    let mut refused = Vec::new();
    let mut read = 0;
    for path in &files {
        let bytes = fs::read(path).expect("a file");
        let json = match Json::parse(bytes, &Limits::default()) {
            Ok(json) => json,
            Err(error) => {
                let bytes = fs::read(path).expect("a file");
                let agreed = serde_json::from_slice::<IgnoredAny>(&bytes).is_err();
                assert!(agreed, "{}: {error}", path.display());
                refused.push(format!("{}: {error}", path.strip_prefix(&data).unwrap_or(path).display()));
                continue;
            }
        };
        read += 1;
        let source = json.source();
        let squeezed = compact(source.as_bytes());
        assert!(compact(&pretty(source.as_bytes())) == squeezed, "{}", path.display());
        if source.len() > LARGE_BYTES_MIN && read % 10 != 0 {
            continue;
        }
        let canonical = write(&json, Style::Canonical);
        let again = Json::parse(canonical, &Limits::default()).expect("canonical text");
        assert!(compact(again.source().as_bytes()) == write(&json, Style::Compact), "{}", path.display());
        assert!(write(&again, Style::Canonical) == again.source().as_bytes(), "{}", path.display());
        assert!(numbers(source) == numbers(again.source()), "{}", path.display());
        // Whether serde_json, too, finds the same content, as far as it keeps it.
        let values = |text| serde_json::from_str::<serde_json::Value>(text).expect("valid");
        assert!(values(source) == values(again.source()), "{}", path.display());
    }
    println!("{read} of {} files read; refused: {refused:#?}", files.len());
    assert!(read > 7_000, "{read}");
    let official =
        refused.iter().find(|refused| refused.starts_with("r4-spec") || refused.starts_with("synthea"));
    assert_eq!(official, None);
}
