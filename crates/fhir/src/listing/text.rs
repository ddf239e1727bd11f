//! One line of text for a value, by its shape.

use std::borrow::Cow;

use vpr_codec::Value;

/// Adds what a value says, if it says anything: a primitive as written, a HumanName, CodeableConcept,
/// Coding, Reference, Identifier, Quantity, Range, Ratio, Period or Annotation by what is meant for
/// people. Of an array the first that says something; of names the official one, else the usual one.
pub(super) fn push(value: Value<'_>, out: &mut Line) -> bool {
    if value.is_array() {
        return names_first(value).any(|item| !item.is_array() && one(item, out));
    }
    one(value, out)
}

/// A line of text of bounded length: control characters and runs of white space are one space, and
/// nothing in it changes the direction of what stands beside it.
pub(super) struct Line {
    text: String,
    most: usize,
    full: bool,
}

/// Stands where text was cut.
const CUT: &str = "…";

impl Line {
    /// Empty; never longer than `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { text: String::new(), most, full: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Adds text.
    pub(super) fn push(&mut self, text: &str) {
        for c in text.chars() {
            if self.full {
                return;
            }
            let blank = c.is_whitespace() || c.is_control();
            if turns(c) {
                continue;
            }
            if !blank {
                self.add(c);
            } else if !self.text.is_empty() && !self.text.ends_with(' ') {
                self.add(' ');
            }
        }
    }

    fn add(&mut self, c: char) {
        if self.text.len() + c.len_utf8() <= self.most {
            self.text.push(c);
            return;
        }
        self.full = true;
        while self.text.len() + CUT.len() > self.most && self.text.pop().is_some() {}
        self.text.push_str(CUT);
    }

    /// Adds what `fill` adds after `between`; nothing when it adds nothing but blanks.
    pub(super) fn part(&mut self, between: &str, fill: impl FnOnce(&mut Self) -> bool) -> bool {
        if self.full {
            return false;
        }
        let mut part = Self::new(self.most);
        let says = fill(&mut part) && !part.text.trim().is_empty();
        if says {
            if !self.is_empty() {
                self.push(between);
            }
            self.push(part.text.trim());
            self.full |= part.full;
        }
        says
    }

    pub(super) fn finish(self) -> String {
        let end = self.text.trim_end().len();
        let mut text = self.text;
        text.truncate(end);
        text
    }
}

/// Whether a character is not seen and changes how others are: directions and byte order marks. A line
/// of a list must not rearrange the one beside it.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The items of an array, those before others that `HumanName.use` says are the person's proper name.
fn names_first(array: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    const LAST: usize = 4;
    fn rank(item: Value<'_>) -> usize {
        match item.get("use").and_then(Value::as_str).as_deref() {
            Some("official") => 0,
            Some("usual") => 1,
            None => 2,
            Some("old" | "maiden") => LAST,
            Some(_) => 3,
        }
    }
    (0..=LAST).flat_map(move |wanted| array.items().filter(move |item| rank(*item) == wanted))
}

fn one(value: Value<'_>, out: &mut Line) -> bool {
    if value.is_object() { object(value, out) } else { primitive(value, out) }
}

fn primitive(value: Value<'_>, out: &mut Line) -> bool {
    let text = match (value.as_str(), value.number_text(), value.as_bool()) {
        (Some(text), ..) => text,
        (None, Some(number), _) => Cow::Borrowed(number),
        (None, None, Some(truth)) => Cow::Borrowed(if truth { "yes" } else { "no" }),
        _ => return false,
    };
    let says = !text.trim().is_empty();
    if says {
        out.push(&text);
    }
    says
}

fn object(value: Value<'_>, out: &mut Line) -> bool {
    let member = |name: &str, out: &mut Line| {
        value.get(name).filter(|each| each.is_string()).is_some_and(|each| primitive(each, out))
    };
    if value.get("numerator").is_some() || value.get("denominator").is_some() {
        let first = out.part("", |out| quantity_at(value, "numerator", out));
        return out.part("/", |out| quantity_at(value, "denominator", out)) || first;
    }
    if value.get("low").is_some() || value.get("high").is_some() {
        return span(out, "–", |out| quantity_at(value, "low", out), |out| quantity_at(value, "high", out));
    }
    if value.get("value").is_some_and(|amount| amount.number_text().is_some()) {
        return quantity(value, out);
    }
    if value.get("start").is_some() || value.get("end").is_some() {
        return span(out, "–", |out| member("start", out), |out| member("end", out));
    }
    // CodeableConcept, HumanName, Annotation, Dosage: what was written for people.
    if member("text", out) {
        return true;
    }
    if value.get("coding").is_some() {
        let codings = || value.get("coding").into_iter().flat_map(Value::items);
        let shown = |name: &str, out: &mut Line| {
            codings().filter_map(|each| each.get(name)).any(|each| each.is_string() && primitive(each, out))
        };
        return shown("display", out) || shown("code", out);
    }
    if value.get("family").is_some() || value.get("given").is_some() {
        return human_name(value, out);
    }
    // Coding, Reference, Identifier, and elements with a name or title of their own.
    ["display", "code", "value", "name", "title"].iter().any(|name| member(name, out))
}

fn human_name(name: Value<'_>, out: &mut Line) -> bool {
    let mut says = false;
    for part in ["prefix", "given", "family", "suffix"] {
        let Some(part) = name.get(part) else { continue };
        for text in part.items().chain((!part.is_array()).then_some(part)).filter(|each| each.is_string()) {
            says |= out.part(" ", |out| primitive(text, out));
        }
    }
    says
}

/// The day of a date, a dateTime or an instant; of a Period both ends.
pub(super) fn push_days(value: Value<'_>, out: &mut Line) -> bool {
    let day = |value: Option<Value<'_>>, out: &mut Line| {
        let text = value.and_then(Value::as_str);
        let day = text.as_deref().map(|text| text.split('T').next().unwrap_or(text));
        day.inspect(|day| out.push(day)).is_some()
    };
    if value.is_object() {
        return span(out, "–", |out| day(value.get("start"), out), |out| day(value.get("end"), out));
    }
    day(Some(value), out)
}

/// Two ends, of which one may be open.
fn span(
    out: &mut Line,
    between: &str,
    low: impl FnOnce(&mut Line) -> bool,
    high: impl FnOnce(&mut Line) -> bool,
) -> bool {
    let begins = out.part("", low);
    let mut end = Line::new(out.most);
    let ends = high(&mut end);
    if begins || ends {
        out.push(between);
        out.push(end.text.trim());
    }
    begins || ends
}

fn quantity_at(value: Value<'_>, name: &str, out: &mut Line) -> bool {
    value.get(name).is_some_and(|each| quantity(each, out))
}

/// A Quantity as written, with its comparator: `<0.5 mg/L`.
fn quantity(value: Value<'_>, out: &mut Line) -> bool {
    let Some(amount) = value.get("value").and_then(Value::number_text) else { return false };
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    out.push(text("comparator").as_deref().unwrap_or_default());
    out.push(amount);
    // Money has a currency.
    if let Some(unit) = text("unit").or_else(|| text("code")).or_else(|| text("currency")) {
        out.push(" ");
        out.push(&unit);
    }
    true
}
