//! A server from its start to its end.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Place, Server, find, git, http, said};

#[test]
fn a_write_survives_a_stop_and_a_kill() {
    let place = Place::new();
    let server = Server::start(&place);
    let (status, _) = server.fhir("PUT", "Patient/a", Some(&json!({"resourceType": "Patient", "id": "a"})));
    assert_eq!(status, 201);
    assert_eq!(server.end("TERM"), Some(0));
    assert!(!place.data().join("vpr.sock").exists(), "the socket goes with its server");

    let server = Server::start(&place);
    assert_eq!(server.fhir("GET", "Patient/a", None).0, 200);
    let (status, _) = server.fhir("PUT", "Patient/b", Some(&json!({"resourceType": "Patient", "id": "b"})));
    assert_eq!(status, 201);
    server.end("KILL");
    assert!(place.data().join("vpr.sock").exists(), "a killed server leaves its socket");

    let server = Server::start(&place);
    for id in ["a", "b"] {
        assert_eq!(server.fhir("GET", &format!("Patient/{id}"), None).0, 200, "{id}");
    }
    assert_eq!(server.end("INT"), Some(0));
}

#[test]
fn a_second_server_is_told_who_is_first() {
    let place = Place::new();
    let server = Server::start(&place);
    let text = place.fail(&["serve", "--port", "0"], 1);
    assert!(text.contains(&server.pid().to_string()), "{text}");
    assert!(text.contains(place.data().join("vpr.sock").to_str().unwrap()), "{text}");
    assert_eq!(server.fhir("GET", "metadata", None).0, 200, "the first is undisturbed");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let place = Place::new();
    let server = Server::start(&place);
    let other = Place::new();
    let text = other.fail(&["serve", "--port", &server.port().to_string()], 1);
    assert!(text.contains(&format!("127.0.0.1:{}", server.port())), "{text}");
}

#[test]
fn the_port_file_holds_the_port_and_the_socket_is_its_owners_alone() {
    let place = Place::new();
    let file = place.path("port");
    let server = Server::spawn(place.vpr(&["serve", "--port", "0", "--port-file", file.to_str().unwrap()]));
    assert_eq!(std::fs::read_to_string(file).unwrap(), format!("{}\n", server.port()));
    let mode = std::fs::metadata(place.data().join("vpr.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn development_says_what_it_is_and_answers_this_machine_alone() {
    let place = Place::new();
    let server = Server::start(&place);
    assert_eq!(http(server.port(), "localhost", "GET", "/fhir/metadata", "").0, 200);
    assert_eq!(http(server.port(), "evil.example", "GET", "/fhir/metadata", "").0, 421);
    let mut second = place.vpr(&["serve", "--port", "0"]);
    assert!(said(&second.output().unwrap()).contains("DEVELOPMENT MODE"));
}

#[test]
fn an_idle_connection_does_not_hold_up_the_end() {
    let place = Place::new();
    let mut command = place.vpr(&["serve", "--port", "0"]);
    command.env("VPR_HEADER_SECONDS_MAX", "3").env("VPR_DRAIN_SECONDS_MAX", "2");
    let server = Server::spawn(command);
    let mut idle = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    write!(idle, "GET /fhir/metadata HTTP/1.1\r\nHost: loc").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    assert_eq!(server.end("TERM"), Some(0));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[test]
fn stock_git_sees_a_write_within_two_seconds() {
    let place = Place::new();
    let server = Server::start(&place);
    let patient = |active| json!({"resourceType": "Patient", "id": "g", "active": active});
    assert_eq!(server.fhir("PUT", "Patient/g", Some(&patient(true))).0, 201);
    assert_eq!(server.fhir("PUT", "Patient/g", Some(&patient(false))).0, 200);
    std::thread::sleep(Duration::from_secs(2));
    // Found on disk and not by asking the server, which would bring it into Git for us.
    let found = find(&place.data(), &["-name", "HEAD", "-path", "*/demographics/*"]);
    let head = found.lines().next().expect("a repository exists two seconds after the write");
    let repository = std::path::Path::new(head).parent().unwrap();
    let copy = place.path("copy");
    let (from, to) = (repository.to_str().unwrap(), copy.to_str().unwrap());
    git(&place.path(""), &["clone", "--quiet", from, to]);
    let log = git(&copy, &["log", "-p"]);
    assert!(log.contains("-  \"active\": true") && log.contains("+  \"active\": false"), "{log}");
    assert_eq!(git(&copy, &["rev-list", "--count", "HEAD"]).trim(), "2");
    git(repository, &["fsck", "--strict"]);
    git(&copy, &["fsck", "--strict"]);
}
