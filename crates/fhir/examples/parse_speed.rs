//! How fast the parameters of searches are read.
//!
//! `cargo run --release -p vpr-fhir --example parse_speed`
#![expect(clippy::print_stdout, reason = "it is a program for people")]

use std::hint::black_box;
use std::time::Instant as Clock;

use vpr_fhir::ResourceType;
use vpr_fhir::search::{ParseOptions, Scope, SearchLimits, parse};
use vpr_types::Instant;

const ROUNDS: u32 = 100_000;

const SEARCHES: &[(&str, &str)] = &[
    ("Patient", "_id=5f2d3c1a"),
    ("Patient", "identifier=http://hospital.example/mrn|0815-4711"),
    ("Observation", "patient=5f2d3c1a&code=http://loinc.org|85354-9&date=ge2024-01-01&_sort=-date&_count=50"),
    ("Observation", "value-quantity=gt5.4|http://unitsofmeasure.org|mmol/L&status=final,amended"),
    ("Observation", "code-value-quantity=http://loinc.org|2823-3$gt5.4|http://unitsofmeasure.org|mmol/L"),
    ("Encounter", "subject:Patient.name=müller&class:not=IMP&_include=Encounter:subject&_total=accurate"),
    ("Patient", "_has:Observation:patient:code=1234-5&active=true&_elements=name,birthDate"),
    ("Provenance", "target._id=1"),
];

fn main() {
    for (name, query) in SEARCHES {
        let scope = Scope::Types(ResourceType::parse(name).into_iter().collect());
        let pairs: Vec<_> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let options = ParseOptions {
            lenient: false,
            base: "https://vpr.example/fhir",
            now: Instant(1_719_792_000_000_000),
            limits: SearchLimits::default(),
        };
        let read = || parse(scope.clone(), black_box(&pairs), &options).is_ok();
        assert!(read(), "{query}");
        let start = Clock::now();
        for _ in 0..ROUNDS {
            black_box(read());
        }
        println!("{:>8.2} µs  {name}?{query}", start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
    }
}
