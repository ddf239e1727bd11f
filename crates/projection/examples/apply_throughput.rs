//! How long SQLite takes to apply Observations such as Synthea's, and to search among them.
//!
//! `cargo run --release -p vpr-projection --example apply_throughput [observations] [batch] [folder]`
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints its figures")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant as Clock;

use vpr_codec::Json;
use vpr_fhir::ResourceType;
use vpr_fhir::search::{ParseOptions, Scope, SearchLimits, extract, parse};
use vpr_projection::{
    AppliedChange, AppliedDocument, AppliedOperation, Limits, PageRequest, Place, Projection,
};
use vpr_types::{Instant, ObjectId, Seq, TenantName, Version};

const EACH: usize = 40;

fn observation(number: usize) -> String {
    let patient = number / EACH;
    format!(
        r#"{{"resourceType":"Observation","id":"o{number}",
        "meta":{{"profile":["http://hl7.org/fhir/StructureDefinition/Observation","http://hl7.org/fhir/StructureDefinition/vitalsigns"]}},
        "status":"final",
        "category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"{}","display":"vital-signs"}}]}}],
        "code":{{"coding":[{{"system":"http://loinc.org","code":"{}-{}","display":"Body Height"}}],"text":"Body Height"}},
        "subject":{{"reference":"Patient/8f7a{patient:08}"}},
        "encounter":{{"reference":"Encounter/e{patient:08}{}"}},
        "effectiveDateTime":"20{:02}-{:02}-{:02}T14:{:02}:21-04:00","issued":"2015-05-01T14:40:21.123-04:00",
        "valueQuantity":{{"value":{}.{},"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}}}}"#,
        if number.is_multiple_of(3) { "vital-signs" } else { "laboratory" },
        1000 + number * 7 % 190,
        number % 10,
        number % EACH / 8,
        number % 24,
        1 + number % 12,
        1 + number % 28,
        number % 60,
        number % 180,
        number % 100,
    )
}

fn change(seq: usize, numbers: std::ops::Range<usize>, version: u32) -> AppliedChange {
    let observation_type = ResourceType::parse("Observation").unwrap();
    let documents = numbers.map(|number| {
        let text = observation(if version == 1 { number } else { number + 1 });
        let json = Json::parse(text, &vpr_codec::Limits::default()).unwrap();
        AppliedDocument {
            resource: observation_type,
            id: format!("o{number}"),
            version: Version(version),
            operation: if version == 1 { AppliedOperation::Create } else { AppliedOperation::Update },
            object: Some(ObjectId([1; 20])),
            commit: ObjectId([version as u8; 20]),
            extracted: Some(Arc::new(extract(json.root()))),
        }
    });
    AppliedChange {
        seq: Seq(seq as u64),
        time: Instant(1_700_000_000_000_000 + seq as i64 * 1000),
        author: "load".to_owned(),
        documents: documents.collect(),
    }
}

/// The time that this thread has had on a processor.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

/// Rows and bytes of each table and index, for each document that lives.
fn print_rows(path: &std::path::Path, count: usize) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let each = |number: i64| number as f64 / count as f64;
    for table in tables {
        let rows: i64 =
            connection.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        if rows > 0 {
            println!("{table:10} {:6.2} rows a document", each(rows));
        }
    }
    let mut sizes = match connection.prepare("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name") {
        Ok(sizes) => sizes,
        Err(_) => return,
    };
    let sizes = sizes.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).unwrap();
    for (name, bytes) in sizes.map(Result::unwrap) {
        println!("{name:20} {:6.0} bytes a document", each(bytes));
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().map_or(20_000, |each| each.parse().unwrap());
    let batch: usize = arguments.next().map_or(1000, |each| each.parse().unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let folder = arguments.next().map_or(temporary.path().to_owned(), PathBuf::from);
    let place = Place::Sqlite { folder: folder.clone() };
    let projection = Projection::open(place, Limits::default()).unwrap();
    let tenant = TenantName::new("load").unwrap();
    projection.open_tenant(&tenant, [7; 32]).unwrap();

    let mut seq = 0;
    for (version, what) in [(1, "created"), (2, "updated")] {
        let of = if version == 1 { count } else { count / 5 };
        // A transaction of a patient's Observations is one change.
        let changes: Vec<AppliedChange> = (0..of / EACH)
            .map(|at| {
                seq += 1;
                change(seq, at * EACH..(at + 1) * EACH, version)
            })
            .collect();
        if version == 1 {
            let keys = changes[0].documents[0].extracted.as_ref().unwrap().keys.len();
            println!("{keys} keys a document");
        }
        let (begin, busy) = (Clock::now(), processor_seconds());
        for batch in changes.chunks(batch.div_ceil(EACH)) {
            projection.apply(&tenant, batch).unwrap();
        }
        let seconds = begin.elapsed().as_secs_f64();
        let busy = processor_seconds() - busy;
        let each = 1e6 / of as f64;
        println!("{what} {of}: {:.1} µs a document, {:.1} µs of the processor", seconds * each, busy * each);
    }
    print_rows(&folder.join("load.sqlite"), count);
    let size = std::fs::metadata(folder.join("load.sqlite")).unwrap().len();
    println!("{} bytes a document", size as usize / count);

    println!("ms a page of 50, with total");
    for url in [
        "",
        "patient=8f7a00000077",
        "patient=8f7a00000077&code=http://loinc.org|1007-1",
        "patient=8f7a00000077&_sort=-date",
        "code=http://loinc.org|1007-1",
        "category=vital-signs&_sort=-date",
        "category=laboratory&code=1007-1&date=ge2020&_sort=date",
        "date=ge2023-06&category=laboratory",
        "value-quantity=gt170|http://unitsofmeasure.org|cm&code=1007-1",
        "code-value-quantity=1007-1$gt170",
        "code:not=1007-1",
        "value-string:missing=true",
        "_sort=code,-date",
    ] {
        let parameters: Vec<(String, String)> = url
            .split('&')
            .filter_map(|each| each.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let scope = Scope::Types(vec![ResourceType::parse("Observation").unwrap()]);
        let options = ParseOptions {
            lenient: false,
            base: "http://here.example/fhir",
            now: Instant(1_700_000_060_000_000),
            limits: SearchLimits::default(),
        };
        let query = parse(scope, &parameters, &options).unwrap();
        let time = |total| {
            let request = PageRequest { limit: 50, total, ..PageRequest::default() };
            let found = projection.search(&tenant, &query, None, &request).unwrap();
            let begin = Clock::now();
            for _ in 0..5 {
                projection.search(&tenant, &query, None, &request).unwrap();
            }
            (begin.elapsed().as_secs_f64() * 200.0, found.total)
        };
        let ((alone, _), (with_total, total)) = (time(false), time(true));
        println!("{alone:8.2} {with_total:8.2}  {:>8}  {url}", total.unwrap_or(0));
    }
}
