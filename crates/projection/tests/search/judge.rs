//! What a search must find, by looking at everything.

use std::cmp::Ordering;

use vpr_fhir::ResourceType;
use vpr_fhir::definitions::Comparator;
use vpr_fhir::search::{
    Compared, Extracted, Filter, KeyValue, QuantityKey, ReferenceKey, ReferenceTest, Scope, SortBy, SortKey,
    Span, StringMatch, Test, Token, TokenTest, UriMatch, fold,
};

use crate::world::World;

/// A resource at a moment.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) resource: ResourceType,
    pub(crate) id: &'a str,
    pub(crate) version: u32,
    pub(crate) time: i64,
    pub(crate) says: &'a Extracted,
}

impl World {
    /// All that live at a seq.
    pub(crate) fn seen(&self, seq: u64) -> Vec<Seen<'_>> {
        self.resources
            .iter()
            .filter_map(|((resource, id), said)| {
                let last = said.iter().rfind(|said| said.seq <= seq)?;
                let says = last.extracted.as_deref()?;
                Some(Seen { resource: *resource, id, version: last.version, time: last.time, says })
            })
            .collect()
    }
}

pub(crate) fn in_scope(scope: &Scope, seen: &Seen<'_>) -> bool {
    match scope {
        Scope::All => true,
        Scope::Types(types) => types.contains(&seen.resource),
    }
}

/// Whether the filter holds, with `access` on all that it passes through.
pub(crate) fn holds(filter: &Filter, of: &Seen<'_>, all: &[Seen<'_>], access: Option<&Filter>) -> bool {
    let inner = |filter: &Filter| holds(filter, of, all, access);
    let may = |other: &Seen<'_>| access.is_none_or(|access| holds(access, other, all, None));
    match filter {
        Filter::Id(ids) => ids.contains(&of.id.to_owned()),
        Filter::LastUpdated(asked) => {
            asked.iter().any(|asked| dates(asked, Span { low: of.time, high: of.time + 1 }))
        }
        Filter::Parameter { parameter, test } => {
            of.says.keys.iter().any(|key| key.parameter == *parameter && passes(test, &key.value))
        }
        Filter::Missing { parameter, missing } => {
            of.says.keys.iter().any(|key| key.parameter == *parameter) != *missing
        }
        Filter::Not(filter) => !inner(filter),
        Filter::All(filters) => filters.iter().all(inner),
        Filter::Any(filters) => filters.iter().any(inner),
        Filter::Chain { parameter, target, filter } => {
            let targets = of.says.keys.iter().filter(|key| key.parameter == *parameter);
            let targets: Vec<_> = targets.map(|key| &key.value).collect();
            all.iter().any(|other| {
                other.resource == *target
                    && targets.iter().any(|value| refers(value, other))
                    && holds(filter, other, all, access)
                    && may(other)
            })
        }
        Filter::Has { source, parameter, filter } => all.iter().any(|other| {
            other.resource == *source
                && other.says.keys.iter().any(|key| key.parameter == *parameter && refers(&key.value, of))
                && holds(filter, other, all, access)
                && may(other)
        }),
        Filter::Type(resource) => of.resource == *resource,
        Filter::InCompartment(compartment) => {
            of.says.compartments.contains(&(compartment.owner, compartment.id.clone()))
        }
    }
}

pub(crate) fn refers(value: &KeyValue, to: &Seen<'_>) -> bool {
    matches!(value, KeyValue::Reference(ReferenceKey::Local { resource, id, .. })
        if *resource == to.resource && id == to.id)
}

fn passes(test: &Test, value: &KeyValue) -> bool {
    match (test, value) {
        (Test::Token(asked), KeyValue::Token(value)) => asked.iter().any(|asked| token(asked, value)),
        (Test::Date(asked), KeyValue::Date(value)) => asked.iter().any(|asked| dates(asked, *value)),
        (Test::Number(asked), KeyValue::Number(value)) => asked.iter().any(|asked| numbers(asked, *value)),
        (Test::Quantity(asked), KeyValue::Quantity(value)) => asked.iter().any(|asked| {
            if let (Some((compared, unit)), Some((span, its))) = (&asked.canonical, &value.canonical) {
                return unit == its && numbers(compared, *span);
            }
            numbers(&asked.value, value.value) && unit(asked.system.as_ref(), asked.code.as_ref(), value)
        }),
        (Test::String(how, asked), KeyValue::String(value)) => asked.iter().any(|asked| match how {
            StringMatch::Begins => fold(value).starts_with(asked),
            StringMatch::Contains => fold(value).contains(asked),
            StringMatch::Exact => asked == value,
        }),
        (Test::Uri(how, asked), KeyValue::Uri(value)) => asked.iter().any(|asked| match how {
            UriMatch::Equal => asked == value,
            UriMatch::Below => prefix(asked, value),
            UriMatch::Above => prefix(value, asked),
        }),
        (Test::Reference(asked), KeyValue::Reference(value)) => {
            asked.iter().any(|asked| reference(asked, value))
        }
        (Test::Composite(asked), KeyValue::Composite(parts)) => asked.iter().any(|tests| {
            tests.iter().zip(parts).filter(|(test, part)| passes(test, part)).count() == parts.len()
        }),
        _ => false,
    }
}

fn unit(system: Option<&String>, code: Option<&String>, value: &QuantityKey) -> bool {
    match (system, code) {
        (None, None) => true,
        (Some(_), code) => system == value.system.as_ref() && code == value.code.as_ref(),
        (None, code) => code == value.code.as_ref() || code == value.unit.as_ref(),
    }
}

fn token(asked: &TokenTest, value: &Token) -> bool {
    let Token { system, code } = value;
    match asked {
        TokenTest::Code(asked) => code.as_ref() == Some(asked),
        TokenTest::SystemAndCode(s, c) => system.as_ref() == Some(s) && code.as_ref() == Some(c),
        TokenTest::CodeWithoutSystem(c) => system.is_none() && code.as_ref() == Some(c),
        TokenTest::System(s) => system.as_ref() == Some(s),
    }
}

fn prefix(path: &str, text: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    text == path || text.starts_with(&format!("{path}/"))
}

fn reference(asked: &ReferenceTest, value: &ReferenceKey) -> bool {
    match (asked, value) {
        (
            ReferenceTest::Local { resource, id, version },
            ReferenceKey::Local { resource: r, id: i, version: v },
        ) => resource == r && id == i && (version.is_none() || version == v),
        (ReferenceTest::AnyType(id), ReferenceKey::Local { id: i, .. }) => id == i,
        (ReferenceTest::Absolute(url), ReferenceKey::Absolute(u)) => url == u,
        (ReferenceTest::Canonical { url, version }, ReferenceKey::Canonical { url: u, version: v }) => {
            url == u && (version.is_none() || version == v)
        }
        (ReferenceTest::Identifier(asked), ReferenceKey::Identifier { token: value, .. }) => {
            token(asked, value)
        }
        _ => false,
    }
}

fn dates(asked: &Compared<Span<i64>>, value: Span<i64>) -> bool {
    let Span { low, high } = asked.span;
    let inside = value.low >= low && value.high <= high;
    match asked.comparator {
        Comparator::Eq => inside,
        Comparator::Ne => !inside,
        Comparator::Gt => value.high > high,
        Comparator::Ge => inside || value.high > high,
        Comparator::Lt => value.low < low,
        Comparator::Le => inside || value.low < low,
        Comparator::Sa => value.low >= high,
        Comparator::Eb => value.high <= low,
        Comparator::Ap => value.high > low && value.low < high,
    }
}

fn numbers(asked: &Compared<Span<f64>>, value: Span<f64>) -> bool {
    let inside = value.low >= asked.span.low && value.high < asked.span.high;
    match asked.comparator {
        Comparator::Eq => inside,
        Comparator::Ne => !inside,
        Comparator::Gt => value.high > asked.exact,
        Comparator::Ge => value.high >= asked.exact,
        Comparator::Lt => value.low < asked.exact,
        Comparator::Le => value.low <= asked.exact,
        Comparator::Sa => value.low > asked.exact,
        Comparator::Eb => value.high < asked.exact,
        Comparator::Ap => value.high >= asked.span.low && value.low < asked.span.high,
    }
}

/// Something that sorts.
#[derive(Debug, PartialEq, PartialOrd)]
enum Sortable {
    Number(f64),
    Date(i64),
    Text(String),
}

/// The order of two resources by `_sort`; equal where ties decide.
pub(crate) fn order(sort: &[SortKey], one: &Seen<'_>, other: &Seen<'_>) -> Ordering {
    for key in sort {
        let ordering = match (sort_value(key, one), sort_value(key, other)) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) if key.descending => b.partial_cmp(&a).unwrap(),
            (Some(a), Some(b)) => a.partial_cmp(&b).unwrap(),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

fn sort_value(key: &SortKey, of: &Seen<'_>) -> Option<Sortable> {
    let end = |span: Span<f64>| Sortable::Number(if key.descending { span.high } else { span.low });
    let parameter = match &key.by {
        SortBy::LastUpdated => return Some(Sortable::Date(of.time)),
        SortBy::Id => return Some(Sortable::Text(of.id.to_owned())),
        SortBy::Parameter(parameter) => parameter,
    };
    let values =
        of.says.keys.iter().filter(|each| each.parameter == *parameter).map(|each| match &each.value {
            KeyValue::Token(token) => {
                Sortable::Text(fold(token.code.as_ref().or(token.system.as_ref()).unwrap()))
            }
            KeyValue::Reference(ReferenceKey::Local { resource, id, .. }) => {
                Sortable::Text(format!("{}/{id}", resource.name()))
            }
            KeyValue::Reference(ReferenceKey::Absolute(url) | ReferenceKey::Canonical { url, .. }) => {
                Sortable::Text(url.clone())
            }
            KeyValue::Reference(ReferenceKey::Identifier { token, .. }) => {
                Sortable::Text(token.code.clone().unwrap_or_default())
            }
            KeyValue::Date(span) => Sortable::Date(if key.descending { span.high } else { span.low }),
            KeyValue::Number(span) => end(*span),
            KeyValue::Quantity(quantity) => {
                end(quantity.canonical.as_ref().map_or(quantity.value, |(span, _)| *span))
            }
            KeyValue::String(text) => Sortable::Text(fold(text).chars().take(180).collect()),
            KeyValue::Uri(text) => Sortable::Text(text.clone()),
            KeyValue::Composite(_) => Sortable::Text(String::new()),
        });
    values.reduce(|best, value| {
        let better = if key.descending { value > best } else { value < best };
        if better { value } else { best }
    })
}
