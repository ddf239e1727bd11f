//! Every test of the workspace in one run of cargo's, and what its output says.

mod totals;

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use super::databases::Databases;
use super::left_out::TestData;
use crate::{children, workspace};

pub(super) use totals::Totals;

/// Runs every test of the workspace; output goes through as it comes.
///
/// # Errors
/// When something does not compile, a test fails, not one test ran, or a test that runs on both
/// databases ran on one.
pub(super) fn run(
    filters: &[&str],
    data: &TestData,
    databases: &Databases,
    totals: &mut Totals,
) -> Result<(), Box<dyn Error>> {
    let args = ["test", "--workspace", "--locked", "--no-fail-fast", "--features", "vpr-xtask/bench"];
    let mut command = children::cargo(&args);
    // The output of tests that passed holds what they left out.
    command.args(["--", "--show-output"]).args(filters);
    data.tell(&mut command);
    databases.tell(&mut command);
    let name = children::name(&command);
    let begun = Instant::now();
    let mut built_in = None;
    let status = follow(command, &mut |line| {
        if totals.add(line) {
            println!("{line}");
        }
        if !totals.is_building() {
            built_in.get_or_insert_with(|| begun.elapsed());
        }
    })?;
    if let Some(time) = built_in {
        publish_build_time(totals.compiled(), time)?;
    }
    if !status.success() {
        return Err(format!("{name}: {status}").into());
    }
    if totals.passed() == 0 {
        return Err("no test ran".into());
    }
    if filters.is_empty() { totals.on_both_databases() } else { Ok(()) }
}

/// Runs a command to its end and gives each line that it prints, in one order: what cargo says on
/// standard error and what tests say belong together.
fn follow(mut command: Command, each: &mut dyn FnMut(&str)) -> io::Result<ExitStatus> {
    let (output, input) = io::pipe()?;
    command.stdout(input.try_clone()?).stderr(input);
    let mut child = command.spawn()?;
    // It holds the end of the pipe that must be closed before the other one ends.
    drop(command);
    for line in BufReader::new(output).split(b'\n') {
        each(&String::from_utf8_lossy(&line?));
    }
    child.wait()
}

/// Keeps the time of a build from nothing as a figure; that of a part of it says nothing.
fn publish_build_time(compiled: usize, time: Duration) -> Result<(), Box<dyn Error>> {
    let lock = fs::read_to_string(workspace::root().join("Cargo.lock"))?;
    // Not all of them are for this system.
    if compiled * 2 < lock.matches("[[package]]").count() {
        return Ok(());
    }
    let folder = workspace::root().join("target/figures");
    fs::create_dir_all(&folder)?;
    let minutes = time.as_secs_f64() / 60.0;
    let line = format!("{minutes:.1} min for {compiled} crates with all tests, from nothing\n");
    Ok(fs::write(folder.join("build-time.txt"), line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_prints_comes_in_one_order_and_ends() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo 1; echo 2 >&2; sleep 0.1; echo 3; printf 4 >&2; exit 7"]);
        let mut lines = Vec::new();
        let status = follow(command, &mut |line| lines.push(line.to_owned())).unwrap();
        assert_eq!((lines.concat(), status.code()), ("1234".to_owned(), Some(7)));
    }
}
