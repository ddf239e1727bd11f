//! Which modifiers go with which parameters (R4 §3.1.1.4.4).

use super::fault::Fault;
use super::leads::{is_canonical, may_refer};
use crate::ResourceType;
use crate::definitions::{SearchParameter, SearchParameterType};

/// What a modifier asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Plain,
    Missing,
    Exact,
    Contains,
    Not,
    Above,
    Below,
    Identifier,
    Type(ResourceType),
}

impl How {
    pub(super) fn of(
        parameter: SearchParameter,
        types: &[ResourceType],
        modifier: Option<&str>,
    ) -> Result<Self, Fault> {
        use SearchParameterType as Kind;

        let code = parameter.code();
        let Some(modifier) = modifier else {
            return match parameter.value_type() {
                Kind::Special => Err(Fault::not_supported(code)),
                _ => Ok(Self::Plain),
            };
        };
        Ok(match (parameter.value_type(), modifier) {
            (Kind::Special, _) => return Err(Fault::not_supported(code)),
            // R4 §3.1.1.4.17: modifiers are not used on composites.
            (Kind::Composite, _) => return Err(Fault::modifier(code, modifier)),
            (_, "missing") => Self::Missing,
            (Kind::String, "exact") => Self::Exact,
            (Kind::String, "contains") => Self::Contains,
            (Kind::Token, "not") => Self::Not,
            (Kind::Uri, "above") => Self::Above,
            (Kind::Uri, "below") => Self::Below,
            (Kind::Reference, "identifier") if !is_canonical(parameter) => Self::Identifier,
            (Kind::Token, "text" | "in" | "not-in" | "above" | "below" | "of-type")
            | (Kind::Reference, "above" | "below")
            | (Kind::String, "text") => return Err(Fault::unsupported_modifier(code, modifier)),
            (Kind::Reference, name) => match ResourceType::parse(name) {
                Some(target) if may_refer(parameter, types, target) && !is_canonical(parameter) => {
                    Self::Type(target)
                }
                _ => return Err(Fault::modifier(code, name)),
            },
            (_, other) => return Err(Fault::modifier(code, other)),
        })
    }
}
