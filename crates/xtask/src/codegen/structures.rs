use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use serde_json::Value;

use super::package::Files;

const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// What kind of thing a type is; the numbers are those of `TypeKind` in `vpr-fhir`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Primitive = 0,
    Complex = 1,
    Backbone = 2,
    Abstract = 3,
    Resource = 4,
}

/// A primitive, datatype, resource, or an element with children of its own.
pub(super) struct Type {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) elements: Vec<Element>,
}

/// One element in the standard's order.
pub(super) struct Element {
    pub(super) name: String,
    pub(super) min: u8,
    pub(super) repeats: bool,
    pub(super) modifier: bool,
    pub(super) summary: bool,
    pub(super) choice: bool,
    pub(super) binding: Option<Binding>,
    pub(super) members: Vec<Member>,
}

/// One JSON member that carries an element: several for a choice.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) targets: Vec<String>,
    pub(super) simple_quantity: bool,
}

/// A binding as the definitions give it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Binding {
    pub(super) strength: u8,
    pub(super) value_set: String,
    pub(super) max: String,
}

/// Every type, primitives first, then datatypes, abstract types and resources, each followed by
/// its backbone elements.
pub(super) struct Structures {
    pub(super) types: Vec<Type>,
    pub(super) primitives: usize,
}

impl Structures {
    pub(super) fn read(files: &Files) -> Result<Self, Box<dyn Error>> {
        let mut by_name: BTreeMap<String, (Kind, &Value)> = BTreeMap::new();
        for definition in files.values().filter(|file| file["resourceType"] == "StructureDefinition") {
            if definition["derivation"] == "constraint" {
                continue;
            }
            let name = text(definition, "name")?;
            let kind = match text(definition, "kind")? {
                "primitive-type" => Kind::Primitive,
                "complex-type" => Kind::Complex,
                "resource" if definition["abstract"] == true => Kind::Abstract,
                "resource" => Kind::Resource,
                _ => continue,
            };
            by_name.insert(name.to_owned(), (kind, definition));
        }
        let mut types = Vec::new();
        for kind in [Kind::Primitive, Kind::Complex, Kind::Abstract, Kind::Resource] {
            for (name, (_, definition)) in by_name.iter().filter(|(_, (its, _))| *its == kind) {
                if kind == Kind::Primitive {
                    types.push(Type { name: name.clone(), kind, elements: Vec::new() });
                } else {
                    read_type(name, kind, definition, &mut types)?;
                }
            }
        }
        let primitives = types.iter().filter(|each| each.kind == Kind::Primitive).count();
        Ok(Self { types, primitives })
    }

    pub(super) fn index(&self, name: &str) -> Result<usize, Box<dyn Error>> {
        self.types.iter().position(|each| each.name == name).ok_or_else(|| format!("no type {name}").into())
    }

    /// Concrete resource types in alphabetical order.
    pub(super) fn resources(&self) -> impl Iterator<Item = (usize, &Type)> {
        self.types.iter().enumerate().filter(|(_, each)| each.kind == Kind::Resource)
    }
}

fn read_type(
    name: &str,
    kind: Kind,
    definition: &Value,
    types: &mut Vec<Type>,
) -> Result<(), Box<dyn Error>> {
    let all = definition["snapshot"]["element"].as_array().ok_or("a definition without snapshot")?;
    let paths: Vec<&str> = all.iter().map(|element| text(element, "path")).collect::<Result<_, _>>()?;
    let parents: BTreeSet<&str> =
        paths.iter().filter_map(|path| path.rsplit_once('.')).map(|(parent, _)| parent).collect();
    // In the order of the definition, so that a backbone element follows the type it belongs to.
    for holder in paths.iter().filter(|path| parents.contains(*path) || **path == name) {
        let mut elements = Vec::new();
        for (element, path) in all.iter().zip(&paths) {
            let Some((parent, last)) = path.rsplit_once('.') else { continue };
            if parent == *holder {
                let nested = parents.contains(path).then_some(*path);
                elements.push(read_element(element, last, nested, kind)?);
            }
        }
        let kind = if *holder == name { kind } else { Kind::Backbone };
        types.push(Type { name: (*holder).to_owned(), kind, elements });
    }
    Ok(())
}

fn read_element(
    element: &Value,
    last: &str,
    nested: Option<&str>,
    holder: Kind,
) -> Result<Element, Box<dyn Error>> {
    let (name, choice) = last.strip_suffix("[x]").map_or((last, false), |stem| (stem, true));
    let mut members = Vec::new();
    if let Some(path) = nested {
        members.push(member(name, path));
    } else if let Some(reference) = element["contentReference"].as_str() {
        members.push(member(name, reference.strip_prefix('#').ok_or("a foreign contentReference")?));
    } else {
        let in_resource = matches!(holder, Kind::Resource | Kind::Abstract);
        for its_type in element["type"].as_array().ok_or("an element without type")? {
            let code = real_type(element, its_type, in_resource)?;
            let json = if choice { format!("{name}{}", upper_first(code)) } else { name.to_owned() };
            let mut each = member(&json, code);
            for target in its_type["targetProfile"].as_array().into_iter().flatten() {
                let target =
                    target.as_str().and_then(|url| url.strip_prefix(CORE)).ok_or("a foreign target")?;
                each.targets.push(target.to_owned());
            }
            if each.targets.iter().any(|target| target == "Resource") {
                each.targets.clear();
            }
            each.targets.sort();
            each.simple_quantity = its_type["profile"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|url| url == &format!("{CORE}SimpleQuantity"));
            members.push(each);
        }
    }
    Ok(Element {
        name: name.to_owned(),
        min: u8::try_from(element["min"].as_u64().ok_or("no min")?)?,
        repeats: match text(element, "max")? {
            "*" => true,
            "1" => false,
            other => return Err(format!("unknown max {other}").into()),
        },
        modifier: element["isModifier"] == true,
        summary: element["isSummary"] == true,
        choice,
        binding: binding(element)?,
        members,
    })
}

fn member(name: &str, type_name: &str) -> Member {
    Member {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        targets: Vec::new(),
        simple_quantity: false,
    }
}

/// The definitions say `System.String` where XML has an attribute; R4 says what is meant in an
/// extension, but calls the id of a resource a string where §2.27 of the standard says `id`.
fn real_type<'a>(element: &Value, its_type: &'a Value, in_resource: bool) -> Result<&'a str, Box<dyn Error>> {
    let code = text(its_type, "code")?;
    if !code.starts_with("http:") {
        return Ok(code);
    }
    if in_resource && element["base"]["path"] == "Resource.id" {
        return Ok("id");
    }
    let named = its_type["extension"].as_array().into_iter().flatten().find_map(|extension| {
        extension["url"].as_str().filter(|url| url.ends_with("structuredefinition-fhir-type"))?;
        extension["valueUrl"].as_str()
    });
    named.ok_or_else(|| format!("no type for {}", element["path"]).into())
}

fn binding(element: &Value) -> Result<Option<Binding>, Box<dyn Error>> {
    let binding = &element["binding"];
    if binding.is_null() {
        return Ok(None);
    }
    let strength = match text(binding, "strength")? {
        "required" => 0,
        "extensible" => 1,
        "preferred" => 2,
        "example" => 3,
        other => return Err(format!("unknown binding strength {other}").into()),
    };
    let max = binding["extension"].as_array().into_iter().flatten().find_map(|extension| {
        extension["url"].as_str().filter(|url| url.ends_with("elementdefinition-maxValueSet"))?;
        extension["valueCanonical"].as_str()
    });
    let value_set = binding["valueSet"].as_str().unwrap_or_default().to_owned();
    Ok(Some(Binding { strength, value_set, max: max.unwrap_or_default().to_owned() }))
}

/// The string member `name` of `value`.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Box<dyn Error>> {
    value[name].as_str().ok_or_else(|| format!("no {name} in {}", value["id"]).into())
}

fn upper_first(code: &str) -> String {
    let mut chars = code.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
