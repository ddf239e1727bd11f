//! What the elements of a resource say to a search parameter (R4 §3.1.1.4).

use vpr_http_tests::Json;

use crate::definitions::{Kind, Parameter, definitions};
use crate::exact::Exact;
use crate::moment::Span;
use crate::path::Node;

/// One value of a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A code; either part may be absent.
    Token(System, Option<String>),
    /// A span of time, and whether it has no end because the data leaves it open.
    Date(Span),
    /// A span of numbers.
    Number(Extent),
    /// An amount.
    Quantity(Amount),
    /// A text.
    Text(String),
    /// The family name, given names … of one name; each is a text of its own.
    FamilyName(String),
    /// A URI.
    Uri(String),
    /// A reference.
    Reference(Reference),
    /// The values of each part of a composite, of one element.
    Composite(Vec<Vec<Value>>),
    /// Something that the standard does not say how to compare.
    Unclear(&'static str),
}

/// The system of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// None.
    None,
    /// This one, as the data says.
    Written(String),
    /// This one, as the definition of the element says.
    Bound(String),
    /// The definitions available here do not say.
    Unknown,
}

/// From `low` to `high`, both included; open where absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The least.
    pub low: Option<Exact>,
    /// The greatest.
    pub high: Option<Exact>,
    /// Whether the bounds themselves are left out (`<`), which the standard does not weigh.
    pub vague: bool,
}

/// A Quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Amount {
    /// How much.
    pub extent: Extent,
    /// `Quantity.system`
    pub system: Option<String>,
    /// `Quantity.code`
    pub code: Option<String>,
    /// `Quantity.unit`
    pub unit: Option<String>,
}

/// Where a reference points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// At a resource of this server: type, id, version.
    Local(String, String, Option<String>),
    /// Elsewhere.
    Absolute(String),
    /// By canonical URL, and version.
    Canonical(String, Option<String>),
    /// By identifier: system and value.
    Logical(Option<String>, Option<String>),
}

/// The values of a resource for one parameter.
#[derive(Debug, Default)]
pub struct Found {
    /// The values.
    pub values: Vec<Value>,
    /// Whether some element is there that has no value to compare, a text without code for example.
    pub bare: bool,
}

/// Type, id and version of `Type/id[/_history/version]` at the end of a relative or absolute URL.
#[must_use]
pub(crate) fn split_reference(text: &str) -> Option<(&str, &str, Option<&str>)> {
    let (rest, version) = match text.split_once("/_history/") {
        Some((rest, version)) => (rest, Some(version)),
        None => (text, None),
    };
    let (before, id) = rest.rsplit_once('/')?;
    let type_name = before.rsplit('/').next()?;
    let known = definitions().members(type_name).iter().any(|member| member.name == "implicitRules");
    known.then_some((type_name, id, version))
}

/// What a resource says for a parameter.
#[must_use]
pub(crate) fn find(parameter: &Parameter, resource: &Json) -> Found {
    let mut found = Found::default();
    let Some(path) = &parameter.path else { return found };
    for node in path.find(resource) {
        let before = found.values.len();
        if parameter.kind == Kind::Composite {
            let part = |(kind, path): &(Kind, crate::path::Path)| {
                let mut values = Vec::new();
                path.find_in(node, resource).into_iter().for_each(|node| read(*kind, node, &mut values));
                values
            };
            let parts: Vec<_> = parameter.components.iter().map(part).collect();
            if parts.iter().all(|part| !part.is_empty()) {
                found.values.push(Value::Composite(parts));
            }
        } else {
            read(parameter.kind, node, &mut found.values);
        }
        found.bare |= found.values.len() == before;
    }
    found
}

fn read(kind: Kind, node: Node<'_>, values: &mut Vec<Value>) {
    match kind {
        Kind::Token => token(node, values),
        Kind::Date => values.extend(date(node)),
        Kind::Number => values.extend(number(node).map(Value::Number)),
        Kind::Quantity => values.extend(quantity(node)),
        Kind::Text => text(node, values),
        Kind::Uri => values.extend(node.value.as_str().map(|uri| Value::Uri(uri.to_owned()))),
        Kind::Reference => reference(node, values),
        Kind::Composite | Kind::Special => values.push(Value::Unclear("no such kind of value")),
    }
}

fn member(value: &Json, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

fn token(node: Node<'_>, values: &mut Vec<Value>) {
    let value = node.value;
    let mut push = |system: System, code: Option<String>| {
        if code.is_some() || system != System::None {
            values.push(Value::Token(system, code));
        }
    };
    let written = |value: &Json| member(value, "system").map_or(System::None, System::Written);
    match node.type_name {
        "CodeableConcept" => {
            for coding in value["coding"].items() {
                push(written(coding), member(coding, "code"));
            }
        }
        "Coding" => push(written(value), member(value, "code")),
        "Identifier" => push(written(value), member(value, "value")),
        // `ContactPoint.system` is what kind of contact it is, no code system.
        "ContactPoint" => push(System::None, member(value, "value")),
        "boolean" => push(System::None, Some(value.to_string())),
        "code" => {
            if let Some(code) = value.as_str() {
                push(bound(node.value_set, code), Some(code.to_owned()));
            }
        }
        "string" | "id" | "uri" | "oid" | "uuid" | "url" | "canonical" => {
            push(System::None, value.as_str().map(str::to_owned));
        }
        _ => values.push(Value::Unclear("a token of an unknown type")),
    }
}

/// A code element has the system that its required binding names for the code.
fn bound(value_set: &str, code: &str) -> System {
    if value_set.is_empty() {
        return System::None;
    }
    let codes = definitions().codes(value_set);
    let mut systems = codes.iter().filter(|(each, _)| *each == code).map(|(_, system)| *system);
    match (systems.next(), systems.next()) {
        (Some(system), None) => System::Bound(system.to_owned()),
        (Some(_), Some(_)) => System::None,
        (None, _) => System::Unknown,
    }
}

fn date(node: Node<'_>) -> Option<Value> {
    let value = node.value;
    match node.type_name {
        "date" | "dateTime" | "instant" => value.as_str().map(|text| Value::Date(Span::of(text))),
        "Period" => period(value).map(Value::Date),
        "Timing" => {
            let events =
                value["event"].items().iter().filter_map(Json::as_str).map(Span::of).reduce(Span::hull);
            let bounds = period(&value["repeat"]["boundsPeriod"]);
            match (events, bounds) {
                (Some(span), None) | (None, Some(span)) => Some(Value::Date(span)),
                _ => Some(Value::Unclear("the outer limits of this Timing")),
            }
        }
        "string" => None,
        _ => Some(Value::Unclear("a date of an unknown type")),
    }
}

/// A period is from the first moment of its start to the last of its end; open where one is absent.
fn period(value: &Json) -> Option<Span> {
    let (start, end) = (value["start"].as_str(), value["end"].as_str());
    let low = start.map_or(i64::MIN, |start| Span::of(start).low);
    let high = end.map_or(i64::MAX, |end| Span::of(end).high);
    (start.is_some() || end.is_some()).then_some(Span { low, high })
}

fn exact(value: &Json) -> Option<Exact> {
    if let Json::Number(text) = value { Some(Exact::parse(text).0) } else { None }
}

fn point(value: Exact) -> Extent {
    Extent { low: Some(value), high: Some(value), vague: false }
}

fn number(node: Node<'_>) -> Option<Extent> {
    match node.type_name {
        "Range" => range(node.value),
        _ => exact(node.value).map(point),
    }
}

fn range(value: &Json) -> Option<Extent> {
    let (low, high) = (exact(&value["low"]["value"]), exact(&value["high"]["value"]));
    (low.is_some() || high.is_some()).then_some(Extent { low, high, vague: false })
}

fn quantity(node: Node<'_>) -> Option<Value> {
    let value = node.value;
    let extent = match node.type_name {
        "Quantity" | "Age" | "Duration" | "Count" | "Distance" => {
            let amount = exact(&value["value"])?;
            match value["comparator"].as_str() {
                None => point(amount),
                Some("<") => Extent { low: None, high: Some(amount), vague: true },
                Some("<=") => Extent { low: None, high: Some(amount), vague: false },
                Some(">") => Extent { low: Some(amount), high: None, vague: true },
                Some(_) => Extent { low: Some(amount), high: None, vague: false },
            }
        }
        "Range" => range(value)?,
        _ => return Some(Value::Unclear("a quantity of an unknown type")),
    };
    let said = match node.type_name {
        "Range" if value["low"].members().is_empty() => &value["high"],
        "Range" => &value["low"],
        _ => value,
    };
    let (system, code, unit) = (member(said, "system"), member(said, "code"), member(said, "unit"));
    Some(Value::Quantity(Amount { extent, system, code, unit }))
}

fn text(node: Node<'_>, values: &mut Vec<Value>) {
    let value = node.value;
    let parts: &[&str] = match node.type_name {
        "HumanName" => &["text", "given", "prefix", "suffix"],
        "Address" => &["text", "line", "city", "district", "state", "postalCode", "country"],
        _ => {
            values.extend(value.as_str().map(|text| Value::Text(text.to_owned())));
            return;
        }
    };
    values.extend(member(value, "family").map(Value::FamilyName));
    for part in parts {
        let part = &value[*part];
        let texts = part.items().iter().chain([part]).filter_map(Json::as_str);
        values.extend(texts.map(|text| Value::Text(text.to_owned())));
    }
}

fn reference(node: Node<'_>, values: &mut Vec<Value>) {
    let value = node.value;
    if let Some(canonical) = value.as_str() {
        let canonical = canonical.split('#').next().unwrap_or_default();
        let (url, version) = match canonical.split_once('|') {
            Some((url, version)) => (url, Some(version.to_owned())),
            None => (canonical, None),
        };
        values.push(Value::Reference(Reference::Canonical(url.to_owned(), version)));
        return;
    }
    if let Some(text) = value["reference"].as_str().filter(|text| !text.starts_with('#')) {
        let local = split_reference(text).filter(|_| !text.contains(':'));
        values.push(Value::Reference(match local {
            Some((type_name, id, version)) => {
                Reference::Local(type_name.to_owned(), id.to_owned(), version.map(str::to_owned))
            }
            None => Reference::Absolute(text.to_owned()),
        }));
    }
    let identifier = &value["identifier"];
    if !identifier.members().is_empty() {
        let (system, value) = (member(identifier, "system"), member(identifier, "value"));
        values.push(Value::Reference(Reference::Logical(system, value)));
    }
}
