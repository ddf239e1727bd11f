//! What can be searched for and included: whatever the parser of searches takes of the definitions.

use vpr_codec::Writer;
use vpr_fhir::ResourceType;
use vpr_fhir::definitions::{SearchParameter, SearchParameterType};
use vpr_fhir::search::{ParseOptions, Scope, SearchLimits, parse};
use vpr_types::Instant;

use super::{array, member};

/// Whether a search among `types` takes this parameter.
fn takes(types: &[ResourceType], name: &str, value: &str) -> bool {
    let options =
        ParseOptions { lenient: false, base: "http://a", now: Instant(0), limits: SearchLimits::default() };
    parse(Scope::Types(types.to_vec()), &[(name.to_owned(), value.to_owned())], &options).is_ok()
}

/// A value that a parameter of this type may have; a composite has one for each part.
fn sample(parameter: SearchParameter) -> String {
    match parameter.value_type() {
        SearchParameterType::Number | SearchParameterType::Quantity => "1".to_owned(),
        SearchParameterType::Date => "2020-01-01".to_owned(),
        SearchParameterType::Uri => "http://a".to_owned(),
        SearchParameterType::Composite => {
            let parts: Vec<_> = parameter.components().map(|(part, _)| sample(part)).collect();
            parts.join("$")
        }
        SearchParameterType::String
        | SearchParameterType::Token
        | SearchParameterType::Reference
        | SearchParameterType::Special => "a".to_owned(),
    }
}

/// `searchParam` of a type.
pub(super) fn of_resource(writer: &mut Writer, each: ResourceType) {
    parameters(writer, &[each], each.search_parameters());
}

/// `searchParam` of searches over all types.
pub(super) fn of_system(writer: &mut Writer) {
    let types: Vec<_> = ResourceType::all().collect();
    parameters(writer, &types, SearchParameter::all().filter(|each| each.bases() == ["Resource"]));
}

fn parameters(writer: &mut Writer, on: &[ResourceType], all: impl Iterator<Item = SearchParameter>) {
    array(writer, "searchParam", |writer| {
        for parameter in all.filter(|each| takes(on, each.code(), &sample(*each))) {
            writer.begin_object();
            member(writer, "name", parameter.code());
            member(writer, "definition", parameter.url());
            member(writer, "type", parameter.value_type().code());
            writer.end_object();
        }
    });
}

/// `searchInclude` and `searchRevInclude` of each type, by its number.
pub(super) struct Includes {
    forward: Vec<Vec<String>>,
    reverse: Vec<Vec<String>>,
}

impl Includes {
    /// All references that are search parameters and can be followed.
    pub(super) fn of_the_standard() -> Self {
        let mut forward = vec![Vec::new(); ResourceType::COUNT];
        let mut reverse = vec![Vec::new(); ResourceType::COUNT];
        for source in ResourceType::all() {
            let references =
                source.search_parameters().filter(|each| each.value_type() == SearchParameterType::Reference);
            for parameter in references {
                let name = format!("{source}:{}", parameter.code());
                if !takes(&[source], "_include", &name) {
                    continue;
                }
                let targets: Vec<_> = match parameter.targets() {
                    none if none.len() == 0 => ResourceType::all().collect(),
                    some => some.collect(),
                };
                // The definition tells the targets of all its types together; the parser knows better.
                for target in targets.into_iter().filter(|target| takes(&[*target], "_revinclude", &name)) {
                    reverse[target.number()].push(name.clone());
                }
                forward[source.number()].push(name);
            }
        }
        Self { forward, reverse }
    }

    pub(super) fn write(&self, writer: &mut Writer, each: ResourceType) {
        for (name, all) in [("searchInclude", &self.forward), ("searchRevInclude", &self.reverse)] {
            let all = &all[each.number()];
            if all.is_empty() {
                continue;
            }
            writer.key(name);
            writer.begin_array();
            for include in all {
                writer.string(include);
            }
            writer.end_array();
        }
    }
}

#[cfg(test)]
mod tests {
    use vpr_codec::Style;

    use super::*;

    #[test]
    fn references_lead_both_ways() {
        let includes = Includes::of_the_standard();
        let number = |name| ResourceType::parse(name).unwrap().number();
        let has = |all: &[Vec<String>], of, what: &str| all[number(of)].iter().any(|each| each == what);
        assert!(has(&includes.forward, "Observation", "Observation:subject"));
        assert!(has(&includes.reverse, "Patient", "Observation:subject"));
        assert!(has(&includes.reverse, "Group", "Observation:subject"));
        assert!(!has(&includes.reverse, "Organization", "Observation:subject"));
        assert!(has(&includes.reverse, "Organization", "Provenance:target"), "a reference to anything");
        assert!(!has(&includes.forward, "Observation", "Observation:code"));
        let canonical = "QuestionnaireResponse:questionnaire";
        assert!(!has(&includes.forward, "QuestionnaireResponse", canonical), "it is not followed");
    }

    /// Of 1375 parameters only those without an expression and the special ones are not built.
    #[test]
    fn every_parameter_is_taken_but_those_that_are_known_not_to_be() {
        let mut refused = std::collections::BTreeSet::new();
        for each in ResourceType::all() {
            for parameter in each.search_parameters() {
                if !takes(&[each], parameter.code(), &sample(parameter)) {
                    refused.insert(parameter.code());
                }
            }
        }
        assert_eq!(Vec::from_iter(refused), ["_content", "_query", "_text", "near"]);
        let mut writer = Writer::with_capacity(Style::Compact, 1024);
        writer.begin_object();
        of_system(&mut writer);
        writer.end_object();
        let text = String::from_utf8(writer.finish()).unwrap();
        assert!(text.contains("\"_lastUpdated\"") && !text.contains("_content"), "{text}");
    }
}
