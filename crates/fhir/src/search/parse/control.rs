//! The parameters that say what is given back and how (R4 §3.1.1.5).

use super::criterion::{NOT_SUPPORTED, On};
use super::escape::{split, unescape};
use super::fault::{Fault, FaultKind, choice, key};
use super::{Parser, names};
use crate::ResourceType;
use crate::definitions::SearchParameterType;
use crate::search::{Query, Scope, SortBy, SortKey, Summary, Total};

const CONTROLS: [&str; 10] = [
    "_contained",
    "_containedType",
    "_count",
    "_elements",
    "_include",
    "_revinclude",
    "_sort",
    "_summary",
    "_total",
    "_type",
];

/// Digits of a `_count` at the most.
const COUNT_CHARS_MAX: usize = 18;

impl Parser<'_> {
    /// Narrows the scope to `_type`, before anything is read that depends on it.
    pub(super) fn types(&mut self, query: &mut Query, parameters: &[(String, String)]) {
        let said = parameters.iter().find(|(name, value)| name == "_type" && !value.is_empty());
        let Some((_, value)) = said else { return };
        match self.type_list(value) {
            Ok(types) => query.scope = Scope::Types(types),
            Err(_) => self.typed = false,
        }
    }

    /// Takes a parameter that is no criterion; `None` if it is one.
    pub(super) fn control(
        &mut self,
        query: &mut Query,
        name: &str,
        value: &str,
    ) -> Option<Result<(), Fault>> {
        let (code, modifier) = match name.split_once(':') {
            Some((code, modifier)) => (code, Some(modifier)),
            None => (name, None),
        };
        let code = CONTROLS.into_iter().find(|each| *each == code)?;
        Some(self.controlled(query, code, modifier, value))
    }

    fn controlled(
        &mut self,
        query: &mut Query,
        code: &'static str,
        modifier: Option<&str>,
        value: &str,
    ) -> Result<(), Fault> {
        let including = matches!(code, "_include" | "_revinclude");
        match modifier {
            None => {}
            Some("iterate") if including => {}
            Some("recurse") if including => {
                let text = format!("'{code}:recurse' is written '{code}:iterate' in R4");
                return Err(Fault::new(FaultKind::BadModifier, text));
            }
            Some(other) => return Err(Fault::modifier(code, other)),
        }
        if value.is_empty() {
            return Err(Fault::empty(code));
        }
        if including {
            return self.include(query, code, modifier.is_some(), value);
        }
        if self.seen.contains(&code) {
            return Err(Fault::new(FaultKind::Repeated, format!("'{code}' is given twice")));
        }
        self.seen.push(code);
        let wrong = |what: &str| Fault::value(code, 0, 1, what);
        match code {
            "_type" => drop(self.type_list(value)?),
            "_sort" => query.sort = self.sort(&query.scope, value)?,
            "_count" => query.count = Some(self.count(value).ok_or_else(|| wrong("no count"))?),
            "_elements" => query.elements = self.elements(&query.scope, value)?,
            "_total" => {
                query.total = match value {
                    "none" => Total::None,
                    "estimate" => Total::Estimate,
                    "accurate" => Total::Accurate,
                    _ => return Err(wrong("none of 'none', 'estimate', 'accurate'")),
                };
            }
            "_summary" => {
                query.summary = match value {
                    "false" => Summary::False,
                    "true" => Summary::True,
                    "text" => Summary::Text,
                    "data" => Summary::Data,
                    "count" => Summary::Count,
                    _ => return Err(wrong("none of 'true', 'text', 'data', 'count', 'false'")),
                };
            }
            // The default is what is built (R4 §3.1.1.5.5).
            "_contained" => match value {
                "false" => {}
                "true" | "both" => return Err(Fault::not_supported(code)),
                _ => return Err(wrong("none of 'false', 'true', 'both'")),
            },
            _ => match value {
                "container" => {}
                "contained" => return Err(Fault::not_supported(code)),
                _ => return Err(wrong("neither 'container' nor 'contained'")),
            },
        }
        Ok(())
    }

    /// The types that `_type` names, each once; all within what the URL says.
    fn type_list(&self, value: &str) -> Result<Vec<ResourceType>, Fault> {
        let alternatives = self.alternatives(value)?;
        let mut types = Vec::with_capacity(alternatives.len());
        for (at, name) in alternatives.iter().enumerate() {
            let wrong = |what: &str| Fault::value("_type", at, alternatives.len(), what);
            let resource = ResourceType::parse(name).ok_or_else(|| wrong("no resource type"))?;
            if let Scope::Types(given) = &self.given
                && !given.contains(&resource)
            {
                return Err(wrong("not among the types that are searched"));
            }
            if !types.contains(&resource) {
                types.push(resource);
            }
        }
        Ok(types)
    }

    fn sort(&self, scope: &Scope, value: &str) -> Result<Vec<SortKey>, Fault> {
        let max = self.options.limits.sort_keys_max;
        let keys: Vec<_> = split(value, ',').take(max + 1).collect();
        if keys.len() > max {
            return Err(Fault::new(FaultKind::TooCostly, format!("'_sort' has at most {max} keys")));
        }
        let on = On::of(scope);
        let each = |(at, key): (usize, &&str)| {
            let (code, descending) = match key.strip_prefix('-') {
                Some(code) => (code, true),
                None => (*key, false),
            };
            let by = match code {
                "_lastUpdated" => SortBy::LastUpdated,
                "_id" => SortBy::Id,
                "_score" => return Err(not_sorted(on, at, code)),
                code if NOT_SUPPORTED.contains(&code) => return Err(not_sorted(on, at, code)),
                code => match on.groups(code).as_deref() {
                    None => return Err(no_sort_key(on, at, code)),
                    Some([only]) if is_sortable(only.parameter.value_type()) => {
                        SortBy::Parameter(only.parameter)
                    }
                    Some(_) => return Err(not_sorted(on, at, code)),
                },
            };
            Ok(SortKey { by, descending })
        };
        keys.iter().enumerate().map(each).collect()
    }

    fn count(&self, value: &str) -> Option<u32> {
        let digits = value.len() <= COUNT_CHARS_MAX && value.bytes().all(|byte| byte.is_ascii_digit());
        let count: u64 = value.parse().ok().filter(|_| digits)?;
        Some(u32::try_from(count).unwrap_or(u32::MAX).min(self.options.limits.count_max))
    }

    /// The names of `_elements`; a choice by the name of its element.
    fn elements(&self, scope: &Scope, value: &str) -> Result<Vec<String>, Fault> {
        let alternatives = self.alternatives(value)?;
        let mut elements = Vec::with_capacity(alternatives.len());
        for (at, text) in alternatives.iter().enumerate() {
            let found = unescape(text).and_then(|name| {
                let name = name.strip_suffix("[x]").unwrap_or(&name);
                match scope {
                    Scope::All => ResourceType::all().find_map(|each| element_name(each, name)),
                    Scope::Types(types) => types.iter().find_map(|each| element_name(*each, name)),
                }
            });
            let of = match scope {
                Scope::All => "any type".to_owned(),
                Scope::Types(types) => names(types),
            };
            let found = found.ok_or_else(|| {
                Fault::value("_elements", at, alternatives.len(), &format!("no element of {of}"))
            })?;
            if !elements.contains(&found) {
                elements.push(found);
            }
        }
        Ok(elements)
    }
}

fn element_name(resource: ResourceType, name: &str) -> Option<String> {
    let definition = resource.definition();
    let element = match definition.member(name) {
        Some(member) => definition.element_at(member.element_index()),
        None => definition.element(name)?,
    };
    Some(element.name().to_owned())
}

fn is_sortable(kind: SearchParameterType) -> bool {
    !matches!(kind, SearchParameterType::Composite | SearchParameterType::Special)
}

fn sort_key(at: usize, code: &str) -> String {
    key(code, &format!("key {} of '_sort'", at + 1))
}

fn no_sort_key(on: On<'_>, at: usize, code: &str) -> Fault {
    let text = format!(
        "{} is no search parameter of {}; {}",
        sort_key(at, code),
        on.names(),
        choice(on.sort_codes())
    );
    Fault::new(FaultKind::Unknown, text)
}

fn not_sorted(on: On<'_>, at: usize, code: &str) -> Fault {
    let text = format!("sorting by {} is not supported; {}", sort_key(at, code), choice(on.sort_codes()));
    Fault::new(FaultKind::NotSupported, text)
}

impl On<'_> {
    /// What all of the types can be sorted by.
    fn sort_codes(self) -> Vec<&'static str> {
        let first = match self {
            Self::Every => ResourceType::all().next(),
            Self::Types(types) => types.first().copied(),
        };
        let sorts = |code: &&str| {
            !NOT_SUPPORTED.contains(code)
                && matches!(self.groups(code).as_deref(),
                    Some([only]) if is_sortable(only.parameter.value_type()))
        };
        let codes = first.into_iter().flat_map(ResourceType::search_parameters).map(|each| each.code());
        codes.filter(sorts).collect()
    }
}
