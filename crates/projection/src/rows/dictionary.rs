use std::collections::HashMap;
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};
use vpr_fhir::ResourceType;
use vpr_fhir::definitions::SearchParameter;

/// What of a parameter's values a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// The values themselves.
    Value = 0,
    /// The identifiers of logical references.
    Identifier = 1,
}

static TYPES: LazyLock<Vec<ResourceType>> = LazyLock::new(|| ResourceType::all().collect());

static PARAMETERS: LazyLock<HashMap<SearchParameter, i64>> =
    LazyLock::new(|| SearchParameter::all().zip(0..).collect());

/// More than there are types (148), so that a type fits below a parameter.
const TYPES_MAX: i64 = 256;
const ASPECTS: i64 = 2;

/// The number that stands for a type in the tables.
pub(crate) fn type_number(resource: ResourceType) -> i64 {
    i64::try_from(resource.number()).unwrap_or(i64::MAX)
}

/// The type of a number.
pub(crate) fn type_of(number: i64) -> Option<ResourceType> {
    TYPES.get(usize::try_from(number).ok()?).copied()
}

/// The number that stands for a parameter on a type in the tables.
pub(crate) fn pk(resource: ResourceType, parameter: SearchParameter, aspect: Aspect) -> i64 {
    pk_base(parameter, aspect) + type_number(resource)
}

/// The number that the type's is added to.
pub(crate) fn pk_base(parameter: SearchParameter, aspect: Aspect) -> i64 {
    (PARAMETERS.get(&parameter).copied().unwrap_or(0) * ASPECTS + aspect as i64) * TYPES_MAX
}

/// Whether resources of the type have the parameter.
pub(crate) fn applies(parameter: SearchParameter, resource: ResourceType) -> bool {
    resource.search_parameter(parameter.code()) == Some(parameter)
}

/// Whether a parameter's tokens have a row for the system alone. Identifiers do, whose systems say
/// what they are; for others, who asks for a system alone looks at all of the parameter's rows.
pub(crate) fn has_system_rows(parameter: SearchParameter, aspect: Aspect) -> bool {
    aspect == Aspect::Identifier || parameter.code() == "identifier"
}

/// Tells two sets of definitions apart: the numbers above mean something else in another set.
pub(crate) fn fingerprint() -> Vec<u8> {
    let mut hasher = Sha256::new();
    for resource in ResourceType::all() {
        hasher.update(resource.name());
        hasher.update([0]);
    }
    for parameter in SearchParameter::all() {
        hasher.update(parameter.url());
        hasher.update([0]);
    }
    hasher.finalize()[..16].to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_are_distinct_and_small() {
        assert!(ResourceType::COUNT <= usize::try_from(TYPES_MAX).unwrap());
        let mut seen = HashSet::new();
        for parameter in SearchParameter::all() {
            for aspect in [Aspect::Value, Aspect::Identifier] {
                for resource in ResourceType::all() {
                    let pk = pk(resource, parameter, aspect);
                    assert!(i32::try_from(pk).is_ok() && seen.insert(pk));
                    assert_eq!(type_of(pk % TYPES_MAX), Some(resource));
                }
            }
        }
    }
}
