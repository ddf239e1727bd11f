//! The process: one per data directory, ready, stopped cleanly, on this machine alone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use vpr_http_tests::{Database, Repository, assert_outcome, on_both_databases, parse, patient, repositories};

use crate::server;

on_both_databases! {
    a_second_server_on_the_same_folder_is_refused,
    probes_say_what_is,
    answers_carry_the_request_id_and_what_browsers_must_know,
    development_stays_on_this_machine_and_production_is_not_pretended,
    sigterm_answers_what_is_in_flight_and_leaves_everything_in_git,
    commands_go_through_the_running_server_or_do_it_themselves,
}

fn a_second_server_on_the_same_folder_is_refused(database: &Database) {
    let (folder, server) = server(database);
    let data = folder.path().join("data");
    let ended = database.try_start(&data, &[]).expect_err("two servers on one folder");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    let pid = ended
        .log
        .split(|c: char| !c.is_ascii_digit())
        .any(|word| !word.is_empty() && word.parse::<u32>().is_ok());
    assert!(pid && ended.log.contains("data"), "it says who holds it: {}", ended.log);
    assert_eq!(
        server.client().put("/fhir/Patient/a", patient("a", "x")).send().status,
        201,
        "the first goes on"
    );
    server.stop();
    database.start(&data).stop();
}

fn probes_say_what_is(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let ready = client.get("/ready").send();
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["ready"], parse("true").unwrap());
    assert_eq!(client.get("/health").send().status, 200);
    let index = client.get("/").send().json();
    assert!(index["paths"].get("/fhir").is_some(), "{index}");
    let count = |client: &mut vpr_http_tests::Client| {
        let text = client.get("/metrics").send().text();
        assert!(text.ends_with("# EOF\n"), "{text}");
        text.lines()
            .filter(|line| line.contains("\"create\"") || line.contains("\"update\""))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let before = count(&mut client);
    client.put("/fhir/Patient/a", patient("a", "Findme")).send();
    let after = count(&mut client);
    assert_ne!(before, after, "a write is counted");
    assert!(!client.get("/metrics").send().text().contains("Findme"));
    server.stop();
}

fn answers_carry_the_request_id_and_what_browsers_must_know(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let server = database.start_with(&folder.path().join("data"), &[("CORS_ORIGINS", "https://app.example")]);
    let mut client = server.client();
    let named = client.get("/fhir/metadata").header("x-request-id", "mine-1").send();
    assert_eq!(named.header("x-request-id"), Some("mine-1"));
    let drawn = client.get("/fhir/Patient/absent").header("x-request-id", "not\u{7f}harmless").send();
    assert!(
        drawn.header("x-request-id").is_none_or(|id| id.len() == 36),
        "{:?}",
        drawn.header("x-request-id")
    );
    for path in ["/fhir/metadata", "/fhir/Patient/absent", "/nothing", "/health"] {
        let answer = client.get(path).send();
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("content-security-policy").is_some(), "{path}");
        assert!(answer.header("access-control-allow-origin").is_none(), "{path}");
        assert!(answer.header("server").is_none(), "{path}");
    }
    let allowed = client.get("/fhir/metadata").header("origin", "https://app.example").send();
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example"));
    for origin in ["https://app.example.evil", "http://app.example", "null", "https://evil.example"] {
        let refused = client.get("/fhir/metadata").header("origin", origin).send();
        assert_eq!(refused.header("access-control-allow-origin"), None, "{origin}");
    }
    let preflight = client.request("OPTIONS", "/fhir/Patient/a").header("origin", "https://app.example");
    let preflight = preflight.header("access-control-request-method", "PUT").send();
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("PUT"));
    // DNS rebinding: a name that is not this machine's.
    assert_eq!(client.get("/fhir/metadata").header("host", "evil.example").send().status, 421);
    server.stop();
}

fn development_stays_on_this_machine_and_production_is_not_pretended(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, says) in [
        ("VPR_LISTEN", "0.0.0.0", "127.0.0.1"),
        ("ENV", "production", "AUTH_ISSUER"),
        ("ENV", "staging", "development or production"),
        ("DATABASE_URL", "mysql://x", "postgres://"),
        ("REDIS_URL", "redis://x", "not supported"),
        ("VPR_DATADIR", "/x", "VPR_DATA_DIR"),
        ("VPR_BODY_BYTES_MAX", "lots", "VPR_BODY_BYTES_MAX"),
    ] {
        let ended = database.try_start(&folder.path().join("data"), &[(name, value)]).err();
        let ended = ended.unwrap_or_else(|| panic!("{name}={value} starts"));
        assert_eq!(ended.status.code(), Some(1), "{name}={value}: {}", ended.log);
        assert!(ended.log.contains(says), "{name}={value}: {}", ended.log);
        std::fs::remove_file(folder.path().join("data.log")).unwrap();
    }
    assert!(!folder.path().join("data").exists(), "a refused start makes no folder");
}

fn sigterm_answers_what_is_in_flight_and_leaves_everything_in_git(database: &Database) {
    let (folder, mut server) = server(database);
    let data = folder.path().join("data");
    let mut client = server.client();
    for number in 0..50 {
        client.put(&format!("/fhir/Patient/p{number}"), patient(&format!("p{number}"), "x")).send();
    }
    // Half of a request is on its way when the signal comes; an idle connection is open beside it.
    let body = patient("late", "Late");
    let head = format!(
        "PUT /fhir/Patient/late HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/fhir+json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut slow = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    slow.write_all(head.as_bytes()).unwrap();
    slow.write_all(&body.as_bytes()[..10]).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    server.signal_stop();
    std::thread::sleep(Duration::from_millis(200));
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err(), "nobody new gets in");
    slow.write_all(&body.as_bytes()[10..]).unwrap();
    let mut answer = String::new();
    let _ = slow.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "an idle connection holds up nobody: {:?}",
        begun.elapsed()
    );
    assert!(!data.join("vpr.sock").exists());
    let files: Vec<String> =
        repositories(&data, "default").iter().flat_map(Repository::files).map(|(path, _)| path).collect();
    for number in 0..50 {
        assert!(
            files.iter().any(|path| path.ends_with(&format!("/p{number}.json"))),
            "p{number} is not in Git"
        );
    }
    assert!(files.iter().any(|path| path.ends_with("/late.json")));
    let again = database.start(&data);
    assert_eq!(again.client().get("/fhir/Patient/late").send().version(), Some(1));
    again.stop();
}

fn commands_go_through_the_running_server_or_do_it_themselves(database: &Database) {
    let (folder, server) = server(database);
    let data = folder.path().join("data");
    let mut client = server.client();
    client.put("/fhir/Patient/a", patient("a", "One")).send();
    client.put("/fhir/Patient/a", patient("a", "Two")).send();
    let run = |arguments: &[&str]| {
        let done = database.command(&data).args(arguments).output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let commands: [&[&str]; 6] = [
        &["list"],
        &["log", "Patient/a"],
        &["log", "--full", "Patient/a"],
        &["show", "Patient/a", "Patient/a@1"],
        &["diff", "Patient/a", "Patient/a", "1", "2"],
        &["tenant", "list"],
    ];
    let through: Vec<_> = commands.iter().map(|command| run(command)).collect();
    for (command, (code, said, errors)) in commands.iter().zip(&through) {
        assert_eq!(*code, Some(0), "{command:?}: {errors}");
        assert!(!said.is_empty(), "{command:?}");
    }
    assert!(through[3].1.contains("One") && !through[3].1.contains("Two"), "{}", through[3].1);
    assert!(through[4].1.contains("Two"), "{}", through[4].1);
    assert_eq!(run(&["verify"]).0, Some(0));
    assert_eq!(run(&["show", "Patient/a", "Patient/b"]).0, Some(1));
    assert_eq!(run(&["log", "Patient/b"]).0, Some(1));
    assert_eq!(run(&["nonsense"]).0, Some(2));
    assert_outcome("a read in between", &client.get("/fhir/Patient/b").send(), 404);
    server.stop();
    for (command, before) in commands.iter().zip(&through) {
        let alone = run(command);
        assert_eq!((alone.0, &alone.1), (before.0, &before.1), "{command:?} without a server");
    }
    assert_eq!(run(&["verify"]).0, Some(0));
}
