//! Two seconds after a write on a quiet server, somebody who looks with stock git finds it.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::{Duration, Instant};

use vpr_http_tests::{Database, Repository, Server, observation, on_both_databases, patient, repositories};

on_both_databases! {
    two_seconds_after_a_write_stock_git_shows_it,
}

const WAIT: Duration = Duration::from_secs(2);

/// The repository of the one record, by its part.
fn repository(server: &Server, data: &std::path::Path, part: &str) -> Repository {
    let answer = server.operator().get("/operator/tenants/default/record?key=Patient/quiet").send();
    let record = answer.json()["record"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
    let path = data.join(format!("default/{part}/{}/{}/{record}", &record[..2], &record[2..4]));
    Repository::at(&path)
}

fn two_seconds_after_a_write_stock_git_shows_it(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = database.start(&data);
    let mut client = server.client();
    let mut slowest = Duration::ZERO;
    for round in 1..=3_u32 {
        let request = format!("request-{round}");
        let family = format!("Quiet{round}");
        let put = client.put("/fhir/Patient/quiet", patient("quiet", &family));
        let put = put.header("x-request-id", &request).send();
        let written = Instant::now();
        assert_eq!(put.version(), Some(round), "{}", put.text());
        std::thread::sleep(WAIT);
        let git = repository(&server, &data, "demographics");
        let log = git.git(&["log", "-1", "--format=%an%n%ae%n%cn%n%ct%n%B"]);
        slowest = slowest.max(written.elapsed());
        let author = log.lines().next().unwrap();
        assert!(!author.trim().is_empty() && !log.contains("Quiet"), "names are no part of a message: {log}");
        let trailers = git.git(&["log", "-1", "--format=%(trailers:only,unfold)"]);
        for wanted in [&request, "Patient/quiet", "sha256:"] {
            assert!(trailers.contains(wanted), "{wanted} is not in the trailers:\n{trailers}");
        }
        let files = git.files();
        let file = files.iter().find(|(path, _)| path.starts_with("Patient/")).unwrap();
        let text = String::from_utf8(file.1.clone()).unwrap();
        assert!(text.contains(&family) && !text.contains("versionId"), "{text}");
        assert_eq!(git.git(&["rev-list", "--count", "HEAD"]).trim(), round.to_string());
        // What a clinician changed, and nothing else.
        if round > 1 {
            let diff = git.git(&["diff", "HEAD~1", "HEAD"]);
            let changed: Vec<&str> = diff
                .lines()
                .filter(|l| l.starts_with(['+', '-']) && !l.starts_with("+++") && !l.starts_with("---"))
                .collect();
            assert_eq!(changed.len(), 2, "{diff}");
            assert!(changed[1].contains(&family), "{diff}");
        }
        assert_eq!(git.fsck(), None);
    }
    // A deletion, and another part of the record.
    let post = client.put("/fhir/Observation/o", observation("o", "Patient/quiet", "x")).send();
    assert_eq!(post.status, 201, "{}", post.text());
    assert_eq!(client.delete("/fhir/Observation/o").send().status, 204);
    std::thread::sleep(WAIT);
    let git = repository(&server, &data, "clinical");
    assert!(git.files().iter().all(|(path, _)| !path.starts_with("Observation/")), "{:?}", git.files());
    assert_eq!(git.git(&["rev-list", "--count", "HEAD"]).trim(), "2");
    let show = git.git(&["show", "--stat", "--format=%(trailers:only,unfold)", "HEAD"]);
    assert!(show.contains("Observation/o"), "{show}");
    for each in repositories(&data, "default") {
        assert_eq!(each.fsck(), None);
    }
    database.publish(
        "quiet-git",
        &[format!("stock git on a quiet server: 4 of 4 writes seen after {:.1} s", slowest.as_secs_f64())],
    );
    server.stop();
}
