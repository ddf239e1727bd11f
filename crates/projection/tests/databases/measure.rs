use std::time::Instant;

use vpr_fhir::search::Query;
use vpr_projection::{AppliedChange, AppliedOperation, Limits, PageRequest, Projection};

use crate::world::{World, change, document, query};

const PATIENTS: usize = 5_000;
const OBSERVATIONS_EACH: usize = 20;
const BATCH: usize = 500;

fn history() -> Vec<AppliedChange> {
    let mut changes = Vec::new();
    for patient in 0..PATIENTS {
        let json = format!(
            r#"{{"resourceType":"Patient","id":"p{patient}","name":[{{"family":"Family{}","given":["Given{}"]}}],
            "birthDate":"19{:02}-0{}-11","gender":"{}","identifier":[{{"system":"http://a.example","value":"{patient}"}}]}}"#,
            patient % 997,
            patient % 313,
            patient % 100,
            1 + patient % 9,
            if patient.is_multiple_of(2) { "male" } else { "female" },
        );
        let mut documents =
            vec![document("Patient", &format!("p{patient}"), 1, AppliedOperation::Create, Some(&json))];
        for at in 0..OBSERVATIONS_EACH {
            let number = patient * OBSERVATIONS_EACH + at;
            let json = format!(
                r#"{{"resourceType":"Observation","id":"o{number}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"code{}"}}]}},
                "category":[{{"coding":[{{"system":"http://c.example","code":"{}"}}]}}],
                "subject":{{"reference":"Patient/p{patient}"}},"effectiveDateTime":"20{:02}-{:02}-{:02}T10:00:00Z",
                "valueQuantity":{{"value":{},"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}}}"#,
                number * 7 % 200,
                if number.is_multiple_of(3) { "vital-signs" } else { "laboratory" },
                number % 24,
                1 + number % 12,
                1 + number % 28,
                number % 180,
            );
            documents.push(document(
                "Observation",
                &format!("o{number}"),
                1,
                AppliedOperation::Create,
                Some(&json),
            ));
        }
        changes.push(change(changes.len() as u64 + 1, documents));
    }
    changes
}

const URLS: &[&str] = &[
    "Observation?",
    "Observation?patient=p77",
    "Observation?patient=p77&code=http://loinc.org|code39",
    "Observation?patient=p77&_sort=-date",
    "Observation?code=http://loinc.org|code39",
    "Observation?category=vital-signs&_sort=-date",
    "Observation?category=vital-signs&code=code39&date=ge2020&_sort=date",
    "Observation?date=ge2023-06&category=laboratory",
    "Observation?value-quantity=gt170|http://unitsofmeasure.org|mm[Hg]&code=code7",
    "Observation?patient.family=Family99",
    "Observation?patient.gender=male&code=code39",
    "Patient?family=Family9",
    "Patient?name:contains=mily99",
    "Patient?_has:Observation:patient:code=code39&gender=female",
    "Patient?identifier=http://a.example|4711",
    "Patient?gender:not=male&_sort=birthdate",
    "Patient?birthdate:missing=true",
    "Observation?patient=p77&_include=Observation:patient",
    "Patient?_id=p77&_revinclude=Observation:patient",
];

fn time(projection: &Projection, world: &World, query: &Query, total: bool) -> f64 {
    let request = PageRequest { limit: 50, total, ..PageRequest::default() };
    let ask = || projection.search(&world.tenant, query, None, &request).unwrap();
    ask();
    let begin = Instant::now();
    for _ in 0..5 {
        ask();
    }
    begin.elapsed().as_secs_f64() * 200.0
}

#[test]
#[ignore = "prints times"]
fn times() {
    let world = World::new(Limits::default());
    let changes = history();
    let documents = PATIENTS * (OBSERVATIONS_EACH + 1);
    for (name, projection) in [("SQLite", &world.sqlite), ("Postgres", &world.postgres)] {
        let begin = Instant::now();
        for batch in changes.chunks(BATCH / (OBSERVATIONS_EACH + 1)) {
            projection.apply(&world.tenant, batch).unwrap();
        }
        let seconds = begin.elapsed().as_secs_f64();
        println!("{name}: {documents} documents, {:.0}/s", documents as f64 / seconds);
    }
    // As many rows as there are megabytes.
    let size = world.owner(
        "SELECT FROM generate_series(1, (
            SELECT (sum(pg_total_relation_size(oid)) / 1000000)::int FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'))",
    );
    let files = std::fs::read_dir(world.folder.path()).unwrap();
    let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    println!("MB: SQLite {}, Postgres {size}", bytes / 1_000_000);
    for state in ["as loaded", "analyzed"] {
        if state == "analyzed" {
            world.owner("ANALYZE");
        }
        println!("{state}: ms a page, SQLite, Postgres; with total");
        for url in URLS {
            let query = query(url);
            let [a, b] = world.both().map(|each| time(each, &world, &query, false));
            let [c, d] = world.both().map(|each| time(each, &world, &query, true));
            println!("{a:8.2} {b:8.2} {c:8.2} {d:8.2}  {url}");
        }
    }
}
