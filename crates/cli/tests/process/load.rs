//! `vpr load` against a server, without one, and across kills.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};
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
fn entries_of_a_batch_are_repeated_each_for_itself() {
    let place = Place::new();
    let batch = r#"{"resourceType":"Bundle","type":"batch","entry":[
        {"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},
        {"resource":{"resourceType":"Patient","id":"b"},
         "request":{"method":"PUT","url":"Patient/b","ifMatch":"W/\"1\""}},
        {"resource":{"resourceType":"Patient","id":"c"},"request":{"method":"PUT","url":"Patient/c"}}]}"#;
    let name = place.file("batch.json", batch);
    let report = place.path("report.json");
    let load = || {
        // It ends with 1 where an entry is refused.
        let mut command = place.vpr(&["load", "--report", report.to_str().unwrap(), name.to_str().unwrap()]);
        let _ = command.output().unwrap();
        totals(&report)
    };
    assert_eq!(load(), (2, 0, 1));
    assert_eq!(load(), (0, 2, 1));
    let b = place.file("b.json", r#"{"resourceType":"Patient","id":"b"}"#);
    place.run(&["load", b.to_str().unwrap()]);
    assert_eq!(load(), (1, 2, 0), "what was refused can be done by now");
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
    let status = Command::new("tar").arg("-czf").arg(&tar).arg("-C").arg(&sample).arg(".").status();
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

/// A pipe that looks like a file of lines: what it holds decides how far a load can get.
struct Pipe {
    path: std::path::PathBuf,
    lines: Vec<String>,
}

impl Pipe {
    fn new(place: &Place, patients: u64) -> Self {
        let path = place.path("pipe.ndjson");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let text = place.run(&["sample", "--patients", &patients.to_string()]);
        Self { path, lines: text.lines().map(|line| format!("{line}\n")).collect() }
    }

    /// Opens the writing end; waits until a load reads.
    fn open(&self) -> File {
        File::options().write(true).open(&self.path).unwrap()
    }

    /// Writes some of the lines; when this returns, all but the last few were read.
    fn write(&self, pipe: &mut File, lines: std::ops::Range<usize>) {
        self.lines[lines].iter().for_each(|line| pipe.write_all(line.as_bytes()).unwrap());
    }
}

#[test]
fn a_load_that_is_killed_goes_on_where_it_was() {
    let place = Place::new();
    let pipe = Pipe::new(&place, 100);
    for end in [30, 110, 160] {
        let mut child = place
            .vpr(&["load", pipe.path.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut writer = pipe.open();
        pipe.write(&mut writer, 0..end);
        send("KILL", child.id());
        child.wait().unwrap();
    }
    let sample = place.sample(100);
    let report = place.path("report.json");
    place.run(&["load", "--report", report.to_str().unwrap(), sample.to_str().unwrap()]);
    let (accepted, repeated, refused) = totals(&report);
    assert_eq!((accepted + repeated, refused), (entries(&sample), 0));
    assert!(repeated > 0 && accepted > 0, "the kills were not in the middle: {repeated} + {accepted}");
    place.run(&["verify"]);

    let reference = Place::new();
    reference.run(&["load", sample.to_str().unwrap()]);
    assert_eq!(place.counts(), reference.counts());
}

#[test]
fn a_server_that_is_killed_and_comes_back_is_waited_for() {
    let place = Place::new();
    let pipe = Pipe::new(&place, 60);
    let server = Server::start(&place);
    let (url, port) = (server.url(), server.port().to_string());
    let loading = place
        .vpr(&["load", "--to", &url, pipe.path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut writer = pipe.open();
    pipe.write(&mut writer, 0..60);
    server.end("KILL");
    // What was read before and not sent is sent into nothing now.
    std::thread::sleep(Duration::from_millis(300));
    let _server = Server::spawn(place.vpr(&["serve", "--port", &port]));
    pipe.write(&mut writer, 60..pipe.lines.len());
    drop(writer);
    let output = loading.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(!said(&output).contains(" 0 sent again"), "nothing was in flight: {}", said(&output));

    let sample = place.sample(60);
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
