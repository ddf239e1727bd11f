use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::steps::Steps;
use crate::workspace;

/// Test data that nobody on the project wrote: `VPR_TEST_DATA`, by default `../shared/data`.
pub(super) struct TestData {
    folder: PathBuf,
    notes: PathBuf,
}

impl TestData {
    pub(super) fn find() -> Self {
        let root = workspace::root();
        let given = std::env::var_os("VPR_TEST_DATA").map(PathBuf::from);
        let folder = given.unwrap_or_else(|| root.join("../shared/data"));
        let notes = root.join("target/test-data/left-out");
        // Notes of an earlier run would be read as this one's.
        let _ = fs::remove_dir_all(&notes);
        Self { folder, notes }
    }

    /// Tells the tests where the data lies.
    pub(super) fn tell(&self, command: &mut Command) {
        command.env("VPR_TEST_DATA", &self.folder);
    }

    /// What tests noted: one file for each set that they did not find, named after it.
    fn missed(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.notes).into_iter().flatten().flatten();
        let mut sets: Vec<String> = entries
            .filter_map(|entry| {
                let why = fs::read_to_string(entry.path()).ok()?;
                Some(format!("{}: {}", entry.file_name().to_string_lossy(), why.trim()))
            })
            .collect();
        sets.sort();
        sets
    }
}

/// Says aloud what this run did not test.
pub(super) fn print(data: &TestData, steps: &Steps) {
    let mut lines = steps.left_out().to_vec();
    if !data.folder.is_dir() {
        lines.push("every test on public data (set VPR_TEST_DATA to a folder that holds it)".into());
    }
    lines.extend(data.missed());
    if lines.is_empty() {
        println!("left out: nothing");
    } else {
        println!("LEFT OUT:");
        lines.iter().for_each(|line| println!("  - {line}"));
    }
}
