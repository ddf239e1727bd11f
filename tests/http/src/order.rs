//! The order of elements in the standard, from its own StructureDefinitions.

use std::collections::HashMap;
use std::path::Path;

use crate::json::{Json, parse};

/// For each path such as `Patient.contact`, its members in the standard's order with the path
/// that their own members are found under.
#[derive(Debug, Default)]
pub struct StandardOrder {
    members: HashMap<String, Vec<(String, String)>>,
}

impl StandardOrder {
    /// Reads the definitions of all resources and datatypes in a folder.
    ///
    /// # Panics
    /// When they cannot be read.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let mut order = Self::default();
        for path in crate::data::json_files(folder) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with("StructureDefinition-") {
                let definition = parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
                if definition["derivation"] != "constraint" {
                    order.add(&definition);
                }
            }
        }
        assert!(order.members.contains_key("Patient") && order.members.contains_key("HumanName"));
        order
    }

    fn add(&mut self, definition: &Json) {
        for element in definition["snapshot"]["element"].items() {
            let path = element["path"].as_str().unwrap();
            let Some((parent, name)) = path.rsplit_once('.') else { continue };
            let types: Vec<_> =
                element["type"].items().iter().filter_map(|each| each["code"].as_str()).collect();
            // What has members of its own is found under its own path, else under its type.
            let inline = |code: &str| match code {
                "BackboneElement" | "Element" => path.to_owned(),
                other => other.to_owned(),
            };
            let siblings = self.members.entry(parent.to_owned()).or_default();
            if let Some(stem) = name.strip_suffix("[x]") {
                for code in types {
                    let mut first = code.chars();
                    let capital = first.next().unwrap().to_ascii_uppercase();
                    siblings.push((format!("{stem}{capital}{}", first.as_str()), inline(code)));
                }
            } else if let Some(other) = element["contentReference"].as_str() {
                siblings.push((name.to_owned(), other.trim_start_matches('#').to_owned()));
            } else {
                let code = types.first().copied().unwrap_or_default();
                siblings.push((name.to_owned(), inline(code)));
            }
        }
    }

    /// Where the members of a resource do not stand in the standard's order, or are unknown to it.
    #[must_use]
    pub fn violations(&self, resource: &Json) -> Vec<String> {
        let mut found = Vec::new();
        let name = resource["resourceType"].as_str().unwrap_or_default();
        self.object(resource, name, name, &mut found);
        found
    }

    fn object(&self, object: &Json, definition: &str, place: &str, found: &mut Vec<String>) {
        let Some(known) = self.members.get(definition) else {
            // A primitive's own members are those of Element.
            if definition != "Element" {
                self.object(object, "Element", place, found);
            }
            return;
        };
        let mut last = None;
        for (at, (name, value)) in object.members().iter().enumerate() {
            // ExampleScenario.instance has an element of that name.
            if name == "resourceType" && !known.iter().any(|(each, _)| each == name) {
                if at > 0 {
                    found.push(format!("{place}.resourceType is not first"));
                }
                continue;
            }
            let plain = name.strip_prefix('_').unwrap_or(name);
            let Some(index) = known.iter().position(|(each, _)| each == plain) else {
                found.push(format!("{place}.{name} is not in {definition}"));
                continue;
            };
            let rank = (index, name.starts_with('_'));
            if last.is_some_and(|last| rank <= last) {
                found.push(format!("{place}.{name} stands too late"));
            }
            last = Some(rank);
            let below = if name.starts_with('_') { "Element" } else { known[index].1.as_str() };
            self.value(value, below, &format!("{place}.{name}"), found);
        }
    }

    fn value(&self, value: &Json, definition: &str, place: &str, found: &mut Vec<String>) {
        match value {
            Json::Array(items) => items.iter().for_each(|item| self.value(item, definition, place, found)),
            Json::Object(_) => {
                let inner = value["resourceType"].as_str().filter(|_| definition == "Resource");
                self.object(value, inner.unwrap_or(definition), place, found);
            }
            _ => {}
        }
    }
}
