use std::path::Path;
use std::time::Duration;
use std::{fs, thread};

use super::database::in_other_database;
use super::psql::psql;
use super::*;

fn asks(url: &str, statements: &str) -> bool {
    psql(&programs().unwrap(), url, statements).is_ok()
}

fn gone(folder: &Path) -> bool {
    (0..500).any(|_| {
        thread::sleep(Duration::from_millis(20));
        !folder.exists()
    })
}

#[test]
fn a_url_gets_another_database() {
    for (url, expected) in [
        ("postgresql://a:b@localhost:1/c", "postgresql://a:b@localhost:1/other"),
        ("postgresql://a@localhost/c?sslmode=require", "postgresql://a@localhost/other?sslmode=require"),
    ] {
        assert_eq!(in_other_database(url), expected);
    }
}

#[test]
fn databases_are_apart_and_the_serving_role_owns_nothing() {
    let (one, two) = (database().unwrap(), database().unwrap());
    assert!(asks(&one.owner_url, "CREATE TABLE thing (a int); INSERT INTO thing VALUES (1)"));
    assert!(!asks(&two.owner_url, "SELECT * FROM thing"));
    assert!(asks(&one.serving_url, "SELECT 1"));
    assert!(!asks(&one.serving_url, "SELECT * FROM thing"));
    assert!(!asks(&one.serving_url, "CREATE TABLE public.other (a int)"));
    assert!(!asks(&one.serving_url, "CREATE SCHEMA other"));
}

#[test]
fn a_killed_server_comes_back_with_what_it_held_and_a_dropped_one_leaves_nothing() {
    let mut server = PostgresServer::start().unwrap();
    let url = server.owner_url();
    assert!(asks(&url, "CREATE TABLE thing (a int)"));
    server.kill().unwrap();
    assert!(!asks(&url, "SELECT 1"));
    server.restart().unwrap();
    assert!(asks(&url, "SELECT * FROM thing"));
    let folder = server.folder().to_owned();
    let process = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let process = Path::new("/proc").join(process.lines().next().unwrap());
    assert!(process.exists());
    drop(server);
    assert!(gone(&folder));
    assert!(!process.exists());
}
