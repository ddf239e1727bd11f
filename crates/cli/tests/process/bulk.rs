//! Public data: an export as a bulk server writes it, straight from its archive.

use std::path::PathBuf;

use serde_json::Value;

use crate::harness::{Place, said};

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
fn an_export_of_ten_patients_loads_and_only_its_log_is_refused() {
    let Some(archive) = data("bulk/ndjson.tar.zst") else { return };
    let place = Place::new();
    let report = place.path("report.json");
    let arguments = ["load", "--report", report.to_str().unwrap(), archive.to_str().unwrap()];
    let output = place.vpr(&arguments).output().unwrap();
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
    for refused in report["refused"].as_array().unwrap() {
        let file = refused["file"].as_str().unwrap();
        assert!(file.ends_with("log.ndjson"), "{refused}\n{}", said(&output));
    }
    assert!(report["types"]["Patient"]["accepted"].as_u64().unwrap() >= 10, "{}", report["types"]);
    assert!(report["total"]["accepted"].as_u64().unwrap() > 5_000, "{}", report["total"]);
}
