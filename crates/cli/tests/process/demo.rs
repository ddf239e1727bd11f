//! The demonstration: everything that it tells people to paste works.

use std::process::Command;

use crate::harness::{Place, Server, bare, said};

fn demo(place: &Place) -> Server {
    let folder = place.path("demo");
    let mut command = bare(&["demo", "--dir", folder.to_str().unwrap(), "--patients", "4", "--port", "0"]);
    // Nobody listens there: a demonstration keeps its index to itself.
    command.env("DATABASE_URL", "postgres://u@127.0.0.1:9/d");
    Server::spawn(command)
}

#[test]
fn every_printed_command_works_and_a_second_start_finds_the_same() {
    let place = Place::new();
    let server = demo(&place);
    let commands: Vec<&String> = server.printed.iter().filter(|line| line.starts_with("  ")).collect();
    assert!(commands.len() >= 9, "{:?}", server.printed);
    let mut searches = 0;
    for command in &commands {
        // What the tests were told is not what a user has in the environment.
        let path = std::env::var_os("PATH").unwrap();
        let mut shell = Command::new("sh");
        shell.env_clear().env("PATH", path).env("HOME", place.path("."));
        let output = shell.arg("-c").arg(command.as_str()).output().unwrap();
        assert!(output.status.success(), "{command}: {}", said(&output));
        assert!(!output.stdout.is_empty() || command.contains("clone"), "{command} says nothing");
        if command.contains('?') && !command.contains("_history") && !command.contains("p1-0001?_pretty") {
            searches += 1;
            let found = String::from_utf8_lossy(&output.stdout).replace(' ', "");
            assert!(found.contains("\"searchset\""), "{command}: {found}");
            assert!(found.contains("\"fullUrl\"") || found.contains("\"total\":4"), "{command}: {found}");
        }
    }
    assert!(searches >= 5, "{:?}", server.printed);
    let data = place.path("demo/data");
    let list = || {
        let output = bare(&["--data-dir", data.to_str().unwrap(), "list"]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let first = list();
    assert_eq!(first.lines().count(), 1 + 4 + 1, "{first}");
    assert_eq!(server.end("INT"), Some(0));
    let again = demo(&place);
    assert_eq!(list(), first);
    drop(again);
}

#[test]
fn a_folder_with_something_else_in_it_is_left_alone() {
    let place = Place::new();
    place.file("demo/thesis.tex", "text");
    let folder = place.path("demo");
    let output = bare(&["demo", "--dir", folder.to_str().unwrap(), "--port", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("--dir"), "{}", said(&output));
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
}

#[test]
fn the_same_seed_is_the_same_population() {
    let place = Place::new();
    let sample = |seed: &str| place.run(&["sample", "--patients", "3", "--seed", seed]);
    assert_eq!(sample("5"), sample("5"));
    assert_ne!(sample("5"), sample("6"));
    assert_eq!(sample("5").lines().count(), 7);
}
