//! `_include` and `_revinclude` (R4 §3.1.1.5.4).

use super::Parser;
use super::criterion::On;
use super::fault::{Fault, FaultKind, choice, key};
use super::leads::{is_canonical, may_refer};
use crate::ResourceType;
use crate::definitions::{SearchParameter, SearchParameterType};
use crate::search::{Include, Query};

impl Parser<'_> {
    /// `Type:parameter`, `Type:parameter:Target`, and `*` in place of the parameter.
    pub(super) fn include(
        &mut self,
        query: &mut Query,
        code: &str,
        iterate: bool,
        value: &str,
    ) -> Result<(), Fault> {
        let max = self.options.limits.includes_max;
        if query.includes.len() + query.reverse_includes.len() >= max {
            let text = format!("a search has at most {max} '_include' and '_revinclude'");
            return Err(Fault::new(FaultKind::TooCostly, text));
        }
        let wrong = |what: &str| Err(Fault::value(code, 0, 1, what));
        let mut parts = value.split(':');
        let (Some(source), Some(name), target, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return wrong("not written 'Type:parameter' or 'Type:parameter:Type'");
        };
        let resource_type = |name: &str, place: &str| {
            let place = format!("{place} of the value of '{code}'");
            ResourceType::parse(name).ok_or_else(|| {
                Fault::new(FaultKind::BadValue, format!("{} is no resource type", key(name, &place)))
            })
        };
        let source = resource_type(source, "the first part")?;
        let target = target.map(|name| resource_type(name, "the target")).transpose()?;
        let parameter = match name {
            "*" => None,
            name => match source.search_parameter(name) {
                Some(found) if found.value_type() == SearchParameterType::Reference => Some(found),
                _ => {
                    let name = key(name, &format!("the second part of the value of '{code}'"));
                    let text = format!("{name} is no reference of {source}; {}", choice(references(source)));
                    return Err(Fault::new(FaultKind::Unknown, text));
                }
            },
        };
        if parameter.is_some_and(is_canonical) {
            let text = format!("'{code}' through canonical URLs is not supported");
            return Err(Fault::new(FaultKind::NotSupported, text));
        }
        if let (Some(parameter), Some(target)) = (parameter, target)
            && !may_refer(parameter, &[source], target)
        {
            return wrong("about a target that the parameter does not refer to");
        }
        let on = On::of(&query.scope);
        let include = Include { source, parameter, target, iterate };
        if code == "_include" {
            if !iterate && !on.contains(source) {
                return wrong("about a type that is not searched; ':iterate' follows what was included");
            }
            query.includes.push(include);
            return Ok(());
        }
        let reaches = match (parameter, target) {
            (_, Some(target)) => on.contains(target),
            (Some(parameter), None) => on.may_be_referred_to(source, parameter),
            (None, None) => true,
        };
        if !iterate && !reaches {
            return wrong(
                "about references to types that are not searched; ':iterate' follows what was included",
            );
        }
        query.reverse_includes.push(include);
        Ok(())
    }
}

/// The references of a type that can be followed.
fn references(source: ResourceType) -> Vec<&'static str> {
    let is_followed =
        |each: &SearchParameter| each.value_type() == SearchParameterType::Reference && !is_canonical(*each);
    source.search_parameters().filter(is_followed).map(|each| each.code()).collect()
}
