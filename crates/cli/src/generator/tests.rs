use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vpr_codec::{Json, Limits};
use vpr_fhir::{ValidateOptions, validate};

use super::Population;

fn bundles(seed: u64, patients: u64) -> Vec<Value> {
    let population = Population { seed, patients };
    population.bundles().map(|text| serde_json::from_str(&text).unwrap()).collect()
}

fn entries(bundles: &[Value]) -> impl Iterator<Item = &Value> {
    bundles.iter().flat_map(|bundle| bundle["entry"].as_array().unwrap())
}

#[test]
fn the_seed_decides_everything_and_the_number_only_how_many() {
    let texts = |seed, patients| Population { seed, patients }.bundles().collect::<Vec<_>>();
    assert_eq!(texts(7, 5), texts(7, 5));
    assert_ne!(texts(7, 5), texts(8, 5));
    assert_eq!(texts(7, 5)[..7], texts(7, 9)[..7]);
}

#[test]
fn a_record_has_all_that_a_demonstration_needs() {
    let bundles = bundles(1, 40);
    assert_eq!(bundles.len(), 81);
    let mut types = BTreeMap::new();
    for entry in entries(&bundles) {
        *types.entry(entry["resource"]["resourceType"].as_str().unwrap()).or_insert(0) += 1;
    }
    assert_eq!((types["Organization"], types["Practitioner"], types["Patient"]), (1, 5, 80));
    assert!(
        types["Encounter"] >= 120 && types["Condition"] >= 40 && types["Observation"] >= 240,
        "{types:?}"
    );
    let names: BTreeSet<String> =
        entries(&bundles).map(|entry| entry["resource"]["name"][0]["family"].to_string()).collect();
    assert!(names.len() > 10 && names.iter().any(|name| !name.is_ascii()));
}

#[test]
fn links_are_unique_and_every_reference_leads_somewhere() {
    let bundles = bundles(3, 20);
    let mut known = BTreeSet::new();
    for bundle in &bundles {
        let entries = bundle["entry"].as_array().unwrap();
        let mut links = BTreeSet::new();
        for entry in entries {
            let link = entry["fullUrl"].as_str().unwrap();
            assert_eq!(link.len(), "urn:uuid:".len() + 36);
            assert!(links.insert(link.to_owned()), "{link} is used twice");
            let request = &entry["request"];
            if request["method"] == "PUT" {
                known.insert(request["url"].as_str().unwrap().to_owned());
            }
        }
        let mut references = Vec::new();
        collect(bundle, &mut references);
        for reference in references {
            assert!(links.contains(&reference) || known.contains(&reference), "{reference}");
        }
    }
}

#[test]
fn every_resource_is_valid_by_the_base_specification() {
    let bundles = bundles(11, 60);
    for entry in entries(&bundles) {
        let text = entry["resource"].to_string();
        let json = Json::parse(text.as_bytes(), &Limits::default()).unwrap();
        let issues = validate(json.root(), &ValidateOptions::default());
        assert!(issues.is_empty(), "{issues:?}\n{text}");
    }
}

fn collect(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            out.extend(members.get("reference").and_then(|r| r.as_str()).map(str::to_owned));
            members.values().for_each(|value| collect(value, out));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, out)),
        _ => {}
    }
}

#[test]
fn dates_are_dates_and_nothing_ends_before_it_begins() {
    for entry in entries(&bundles(5, 60)) {
        let resource = &entry["resource"];
        if let Some(born) = resource["birthDate"].as_str() {
            assert!(("1930-01-01".."2015-01-01").contains(&born), "{born}");
        }
        if let (Some(start), Some(end)) =
            (resource["period"]["start"].as_str(), resource["period"]["end"].as_str())
        {
            assert!(start < end && start > "2019-01-01", "{start} {end}");
        }
        if resource["resourceType"] == "Encounter" {
            assert_eq!(resource["status"] == "finished", resource["period"]["end"].is_string());
        }
    }
}
