//! Transactions of generated patients, by two generators of different age.

use std::fs;

use vpr_codec::{Json, Limits, Style, Value};
use vpr_fhir::{Edits, ReferenceKind, ValidateOptions, canonical, home, references, render, validate};
use vpr_types::Part;

use crate::data::{fhir_set, json_files};
use crate::oracle;

const OPTIONS: ValidateOptions = ValidateOptions { conditional_references: true };

/// What a set holds and where it would live.
#[derive(Default)]
struct Counts {
    resources: usize,
    references: usize,
    conditional: usize,
    urns: usize,
    in_records: usize,
}

fn check_resource(resource: Value<'_>, counts: &mut Counts) {
    counts.resources += 1;
    let form = canonical(resource, &Edits::default());
    // The oracle is slow; one in ten has every kind of resource.
    if counts.resources.is_multiple_of(10) {
        let text = String::from_utf8(form.clone()).unwrap();
        assert!(oracle::content(&text) == oracle::content_without_version(resource.raw()), "{resource:?}");
        let reversed = Json::parse(oracle::reversed(resource), &Limits::default()).unwrap();
        assert!(canonical(reversed.root(), &Edits::default()) == form, "{resource:?}");
        let sent = render(&form, 7, "2026-11-22T17:40:00.123Z", Style::Compact);
        let sent = Json::parse(sent, &Limits::default()).unwrap();
        assert!(canonical(sent.root(), &Edits::default()) == form, "{resource:?}");
    }
}

/// Checks every bundle of a set; gives what it holds.
fn check_set(name: &str) -> Option<Counts> {
    let folder = fhir_set(name)?;
    let mut counts = Counts::default();
    for path in json_files(&folder) {
        let json = Json::parse(fs::read(&path).unwrap(), &Limits::default()).unwrap();
        let issues = validate(json.root(), &OPTIONS);
        assert!(issues.is_empty(), "{}: {:?}", path.display(), issues[0]);
        for each in references(json.root()) {
            counts.references += 1;
            match each.kind() {
                ReferenceKind::Conditional { .. } => counts.conditional += 1,
                ReferenceKind::Urn(_) => counts.urns += 1,
                _ => {}
            }
        }
        let entries: Vec<_> = json.root().get("entry").unwrap().items().collect();
        // As a transaction would: each entry's full URL becomes a relative reference.
        let links = entries.iter().filter_map(|entry| {
            let resource = entry.get("resource")?;
            let name = resource.get("resourceType")?.as_str()?;
            let id = resource.get("id")?.as_str()?;
            Some((entry.get("fullUrl")?.as_str()?.into_owned(), format!("{name}/{id}")))
        });
        let links = links.collect();
        let edits = Edits { id: None, links: Some(&links) };
        for resource in entries.iter().filter_map(|entry| entry.get("resource")) {
            check_resource(resource, &mut counts);
            let home = home(resource, &edits);
            counts.in_records += usize::from(home.part != Part::Registry);
        }
    }
    Some(counts)
}

#[test]
fn transactions_of_2021_are_valid_and_kept_whole() {
    let Some(counts) = check_set("synthea-2021-bundles") else { return };
    assert_eq!(counts.resources, 32_220);
    assert!(counts.urns > 50_000 && counts.conditional == 0, "{} of {}", counts.urns, counts.references);
    // All but Organization and Practitioner belong to the one patient of the bundle.
    assert!(counts.in_records > 30_000, "{}", counts.in_records);
}

#[test]
fn transactions_of_us_core_are_valid_and_kept_whole() {
    let Some(counts) = check_set("synthea-us-core-bundles") else { return };
    assert_eq!(counts.resources, 49_808);
    assert!(counts.urns > 50_000 && counts.conditional > 10_000, "{} {}", counts.urns, counts.conditional);
    assert!(counts.in_records > 45_000, "{}", counts.in_records);
}
