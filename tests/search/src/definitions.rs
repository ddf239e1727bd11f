//! The standard's definitions, from the tables that `cargo xtask codegen` writes for this judge.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::path::Path;

/// The kind of a search parameter (R4 §3.1.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `number`
    Number,
    /// `date`
    Date,
    /// `string`
    Text,
    /// `token`
    Token,
    /// `reference`
    Reference,
    /// `composite`
    Composite,
    /// `quantity`
    Quantity,
    /// `uri`
    Uri,
    /// `special`
    Special,
}

/// A search parameter of one base type.
#[derive(Debug)]
pub struct Parameter {
    /// Its name in URLs.
    pub code: &'static str,
    /// How its values compare.
    pub kind: Kind,
    /// The types that it may refer to.
    pub targets: Vec<&'static str>,
    /// Where its values stand; `None` where the standard says nothing.
    pub path: Option<Path>,
    /// The parts of a composite: their kind and where they stand in the composite's element.
    pub components: Vec<(Kind, Path)>,
}

/// A JSON member that carries an element.
#[derive(Debug)]
pub struct Member {
    /// The JSON name.
    pub name: &'static str,
    /// The element's name; differs from the JSON name in choices.
    pub element: &'static str,
    /// The type of what stands there.
    pub type_name: &'static str,
    /// Whether the element must be there.
    pub required: bool,
    /// Whether it is an array.
    pub repeats: bool,
    /// The types that a reference may point at; none means any.
    pub targets: Vec<&'static str>,
    /// The value set of a required binding, or empty.
    pub value_set: &'static str,
}

/// The definitions of R4 (4.0.1).
pub struct Definitions {
    parameters: HashMap<&'static str, Vec<Parameter>>,
    members: HashMap<&'static str, Vec<Member>>,
    codes: HashMap<&'static str, Vec<(&'static str, &'static str)>>,
    compartments: HashMap<(&'static str, &'static str), Vec<&'static str>>,
}

/// The definitions, read once.
#[must_use]
pub fn definitions() -> &'static Definitions {
    static READ: OnceLock<Definitions> = OnceLock::new();
    READ.get_or_init(Definitions::read)
}

impl Definitions {
    fn read() -> Self {
        let mut members: HashMap<_, Vec<Member>> = HashMap::new();
        for row in rows(include_str!("../definitions/elements.tsv")) {
            let [holder, name, element, type_name, least, most, targets, value_set] = row[..] else {
                panic!("elements.tsv: {row:?}")
            };
            let targets = targets.split_whitespace().collect();
            let (required, repeats) = (least != "0", most == "*");
            let member = Member { name, element, type_name, required, repeats, targets, value_set };
            members.entry(holder).or_default().push(member);
        }
        let mut codes: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows(include_str!("../definitions/codes.tsv")) {
            codes.entry(row[0]).or_default().push((row[1], row[2]));
        }
        let compartments = rows(include_str!("../definitions/compartments.tsv"))
            .map(|row| ((row[0], row[1]), row[2].split(' ').collect()))
            .collect();
        Self { parameters: parameters(), members, codes, compartments }
    }

    /// The parameter of that name that a type has, its own or inherited.
    #[must_use]
    pub fn parameter(&self, type_name: &str, code: &str) -> Option<&Parameter> {
        self.parameters(type_name).find(|parameter| parameter.code == code)
    }

    /// All parameters of a type.
    pub fn parameters(&self, type_name: &str) -> impl Iterator<Item = &Parameter> {
        let is_domain = self.members(type_name).iter().any(|member| member.name == "contained");
        let bases = [Some(type_name), Some("Resource"), is_domain.then_some("DomainResource")];
        bases.into_iter().flatten().filter_map(|base| self.parameters.get(base)).flatten()
    }

    /// The members of a type, in the standard's order.
    #[must_use]
    pub fn members(&self, type_name: &str) -> &[Member] {
        self.members.get(type_name).map_or(&[], Vec::as_slice)
    }

    /// All types of resources.
    pub fn resource_types(&self) -> impl Iterator<Item = &'static str> {
        let is_resource = |members: &[Member]| members.iter().any(|member| member.name == "implicitRules");
        self.members.iter().filter(move |(_, members)| is_resource(members)).map(|(name, _)| *name)
    }

    /// The codes of a value set with their systems.
    #[must_use]
    pub fn codes(&self, value_set: &str) -> &[(&'static str, &'static str)] {
        self.codes.get(value_set).map_or(&[], Vec::as_slice)
    }

    /// The parameters that put a resource of type `member` into a compartment of an `owner`.
    #[must_use]
    pub fn compartment(&self, owner: &str, member: &str) -> &[&'static str] {
        let found = self.compartments.iter().find(|((a, b), _)| *a == owner && *b == member);
        found.map_or(&[], |(_, parameters)| parameters)
    }
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().map(|line| line.split('\t').collect())
}

fn parameters() -> HashMap<&'static str, Vec<Parameter>> {
    let table = include_str!("../definitions/search-parameters.tsv");
    let kinds: HashMap<(&str, &str), Kind> =
        rows(table).map(|row| ((row[0], row[1]), kind(row[2]))).collect();
    let mut parameters: HashMap<_, Vec<Parameter>> = HashMap::new();
    for row in rows(table) {
        let [base, code, kind_name, targets, expression, components] = row[..] else {
            panic!("search-parameters.tsv: {row:?}")
        };
        let components = components.split(';').filter(|text| !text.is_empty()).map(|component| {
            let (code, expression) = component.split_once('=').unwrap();
            (kinds[&(base, code)], Path::parse(expression))
        });
        parameters.entry(base).or_default().push(Parameter {
            code,
            kind: kind(kind_name),
            targets: targets.split_whitespace().collect(),
            path: (!expression.is_empty()).then(|| Path::parse(expression)),
            components: components.collect(),
        });
    }
    parameters
}

fn kind(name: &str) -> Kind {
    match name {
        "number" => Kind::Number,
        "date" => Kind::Date,
        "string" => Kind::Text,
        "token" => Kind::Token,
        "reference" => Kind::Reference,
        "composite" => Kind::Composite,
        "quantity" => Kind::Quantity,
        "uri" => Kind::Uri,
        "special" => Kind::Special,
        other => panic!("no kind {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_is_understood_and_names_are_found() {
        let all = definitions();
        assert_eq!(all.parameter("Patient", "birthdate").unwrap().kind, Kind::Date);
        assert_eq!(all.parameter("Patient", "_tag").unwrap().kind, Kind::Token);
        assert!(all.parameter("Patient", "value-quantity").is_none());
        let composite = all.parameter("Observation", "code-value-quantity").unwrap();
        assert_eq!(
            composite.components.iter().map(|each| each.0).collect::<Vec<_>>(),
            [Kind::Token, Kind::Quantity]
        );
        assert_eq!(all.compartment("Patient", "Observation"), ["subject", "performer"]);
        let gender = "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1";
        assert!(all.codes(gender).contains(&("female", "http://hl7.org/fhir/administrative-gender")));
    }
}
