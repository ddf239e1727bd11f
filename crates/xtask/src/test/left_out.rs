use std::path::PathBuf;
use std::process::Command;

use crate::workspace;

/// Test data that nobody on the project wrote: `VPR_TEST_DATA`, by default `../shared/data`.
pub(super) struct TestData {
    folder: PathBuf,
}

impl TestData {
    pub(super) fn find() -> Self {
        let given = std::env::var_os("VPR_TEST_DATA").map(PathBuf::from);
        Self { folder: given.unwrap_or_else(|| workspace::root().join("../shared/data")) }
    }

    /// Tells the tests where the data lies.
    pub(super) fn tell(&self, command: &mut Command) {
        command.env("VPR_TEST_DATA", &self.folder);
    }

    /// What is lost without it; `None` where it is there.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let why = "every test on public data: set VPR_TEST_DATA to a folder that holds it (README.md)";
        (!self.folder.is_dir()).then_some(why)
    }
}

/// Says aloud what this run did not test.
pub(super) fn print<'a>(what: impl Iterator<Item = &'a str>) {
    let lines: Vec<&str> = what.collect();
    if lines.is_empty() {
        println!("left out: nothing");
    } else {
        println!("LEFT OUT:");
        lines.iter().for_each(|line| println!("  - {line}"));
    }
}
