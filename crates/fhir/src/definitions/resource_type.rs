use std::fmt;

use super::lookup::hash;
use super::{SearchParameter, Type};
use crate::generated::search::BY_TYPE;
use crate::generated::structures::{RESOURCE_HASH, RESOURCE_SLOTS, RESOURCES, TYPES};

/// One of the 146 resource types of R4, numbered in alphabetical order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceType(pub(crate) u16);

impl ResourceType {
    /// How many there are.
    pub const COUNT: usize = RESOURCES.len();

    /// All resource types in alphabetical order.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..Self::COUNT as u16).map(Self)
    }

    /// The resource type of that name; abstract types are none.
    #[must_use]
    #[inline]
    pub fn parse(name: &str) -> Option<Self> {
        let (bits, seed) = RESOURCE_HASH;
        let number = RESOURCE_SLOTS[(hash(name.as_bytes(), seed) >> (32 - bits)) as usize];
        let found = Self(u16::from(number));
        (number != u8::MAX && found.name() == name).then_some(found)
    }

    /// The name.
    #[must_use]
    #[inline]
    pub fn name(self) -> &'static str {
        TYPES[usize::from(RESOURCES[usize::from(self.0)])].0
    }

    /// Its place in [`ResourceType::all`], from 0.
    #[must_use]
    pub fn number(self) -> usize {
        usize::from(self.0)
    }

    /// Its definition.
    #[must_use]
    #[inline]
    pub fn definition(self) -> Type {
        Type(RESOURCES[usize::from(self.0)])
    }

    /// Whether it is a `DomainResource`, with narrative, contained resources and extensions.
    #[must_use]
    pub fn is_domain_resource(self) -> bool {
        self.definition().member("contained").is_some()
    }

    /// The search parameters of the standard for this type, those of every resource included,
    /// by code.
    pub fn search_parameters(self) -> impl ExactSizeIterator<Item = SearchParameter> {
        BY_TYPE[usize::from(self.0)].iter().map(|number| SearchParameter(*number))
    }

    /// The search parameter with that code.
    #[must_use]
    pub fn search_parameter(self, code: &str) -> Option<SearchParameter> {
        let numbers = BY_TYPE[usize::from(self.0)];
        let found = numbers.binary_search_by(|number| SearchParameter(*number).code().cmp(code)).ok()?;
        Some(SearchParameter(numbers[found]))
    }
}

impl fmt::Debug for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceType({})", self.name())
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_to_its_type_and_nothing_else_does() {
        assert_eq!(ResourceType::all().len(), 146);
        for each in ResourceType::all() {
            assert_eq!(ResourceType::parse(each.name()), Some(each));
            assert_eq!(each.definition().name(), each.name());
        }
        for other in ["", "Resource", "DomainResource", "patient", "Patientt", "HumanName", "Patient.contact"]
        {
            assert_eq!(ResourceType::parse(other), None, "{other}");
        }
        assert!(ResourceType::all().map(ResourceType::name).is_sorted());
    }

    #[test]
    fn only_three_resources_are_no_domain_resources() {
        let names: Vec<_> =
            ResourceType::all().filter(|each| !each.is_domain_resource()).map(ResourceType::name).collect();
        assert_eq!(names, ["Binary", "Bundle", "Parameters"]);
    }

    #[test]
    fn search_parameters_are_found_by_code() {
        for each in ResourceType::all() {
            let codes: Vec<_> = each.search_parameters().map(SearchParameter::code).collect();
            assert!(codes.is_sorted_by(|a, b| a < b), "{each}: {codes:?}");
            for parameter in each.search_parameters() {
                assert_eq!(each.search_parameter(parameter.code()), Some(parameter));
            }
            assert!(codes.contains(&"_id") && codes.contains(&"_lastUpdated"));
            assert_eq!(codes.contains(&"_text"), each.is_domain_resource());
        }
        let observation = ResourceType::parse("Observation").unwrap();
        assert_eq!(observation.search_parameter("nonsense"), None);
    }
}
