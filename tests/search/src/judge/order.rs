//! The order of results (R4 §3.1.1.5.1): what has no value comes last in both directions.

use std::cmp::Ordering;

use super::fold::small;
use super::value::{Reference, System, Value};
use super::{Flaw, Judge};
use crate::exact::Exact;
use crate::moment::Span;
use crate::query::Search;

/// What a document is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SortValue {
    /// A moment.
    Moment(i64),
    /// A number.
    Number(Exact),
    /// A text.
    Text(String),
}

impl Judge<'_> {
    /// How one document lies to another in the order that was asked for, equal if none was; `None`
    /// when the standard leaves it open.
    #[must_use]
    pub fn order(&self, search: &Search, a: usize, b: usize) -> Option<Ordering> {
        let mut keys = &search.sort[..];
        if keys.is_empty() {
            return Some(Ordering::Equal);
        }
        if self.has(Flaw::SortSecondKeyIgnored) {
            keys = &keys[..1];
        }
        for (code, down) in keys {
            let (a, b) = (self.sort_value(a, code, *down)?, self.sort_value(b, code, *down)?);
            let missing_first = self.has(Flaw::SortMissingFirst);
            let order = match (a, b) {
                (Some(a), Some(b)) if *down => b.cmp(&a),
                (Some(a), Some(b)) => a.cmp(&b),
                (None, None) => Ordering::Equal,
                (None, Some(_)) if missing_first => Ordering::Less,
                (Some(_), None) if missing_first => Ordering::Greater,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
            };
            // A server may know the time of a version more exactly than it shows it, and no two are
            // equal then.
            if order.is_ne() || code == "_lastUpdated" {
                return Some(order);
            }
        }
        Some(Ordering::Equal)
    }

    /// The least value, downwards the greatest.
    fn sort_value(&self, at: usize, code: &str, down: bool) -> Option<Option<SortValue>> {
        let document = &self.world.documents()[at];
        match code {
            "_id" => return Some(Some(SortValue::Text(document.id.clone()))),
            "_lastUpdated" => {
                return Some(Some(SortValue::Moment(Span::of(document.last_updated()).low)));
            }
            _ => {}
        }
        if self.parameter(at, code).is_none() {
            return Some(None);
        }
        let mut best: Option<SortValue> = None;
        for value in &self.values(at, code).values {
            let value = self.sort_of(value, down)?;
            let largest = down && !self.has(Flaw::SortDescendingBySmallest);
            best = match best {
                Some(best) if (value > best) == largest => Some(value),
                None => Some(value),
                best => best,
            };
        }
        Some(best)
    }

    fn sort_of(&self, value: &Value, down: bool) -> Option<SortValue> {
        let text = |text: &str| match self.has(Flaw::SortCaseMatters) {
            true => SortValue::Text(text.to_owned()),
            false => SortValue::Text(small(text)),
        };
        Some(match value {
            Value::Date(span) => SortValue::Moment(if down { span.high } else { span.low }),
            Value::Number(extent) => SortValue::Number((if down { extent.high } else { extent.low })?),
            Value::Text(value) | Value::FamilyName(value) => text(value),
            Value::Uri(uri) => SortValue::Text(uri.clone()),
            Value::Token(System::Unknown | System::None | System::Written(_) | System::Bound(_), code) => {
                text(code.as_deref()?)
            }
            Value::Reference(Reference::Local(type_name, id, _)) => {
                SortValue::Text(format!("{type_name}/{id}"))
            }
            // Amounts in several units, references of several kinds and composites have no order
            // that the standard names.
            Value::Quantity(_) | Value::Reference(_) | Value::Composite(_) | Value::Unclear(_) => {
                return None;
            }
        })
    }
}
