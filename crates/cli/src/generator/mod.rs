//! Sample patients of our own: the same seed gives the same bytes, names are invented, codes are
//! a handful of well-known ones.
//!
//! A [`Population`] is a sequence of transaction Bundles (FHIR R4 §3.1.0.11) to be loaded in order:
//! first the hospital, then for each patient what was known at first and what changed later, so
//! that every record has a history to look at.

mod dice;
mod patient;
mod resources;
mod words;

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use dice::Dice;

/// Patients that are all decided by a seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Population {
    /// What decides them.
    pub(crate) seed: u64,
    /// How many.
    pub(crate) patients: u64,
}

impl Population {
    /// The Bundles, one after another, as JSON texts.
    pub(crate) fn bundles(self) -> impl Iterator<Item = String> {
        let hospital = std::iter::once_with(move || self.hospital());
        let patients = (1..=self.patients).flat_map(move |n| patient::bundles(self, n));
        hospital.chain(patients).map(|bundle| bundle.to_string())
    }

    /// The id of patient number `n`, from 1.
    pub(crate) fn patient_id(self, n: u64) -> String {
        format!("p{}-{n:04}", self.seed)
    }

    fn organization_id(self) -> String {
        format!("o{}-1", self.seed)
    }

    fn practitioner_id(self, n: u64) -> String {
        format!("d{}-{n}", self.seed)
    }

    fn hospital(self) -> Value {
        let mut dice = Dice::new(self.seed, 0);
        let mut entries =
            vec![update(&mut dice, resources::organization(&self.organization_id(), "Hôpital Saint-Érable"))];
        for n in 1..=PRACTITIONERS {
            let practitioner = resources::practitioner(&mut dice, &self.practitioner_id(n));
            entries.push(update(&mut dice, practitioner));
        }
        transaction(entries)
    }
}

const PRACTITIONERS: u64 = 5;

/// An entry, and the link by which others of its Bundle refer to it.
#[derive(Debug)]
struct BundleEntry {
    link: String,
    value: Value,
}

/// An entry that sets a resource whose id we choose.
fn update(dice: &mut Dice, resource: Value) -> BundleEntry {
    let url = format!("{}/{}", text(&resource, "resourceType"), text(&resource, "id"));
    entry(dice.urn(), resource, "PUT", &url)
}

/// An entry whose id the server chooses.
fn create(dice: &mut Dice, resource: Value) -> BundleEntry {
    let url = text(&resource, "resourceType").to_owned();
    entry(dice.urn(), resource, "POST", &url)
}

fn entry(link: String, resource: Value, method: &str, url: &str) -> BundleEntry {
    let value = json!({ "fullUrl": link, "resource": resource, "request": { "method": method, "url": url } });
    BundleEntry { link, value }
}

fn transaction(entries: Vec<BundleEntry>) -> Value {
    let entries: Vec<Value> = entries.into_iter().map(|entry| entry.value).collect();
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries })
}

fn text<'a>(resource: &'a Value, name: &str) -> &'a str {
    resource[name].as_str().unwrap_or_default()
}
