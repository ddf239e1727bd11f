use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::databases::Databases;
use super::left_out::TestData;
use crate::children;

/// What a test prints, at the start of a line, about something that it could not test here.
const LEFT_OUT: &str = "LEFT OUT:";

/// What the test runner's output came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    binaries: u64,
    passed: u64,
    failed: u64,
    ignored: u64,
    left_out: BTreeSet<String>,
    within_successes: bool,
}

/// Runs every test of the workspace; output goes through as it comes.
///
/// # Errors
/// When something does not compile, a test fails, or not one test ran.
pub(super) fn run(
    filters: &[&str],
    data: &TestData,
    databases: &Databases,
    totals: &mut Totals,
) -> Result<(), Box<dyn Error>> {
    let args = ["test", "--workspace", "--locked", "--no-fail-fast", "--features", "vpr-xtask/bench"];
    let mut command = children::cargo(&args);
    // The output of tests that passed holds what they left out.
    command.args(["--", "--show-output"]).args(filters).stdout(Stdio::piped());
    data.tell(&mut command);
    databases.tell(&mut command);
    let mut child = command.spawn()?;
    let output = child.stdout.take().ok_or("the test runner has no output")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        if totals.add(&line) {
            println!("{line}");
        }
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
    /// What tests said that they could not test.
    pub(super) fn left_out(&self) -> impl Iterator<Item = &str> {
        self.left_out.iter().map(String::as_str)
    }

    /// Takes one line of the runner's output; whether a person wants to see it: what passing tests
    /// printed, between `successes:` and the closing line, is only noise.
    fn add(&mut self, line: &str) -> bool {
        if let Some(what) = line.trim_start().strip_prefix(LEFT_OUT) {
            self.left_out.insert(what.trim().to_owned());
        }
        let result = line.strip_prefix("test result: ");
        match line {
            "successes:" => self.within_successes = true,
            "failures:" => self.within_successes = false,
            _ if result.is_some() => self.within_successes = false,
            _ => {}
        }
        if let Some(result) = result {
            self.add_result(result);
        }
        !self.within_successes
    }

    /// Adds `ok. 12 passed; 0 failed; 1 ignored; …`.
    fn add_result(&mut self, result: &str) {
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
        let Self { binaries, passed, failed, ignored, .. } = self;
        write!(f, "tests: {passed} passed, {failed} failed, {ignored} ignored, in {binaries} test binaries")
    }
}

#[cfg(test)]
mod tests {
    use super::Totals;

    #[test]
    fn closing_lines_are_summed() {
        let mut totals = Totals::default();
        let lines = [
            "running 13 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.42s",
            "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s",
        ];
        assert!(lines.iter().all(|line| totals.add(line)));
        assert_eq!(totals, Totals { binaries: 2, passed: 19, failed: 2, ignored: 1, ..Totals::default() });
    }

    #[test]
    fn what_passing_tests_print_is_read_and_not_shown() {
        let mut totals = Totals::default();
        let lines = [
            ("test a ... ok", true),
            ("successes:", false),
            ("---- a stdout ----", false),
            ("LEFT OUT: the FHIR corpus", false),
            ("failures:", true),
            ("---- b stdout ----", true),
            ("test result: FAILED. 1 passed; 1 failed; 0 ignored", true),
        ];
        for (line, shown) in lines {
            assert_eq!(totals.add(line), shown, "{line}");
        }
        assert_eq!(totals.left_out().collect::<Vec<_>>(), ["the FHIR corpus"]);
    }
}
