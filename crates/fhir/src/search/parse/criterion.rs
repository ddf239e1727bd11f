//! From a parameter's name to what it asks: chains, `_has`, modifiers.

use std::slice::from_ref;

use super::Parser;
use super::fault::{Fault, FaultKind, shown};
use super::leads::{is_canonical, may_refer, targets};
use super::limits::SearchLimits;
use super::names;
use crate::ResourceType;
use crate::definitions::{SearchParameter, SearchParameterType};
use crate::search::{Filter, Scope};

/// Parameters of the standard that are not built.
pub(super) const NOT_SUPPORTED: [&str; 5] = ["_content", "_filter", "_list", "_query", "_text"];

/// The types that a criterion is about.
#[derive(Clone, Copy)]
pub(super) enum On<'a> {
    Every,
    Types(&'a [ResourceType]),
}

/// The types for which a code means the same parameter.
pub(super) struct Group {
    pub(super) parameter: SearchParameter,
    pub(super) types: Vec<ResourceType>,
}

impl<'a> On<'a> {
    pub(super) fn of(scope: &'a Scope) -> Self {
        match scope {
            Scope::All => Self::Every,
            Scope::Types(types) => Self::Types(types),
        }
    }

    fn one(resource: &'a ResourceType) -> Self {
        Self::Types(from_ref(resource))
    }

    pub(super) fn names(self) -> String {
        match self {
            Self::Every => names(&[]),
            Self::Types(types) => names(types),
        }
    }

    /// The parameters that `code` means; `None` unless every type has one.
    pub(super) fn groups(self, code: &str) -> Option<Vec<Group>> {
        let types = match self {
            Self::Types(types) => types,
            Self::Every => {
                let parameter = ResourceType::all().next()?.search_parameter(code)?;
                let common = parameter.bases().contains(&"Resource");
                return common.then(|| vec![Group { parameter, types: Vec::new() }]);
            }
        };
        let mut groups: Vec<Group> = Vec::with_capacity(1);
        for resource in types {
            let parameter = resource.search_parameter(code)?;
            match groups.iter_mut().find(|group| group.parameter == parameter) {
                Some(group) => group.types.push(*resource),
                None => groups.push(Group { parameter, types: vec![*resource] }),
            }
        }
        Some(groups)
    }

    pub(super) fn contains(self, resource: ResourceType) -> bool {
        match self {
            Self::Every => true,
            Self::Types(types) => types.contains(&resource),
        }
    }

    /// Whether a reference parameter of `source` may refer to one of them.
    pub(super) fn may_be_referred_to(self, source: ResourceType, parameter: SearchParameter) -> bool {
        match self {
            Self::Every => true,
            Self::Types(types) => types.iter().any(|each| may_refer(parameter, from_ref(&source), *each)),
        }
    }
}

/// How deep a criterion stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Depth {
    chained: usize,
    reversed: usize,
}

impl Depth {
    fn chained(self, limits: &SearchLimits) -> Result<Self, Fault> {
        if self.chained < limits.chain_depth_max {
            return Ok(Self { chained: self.chained + 1, ..self });
        }
        let text = format!("a chain follows at most {} references", limits.chain_depth_max);
        Err(Fault::new(FaultKind::TooCostly, text))
    }

    fn reversed(self, limits: &SearchLimits) -> Result<Self, Fault> {
        if self.reversed < limits.has_depth_max {
            return Ok(Self { reversed: self.reversed + 1, ..self });
        }
        let text = format!("'_has' stands at most {} times in a parameter", limits.has_depth_max);
        Err(Fault::new(FaultKind::TooCostly, text))
    }
}

impl Parser<'_> {
    /// What `name` and `value` ask of a resource of one of the types.
    pub(super) fn criterion(
        &mut self,
        on: On<'_>,
        name: &str,
        value: &str,
        depth: Depth,
    ) -> Result<Filter, Fault> {
        if let Some(rest) = name.strip_prefix("_has:") {
            return self.has(on, rest, value, depth);
        }
        let (code, suffix) = name.split_at(name.find([':', '.']).unwrap_or(name.len()));
        let (modifier, chain) = match suffix.split_once('.') {
            Some((modifier, chain)) => (modifier, Some(chain)),
            None => (suffix, None),
        };
        let modifier = modifier.strip_prefix(':');
        if NOT_SUPPORTED.contains(&code) {
            return Err(Fault::not_supported(code));
        }
        match code {
            "_id" if chain.is_none() => return self.id(modifier, value),
            "_lastUpdated" if chain.is_none() => return self.last_updated(modifier, value),
            _ => {}
        }
        let Some(groups) = on.groups(code) else {
            let text = format!("'{}' is no search parameter of {}", shown(code), on.names());
            return Err(Fault::new(FaultKind::Unknown, text));
        };
        let several = groups.len() > 1;
        let mut found = Vec::with_capacity(groups.len());
        for Group { parameter, types } in groups {
            let filter = match chain {
                Some(rest) => self.chain(parameter, &types, modifier, rest, value, depth)?,
                None => self.leaf(parameter, &types, modifier, value)?,
            };
            found.push(if several {
                // The same code, but another parameter for each group of types.
                Filter::All(vec![any(types.into_iter().map(Filter::Type).collect()), filter])
            } else {
                filter
            });
        }
        Ok(any(found))
    }

    /// `parameter:modifier.rest` (R4 §3.1.1.4.15).
    fn chain(
        &mut self,
        parameter: SearchParameter,
        types: &[ResourceType],
        modifier: Option<&str>,
        rest: &str,
        value: &str,
        depth: Depth,
    ) -> Result<Filter, Fault> {
        let code = parameter.code();
        follows(parameter, "a chain")?;
        let depth = depth.chained(&self.options.limits)?;
        let targets: Vec<_> = match modifier {
            Some(name) => {
                let target = ResourceType::parse(name).filter(|target| may_refer(parameter, types, *target));
                vec![target.ok_or_else(|| Fault::modifier(code, name))?]
            }
            None => match targets(parameter, types) {
                any if any.is_empty() => ResourceType::all().collect(),
                targets => targets,
            },
        };
        let mut found = Vec::new();
        for target in targets {
            // Also what leads nowhere costs: the ways multiply with each reference.
            self.spend(1)?;
            match self.criterion(On::one(&target), rest, value, depth) {
                Ok(filter) => found.push(Filter::Chain { parameter, target, filter: Box::new(filter) }),
                // Another type that the reference may lead to can know the rest.
                Err(fault) if fault.kind == FaultKind::Unknown && modifier.is_none() => {}
                Err(fault) => return Err(fault),
            }
        }
        if found.is_empty() {
            let text = format!("no type that '{code}' refers to can be searched by '{}'", shown(rest));
            return Err(Fault::new(FaultKind::Unknown, text));
        }
        Ok(any(found))
    }

    /// `_has:Type:parameter:rest` (R4 §3.1.1.4.16).
    fn has(&mut self, on: On<'_>, rest: &str, value: &str, depth: Depth) -> Result<Filter, Fault> {
        let mut parts = rest.splitn(3, ':');
        let (Some(source), Some(code), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            let text = "'_has' is written '_has:Type:reference:parameter'";
            return Err(Fault::new(FaultKind::Unknown, text));
        };
        let Some(source) = ResourceType::parse(source) else {
            let text = format!("'{}' is no resource type", shown(source));
            return Err(Fault::new(FaultKind::Unknown, text));
        };
        let Some(parameter) = source.search_parameter(code) else {
            let text = format!("'{}' is no search parameter of {source}", shown(code));
            return Err(Fault::new(FaultKind::Unknown, text));
        };
        follows(parameter, "'_has'")?;
        if !on.may_be_referred_to(source, parameter) {
            let text = format!("'{}' of {source} does not refer to {}", shown(code), on.names());
            return Err(Fault::new(FaultKind::Unknown, text));
        }
        let depth = depth.reversed(&self.options.limits)?;
        let filter = self.criterion(On::one(&source), name, value, depth)?;
        self.spend(1)?;
        Ok(Filter::Has { source, parameter, filter: Box::new(filter) })
    }
}

/// Refuses what cannot be followed from resource to resource.
fn follows(parameter: SearchParameter, what: &str) -> Result<(), Fault> {
    let code = parameter.code();
    if parameter.value_type() != SearchParameterType::Reference {
        let text = format!("'{code}' is no reference, so {what} cannot follow it");
        return Err(Fault::new(FaultKind::Unknown, text));
    }
    if is_canonical(parameter) {
        let text = format!("'{code}' is a canonical URL; {what} through one is not supported");
        return Err(Fault::new(FaultKind::NotSupported, text));
    }
    Ok(())
}

/// One of them holds.
pub(super) fn any(mut filters: Vec<Filter>) -> Filter {
    match filters.pop() {
        Some(only) if filters.is_empty() => only,
        last => {
            filters.extend(last);
            Filter::Any(filters)
        }
    }
}
