//! Public data: an export as a bulk server writes it, straight from its archive.
//!
//! Some of its resources refer by criteria (`Location?identifier=…`), which needs a search and is
//! refused as not supported; that is in docs/LIMITATIONS.md.

use std::path::PathBuf;

use serde_json::Value;

use crate::harness::Place;

/// The folder of public data, if it is there.
fn data(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("VPR_TEST_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let file = root.join(name);
    if file.is_file() {
        return Some(file);
    }
    eprintln!("LEFT OUT: {name} is not in VPR_TEST_DATA, so it was not loaded");
    None
}

#[test]
fn an_export_of_ten_patients_loads_but_for_what_is_not_built() {
    let Some(archive) = data("bulk/ndjson.tar.zst") else { return };
    let place = Place::new();
    let report = place.path("report.json");
    let arguments = ["load", "--report", report.to_str().unwrap(), archive.to_str().unwrap()];
    let output = place.vpr(&arguments).output().unwrap();
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
    for refused in report["refused"].as_array().unwrap() {
        let text = |name: &str| refused[name].as_str().unwrap();
        let expected = text("file").ends_with("log.ndjson") || text("why").contains("conditional reference");
        assert!(expected, "{refused}");
    }
    assert_eq!(output.status.code(), Some(1));
    assert!(report["types"]["Patient"]["accepted"].as_u64().unwrap() >= 10, "{}", report["types"]);
    eprintln!("{}", report["types"]);
}
