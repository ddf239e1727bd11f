//! Which datatypes give keys to which kinds of search parameters (R4 §3.1.1.4.6 and following).

use std::borrow::Cow;

use vpr_codec::Value;

use super::route::Route;
use super::{amount, date, reference, text, token};
use crate::definitions::{Membership, SearchParameter, SearchParameterType, Strength, ValueSet};
use crate::search::{KeyValue, Span, UCUM};

/// How an element's values become keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Datatype {
    Code(CodeSystem),
    Coding,
    CodeableConcept,
    Identifier,
    ContactPoint,
    /// A boolean, or text that is compared as a token without a system.
    Plain,
    Date,
    Period,
    Timing,
    Number,
    NumberRange,
    Quantity,
    QuantityRange,
    Money,
    SampledData,
    Text,
    HumanName,
    Address,
    Reference,
    Canonical,
    Resource,
    Uri,
    CanonicalUri,
}

/// The system of a `code`, from its required binding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum CodeSystem {
    None,
    Always(&'static str),
    Enumerated(ValueSet),
}

impl Datatype {
    /// How elements at the end of `route` give keys to the parameter; `None` when they give none.
    pub(super) fn of(parameter: SearchParameter, route: &Route) -> Option<Self> {
        use SearchParameterType as Kind;
        Some(match (parameter.value_type(), route.its_type.name()) {
            (Kind::Token, "code") => Self::Code(CodeSystem::of(route)),
            (Kind::Token, "Coding") => Self::Coding,
            (Kind::Token, "CodeableConcept") => Self::CodeableConcept,
            (Kind::Token, "Identifier") => Self::Identifier,
            (Kind::Token, "ContactPoint") => Self::ContactPoint,
            (Kind::Token, "boolean" | "string" | "id" | "uri" | "canonical") => Self::Plain,
            (Kind::Date, "date" | "dateTime" | "instant") => Self::Date,
            (Kind::Date, "Period") => Self::Period,
            (Kind::Date, "Timing") => Self::Timing,
            (Kind::Number, "integer" | "positiveInt" | "unsignedInt" | "decimal") => Self::Number,
            (Kind::Number, "Range") => Self::NumberRange,
            (Kind::Quantity, "Quantity" | "Age" | "Duration" | "Distance" | "Count") => Self::Quantity,
            (Kind::Quantity, "Range") => Self::QuantityRange,
            (Kind::Quantity, "Money") => Self::Money,
            (Kind::Quantity, "SampledData") => Self::SampledData,
            (Kind::String, "string" | "markdown") => Self::Text,
            (Kind::String, "HumanName") => Self::HumanName,
            (Kind::String, "Address") => Self::Address,
            (Kind::Reference, "Reference") => Self::Reference,
            (Kind::Reference, "canonical" | "uri") => Self::Canonical,
            (Kind::Reference, "Resource") => Self::Resource,
            (Kind::Uri, "uri" | "url" | "oid" | "uuid") => Self::Uri,
            (Kind::Uri, "canonical") => Self::CanonicalUri,
            _ => return None,
        })
    }

    /// What one element gives. Content that is not as the definitions say gives nothing.
    pub(super) fn values(self, element: Value<'_>, take: &mut dyn FnMut(KeyValue)) {
        match self {
            Self::Code(system) => token::code(element, system, take),
            Self::Coding => token::coding(element, take),
            Self::CodeableConcept => token::concept(element, take),
            Self::Identifier => token::identifier(element, take),
            Self::ContactPoint => token::contact_point(element, take),
            Self::Plain => token::plain(element, take),
            Self::Date => date::date(element, take),
            Self::Period => date::period(element, take),
            Self::Timing => date::timing(element, take),
            Self::Number => amount::number(element, take),
            Self::NumberRange => amount::number_range(element, take),
            Self::Quantity => amount::quantity(element, take),
            Self::QuantityRange => amount::quantity_range(element, take),
            Self::Money => amount::money(element, take),
            Self::SampledData => amount::sampled_data(element, take),
            Self::Text => text::text(element, take),
            Self::HumanName => text::human_name(element, take),
            Self::Address => text::address(element, take),
            Self::Reference => reference::reference(element, take),
            Self::Canonical => reference::canonical(element, take),
            Self::Resource => reference::resource(element, take),
            Self::Uri => text::uri(element, take),
            Self::CanonicalUri => text::canonical(element, take),
        }
    }
}

impl CodeSystem {
    fn of(route: &Route) -> Self {
        let binding = route.hops.last().and_then(|hop| hop.member.binding());
        let required = binding.filter(|binding| binding.strength() == Strength::Required);
        let Some(value_set) = required.and_then(|binding| binding.value_set()) else { return Self::None };
        match value_set.membership() {
            Membership::Unknown => Self::None,
            Membership::Enumerated => Self::Enumerated(value_set),
            Membership::Language => Self::Always("urn:ietf:bcp:47"),
            Membership::MediaType => Self::Always("urn:ietf:bcp:13"),
            Membership::Unit => Self::Always(UCUM),
        }
    }

    /// The system, where there is exactly one for the code.
    pub(super) fn system(self, code: &str) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Always(system) => Some(system),
            Self::Enumerated(value_set) => value_set.system(code),
        }
    }
}

/// Text, where it is not empty.
pub(super) fn text_of(value: Value<'_>) -> Option<Cow<'_, str>> {
    value.as_str().filter(|text| !text.is_empty())
}

/// The items of an array, or the value itself.
pub(super) fn each(value: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let itself = (!value.is_array()).then_some(value);
    value.items().chain(itself)
}

/// The smallest span that holds both.
pub(super) fn around<T: PartialOrd + Copy>(one: Span<T>, other: Span<T>) -> Span<T> {
    Span {
        low: if other.low < one.low { other.low } else { one.low },
        high: if other.high > one.high { other.high } else { one.high },
    }
}
