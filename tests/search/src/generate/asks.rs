//! Values to ask for: those that documents have, near misses, and some from nowhere.

use super::Generator;
use super::write::{PRECISIONS, date, decimal};
use crate::definitions::{Kind, Parameter};
use crate::exact::Exact;
use crate::judge::{Amount, Extent, Reference, System, Value, split_reference};
use crate::moment::Span;
use crate::query::{Ask, Modifier, Prefix};
use crate::units::{MEASURES, UCUM, unit};

const ZONES: [i64; 5] = [0, 0, 60, -300, 345];

impl Generator<'_, '_> {
    /// A modifier that fits the parameter.
    pub(super) fn modifier(&mut self, parameter: &Parameter) -> Modifier {
        match parameter.kind {
            Kind::Text => match self.dice.below(4) {
                0 => Modifier::Exact,
                1 => Modifier::Contains,
                _ => Modifier::None,
            },
            Kind::Token if self.one_in(5) => Modifier::Not,
            Kind::Uri => match self.dice.below(3) {
                0 => Modifier::Above,
                1 => Modifier::Below,
                _ => Modifier::None,
            },
            Kind::Reference if self.one_in(4) => Modifier::Type(String::new()),
            _ => Modifier::None,
        }
    }

    /// What could be asked for to find this value, or nearly; `None` when the modifier does not fit
    /// the value.
    pub(super) fn ask(&mut self, value: &Value, modifier: &mut Modifier) -> Option<Ask> {
        Some(match value {
            Value::Token(system, code) => self.token(system, code.as_deref()),
            Value::Date(span) => {
                let text = self.moment(*span);
                Ask::Date(self.prefix(), text)
            }
            Value::Number(extent) => {
                let text = self.number(extent)?;
                Ask::Number(self.prefix(), text)
            }
            Value::Quantity(amount) => self.amount(amount)?,
            Value::Text(text) | Value::FamilyName(text) => self.text(text, modifier),
            Value::Uri(uri) => Ask::Uri(self.uri(uri, modifier)),
            Value::Reference(Reference::Logical(system, value)) if *modifier == Modifier::Identifier => {
                let system = system.clone().map_or(System::None, System::Written);
                self.token(&system, value.as_deref())
            }
            Value::Reference(reference) => self.reference(reference, modifier)?,
            Value::Composite(parts) => {
                // With all parts askew hardly anything would be found.
                self.plain = !self.one_in(3);
                let parts: Option<_> = parts
                    .iter()
                    .map(|part| {
                        let value = self.dice.pick(part).clone();
                        self.ask(&value, &mut Modifier::None)
                    })
                    .collect();
                self.plain = false;
                Ask::Composite(parts?)
            }
            Value::Unclear(_) => return None,
        })
    }

    fn prefix(&mut self) -> Prefix {
        if self.plain || self.one_in(4) { Prefix::None } else { *self.dice.pick(&Prefix::ALL) }
    }

    fn token(&mut self, system: &System, code: Option<&str>) -> Ask {
        let written = match system {
            System::Written(system) | System::Bound(system) => Some(system.clone()),
            System::None | System::Unknown => None,
        };
        let mut code = code.unwrap_or("a1").to_owned();
        if self.plain {
            return Ask::Code(code);
        }
        if self.one_in(8) {
            // Another case, or a part of it.
            code = if self.one_in(2) {
                code.to_uppercase()
            } else {
                code.chars().skip(1).chain(['0']).collect()
            };
        }
        match self.dice.below(8) {
            0 => Ask::NoSystem(code),
            1 => Ask::System(written.unwrap_or_else(|| "http://loinc.org".to_owned())),
            2 => Ask::SystemCode("http://loinc.org".to_owned(), code),
            3..=5 => match written {
                Some(system) => Ask::SystemCode(system, code),
                None if *system == System::None => Ask::NoSystem(code),
                None => Ask::Code(code),
            },
            _ => Ask::Code(code),
        }
    }

    /// A date about one end of a span.
    pub(super) fn moment(&mut self, span: Span) -> String {
        let is_written = |end: &i64| (-9_000_000_000_000_000..9_000_000_000_000_000).contains(end);
        let ends: Vec<i64> = [span.low, span.high - 1].into_iter().filter(is_written).collect();
        let mut moment = *self.dice.pick(&ends);
        if !self.plain && self.one_in(5) {
            let steps = [1_000, 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000, 31 * 86_400_000_000];
            let step = *self.dice.pick(&steps);
            moment += if self.one_in(2) { step } else { -step };
        }
        let precision = *self.dice.pick(&PRECISIONS);
        let zone = *self.dice.pick(&ZONES);
        date(moment, precision, zone)
    }

    fn number(&mut self, extent: &Extent) -> Option<String> {
        let ends: Vec<Exact> = [extent.low, extent.high].into_iter().flatten().collect();
        let end = *self.dice.pick(&ends);
        self.written(end)
    }

    /// A number or one beside it, with more or fewer places.
    fn written(&mut self, mut number: Exact) -> Option<String> {
        let places = u32::try_from(self.dice.below(3)).unwrap();
        if self.plain {
            return decimal(number, 0);
        }
        if self.one_in(4) {
            // As somebody would say it roughly.
            return decimal(number.floor(), 0);
        }
        if self.one_in(3) {
            let steps = [Exact::ratio(1, 1), Exact::ratio(1, 10), Exact::ratio(4, 10), Exact::ratio(1, 2)];
            let step = *self.dice.pick(&steps);
            number = if self.one_in(2) { number + step } else { number - step };
        }
        if self.one_in(5) {
            number = number * Exact::ratio(21, 20);
        }
        decimal(number, places)
    }

    fn amount(&mut self, amount: &Amount) -> Option<Ask> {
        let prefix = self.prefix();
        let ends: Vec<Exact> = [amount.extent.low, amount.extent.high].into_iter().flatten().collect();
        let number = *self.dice.pick(&ends);
        let Some(code) = amount.code.clone().or_else(|| amount.unit.clone()) else {
            return Some(Ask::Quantity(prefix, self.written(number)?, None));
        };
        let is_ucum = amount.system.as_deref() == Some(UCUM);
        let system = amount.system.clone();
        match self.dice.below(6) {
            _ if self.plain => Some(Ask::Quantity(prefix, self.written(number)?, None)),
            0 => Some(Ask::Quantity(prefix, self.written(number)?, None)),
            1 => {
                let word = amount.unit.clone().unwrap_or(code);
                Some(Ask::Quantity(prefix, self.written(number)?, Some((None, word))))
            }
            2 | 3 if is_ucum && unit(&code).is_some() => {
                let (measure, factor) = unit(&code)?;
                let others: Vec<&str> = MEASURES
                    .iter()
                    .flat_map(|each| each.iter().copied())
                    .filter(|other| unit(other).is_some_and(|(its, _)| its == measure))
                    .collect();
                let other = *self.dice.pick(&others);
                let number = number * factor * unit(other)?.1.inverse()?;
                let system = if self.one_in(3) { None } else { system };
                let places = u32::try_from(self.dice.below(2)).unwrap();
                let text = decimal(number, places)?;
                Some(Ask::Quantity(prefix, text, Some((system, other.to_owned()))))
            }
            4 => Some(Ask::Quantity(prefix, self.written(number)?, Some((None, code)))),
            _ => Some(Ask::Quantity(prefix, self.written(number)?, Some((system, code)))),
        }
    }

    fn text(&mut self, text: &str, modifier: &Modifier) -> Ask {
        let chars: Vec<char> = text.chars().collect();
        let cut = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
        let length = chars.len() as u64;
        if self.plain {
            return Ask::Text(text.to_owned());
        }
        let mut asked = match modifier {
            Modifier::Exact => text.to_owned(),
            Modifier::Contains => {
                let from = usize::try_from(self.dice.below(length)).unwrap();
                let to = from + 1 + usize::try_from(self.dice.below(length - from as u64)).unwrap();
                cut(from, to)
            }
            _ => cut(0, 1 + usize::try_from(self.dice.below(length)).unwrap()),
        };
        match self.dice.below(7) {
            0 => asked = asked.to_uppercase(),
            1 => asked = asked.to_lowercase(),
            // Without its accents, or with one too many.
            2 => asked = asked.replace('ü', "u").replace(['É', 'é'], "e").replace("u\u{308}", "ü"),
            3 => asked = asked.replacen('e', "è", 1),
            4 if asked.chars().count() > 1 => asked = asked.chars().skip(1).collect(),
            _ => {}
        }
        // A value of spaces alone is none.
        Ask::Text(if asked.trim() != asked || asked.is_empty() { text.to_owned() } else { asked })
    }

    fn uri(&mut self, uri: &str, modifier: &Modifier) -> String {
        let is_url = uri.starts_with("http") && !uri.contains('?');
        match modifier {
            Modifier::Above if is_url => {
                let more = ["", "/x", "/b", "c", "/b/c/d"];
                format!("{uri}{}", self.dice.pick(&more))
            }
            Modifier::Below if is_url && self.one_in(2) => match uri.rsplit_once('/') {
                Some((before, _)) if !before.ends_with('/') => before.to_owned(),
                _ => uri.to_owned(),
            },
            _ if self.one_in(8) => uri.replace("/a", "/A"),
            _ => uri.to_owned(),
        }
    }

    fn reference(&mut self, reference: &Reference, modifier: &mut Modifier) -> Option<Ask> {
        if *modifier == Modifier::Identifier {
            return None;
        }
        let is_typed = matches!(modifier, Modifier::Type(_));
        Some(Ask::Reference(match reference {
            Reference::Local(type_name, id, _) if is_typed => {
                *modifier = Modifier::Type(type_name.clone());
                id.clone()
            }
            _ if is_typed => return None,
            Reference::Local(type_name, id, version) => match self.dice.below(8) {
                0 | 1 => id.clone(),
                2 => format!("{type_name}/{id}/_history/{}", version.as_deref().unwrap_or("1")),
                3 => format!("{type_name}/{id}/_history/2"),
                4 => format!("{}/{type_name}/{id}", self.judge.base()),
                _ => format!("{type_name}/{id}"),
            },
            Reference::Absolute(url) => match split_reference(url) {
                // The same name here is another resource.
                Some((type_name, id, _)) if self.one_in(4) => format!("{type_name}/{id}"),
                _ => url.clone(),
            },
            Reference::Canonical(url, version) => match (version, self.dice.below(3)) {
                (Some(version), 0 | 1) => format!("{url}|{version}"),
                (None, 0) => format!("{url}|1.0"),
                _ => url.clone(),
            },
            Reference::Logical(..) => return None,
        }))
    }
}
