use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;

/// What a test prints, at the start of a line, about something that it could not test here.
const LEFT_OUT: &str = "LEFT OUT:";
/// The modules that `on_both_databases!` of the HTTP tests makes of a test.
const DATABASES: [&str; 2] = ["on_sqlite", "on_postgres"];
/// How many of the slowest test binaries are shown.
const SLOWEST: usize = 10;

/// What the test runner's output came to.
#[derive(Debug, Default, PartialEq)]
pub(in crate::test) struct Totals {
    passed: u64,
    failed: u64,
    ignored: u64,
    compiled: usize,
    /// The binary that runs now; empty while the workspace is built.
    binary: String,
    /// Each binary with the seconds that it took.
    binaries: Vec<(String, f64)>,
    /// Tests that name a database, without its name: on which of the two they ran.
    of_databases: BTreeMap<String, [bool; 2]>,
    left_out: BTreeSet<String>,
    within_successes: bool,
}

impl Totals {
    /// What tests said that they could not test.
    pub(in crate::test) fn left_out(&self) -> impl Iterator<Item = &str> {
        self.left_out.iter().map(String::as_str)
    }

    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    /// How many crates were compiled.
    pub(super) fn compiled(&self) -> usize {
        self.compiled
    }

    /// Whether no test binary runs yet.
    pub(super) fn is_building(&self) -> bool {
        self.binary.is_empty()
    }

    /// # Errors
    /// Names the tests that ran on one database alone, or says that none ran on both.
    pub(super) fn on_both_databases(&self) -> Result<(), Box<dyn Error>> {
        let halves = self.of_databases.iter().filter(|(_, ran)| !ran.iter().all(|ran| *ran));
        let halves: Vec<&str> = halves.map(|(name, _)| name.as_str()).collect();
        match halves[..] {
            [] if self.of_databases.is_empty() => Err("no test ran on both databases".into()),
            [] => Ok(()),
            _ => Err(format!("on one database alone: {}", halves.join(", ")).into()),
        }
    }

    /// Takes one line of the runner's output; whether a person wants to see it: what passing tests
    /// printed, between `successes:` and the closing line, is only noise.
    pub(super) fn add(&mut self, line: &str) -> bool {
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
        } else if let Some((name, _)) = line.strip_prefix("test ").and_then(|test| test.split_once(" ... ")) {
            self.add_test(name);
        } else if !self.within_successes {
            self.add_word_of_cargo(line);
        }
        !self.within_successes
    }

    /// `Compiling …`, `Running … (target/debug/deps/doors-0123abc)`, `Doc-tests …`.
    fn add_word_of_cargo(&mut self, line: &str) {
        match line.trim_start().split_once(' ') {
            Some(("Compiling", _)) if self.is_building() => self.compiled += 1,
            Some(("Running", what)) => {
                let file = what.trim_end_matches(')').rsplit('/').next().unwrap_or_default();
                self.binary = file.rsplit_once('-').map_or(file, |(name, _)| name).to_owned();
            }
            Some(("Doc-tests", name)) => self.binary = format!("{name}, in its documentation"),
            _ => {}
        }
    }

    fn add_test(&mut self, name: &str) {
        let path: Vec<&str> = name.split("::").collect();
        let found = path.iter().find_map(|part| DATABASES.iter().position(|database| database == part));
        if let Some(at) = found {
            let rest: Vec<&str> = path.into_iter().filter(|part| *part != DATABASES[at]).collect();
            let name = format!("{}: {}", self.binary, rest.join("::"));
            self.of_databases.entry(name).or_default()[at] = true;
        }
    }

    /// Adds `ok. 12 passed; 0 failed; 1 ignored; …; finished in 0.42s`.
    fn add_result(&mut self, result: &str) {
        let seconds =
            result.rsplit_once("finished in ").and_then(|(_, time)| time.trim_end_matches('s').parse().ok());
        self.binaries.push((self.binary.clone(), seconds.unwrap_or(0.0)));
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

    fn slowest(&self) -> Vec<&(String, f64)> {
        let mut binaries: Vec<_> = self.binaries.iter().collect();
        binaries.sort_by(|a, b| b.1.total_cmp(&a.1));
        binaries.truncate(SLOWEST);
        binaries
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds: f64 = self.binaries.iter().map(|(_, seconds)| seconds).sum();
        let slowest = self.slowest();
        writeln!(f, "the {} slowest of {:.1} min in test binaries:", slowest.len(), seconds / 60.0)?;
        for (name, seconds) in slowest {
            writeln!(f, "   {seconds:>7.1} s  {name}")?;
        }
        let on_both = self.of_databases.values().filter(|ran| ran.iter().all(|ran| *ran)).count();
        let Self { passed, failed, ignored, .. } = self;
        write!(
            f,
            "tests: {passed} passed, {failed} failed, {ignored} ignored, in {} test binaries; \
             {on_both} ran on SQLite and on Postgres",
            self.binaries.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(lines: &[&str]) -> Totals {
        let mut totals = Totals::default();
        for line in lines {
            totals.add(line);
        }
        totals
    }

    #[test]
    fn closing_lines_are_summed_and_times_belong_to_their_binaries() {
        let totals = totals(&[
            "   Compiling vpr-codec v0.1.0 (/a/b)",
            "    Finished `test` profile [optimized + debuginfo] target(s) in 5.10s",
            "     Running unittests src/lib.rs (target/debug/deps/vpr_codec-54edd2c69e1b1cd4)",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.42s",
            "     Running tests/doors/main.rs (/b/target/debug/deps/doors-61f2393ebee10fd7)",
            "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 71.5s",
            "   Doc-tests vpr_codec",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ]);
        assert_eq!((totals.passed, totals.failed, totals.ignored, totals.compiled), (20, 2, 1, 1));
        let named = |name: &str, seconds| (name.to_owned(), seconds);
        let times =
            [named("doors", 71.5), named("vpr_codec", 0.42), named("vpr_codec, in its documentation", 0.1)];
        assert_eq!(totals.slowest(), times.iter().collect::<Vec<_>>());
        let text = totals.to_string();
        assert!(
            text.starts_with("the 3 slowest of 1.2 min in test binaries:\n      71.5 s  doors\n"),
            "{text}"
        );
    }

    #[test]
    fn what_passing_tests_print_is_read_and_not_shown() {
        let mut totals = Totals::default();
        let lines = [
            ("test a ... ok", true),
            ("successes:", false),
            ("---- a stdout ----", false),
            ("LEFT OUT: the FHIR corpus", false),
            ("   Running a thing", false),
            ("failures:", true),
            ("---- b stdout ----", true),
            ("test result: FAILED. 1 passed; 1 failed; 0 ignored", true),
        ];
        for (line, shown) in lines {
            assert_eq!(totals.add(line), shown, "{line}");
        }
        assert_eq!(totals.left_out().collect::<Vec<_>>(), ["the FHIR corpus"]);
        assert!(totals.is_building());
    }

    #[test]
    fn a_test_that_ran_on_one_database_alone_is_found() {
        let check = |lines: &[&str], expected: &str| {
            let verdict =
                totals(lines).on_both_databases().map_or_else(|error| error.to_string(), |()| String::new());
            assert_eq!(verdict, expected);
        };
        let running = "     Running tests/x.rs (target/debug/deps/x-54edd2c69e1b1cd4)";
        let other = "     Running tests/y.rs (target/debug/deps/y-54edd2c69e1b1cd4)";
        let (sqlite, postgres) = ("test a::on_sqlite::b ... ok", "test a::on_postgres::b ... ok");
        check(&[running, sqlite, postgres], "");
        // One at a time, the runner prints the name before the test prints what it wants.
        check(&[running, "test a::on_sqlite::b ... ", "figure", "ok", postgres], "");
        check(&[running, sqlite], "on one database alone: x: a::b");
        check(&[running, sqlite, other, postgres], "on one database alone: x: a::b, y: a::b");
        check(&[running, "test c ... ok"], "no test ran on both databases");
    }
}
