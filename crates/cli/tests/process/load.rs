//! `vpr load` against a server, without one, and across kills.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Place, Server, said, send};

const PATIENTS: u64 = 12;

/// The counts of a report, `(accepted, repeated, refused)`.
fn totals(report: &std::path::Path) -> (u64, u64, u64) {
    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    let count = |name: &str| report["total"][name].as_u64().unwrap();
    (count("accepted"), count("repeated"), count("refused"))
}

/// Entries of the sample, counted by reading it and not by our own planner.
fn entries(folder: &std::path::Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| {
            let bundle: Value =
                serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
            bundle["entry"].as_array().unwrap().len() as u64
        })
        .sum()
}

#[test]
fn loading_twice_is_loading_once_by_every_way_in() {
    let place = Place::new();
    let sample = place.sample(PATIENTS);
    let sample_name = sample.to_str().unwrap();
    let report = place.path("report.json");
    let report_name = report.to_str().unwrap();
    let expected = entries(&sample);

    // Without a server.
    place.run(&["load", "--report", report_name, sample_name]);
    assert_eq!(totals(&report), (expected, 0, 0));
    let list = place.run(&["list"]);
    place.run(&["load", "--report", report_name, sample_name]);
    assert_eq!(totals(&report), (0, expected, 0));
    assert_eq!(place.run(&["list"]), list);

    // Through a server's Unix socket: the same operator, so the same keys.
    let server = Server::start(&place);
    place.run(&["load", "--in-order", "--report", report_name, sample_name]);
    assert_eq!(totals(&report), (0, expected, 0));
    assert_eq!(place.run(&["list"]), list);
    drop(server);

    // Over the network, into another data directory.
    let other = Place::new();
    let server = Server::start(&other);
    for expected in [(expected, 0, 0), (0, expected, 0)] {
        other.run(&["load", "--to", &server.url(), "--jobs", "3", "--report", report_name, sample_name]);
        assert_eq!(totals(&report), expected);
        assert_eq!(other.counts(), place.counts());
    }
}

#[test]
fn every_form_of_the_same_bundles_is_the_same_load() {
    let place = Place::new();
    let sample = place.sample(PATIENTS);
    place.run(&["load", sample.to_str().unwrap()]);
    let list = place.run(&["list"]);
    let lines = place.run(&["sample", "--patients", &PATIENTS.to_string()]);
    let ndjson = place.file("all.ndjson", &lines);
    let zst = place.file("all.ndjson.zst", zstd::encode_all(lines.as_bytes(), 3).unwrap());
    let tar = place.path("all.tar.gz");
    let status =
        std::process::Command::new("tar").arg("-czf").arg(&tar).arg("-C").arg(&sample).arg(".").status();
    assert!(status.unwrap().success());
    let report = place.path("report.json");
    for file in [ndjson, zst, tar] {
        place.run(&["load", "--report", report.to_str().unwrap(), file.to_str().unwrap()]);
        assert_eq!(totals(&report), (0, entries(&sample), 0), "{}", file.display());
    }
    assert_eq!(place.run(&["list"]), list);
}

#[test]
fn refusals_are_named_and_the_rest_is_loaded() {
    let place = Place::new();
    let text = concat!(
        "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n",
        "{\"resourceType\":\"Patient\",\"id\":\"b\",\"birthDate\":\"yesterday\"}\n",
        "nonsense\n",
        "{\"resourceType\":\"Patient\",\"id\":\"c\"}\n",
    );
    let file = place.file("p.ndjson", text);
    let report = place.path("report.json");
    let text = place.fail(&["load", "--report", report.to_str().unwrap(), file.to_str().unwrap()], 1);
    assert!(text.contains("p.ndjson:2: ") && text.contains("birthDate"), "{text}");
    assert!(text.contains("p.ndjson:3: invalid JSON"), "{text}");
    assert_eq!(totals(&report), (2, 0, 2));
    let transaction = r#"{"resourceType":"Bundle","type":"transaction","entry":[
        {"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},
        {"resource":{"resourceType":"Patient","gender":7},"request":{"method":"POST","url":"Patient"}}]}"#;
    let file = place.file("t.json", transaction);
    let text = place.fail(&["load", file.to_str().unwrap()], 1);
    assert!(text.contains("t.json entry[1]: "), "{text}");
}

#[test]
fn a_load_that_is_killed_goes_on_where_it_was() {
    let reference = Place::new();
    let sample = reference.sample(150);
    let sample_name = sample.to_str().unwrap();
    reference.run(&["load", sample_name]);
    let expected = reference.counts();

    let place = Place::new();
    for delay in [150, 400, 700] {
        let mut child =
            place.vpr(&["load", sample_name]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        send("KILL", child.id());
        child.wait().unwrap();
    }
    let report = place.path("report.json");
    place.run(&["load", "--report", report.to_str().unwrap(), sample_name]);
    let (accepted, repeated, refused) = totals(&report);
    assert_eq!((accepted + repeated, refused), (entries(&sample), 0));
    assert!(repeated > 0, "nothing had been loaded before the kills: they came too early to test anything");
    assert_eq!(place.counts(), expected);
    place.run(&["verify"]);
}

#[test]
fn a_server_that_is_killed_and_comes_back_is_waited_for() {
    let place = Place::new();
    let sample = place.sample(150);
    let server = Server::start(&place);
    let (url, port) = (server.url(), server.port().to_string());
    let loading = place
        .vpr(&["load", "--to", &url, sample.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(400));
    server.end("KILL");
    std::thread::sleep(Duration::from_millis(300));
    let _server = Server::spawn(place.vpr(&["serve", "--port", &port]));
    let output = loading.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        !said(&output).contains(" 0 sent again"),
        "the kill came too late to test anything: {}",
        said(&output)
    );

    let reference = Place::new();
    reference.run(&["load", sample.to_str().unwrap()]);
    assert_eq!(place.counts(), reference.counts());
}

#[test]
fn an_interrupted_load_says_so_and_a_closed_port_is_an_end() {
    let place = Place::new();
    let sample = place.sample(3);
    let started = std::time::Instant::now();
    let text = place
        .fail(&["load", "--to", "http://127.0.0.1:1/fhir", "--patience", "1", sample.to_str().unwrap()], 1);
    assert!(text.contains("stopped before the end") && text.contains("run it again"), "{text}");
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(
        place
            .fail(&["load", "--to", "https://h/fhir", sample.to_str().unwrap()], 1)
            .contains("not supported yet")
    );
}
