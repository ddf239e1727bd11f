use std::error::Error;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::left_out::TestData;
use crate::children;

/// The sum of the test runner's closing lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    binaries: u64,
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// Runs every test of the workspace; output goes through as it comes.
///
/// # Errors
/// When something does not compile, a test fails, or not one test ran.
pub(super) fn run(filters: &[&str], data: &TestData, totals: &mut Totals) -> Result<(), Box<dyn Error>> {
    let args = ["test", "--workspace", "--locked", "--no-fail-fast", "--features", "vpr-xtask/bench"];
    let mut command = children::cargo(&args);
    command.arg("--").args(filters).stdout(Stdio::piped());
    data.tell(&mut command);
    let mut child = command.spawn()?;
    let output = child.stdout.take().ok_or("the test runner has no output")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        totals.add(&line);
    }
    let status = child.wait()?;
    if !status.success() {
        return Err(format!("{}: {status}", children::name(&command)).into());
    }
    if totals.passed == 0 {
        return Err("no test ran".into());
    }
    Ok(())
}

impl Totals {
    /// Adds `test result: ok. 12 passed; 0 failed; 1 ignored; …`; other lines change nothing.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        self.binaries += 1;
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(count)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else {
                continue;
            };
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binaries, passed, failed, ignored } = self;
        write!(f, "tests: {passed} passed, {failed} failed, {ignored} ignored, in {binaries} test binaries")
    }
}

#[cfg(test)]
mod tests {
    use super::Totals;

    #[test]
    fn closing_lines_are_summed() {
        let mut totals = Totals::default();
        totals.add("running 13 tests");
        totals.add(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.42s",
        );
        totals.add(
            "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s",
        );
        assert_eq!(totals, Totals { binaries: 2, passed: 19, failed: 2, ignored: 1 });
    }
}
