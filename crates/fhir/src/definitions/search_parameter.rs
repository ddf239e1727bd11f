use std::fmt;

use super::ResourceType;
use super::rows::{MULTIPLE_AND, MULTIPLE_OR};
use crate::codes::codes;
use crate::generated::search::SEARCH_PARAMETERS;

/// A search parameter of the standard (R4 §3.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SearchParameter(pub(crate) u16);

codes! {
    /// What a search parameter's values are (R4 §3.1.1.4).
    SearchParameterType {
        Number = "number",
        Date = "date",
        String = "string",
        Token = "token",
        Reference = "reference",
        Composite = "composite",
        Quantity = "quantity",
        Uri = "uri",
        Special = "special",
    }
}
codes! {
    /// A prefix of a value (R4 §3.1.1.4.5).
    Comparator {
        Eq = "eq",
        Ne = "ne",
        Gt = "gt",
        Lt = "lt",
        Ge = "ge",
        Le = "le",
        Sa = "sa",
        Eb = "eb",
        Ap = "ap",
    }
}
codes! {
    /// A suffix of a parameter's name (R4 §3.1.1.4.4).
    Modifier {
        Missing = "missing",
        Exact = "exact",
        Contains = "contains",
        Not = "not",
        Text = "text",
        In = "in",
        NotIn = "not-in",
        Below = "below",
        Above = "above",
        Type = "type",
        Identifier = "identifier",
        OfType = "ofType",
    }
}

impl SearchParameter {
    /// All of them, by code.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..SEARCH_PARAMETERS.len() as u16).map(Self)
    }

    /// The canonical URL.
    #[must_use]
    pub fn url(self) -> &'static str {
        SEARCH_PARAMETERS[usize::from(self.0)].0
    }

    /// The name in a query.
    #[must_use]
    pub fn code(self) -> &'static str {
        SEARCH_PARAMETERS[usize::from(self.0)].1
    }

    /// What its values are.
    #[must_use]
    pub fn value_type(self) -> SearchParameterType {
        SearchParameterType::ALL[usize::from(SEARCH_PARAMETERS[usize::from(self.0)].2)]
    }

    /// The types it is defined on; may be `Resource` or `DomainResource`.
    #[must_use]
    pub fn bases(self) -> &'static [&'static str] {
        SEARCH_PARAMETERS[usize::from(self.0)].3
    }

    /// The FHIRPath expression of all its bases; empty for `_content`, `_query` and `_text`.
    #[must_use]
    pub fn expression(self) -> &'static str {
        SEARCH_PARAMETERS[usize::from(self.0)].4
    }

    /// The types a reference may point at; none means any.
    pub fn targets(self) -> impl ExactSizeIterator<Item = ResourceType> {
        SEARCH_PARAMETERS[usize::from(self.0)].5.iter().map(|number| ResourceType(*number))
    }

    /// The comparators the definition lists; none when it lists none.
    pub fn comparators(self) -> impl Iterator<Item = Comparator> {
        let mask = SEARCH_PARAMETERS[usize::from(self.0)].6;
        Comparator::ALL.iter().enumerate().filter(move |(at, _)| mask >> at & 1 == 1).map(|(_, each)| *each)
    }

    /// The modifiers the definition lists; R4's own definitions list none and leave them to the type.
    pub fn modifiers(self) -> impl Iterator<Item = Modifier> {
        let mask = SEARCH_PARAMETERS[usize::from(self.0)].7;
        Modifier::ALL.iter().enumerate().filter(move |(at, _)| mask >> at & 1 == 1).map(|(_, each)| *each)
    }

    /// Whether one occurrence may list several values, of which one must match.
    #[must_use]
    pub fn multiple_or(self) -> bool {
        SEARCH_PARAMETERS[usize::from(self.0)].8 & MULTIPLE_OR != 0
    }

    /// Whether it may occur several times, all of which must match.
    #[must_use]
    pub fn multiple_and(self) -> bool {
        SEARCH_PARAMETERS[usize::from(self.0)].8 & MULTIPLE_AND != 0
    }

    /// The parts of a composite: the parameter and the expression that leads to it.
    pub fn components(self) -> impl ExactSizeIterator<Item = (Self, &'static str)> {
        let rows = SEARCH_PARAMETERS[usize::from(self.0)].9;
        // R4 gives `code` to the reference and `target` to the token: each has the other's parameter.
        let exchanged = self.url().ends_with("/DocumentReference-relationship");
        rows.iter().enumerate().map(move |(at, (_, expression))| {
            let at = if exchanged { rows.len() - 1 - at } else { at };
            (Self(rows[at].0), *expression)
        })
    }
}

impl fmt::Debug for SearchParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SearchParameter({})", self.url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_has_1375_parameters() {
        assert_eq!(SearchParameter::all().len(), 1375);
        assert!(
            SearchParameter::all().all(|each| each.url().starts_with("http://hl7.org/fhir/SearchParameter/"))
        );
        let without: Vec<_> = SearchParameter::all()
            .filter(|each| each.expression().is_empty())
            .map(SearchParameter::code)
            .collect();
        assert_eq!(without, ["_content", "_query", "_text"]);
    }

    #[test]
    fn a_composite_names_its_parts() {
        let observation = ResourceType::parse("Observation").unwrap();
        let composite = observation.search_parameter("code-value-quantity").unwrap();
        assert_eq!(composite.value_type(), SearchParameterType::Composite);
        let parts: Vec<_> = composite.components().map(|(part, path)| (part.code(), path)).collect();
        assert_eq!(parts, [("code", "code"), ("value-quantity", "value.as(Quantity)")]);
        assert!(!composite.multiple_or() && composite.multiple_and());
        for each in SearchParameter::all() {
            let composite = each.value_type() == SearchParameterType::Composite;
            assert_eq!(each.components().len() >= 2, composite, "{each:?}");
        }
    }

    #[test]
    fn the_parts_of_a_relationship_have_the_parameters_of_their_elements() {
        let documents = ResourceType::parse("DocumentReference").unwrap();
        let parts = documents.search_parameter("relationship").unwrap().components();
        let parts: Vec<_> = parts.map(|(part, path)| (part.expression(), path)).collect();
        let of = ["DocumentReference.relatesTo.code", "DocumentReference.relatesTo.target"];
        assert_eq!(parts, [(of[0], "code"), (of[1], "target")]);
    }

    #[test]
    fn a_date_has_comparators_and_a_reference_has_targets() {
        let observation = ResourceType::parse("Observation").unwrap();
        let date = observation.search_parameter("date").unwrap();
        assert_eq!(date.comparators().map(Comparator::code).collect::<Vec<_>>().len(), 9);
        assert!(date.multiple_or());
        let subject = observation.search_parameter("subject").unwrap();
        let targets: Vec<_> = subject.targets().map(ResourceType::name).collect();
        assert_eq!(targets, ["Group", "Device", "Patient", "Location"]);
    }
}
