//! `cargo xtask test`: everything that must hold before a change is committed, the same on a
//! developer's machine and in CI.
//!
//! Reading order: [`Steps`] (what runs and how long it took), then [`setup`] (what a fresh machine
//! lacks), [`databases`] (the servers that tests talk to), [`checks`] (the steps), [`left_out`] (what was not tested, said aloud).

mod checks;
mod databases;
mod dependencies;
mod left_out;
pub(crate) mod setup;
mod steps;
mod tests_run;

use std::error::Error;

use steps::Steps;

/// Runs `test [--fast] [FILTER…]`.
///
/// `--fast` leaves out the lints, the drift checks and the licenses. A filter is passed to the
/// test runner, and nothing but the tests it names runs.
///
/// # Errors
/// When a step fails. Later steps still run, unless the workspace does not compile, so that one
/// run shows everything that is wrong.
pub(crate) fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let fast = args.iter().any(|arg| arg == "--fast");
    let filters: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--fast").collect();
    if let Some(unknown) = filters.iter().find(|arg| arg.starts_with('-')) {
        return Err(format!("test: unknown option {unknown}").into());
    }
    let mut steps = Steps::default();
    steps.run("setup", setup::run);
    if filters.is_empty() {
        steps.run("format", checks::format);
        steps.run("tidy", crate::tidy::run);
        if !fast {
            steps.run("lints", checks::lints);
            steps.run("codegen drift", checks::codegen);
            steps.run("dependencies", checks::dependencies);
        }
    }
    let mut databases = databases::Databases::default();
    steps.run("databases", || databases.start());
    let data = left_out::TestData::find();
    steps.print_table();
    let mut tests = tests_run::Totals::default();
    steps.run("tests", || tests_run::run(&filters, &data, &databases, &mut tests));
    drop(databases);
    left_out::print(steps.left_out().chain(data.missing()).chain(tests.left_out()));
    steps.print_last();
    println!("{tests}");
    steps.verdict()
}
