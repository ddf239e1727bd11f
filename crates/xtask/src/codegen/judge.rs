//! The definitions as plain tables for the tests that judge searches: one row a line, fields
//! separated by tabs. The judge reads them with code of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write;

use serde_json::Value;

use super::package::Files;
use super::structures::{Structures, text};
use super::terminology::Terminology;

/// Base type, code, type, target types, expression, and for composites `code=expression` of each
/// component, separated by `;`.
pub(super) fn search_parameters(files: &Files) -> Result<String, Box<dyn Error>> {
    let list = files.get("Bundle-searchParams.json").ok_or("no list of search parameters")?;
    let list: Vec<&Value> =
        list["entry"].as_array().ok_or("no entries")?.iter().map(|entry| &entry["resource"]).collect();
    let codes: BTreeMap<&str, &str> =
        list.iter().filter_map(|each| Some((each["url"].as_str()?, each["code"].as_str()?))).collect();
    let mut rows = BTreeSet::new();
    for parameter in list {
        let mut components = Vec::new();
        for component in items(&parameter["component"]) {
            let definition = text(component, "definition")?;
            let code = codes.get(definition).ok_or_else(|| format!("no parameter {definition}"))?;
            components.push(format!("{code}={}", text(component, "expression")?));
        }
        let targets: Vec<&str> = items(&parameter["target"]).filter_map(Value::as_str).collect();
        for base in items(&parameter["base"]).filter_map(Value::as_str) {
            rows.insert(format!(
                "{base}\t{}\t{}\t{}\t{}\t{}\n",
                text(parameter, "code")?,
                text(parameter, "type")?,
                targets.join(" "),
                parameter["expression"].as_str().unwrap_or_default(),
                components.join(";")
            ));
        }
    }
    Ok(rows.into_iter().collect())
}

/// Type, JSON member, element, the member's type, least number, whether it repeats (`*`), types of
/// the targets, and the value set of a required binding.
pub(super) fn elements(structures: &Structures) -> String {
    let mut out = String::new();
    for its_type in &structures.types {
        for element in &its_type.elements {
            let binding = element.binding.as_ref().filter(|binding| binding.strength == 0);
            for member in &element.members {
                let _ = writeln!(
                    out,
                    "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                    its_type.name,
                    member.name,
                    element.name,
                    member.type_name,
                    element.min,
                    if element.repeats { "*" } else { "1" },
                    member.targets.join(" "),
                    binding.map(|binding| binding.value_set.as_str()).unwrap_or_default(),
                );
            }
        }
    }
    out
}

/// Value set, code, system: of every value set to which an element is bound as required and that
/// HL7 publishes expanded.
pub(super) fn codes(structures: &Structures, terminology: &Terminology) -> String {
    let required: BTreeSet<&str> = structures
        .types
        .iter()
        .flat_map(|each| &each.elements)
        .filter_map(|element| element.binding.as_ref())
        .filter(|binding| binding.strength == 0)
        .map(|binding| binding.value_set.as_str())
        .collect();
    let mut rows = BTreeSet::new();
    for value_set in terminology.value_sets.iter().filter(|each| required.contains(each.url.as_str())) {
        for (code, system) in &value_set.codes {
            rows.insert(format!("{}\t{code}\t{system}\n", value_set.url));
        }
    }
    rows.into_iter().collect()
}

/// Type of the owner, type of the member, and the parameters that make it one.
pub(super) fn compartments(files: &Files) -> Result<String, Box<dyn Error>> {
    let mut rows = BTreeSet::new();
    for definition in files.values().filter(|file| file["resourceType"] == "CompartmentDefinition") {
        if text(definition, "id")? == "example" {
            continue;
        }
        for resource in items(&definition["resource"]) {
            let parameters: Vec<&str> = items(&resource["param"]).filter_map(Value::as_str).collect();
            if !parameters.is_empty() {
                let (owner, member) = (text(definition, "code")?, text(resource, "code")?);
                rows.insert(format!("{owner}\t{member}\t{}\n", parameters.join(" ")));
            }
        }
    }
    Ok(rows.into_iter().collect())
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
