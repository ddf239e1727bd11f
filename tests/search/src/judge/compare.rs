//! Whether one value of a resource is what was asked for.

use std::cmp::Ordering;

use super::Judge;
use super::flaw::Flaw;
use super::fold::{bare, folded, small};
use super::value::{Amount, Extent, Reference, System, Value, split_reference};
use crate::exact::Exact;
use crate::moment::Span;
use crate::query::{Ask, Modifier, Prefix};
use crate::units::{UCUM, is_other_unit, unit};
use crate::verdict::Verdict;

const ROUNDING: Verdict = Verdict::Open("rounding");

impl Judge<'_> {
    /// Whether a value passes.
    pub(super) fn passes(&self, ask: &Ask, modifier: &Modifier, value: &Value) -> Verdict {
        if let Value::Unclear(why) = value {
            return Verdict::Open(why);
        }
        match (ask, value) {
            (_, Value::Reference(Reference::Logical(system, value))) if *modifier == Modifier::Identifier => {
                let system = system.clone().map_or(System::None, System::Written);
                (!self.has(Flaw::LogicalReferenceLost))
                    .into_and(|| self.token(ask, &system, value.as_deref()))
            }
            (_, Value::Reference(_)) if *modifier == Modifier::Identifier => Verdict::No,
            (_, Value::Token(system, code)) => self.token(ask, system, code.as_deref()),
            (Ask::Date(prefix, text), Value::Date(span)) => self.date(*prefix, text, *span),
            (Ask::Number(prefix, text), Value::Number(extent)) => {
                self.number(*prefix, text, *extent, Exact::ratio(1, 1), false)
            }
            (Ask::Quantity(prefix, text, unit), Value::Quantity(amount)) => {
                self.quantity(*prefix, text, unit.as_ref(), amount)
            }
            (Ask::Text(asked), Value::Text(text) | Value::FamilyName(text)) => {
                self.text(modifier, asked, text)
            }
            (Ask::Uri(asked), Value::Uri(uri)) => self.uri(modifier, asked, uri).into(),
            (Ask::Reference(asked), Value::Reference(reference)) => {
                self.reference(modifier, asked, reference).into()
            }
            (Ask::Composite(asks), Value::Composite(parts)) => {
                let part = |(ask, values): (&Ask, &Vec<Value>)| {
                    Verdict::any(values.iter().map(|value| self.passes(ask, &Modifier::None, value)))
                };
                Verdict::all(asks.iter().zip(parts).map(part))
            }
            // A mistaken judge may follow a reference that the question was not made for.
            _ if self.is_mistaken() => Verdict::No,
            _ => panic!("{ask:?} does not fit {value:?}"),
        }
    }

    fn token(&self, ask: &Ask, system: &System, code: Option<&str>) -> Verdict {
        let same = |asked: &str| match code {
            Some(code) if self.has(Flaw::CodeCaseIgnored) => code.eq_ignore_ascii_case(asked),
            Some(code) => code == asked,
            None => false,
        };
        let unbound = self.has(Flaw::BoundCodeWithoutSystem);
        let of_system = |asked: Option<&str>| match system {
            System::Unknown => Verdict::Open("the system of a code without enumerated value set"),
            System::Bound(_) if unbound => asked.is_none().into(),
            System::Written(system) | System::Bound(system) => (Some(system.as_str()) == asked).into(),
            System::None => asked.is_none().into(),
        };
        match ask {
            Ask::Code(asked) => same(asked).into(),
            Ask::SystemCode(_, asked) if self.has(Flaw::SystemIgnored) => same(asked).into(),
            Ask::SystemCode(system, asked) => same(asked).into_and(|| of_system(Some(system))),
            Ask::NoSystem(asked) if self.has(Flaw::SystemlessIsAny) => same(asked).into(),
            Ask::NoSystem(asked) => same(asked).into_and(|| of_system(None)),
            Ask::System(asked) => of_system(Some(asked)),
            other => panic!("no token: {other:?}"),
        }
    }

    /// R4 §3.1.1.4.7 and the table of §3.1.1.4.5.
    fn date(&self, prefix: Prefix, text: &str, mut value: Span) -> Verdict {
        let asked =
            Span::of(&if self.has(Flaw::DateWithoutZone) { without_zone(text) } else { text.to_owned() });
        if self.has(Flaw::PeriodIsItsStart) && value.low != i64::MIN {
            value.high = value.low + 1;
        }
        if self.has(Flaw::OpenPeriodIsClosed) && value.high == i64::MAX {
            value.high = value.low.saturating_add(1);
        }
        let equal = match self.has(Flaw::DateEqualOverlaps) {
            true => asked.overlaps(value),
            false => asked.contains(value),
        };
        let (above, below) = (value.high > asked.high, value.low < asked.low);
        let holds = match prefix {
            Prefix::None | Prefix::Eq => equal,
            Prefix::Ne => !equal,
            Prefix::Gt => above,
            Prefix::Lt => below,
            Prefix::Ge => above || equal,
            Prefix::Le => below || equal,
            Prefix::Sa if self.has(Flaw::DateStartsAfterIsGreater) => above,
            Prefix::Sa => value.low >= asked.high,
            Prefix::Eb => value.high <= asked.low,
            Prefix::Ap if self.has(Flaw::DateApproximateIsEqual) => equal,
            Prefix::Ap => return self.near_in_time(asked, value),
        };
        holds.into()
    }

    /// `ap` widens by a tenth of the distance between now and the date; what depends on how exactly
    /// that is measured is open.
    fn near_in_time(&self, asked: Span, value: Span) -> Verdict {
        const DAY: i64 = 86_400_000_000;
        let distances = [asked.low, asked.high].map(|end| (self.now() - end).abs());
        let least = (distances[0].min(distances[1]) - DAY).max(0) / 1000 * 99;
        let most = (distances[0].max(distances[1]) + DAY) / 1000 * 101 + asked.high - asked.low;
        let widened = |by: i64| Span { low: asked.low - by, high: asked.high + by };
        match (widened(least).overlaps(value), widened(most).overlaps(value)) {
            (true, true) => Verdict::Yes,
            (false, false) => Verdict::No,
            _ => Verdict::Open("how near ap of dates is"),
        }
    }

    /// R4 §3.1.1.4.6: eq and ne look at the written precision, the others at the number itself.
    /// `factor` turns what was asked into the unit of `extent`; `rounded` says that others may have
    /// rounded on the way.
    fn number(&self, prefix: Prefix, text: &str, extent: Extent, factor: Exact, rounded: bool) -> Verdict {
        let (number, places) = Exact::parse(text);
        let half = match self.has(Flaw::NumberExact) {
            true => Exact::ratio(1, 1_000_000_000),
            false => Exact::half_unit(places),
        };
        let (from, to) = ((number - half) * factor, (number + half) * factor);
        let plain = number;
        let mut number = number * factor;
        if self.has(Flaw::NumberGreaterByPrecision) && matches!(prefix, Prefix::Gt | Prefix::Sa) {
            number = to;
        }
        // How a bound of the value lies to something asked; an open end lies beyond everything.
        let order = |bound: Option<Exact>, open: Ordering, asked: Exact, is_written: bool| match bound {
            None => Ok(open),
            Some(bound) if bound == asked && !extent.vague && !rounded && (is_written || asked.is_half()) => {
                Ok(Ordering::Equal)
            }
            Some(bound) if bound.is_near(asked) => Err(ROUNDING),
            Some(bound) => Ok(bound.cmp(&asked)),
        };
        let low = |asked, is_written| order(extent.low, Ordering::Less, asked, is_written);
        let high = |asked, is_written| order(extent.high, Ordering::Greater, asked, is_written);
        let decide = || -> Result<bool, Verdict> {
            let is_point = extent.low == extent.high;
            let within = |from: Exact, to: Exact| -> Result<bool, Verdict> {
                let begins = low(from, false)?.is_ge();
                Ok(begins && high(to, false)?.is_lt())
            };
            Ok(match prefix {
                Prefix::None | Prefix::Eq => within(from, to)?,
                Prefix::Ne => !within(from, to)?,
                Prefix::Gt => high(number, true)?.is_gt(),
                Prefix::Lt => low(number, true)?.is_lt(),
                Prefix::Ge => high(number, true)?.is_ge(),
                Prefix::Le => low(number, true)?.is_le(),
                Prefix::Sa => low(number, true)?.is_gt(),
                Prefix::Eb => high(number, true)?.is_lt(),
                Prefix::Ap => {
                    let tenth = Exact::ratio(1, 10) * plain;
                    let tenth = if tenth < Exact::ratio(0, 1) { Exact::ratio(-1, 1) * tenth } else { tenth };
                    let (from, to) = ((plain - tenth) * factor, (plain + tenth) * factor);
                    let (reaches, begins) = (high(from, false)?, low(to, false)?);
                    if is_point && (reaches.is_eq() || begins.is_eq()) {
                        return Err(ROUNDING);
                    }
                    reaches.is_ge() && begins.is_le()
                }
            })
        };
        decide().map_or_else(|open| open, Verdict::from)
    }

    /// R4 §3.1.1.4.11
    fn quantity(
        &self,
        prefix: Prefix,
        text: &str,
        asked: Option<&(Option<String>, String)>,
        amount: &Amount,
    ) -> Verdict {
        let one = Exact::ratio(1, 1);
        let as_written = || self.number(prefix, text, amount.extent, one, false);
        let Some((system, code)) = asked else { return as_written() };
        if self.has(Flaw::UnitIgnored) {
            return as_written();
        }
        let (is_ucum, same) = (amount.system.as_deref() == Some(UCUM), amount.code.as_ref() == Some(code));
        // R4 §3.1.1.4.11: without a system, the unit as it is written.
        let asked_ucum = system.as_deref() == Some(UCUM);
        if asked_ucum && is_ucum && !same && !self.has(Flaw::UnitNotConverted) {
            let its_unit = amount.code.as_deref().and_then(unit);
            match (unit(code), its_unit) {
                (Some((asked, factor)), Some((measure, its_factor))) => {
                    if asked != measure {
                        return Verdict::No;
                    }
                    let to_base = |bound: Option<Exact>| bound.map(|bound| bound * its_factor);
                    let Extent { low, high, vague } = amount.extent;
                    let extent = Extent { low: to_base(low), high: to_base(high), vague };
                    return self.number(prefix, text, extent, factor, true);
                }
                (None, None) if is_other_unit(code) && amount.code.as_deref().is_some_and(is_other_unit) => {
                    return Verdict::Open("whether two units convert that the judge does not know");
                }
                _ => {}
            }
        }
        let fits = match system {
            Some(system) => amount.system.as_ref() == Some(system) && same,
            None => same || amount.unit.as_ref() == Some(code),
        };
        fits.into_and(as_written)
    }

    /// R4 §3.1.1.4.8
    fn text(&self, modifier: &Modifier, asked: &str, text: &str) -> Verdict {
        let exact = *modifier == Modifier::Exact;
        if exact && !self.has(Flaw::ExactFolds) {
            return (asked == text).into();
        }
        let fits = |fold: fn(&str) -> String| {
            let (asked, text) = (fold(asked), fold(text));
            match modifier {
                Modifier::Contains if !self.has(Flaw::ContainsIsBegins) => text.contains(&asked),
                _ if exact || self.has(Flaw::TextWhole) => asked == text,
                _ => text.starts_with(&asked),
            }
        };
        if self.has(Flaw::TextAccentsMatter) {
            return fits(str::to_lowercase).into();
        }
        if self.has(Flaw::TextCaseMatters) {
            return fits(bare).into();
        }
        match (fits(small), fits(folded)) {
            (a, b) if a == b => a.into(),
            _ => Verdict::Open("how far case folding goes"),
        }
    }

    /// R4 §3.1.1.4.13
    fn uri(&self, modifier: &Modifier, asked: &str, uri: &str) -> bool {
        let within = |outer: &str, inner: &str| match inner.strip_prefix(outer) {
            Some(rest) => rest.is_empty() || rest.starts_with('/') || self.has(Flaw::UriBelowIsTextPrefix),
            None => false,
        };
        match modifier {
            Modifier::Below => within(asked, uri),
            Modifier::Above if self.has(Flaw::UriAboveIsBelow) => within(asked, uri),
            Modifier::Above => within(uri, asked),
            _ => asked == uri,
        }
    }

    /// R4 §3.1.1.4.12
    fn reference(&self, modifier: &Modifier, asked: &str, reference: &Reference) -> bool {
        // A URL of this server is the same as the relative reference (R4 §3.1.1.4.12).
        let asked = asked.strip_prefix(self.base()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(asked);
        let asked = match modifier {
            Modifier::Type(type_name) => format!("{type_name}/{asked}"),
            _ => asked.to_owned(),
        };
        match reference {
            Reference::Local(_, _, Some(_)) if self.has(Flaw::VersionedReferenceLost) => false,
            Reference::Local(_, id, _) if self.has(Flaw::ReferenceTypeIgnored) => {
                asked.split("/_history/").next().unwrap_or_default().rsplit('/').next() == Some(id)
            }
            Reference::Local(type_name, id, version) => match split_reference(&asked) {
                Some((asked_type, asked_id, asked_version)) if !asked.contains(':') => {
                    asked_type == type_name
                        && asked_id == id
                        && (asked_version.is_none() || asked_version == version.as_deref())
                }
                _ => asked == *id,
            },
            Reference::Absolute(url) => asked == *url,
            Reference::Canonical(url, version) => match asked.split_once('|') {
                Some((asked, _)) if self.has(Flaw::CanonicalVersionIgnored) => asked == url,
                Some((asked, asked_version)) => asked == url && version.as_deref() == Some(asked_version),
                None if self.has(Flaw::CanonicalVersionNeeded) => asked == *url && version.is_none(),
                None => asked == *url,
            },
            Reference::Logical(..) => false,
        }
    }
}

/// `and`, for a condition that decides alone when it fails.
trait IntoAnd {
    fn into_and(self, rest: impl FnOnce() -> Verdict) -> Verdict;
}

impl IntoAnd for bool {
    fn into_and(self, rest: impl FnOnce() -> Verdict) -> Verdict {
        if self { rest() } else { Verdict::No }
    }
}

fn without_zone(text: &str) -> String {
    match text.split_once('T') {
        Some((date, time)) => {
            let end = time.find(['Z', '+', '-']).unwrap_or(time.len());
            format!("{date}T{}", &time[..end])
        }
        None => text.to_owned(),
    }
}
