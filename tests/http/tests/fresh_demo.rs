//! `vpr demo` in an empty folder ends in a served record, and every command that it prints works.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use vpr_http_tests::{Command, Database, on_both_databases, shout};

on_both_databases! {
    every_command_of_the_demonstration_works_when_pasted,
    a_folder_that_holds_something_else_is_left_alone,
}

/// A demonstration; killed when dropped.
struct Demo {
    child: Child,
    /// What it printed until it was ready.
    lines: Vec<String>,
}

impl Demo {
    fn start(database: &Database, folder: &Path) -> Self {
        let mut child = database
            .program()
            .args(["demo", "--port", "0"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            println!("{line}");
            let is_ready = line.starts_with("listening on ");
            lines.push(line);
            if is_ready {
                return Self { child, lines };
            }
        }
        panic!("vpr demo ended with {}", child.wait().unwrap());
    }

    /// The indented lines: what is there to be pasted.
    fn commands(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line.strip_prefix("  ")).collect()
    }

    fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "Ctrl-C: {status}");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a line as a shell of the user would.
fn paste(folder: &Path, line: &str) -> String {
    let mut shell = Command::new("sh");
    shell.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", folder);
    let done = shell.current_dir(folder).args(["-c", line]).stdin(Stdio::null()).output().unwrap();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{line}\n{}: {errors}", done.status);
    String::from_utf8(done.stdout).unwrap()
}

fn every_command_of_the_demonstration_works_when_pasted(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let demo = Demo::start(database, folder.path());
    let ready = started.elapsed();
    let commands = demo.commands();
    for tool in ["curl ", " log ", " list", " diff ", "git -C ", "git clone "] {
        assert!(commands.iter().any(|line| line.contains(tool)), "nothing to try with {tool}: {commands:#?}");
    }
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    for line in &commands {
        if line.starts_with("curl") && !has_curl {
            shout(&format!("LEFT OUT: no curl here for {line}"));
            continue;
        }
        let said = paste(folder.path(), line);
        println!("$ {line}\n{}", said.lines().take(8).collect::<Vec<_>>().join("\n"));
        assert!(!said.is_empty() || line.starts_with("git clone"), "{line} says nothing");
        if line.starts_with("curl") {
            assert!(said.contains("resourceType"), "{line}: {said}");
        }
    }
    let copies: Vec<_> = commands.iter().filter_map(|line| line.strip_prefix("git clone ")).collect();
    for copy in copies {
        let target = copy.rsplit(' ').next().unwrap();
        let files = paste(folder.path(), &format!("git -C {target} ls-files"));
        assert!(files.contains("Patient/"), "the clone is empty: {files}");
    }
    let listed = paste(folder.path(), commands.iter().find(|line| line.ends_with(" list")).unwrap());
    let count = commands.len();
    demo.stop();
    // The same command again: the same data.
    let again = Demo::start(database, folder.path());
    let listed_again =
        paste(folder.path(), again.commands().iter().find(|line| line.ends_with(" list")).unwrap());
    assert_eq!(listed_again, listed);
    again.stop();
    database.publish(
        "fresh-demo",
        &[format!(
            "vpr demo in an empty folder: a served record after {:.1} s; {count} of {count} printed commands work",
            ready.as_secs_f64()
        )],
    );
}

fn a_folder_that_holds_something_else_is_left_alone(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("vpr-demo")).unwrap();
    std::fs::write(folder.path().join("vpr-demo/thesis.txt"), "mine").unwrap();
    let done = database.program().args(["demo", "--port", "0"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("--dir"), "{done:?}");
    assert_eq!(std::fs::read_dir(folder.path().join("vpr-demo")).unwrap().count(), 1);
}
