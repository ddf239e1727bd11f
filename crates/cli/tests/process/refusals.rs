//! What does not start, and what it says instead.

use crate::harness::{Place, bare, said};

/// The start of `vpr serve` in that environment must be refused with that text.
fn refused(variables: &[(&str, &str)], arguments: &[&str], expected: &str) {
    let place = Place::new();
    let mut command = place.vpr(&["serve", "--port", "0"]);
    command.args(arguments).envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains(expected), "{expected:?} is not in: {}", said(&output));
    assert!(!place.data().exists(), "a refused start leaves nothing behind");
}

#[test]
fn production_does_not_start_with_or_without_an_issuer() {
    refused(&[("ENV", "production")], &[], "AUTH_ISSUER");
    let issuer = ("AUTH_ISSUER", "https://id.example.org/realms/ehr");
    refused(&[("ENV", "production"), issuer], &[], "not supported yet");
    refused(&[issuer], &[], "lets everybody on this machine in");
}

#[test]
fn development_does_not_leave_the_machine() {
    for address in ["0.0.0.0", "::", "192.0.2.1"] {
        refused(&[("VPR_LISTEN", address)], &[], "listens on this machine alone");
    }
    refused(&[], &["--listen", "0.0.0.0"], "listens on this machine alone");
}

#[test]
fn unknown_and_unbuilt_settings_are_refused_by_name() {
    refused(&[("VPR_DATADIR", "x")], &[], "did you mean VPR_DATA_DIR?");
    refused(
        &[("DATABASE_URL", "mysql://u:secret@h/d")],
        &[],
        "DATABASE_URL must be a URL that begins with postgres://",
    );
    refused(&[("DB_MIN_CONNS", "20")], &[], "DB_MIN_CONNS must not be above DB_MAX_CONNS");
    refused(&[("VPR_SEARCH_HANDLING", "loose")], &[], "must be strict or lenient");
    refused(&[("REDIS_URL", "redis://h")], &[], "REDIS_URL is set, and is not supported yet");
    refused(&[("MLLP_ADDR", "127.0.0.1:2575")], &[], "MLLP_ADDR is set, and is not supported yet");
    let place = Place::new();
    let file = place.file("vpr.toml", "[server]\nprot = 1\n");
    refused(&[("VPR_CONFIG", file.to_str().unwrap())], &[], "did you mean server.port?");
    refused(&[], &["--config", "/nonexistent/vpr.toml"], "/nonexistent/vpr.toml");
}

#[test]
fn a_secret_is_never_repeated() {
    for (url, status) in [
        ("postgres://u:secret@h/d?password=secret", 0),
        ("postgres://u:secret@secret@h/d", 0),
        ("mysql://u:secret@h/d", 1),
        ("secret", 1),
    ] {
        let output = bare(&["config", "check"]).env("DATABASE_URL", url).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{}", said(&output));
        assert!(!said(&output).contains("secret"), "{}", said(&output));
    }
}

#[test]
fn the_configuration_that_holds_is_shown_with_its_origins() {
    let place = Place::new();
    let file = place.file("vpr.toml", "[server]\nport = 9000\n[log]\nfilter = \"debug\"\n");
    let output = place
        .vpr(&["--config", file.to_str().unwrap(), "config", "check"])
        .env("PORT", "9001")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let text = said(&output);
    assert!(text.contains("port = \"9001\"  # environment"), "{text}");
    assert!(text.contains(&format!("filter = \"debug\"  # {}", file.display())), "{text}");
    let production = bare(&["config", "check"]).env("ENV", "production").output().unwrap();
    assert_eq!(production.status.code(), Some(1));
    assert!(said(&production).contains("vpr serve would not start"), "{}", said(&production));
}

#[test]
fn a_senseless_command_line_is_status_2() {
    let place = Place::new();
    place.fail(&["nonsense"], 2);
    place.fail(&["serve", "--port", "70000"], 2);
    place.fail(&["load"], 2);
    place.fail(&["tenant", "create", "Not A Name"], 2);
    place.fail(&["demo", "--data-dir", "somewhere"], 2);
    assert!(place.fail(&["--help-me"], 2).contains("--help"));
    assert!(place.run(&["--help"]).contains("Examples:"));
}

#[test]
fn a_data_directory_that_is_not_there_is_not_made_by_looking() {
    let place = Place::new();
    for command in [&["list"][..], &["log", "Patient/1"], &["verify"], &["tenant", "list"]] {
        assert!(place.fail(command, 1).contains("there is no data directory"));
        assert!(!place.data().exists());
    }
    place.file("data/thesis.tex", "text");
    assert!(place.fail(&["list"], 1).contains("not a data directory"));
    assert!(place.fail(&["serve", "--port", "0"], 1).contains("not a data directory"));
}
