use super::ResourceType;
use crate::generated::search::COMPARTMENTS;

/// A compartment of the standard (R4 §2.2): the resources that belong to one patient, encounter,
/// practitioner, related person or device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Compartment(u16);

impl Compartment {
    /// Device, Encounter, Patient, Practitioner, RelatedPerson.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..COMPARTMENTS.len() as u16).map(Self)
    }

    /// The compartment of that resource type.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::all().find(|each| each.code() == code)
    }

    /// The resource type whose instances have the compartment.
    #[must_use]
    pub fn code(self) -> &'static str {
        COMPARTMENTS[usize::from(self.0)].0
    }

    /// The resource types that can be in it, in alphabetical order, with the search parameters
    /// any of which places them there; `{def}` is the resource itself.
    pub fn members(self) -> impl ExactSizeIterator<Item = (ResourceType, &'static [&'static str])> {
        COMPARTMENTS[usize::from(self.0)].1.iter().map(|(number, codes)| (ResourceType(*number), *codes))
    }

    /// The search parameters that place this type in the compartment; none if it never is.
    #[must_use]
    pub fn parameters(self, resource: ResourceType) -> &'static [&'static str] {
        let rows = COMPARTMENTS[usize::from(self.0)].1;
        rows.binary_search_by_key(&resource.0, |(number, _)| *number).map_or(&[], |found| rows[found].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_a_compartment_exists() {
        let codes: Vec<_> = Compartment::all().map(Compartment::code).collect();
        assert_eq!(codes, ["Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"]);
        for compartment in Compartment::all() {
            for (resource, parameters) in compartment.members() {
                assert_eq!(compartment.parameters(resource), parameters);
                for code in parameters {
                    let exists = *code == "{def}" || resource.search_parameter(code).is_some();
                    assert!(exists, "{} {resource} {code}", compartment.code());
                }
            }
        }
        let patient = Compartment::parse("Patient").unwrap();
        let observation = ResourceType::parse("Observation").unwrap();
        assert_eq!(patient.parameters(observation), ["subject", "performer"]);
        assert!(patient.parameters(ResourceType::parse("Organization").unwrap()).is_empty());
    }
}
