//! Generated patients whose references name their targets by criteria: hospitals and practitioners
//! are loaded first, under conditions, then ten patients; searches count what the files hold.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use vpr_http_tests::{
    Client, Database, Json, fhir_set, is_full, json_files, on_both_databases, parse, publish, shout,
};

on_both_databases!(generated_patients_are_found_as_they_were_loaded);

/// Patients of the sample.
const SAMPLE: usize = 10;

/// Hospitals, practitioners, then patients: the same ones each time, spread over the set.
fn files() -> Option<Vec<PathBuf>> {
    let all = json_files(&fhir_set("synthea-us-core-bundles")?);
    let name = |file: &PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
    let (first, patients): (Vec<_>, Vec<_>) = all.into_iter().partition(|file| name(file).starts_with("0-"));
    assert_eq!(first.len(), 2, "{first:?}");
    assert!(name(&first[0]).contains("hospital"), "hospitals are read before those who work there");
    let step = if is_full() { 1 } else { patients.len() / SAMPLE };
    let take = if is_full() { patients.len() } else { SAMPLE };
    shout(&format!("{take} of {} patients; VPR_FULL=1 takes all", patients.len()));
    Some(first.into_iter().chain(patients.into_iter().step_by(step).take(take)).collect())
}

/// What the files hold.
#[derive(Default)]
struct Input {
    entries: u64,
    in_transactions: u64,
    /// Of each type; of entries under the same condition the first alone is created.
    counts: BTreeMap<String, u64>,
    conditions: BTreeSet<String>,
    /// Encounters by the criteria of their service provider.
    provided: BTreeMap<String, u64>,
    final_observations: u64,
}

impl Input {
    fn of(files: &[PathBuf]) -> Self {
        let mut input = Self::default();
        for file in files {
            let bundle = parse(&fs::read_to_string(file).unwrap()).unwrap();
            bundle["entry"].items().iter().for_each(|entry| input.add(entry));
            if bundle["type"] == "transaction" {
                input.in_transactions += bundle["entry"].items().len() as u64;
            }
        }
        input
    }

    fn add(&mut self, entry: &Json) {
        let resource = &entry["resource"];
        let kind = resource["resourceType"].as_str().unwrap();
        self.entries += 1;
        if let Some(criteria) = entry["request"]["ifNoneExist"].as_str()
            && !self.conditions.insert(format!("{kind}?{criteria}"))
        {
            return;
        }
        *self.counts.entry(kind.to_owned()).or_default() += 1;
        if let Some(provider) = resource["serviceProvider"]["reference"].as_str()
            && kind == "Encounter"
        {
            let (_, criteria) = provider.split_once("?identifier=").unwrap();
            *self.provided.entry(criteria.to_owned()).or_default() += 1;
        }
        self.final_observations += u64::from(kind == "Observation" && resource["status"] == "final");
    }
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

/// All types together, of a column of the report.
fn sum(report: &Json, column: &str) -> u64 {
    report["types"].members().iter().map(|(_, counts)| counts[column].as_count().unwrap()).sum()
}

fn total(client: &mut Client, path: &str) -> u64 {
    let answer = client.get(&format!("/fhir/{}", path.replace('|', "%7C"))).send();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    assert_eq!(answer.header("warning"), None, "{path}");
    answer.json()["total"].as_count().unwrap()
}

fn generated_patients_are_found_as_they_were_loaded(database: &Database) {
    let Some(files) = files() else { return };
    let input = Input::of(&files);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let started = Instant::now();
    let report = load(database, &data, &files);
    let took = started.elapsed();
    assert_eq!(
        (sum(&report, "accepted"), report["refusals"].as_count()),
        (input.entries, Some(0)),
        "{report}"
    );
    // Again: nothing new, as the counts below show. Entries of batches are told as accepted again.
    let again = load(database, &data, &files);
    assert!(sum(&again, "repeated") >= input.in_transactions, "{again}");
    assert_eq!(sum(&again, "repeated") + sum(&again, "accepted"), input.entries, "{again}");

    let server = database.start(&data);
    let mut client = server.client();
    for (kind, count) in &input.counts {
        assert_eq!(total(&mut client, &format!("{kind}?_count=0")), *count, "{kind}");
    }
    let all: u64 = input.counts.values().sum();
    assert_eq!(total(&mut client, "?_count=0"), all);
    // The conditional references lead to what the conditions created.
    for (criteria, count) in &input.provided {
        let path = format!("Encounter?service-provider:Organization.identifier={criteria}&_count=0");
        assert_eq!(total(&mut client, &path), *count, "{path}");
    }
    let path = "Observation?status=final&subject:Patient.birthdate=gt1000&_count=0";
    assert_eq!(total(&mut client, path), input.final_observations);
    let patients = client.get("/fhir/Patient?_count=1000").send().json();
    let mut within = 0;
    for entry in patients["entry"].items() {
        let id = entry["resource"]["id"].as_str().unwrap();
        within += total(&mut client, &format!("Patient/{id}/Observation?_count=0"));
    }
    assert_eq!(within, input.counts["Observation"], "each is in the compartment of one patient");
    server.stop();
    publish(
        &format!("synthea-search-{}", database.name()),
        &[format!(
            "generated patients on {}: {} files, {} entries, {} under conditions, accepted in {:.1} s; {all} resources of {} types \
             found by searches as the files hold them, encounters of {} organizations through conditional references",
            database.name(),
            files.len(),
            input.entries,
            input.conditions.len(),
            took.as_secs_f64(),
            input.counts.len(),
            input.provided.len(),
        )],
    );
}
