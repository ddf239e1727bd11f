//! Whole generated patients through `vpr load`: counts, stock git, load again, kill, and a rebuild
//! from Git alone.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vpr_http_tests::{
    Client, Database, Dice, Json, Server, fhir_set, is_full, json_files, on_both_databases, parse,
    repositories, shout,
};

on_both_databases! {
    generated_patients_are_loaded_kept_and_rebuilt_from_git,
    a_load_that_is_killed_is_loaded_again_without_loss_or_doubles,
}

/// Bundles of the sample, of 106.
const SAMPLE: usize = 6;

type Counts = BTreeMap<String, u64>;

fn files() -> Option<Vec<PathBuf>> {
    let all = json_files(&fhir_set("synthea-2021-bundles")?);
    if is_full() {
        return Some(all);
    }
    shout(&format!("{SAMPLE} of {} bundles; VPR_FULL=1 takes all", all.len()));
    // Not the first ones of the alphabet, but spread over it; the same each time.
    let step = all.len() / SAMPLE;
    Some(all.into_iter().step_by(step).take(SAMPLE).collect())
}

fn counts_of(files: &[PathBuf]) -> Counts {
    let mut counts = Counts::new();
    for file in files {
        let bundle = parse(&fs::read_to_string(file).unwrap()).unwrap();
        for entry in bundle["entry"].items() {
            *counts.entry(entry["resource"]["resourceType"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    counts
}

/// `vpr load`; gives the report.
fn load(database: &Database, data: &Path, files: &[PathBuf]) -> Json {
    let report = data.with_extension("report.json");
    let mut command = database.command(data);
    command.arg("load").arg("--report").arg(&report).args(files);
    let done = command.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "vpr load: {}\n{said}", done.status);
    parse(&fs::read_to_string(report).unwrap()).unwrap()
}

/// A column of the report, by type.
fn column(report: &Json, name: &str) -> Counts {
    let counts = report["types"].members().iter();
    let counts = counts.map(|(kind, counts)| (kind.clone(), counts[name].as_count().unwrap()));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// Everything that is stored, `Type/id`, by the operators' listing.
fn documents(server: &Server) -> Vec<String> {
    let mut operator = server.operator();
    let records = operator.get("/operator/tenants/default/records").send().json();
    let mut places: Vec<String> =
        records["records"].items().iter().map(|each| each["record"].as_str().unwrap().to_owned()).collect();
    places.push("registry".to_owned());
    let mut names = Vec::new();
    for place in places {
        let path = format!("/operator/tenants/default/records/{place}/documents");
        let listed = operator.get(&path).send().json();
        names
            .extend(listed["documents"].items().iter().map(|each| each["name"].as_str().unwrap().to_owned()));
    }
    names.retain(|name| name.starts_with(|c: char| c.is_ascii_uppercase()));
    names.sort();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a document stands in two records");
    names
}

fn by_type(names: &[String]) -> Counts {
    let mut counts = Counts::new();
    for name in names {
        *counts.entry(name.split('/').next().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// What the server answers about each document: read, read by version, history.
fn answers(server: &Server, names: &[String]) -> BTreeMap<String, [String; 3]> {
    let mut client = server.client();
    let mut get = |path: String| {
        let answer = client.get(&path).header("host", "localhost").send();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let head = ["etag", "last-modified"].map(|name| answer.header(name).unwrap_or_default().to_owned());
        format!("{head:?} {}", answer.text())
    };
    let of = |name: &String| {
        let paths = [String::new(), "/_history/1".to_owned(), "/_history".to_owned()];
        (name.clone(), paths.map(|path| get(format!("/fhir/{name}{path}"))))
    };
    names.iter().map(of).collect()
}

/// Links of the loaded resources lead to resources that are there.
fn links_resolve(client: &mut Client, names: &[String]) -> usize {
    let mut count = 0;
    for name in names.iter().step_by(37) {
        let resource = client.get(&format!("/fhir/{name}")).send().json();
        resource.each_text(&mut |text| {
            assert!(!text.starts_with("urn:uuid:") || name.starts_with("Patient"), "{name}: {text}")
        });
        for member in ["subject", "patient", "encounter"] {
            if let Some(target) = resource[member]["reference"].as_str() {
                let there = client.get(&format!("/fhir/{target}")).send();
                assert_eq!(there.status, 200, "{name} refers to {target}");
                count += 1;
            }
        }
    }
    count
}

fn stock_git_reads(server: &Server, data: &Path, names: &[String]) -> usize {
    server.materialize();
    let patient = names.iter().find(|name| name.starts_with("Patient/")).unwrap();
    let key = format!("/operator/tenants/default/record?key={patient}");
    let record = server.operator().get(&key).send().json()["record"].as_str().unwrap().to_owned();
    let mut checked = 0;
    for repository in repositories(data, "default") {
        let is_of_record = repository.path().ends_with(&record);
        if is_of_record || repository.path().ends_with("registry") {
            assert_eq!(repository.fsck(), None);
            let folder = tempfile::tempdir().unwrap();
            let copy = repository.clone_to(&folder.path().join("copy"));
            assert_eq!(copy.fsck(), None);
            let log = copy.git(&["log", "-p", "--max-count=2"]);
            assert!(log.starts_with("commit ") && log.contains("\nAuthor: "), "{}", &log[..200]);
            assert!(log.contains("+  \"resourceType\": \""), "{}", &log[..2000.min(log.len())]);
            checked += 1;
        }
    }
    assert!(checked >= 3, "{checked} repositories of the record and the registry");
    checked
}

/// Loads, and is killed after `delay`, as `kill -9` kills.
fn load_and_kill(database: &Database, data: &Path, files: &[PathBuf], delay: Duration) -> bool {
    let mut command = database.command(data);
    command.arg("load").args(files);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(delay);
    let was_done = child.try_wait().unwrap().is_some();
    child.kill().unwrap_or(());
    child.wait().unwrap();
    !was_done
}

fn forget_what_can_be_rebuilt(data: &Path) {
    for folder in ["journal", "directory", "default/feed"] {
        assert!(data.join(folder).is_dir(), "there is no {folder}");
        fs::remove_dir_all(data.join(folder)).unwrap();
    }
}

fn generated_patients_are_loaded_kept_and_rebuilt_from_git(database: &Database) {
    let Some(files) = files() else { return };
    let wanted = counts_of(&files);
    let total: u64 = wanted.values().sum();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let started = Instant::now();
    let report = load(database, &data, &files);
    let took = started.elapsed();
    assert_eq!(column(&report, "accepted"), wanted, "{report}");
    assert_eq!(report["refusals"].as_count(), Some(0), "{report}");
    // Again: nothing new, whichever door.
    assert_eq!(column(&load(database, &data, &files), "repeated"), wanted);
    let server = database.start(&data);
    let names = documents(&server);
    assert_eq!(by_type(&names), wanted);
    assert_eq!(column(&load(database, &data, &files), "repeated"), wanted, "through the running server");
    assert_eq!(documents(&server), names);
    let links = links_resolve(&mut server.client(), &names);
    let cloned = stock_git_reads(&server, &data, &names);
    let before = answers(&server, &names);
    server.stop();
    forget_what_can_be_rebuilt(&data);
    let server = database.start(&data);
    let after = answers(&server, &names);
    for (name, answers) in &before {
        assert_eq!(answers, &after[name], "{name} after the rebuild");
    }
    assert_eq!(documents(&server), names);
    server.stop();
    // The keys of the requests stand in Git too.
    assert_eq!(column(&load(database, &data, &files), "repeated"), wanted, "after the rebuild");
    database.publish(
        "synthea",
        &[
            format!(
                "generated patients of 2021: {} bundles, {total} of {total} entries accepted in {:.1} s, none refused, counts by type equal",
                files.len(),
                took.as_secs_f64()
            ),
            format!("  {links} references followed; {cloned} repositories cloned and checked with stock git"),
            format!(
                "  journal, directory and feed deleted: the same answers to read, vread and history for {} documents",
                names.len()
            ),
        ],
    );
}

fn a_load_that_is_killed_is_loaded_again_without_loss_or_doubles(database: &Database) {
    let Some(files) = files() else { return };
    let wanted = counts_of(&files);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut dice = Dice::new(Dice::seed());
    let mut killed = 0;
    for _ in 0..6 {
        killed +=
            usize::from(load_and_kill(database, &data, &files, Duration::from_millis(150 + dice.below(700))));
    }
    assert!(killed > 0, "every load was done before it was killed");
    // Through a server that is killed and comes back while the load goes on.
    let mut server = database.start(&data);
    let loading = std::thread::scope(|scope| {
        let thread = scope.spawn(|| load(database, &data, &files));
        std::thread::sleep(Duration::from_millis(200));
        server.kill();
        server = database.start(&data);
        thread.join().unwrap()
    });
    let mut sum = column(&loading, "accepted");
    for (kind, count) in column(&loading, "repeated") {
        *sum.entry(kind).or_default() += count;
    }
    assert_eq!(sum, wanted, "{loading}");
    assert_eq!(by_type(&documents(&server)), wanted);
    server.stop();
    for repository in repositories(&data, "default") {
        assert_eq!(repository.fsck(), None);
    }
    let resent = loading["resent"].as_count().unwrap();
    database.publish(
        "synthea-killed",
        &[format!(
            "a load killed {killed} times, then through a server killed under it ({resent} requests sent again): counts by type equal"
        )],
    );
}
