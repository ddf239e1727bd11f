//! From a value to what a resource's value must be.

use std::borrow::Cow;
use std::slice::from_ref;

use super::criterion::any;
use super::escape::{split, unescape};
use super::fault::{Fault, FaultKind};
use super::leads::targets;
use super::modifier::How;
use super::scalar::{compared_date, compared_number};
use super::{Parser, names};
use crate::ResourceType;
use crate::definitions::{SearchParameter, SearchParameterType};
use crate::reference::is_id;
use crate::search::{
    Compared, Filter, QuantityTest, Span, StringMatch, Test, TokenTest, UCUM, UriMatch, canonical_quantity,
    fold,
};

impl Parser<'_> {
    /// A parameter with its modifier and its value. `types` are those that it is asked of; none
    /// means all.
    pub(super) fn leaf(
        &mut self,
        parameter: SearchParameter,
        types: &[ResourceType],
        modifier: Option<&str>,
        value: &str,
    ) -> Result<Filter, Fault> {
        let how = How::of(parameter, types, modifier)?;
        if value.is_empty() {
            return Err(Fault::empty(parameter.code()));
        }
        if how == How::Missing {
            self.spend(1)?;
            let missing = truth(value).ok_or_else(|| not_truth(parameter.code()))?;
            return Ok(Filter::Missing { parameter, missing });
        }
        let alternatives = self.alternatives(value)?;
        if how == How::Plain && parameter.value_type() == SearchParameterType::Uri && value.contains('|') {
            return self.versioned(parameter, types, &alternatives);
        }
        let test = self.test(parameter, types, how, &alternatives)?;
        let filter = Filter::Parameter { parameter, test };
        Ok(if how == How::Not { Filter::Not(Box::new(filter)) } else { filter })
    }

    /// `_id`, which is a token without system.
    pub(super) fn id(&mut self, modifier: Option<&str>, value: &str) -> Result<Filter, Fault> {
        match modifier {
            None | Some("not") => {}
            Some("missing") => return never_missing("_id", value),
            Some(other) => return Err(Fault::modifier("_id", other)),
        }
        if value.is_empty() {
            return Err(Fault::empty("_id"));
        }
        let alternatives = self.alternatives(value)?;
        self.spend(alternatives.len())?;
        let ids = read(&alternatives, "_id", "no id", |text| is_id(text).then(|| text.to_owned()))?;
        let filter = Filter::Id(ids);
        Ok(if modifier.is_some() { Filter::Not(Box::new(filter)) } else { filter })
    }

    /// `_lastUpdated`
    pub(super) fn last_updated(&mut self, modifier: Option<&str>, value: &str) -> Result<Filter, Fault> {
        match modifier {
            None => {}
            Some("missing") => return never_missing("_lastUpdated", value),
            Some(other) => return Err(Fault::modifier("_lastUpdated", other)),
        }
        if value.is_empty() {
            return Err(Fault::empty("_lastUpdated"));
        }
        let alternatives = self.alternatives(value)?;
        self.spend(alternatives.len())?;
        let now = self.options.now;
        let dates = read(&alternatives, "_lastUpdated", "no date", |text| compared_date(text, now))?;
        Ok(Filter::LastUpdated(dates))
    }

    /// `url=…|version`: the version is looked for where the type has it (R4 §3.1.1.4.9).
    fn versioned(
        &mut self,
        parameter: SearchParameter,
        types: &[ResourceType],
        alternatives: &[&str],
    ) -> Result<Filter, Fault> {
        let mut versions = types.iter().map(|each| each.search_parameter("version"));
        let first = versions.next().flatten().filter(|_| parameter.code() == "url");
        let version = first.filter(|first| versions.all(|each| each == Some(*first)));
        let mut found = Vec::with_capacity(alternatives.len());
        for alternative in alternatives {
            let mut parts = split(alternative, '|');
            let (url, said) = (parts.next().unwrap_or_default(), parts.next());
            let (Some(version), Some(said)) = (version, said) else {
                let test = self.test(parameter, types, How::Plain, from_ref(alternative))?;
                found.push(Filter::Parameter { parameter, test });
                continue;
            };
            if said.is_empty() || url.is_empty() || parts.next().is_some() {
                return Err(Fault::value(
                    parameter.code(),
                    found.len(),
                    alternatives.len(),
                    "no 'url|version'",
                ));
            }
            let test = self.test(parameter, types, How::Plain, &[url])?;
            let of_version = unescape(said).map(|said| Test::Token(vec![TokenTest::Code(said.into_owned())]));
            let what = "not escaped as it must be";
            let of_version = of_version
                .ok_or_else(|| Fault::value(parameter.code(), found.len(), alternatives.len(), what))?;
            found.push(Filter::All(vec![
                Filter::Parameter { parameter, test },
                Filter::Parameter { parameter: version, test: of_version },
            ]));
        }
        Ok(any(found))
    }

    /// The test of alternatives that are still escaped.
    fn test(
        &mut self,
        parameter: SearchParameter,
        types: &[ResourceType],
        how: How,
        alternatives: &[&str],
    ) -> Result<Test, Fault> {
        use SearchParameterType as Kind;

        self.spend(alternatives.len())?;
        let code = parameter.code();
        let now = self.options.now;
        Ok(match parameter.value_type() {
            Kind::Number => Test::Number(read(alternatives, code, "no number", compared_number)?),
            Kind::Date => Test::Date(read(alternatives, code, "no date", |text| compared_date(text, now))?),
            Kind::Quantity => Test::Quantity(read(alternatives, code, "no 'number|system|code'", quantity)?),
            Kind::Token => Test::Token(read(alternatives, code, "no 'system|code'", token)?),
            Kind::String => {
                let (matched, folded) = match how {
                    How::Exact => (StringMatch::Exact, false),
                    How::Contains => (StringMatch::Contains, true),
                    _ => (StringMatch::Begins, true),
                };
                let text = |text: &str| {
                    let text = unescape(text)?;
                    let text = if folded { fold(&text) } else { text.into_owned() };
                    (!text.is_empty()).then_some(text)
                };
                Test::String(matched, read(alternatives, code, "no text that can be searched for", text)?)
            }
            Kind::Uri => {
                let matched = match how {
                    How::Above => UriMatch::Above,
                    How::Below => UriMatch::Below,
                    _ => UriMatch::Equal,
                };
                let uri = |text: &str| {
                    let text = unescape(text)?;
                    let below = text.strip_suffix('/').filter(|_| matched == UriMatch::Below);
                    Some(below.unwrap_or(&text).to_owned()).filter(|text| !text.is_empty())
                };
                Test::Uri(matched, read(alternatives, code, "no URI", uri)?)
            }
            Kind::Reference => {
                let what = match how {
                    How::Identifier => "no 'system|value'".to_owned(),
                    How::Type(target) => format!("no reference to {}", names(&[target])),
                    _ => "no reference".to_owned(),
                };
                let leads = targets(parameter, types);
                let found =
                    read(alternatives, code, &what, |text| self.reference(parameter, &leads, how, text))?;
                Test::Reference(found.into_iter().flatten().collect())
            }
            Kind::Composite => Test::Composite(self.composites(parameter, types, alternatives)?),
            Kind::Special => return Err(Fault::not_supported(code)),
        })
    }

    /// `part$part` (R4 §3.1.1.4.17)
    fn composites(
        &mut self,
        parameter: SearchParameter,
        types: &[ResourceType],
        alternatives: &[&str],
    ) -> Result<Vec<Vec<Test>>, Fault> {
        let mut found = Vec::with_capacity(alternatives.len());
        for (at, alternative) in alternatives.iter().enumerate() {
            let parts: Vec<_> = split(alternative, '$').collect();
            let components = parameter.components();
            if parts.len() != components.len() || parts.iter().any(|part| part.is_empty()) {
                let what = format!("not {} parts with '$' between them", components.len());
                return Err(Fault::value(parameter.code(), at, alternatives.len(), &what));
            }
            let tests: Result<Vec<_>, _> = components
                .zip(&parts)
                .map(|((part, _), text)| self.test(part, types, How::Plain, from_ref(text)))
                .collect();
            found.push(tests?);
        }
        Ok(found)
    }
}

/// Reads each alternative; the first that cannot be read is the fault.
fn read<T>(
    alternatives: &[&str],
    code: &str,
    what: &str,
    one: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Fault> {
    let each = |(at, text): (usize, &&str)| {
        one(text).ok_or_else(|| Fault::value(code, at, alternatives.len(), what))
    };
    alternatives.iter().enumerate().map(each).collect()
}

/// `code`, `system|code`, `|code` or `system|` (R4 §3.1.1.4.10).
pub(super) fn token(text: &str) -> Option<TokenTest> {
    let mut parts = split(text, '|');
    let (first, second) = (unescape(parts.next()?)?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let Some(code) = second else { return Some(TokenTest::Code(first.into_owned())) };
    let code = unescape(code)?;
    match (first.is_empty(), code.is_empty()) {
        (true, true) => None,
        (true, false) => Some(TokenTest::CodeWithoutSystem(code.into_owned())),
        (false, true) => Some(TokenTest::System(first.into_owned())),
        (false, false) => Some(TokenTest::SystemAndCode(first.into_owned(), code.into_owned())),
    }
}

/// `number` or `number|system|code`, where system and code may be empty (R4 §3.1.1.4.11).
fn quantity(text: &str) -> Option<QuantityTest> {
    let mut parts = split(text, '|');
    let value = compared_number(parts.next()?)?;
    let said = |part: &str| {
        let text = unescape(part).map(Cow::into_owned)?;
        Some(Some(text).filter(|text| !text.is_empty()))
    };
    let (system, code) = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => (None, None),
        (Some(system), Some(code), None) => (said(system)?, said(code)?),
        _ => return None,
    };
    // Without a system the code is the unit as it is written (R4 §3.1.1.4.11), which converts to no
    // other.
    let canonical = code
        .as_deref()
        .filter(|_| system.as_deref() == Some(UCUM))
        .and_then(|code| in_canonical_units(value, code));
    Some(QuantityTest { value, system, code, canonical })
}

fn in_canonical_units(value: Compared<Span<f64>>, code: &str) -> Option<(Compared<Span<f64>>, String)> {
    let (exact, unit) = canonical_quantity(value.exact, code)?;
    let (low, _) = canonical_quantity(value.span.low, code)?;
    let (high, _) = canonical_quantity(value.span.high, code)?;
    // Rounding must not push the number out of its own span.
    let span = Span { low: low.min(exact), high: high.max(exact.next_up()) };
    Some((Compared { comparator: value.comparator, span, exact }, unit))
}

/// `true` or `false`
fn truth(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn not_truth(code: &str) -> Fault {
    let text = format!("the value of '{code}:missing' is neither 'true' nor 'false'");
    Fault::new(FaultKind::BadValue, text)
}

/// `:missing` of what every resource has.
fn never_missing(code: &str, value: &str) -> Result<Filter, Fault> {
    if value.is_empty() {
        return Err(Fault::empty(code));
    }
    let missing = truth(value).ok_or_else(|| not_truth(code))?;
    Ok(if missing { Filter::Any(Vec::new()) } else { Filter::All(Vec::new()) })
}
