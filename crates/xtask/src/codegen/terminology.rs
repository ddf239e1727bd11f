use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use serde_json::Value;

use super::package::Files;
use super::structures::{Binding, Structures, text};

/// How a code is checked against a value set; the numbers are those of `Membership` in `vpr-fhir`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Membership {
    Unknown = 0,
    Enumerated = 1,
    Language = 2,
    MediaType = 3,
    Unit = 4,
}

/// A value set some element is bound to.
pub(super) struct ValueSet {
    pub(super) url: String,
    pub(super) membership: Membership,
    /// (code, system), sorted; empty unless enumerated.
    pub(super) codes: Vec<(String, String)>,
}

/// The bindings and the value sets they name.
pub(super) struct Terminology {
    pub(super) bindings: Vec<Binding>,
    pub(super) value_sets: Vec<ValueSet>,
    pub(super) systems: Vec<String>,
}

impl Terminology {
    pub(super) fn read(structures: &Structures, expansions: &Files) -> Result<Self, Box<dyn Error>> {
        let mut by_url = BTreeMap::new();
        for value_set in expansions.values() {
            by_url.insert(text(value_set, "url")?, value_set);
        }
        let bindings: BTreeSet<Binding> = structures
            .types
            .iter()
            .flat_map(|each| &each.elements)
            .filter_map(|element| element.binding.clone())
            .collect();
        let required: BTreeSet<&str> =
            bindings.iter().filter(|each| each.strength == 0).map(|each| each.value_set.as_str()).collect();
        let named: BTreeSet<&str> =
            bindings.iter().flat_map(|each| [each.value_set.as_str(), each.max.as_str()]).collect();
        let mut value_sets = Vec::new();
        for url in named.into_iter().filter(|url| !url.is_empty()) {
            let membership = by_form(url);
            let mut codes = BTreeSet::new();
            let plain = url.split('|').next().unwrap_or(url);
            if membership == Membership::Unknown
                && required.contains(url)
                && let Some(value_set) = by_url.get(plain)
            {
                enumerate(&value_set["expansion"]["contains"], &mut codes)?;
            }
            let membership = if codes.is_empty() { membership } else { Membership::Enumerated };
            value_sets.push(ValueSet { url: url.to_owned(), membership, codes: codes.into_iter().collect() });
        }
        let systems: BTreeSet<&String> =
            value_sets.iter().flat_map(|each| &each.codes).map(|(_, system)| system).collect();
        let systems = systems.into_iter().cloned().collect();
        Ok(Self { bindings: bindings.into_iter().collect(), value_sets, systems })
    }

    pub(super) fn value_set(&self, url: &str) -> Option<usize> {
        self.value_sets.iter().position(|each| each.url == url)
    }
}

/// Value sets without end are checked by the form of their codes.
fn by_form(url: &str) -> Membership {
    match url.split('|').next().unwrap_or(url) {
        "http://hl7.org/fhir/ValueSet/all-languages" => Membership::Language,
        "http://hl7.org/fhir/ValueSet/mimetypes" | "http://www.rfc-editor.org/bcp/bcp13.txt" => {
            Membership::MediaType
        }
        "http://hl7.org/fhir/ValueSet/ucum-units" => Membership::Unit,
        _ => Membership::Unknown,
    }
}

fn enumerate(contains: &Value, codes: &mut BTreeSet<(String, String)>) -> Result<(), Box<dyn Error>> {
    for each in contains.as_array().into_iter().flatten() {
        if each["abstract"] != true && each["code"].is_string() {
            codes.insert((text(each, "code")?.to_owned(), text(each, "system")?.to_owned()));
        }
        enumerate(&each["contains"], codes)?;
    }
    Ok(())
}
