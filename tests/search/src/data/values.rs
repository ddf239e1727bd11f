//! Values of each datatype.

use vpr_http_tests::Json;

use super::pools::{CANONICALS, CODES, DATES, DECIMALS, SYSTEMS, TEXTS, TIMES, URIS};
use super::{Maker, TYPES, id, object, population, text, touched};
use crate::definitions::{Member, definitions};
use crate::moment::Span;
use crate::units::{MEASURES, UCUM};

/// Nothing is nested deeper.
const DEPTH_MAX: usize = 5;

impl Maker<'_> {
    fn one_in(&mut self, sides: u64) -> bool {
        self.dice.below(sides) == 0
    }

    fn maybe(&mut self, sides: u64, make: impl FnOnce(&mut Self) -> Json) -> Option<Json> {
        (!self.one_in(sides)).then(|| make(self))
    }

    fn pick(&mut self, pool: &[&str]) -> Json {
        text(self.dice.pick::<&str>(pool))
    }

    /// An element with children of its own: what is required, and mostly what is searched.
    pub(super) fn object(&mut self, holder: &'static str, depth: usize) -> Json {
        let members = definitions().members(holder);
        let mut elements: Vec<&str> = members.iter().map(|member| member.element).collect();
        elements.dedup();
        let mut made: Vec<(String, Json)> = Vec::new();
        for element in elements {
            let choices: Vec<&Member> = members.iter().filter(|member| member.element == element).collect();
            let searched = touched(holder, element) && depth < DEPTH_MAX && !self.one_in(4);
            if matches!(element, "id" | "meta" | "extension" | "contained")
                || !choices[0].required && !searched
            {
                continue;
            }
            let known: Vec<&Member> =
                choices.into_iter().filter(|member| is_known(member.type_name)).collect();
            if known.is_empty() {
                continue;
            }
            let amount = known.iter().find(|member| matches!(member.type_name, "Quantity" | "Age"));
            let member = match amount {
                Some(amount) if self.one_in(3) => *amount,
                _ => *self.dice.pick(&known),
            };
            // What has parts is repeated more, so that parts can be mixed up.
            let has_parts = member.type_name.contains('.') || member.type_name == "UsageContext";
            let counts = if has_parts { [1, 2, 2, 3, 3] } else { [1, 1, 1, 2, 3] };
            let count = counts[usize::try_from(self.dice.below(5)).unwrap()];
            let count = if member.repeats { count } else { 1 };
            // An object must not be empty.
            let is_empty = |value: &Json| matches!(value, Json::Object(members) if members.is_empty());
            let mut values: Vec<Json> = (0..count).map(|_| self.value(member, depth)).collect();
            values.retain(|value| !is_empty(value));
            if let Some(last) = values.pop() {
                values.push(last.clone());
                let value = if member.repeats { Json::Array(values) } else { last };
                made.push((member.name.to_owned(), value));
            }
        }
        Json::Object(made)
    }

    fn value(&mut self, member: &Member, depth: usize) -> Json {
        match member.type_name {
            "boolean" => Json::Bool(self.one_in(2)),
            "integer" | "unsignedInt" | "positiveInt" => {
                Json::Number((1 + self.dice.below(6) * 50).to_string())
            }
            "decimal" => self.decimal(),
            "string" | "markdown" => self.pick(&TEXTS),
            "id" => self.pick(&["n1", "n2"]),
            "code" => self.code(member),
            "uri" | "url" => self.pick(&URIS),
            "oid" => text("urn:oid:1.2.3"),
            "uuid" => text("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"),
            "canonical" => self.pick(&CANONICALS),
            "date" => self.pick(&DATES),
            "dateTime" => self.date_time(),
            "instant" => self.pick(&TIMES),
            "time" => text("10:30:00"),
            "base64Binary" => text("AAAA"),
            "CodeableConcept" if !member.value_set.is_empty() || is_language(member) => {
                self.bound_concept(member)
            }
            "CodeableConcept" => self.concept(),
            "Coding" => self.coding(),
            "Identifier" => self.identifier(),
            "HumanName" => self.name(),
            "Address" => self.address(),
            "ContactPoint" => self.contact(),
            "Period" => self.period(),
            "Quantity" | "Duration" | "Count" | "Distance" => self.quantity(None),
            "Age" => self.quantity(Some(MEASURES[8])),
            "Range" => self.range(),
            "Timing" => self.timing(),
            "Reference" => self.reference(&member.targets),
            "Attachment" => {
                object([("contentType", Some(text("text/plain"))), ("url", Some(self.pick(&URIS)))])
            }
            other => self.object(other, depth + 1),
        }
    }

    pub(super) fn meta(&mut self) -> Json {
        let tags = Json::Array(vec![self.coding()]);
        object([
            ("source", self.maybe(2, |m| m.pick(&URIS))),
            ("profile", self.maybe(2, |m| Json::Array(vec![m.pick(&URIS[..6])]))),
            ("security", self.maybe(2, |m| Json::Array(vec![m.coding()]))),
            ("tag", Some(tags)),
        ])
    }

    fn decimal(&mut self) -> Json {
        Json::Number((*self.dice.pick(&DECIMALS)).to_owned())
    }

    fn code(&mut self, member: &Member) -> Json {
        match definitions().codes(member.value_set) {
            [] if member.value_set.contains("mimetypes") => self.pick(&["text/plain", "application/pdf"]),
            [] if member.value_set.contains("currencies") => text("EUR"),
            [] if member.value_set.contains("language") || member.name == "language" => {
                self.pick(&["en", "de-AT"])
            }
            [] => self.pick(&CODES),
            codes => {
                // A few of them, so that documents share them.
                let few = &codes[..codes.len().min(5)];
                text(self.dice.pick(few).0)
            }
        }
    }

    fn date_time(&mut self) -> Json {
        if self.one_in(2) { self.pick(&DATES) } else { self.pick(&TIMES) }
    }

    fn coding(&mut self) -> Json {
        if self.one_in(20) {
            return object([("system", Some(self.pick(&SYSTEMS)))]);
        }
        object([("system", self.maybe(4, |m| m.pick(&SYSTEMS))), ("code", Some(self.pick(&CODES)))])
    }

    fn concept(&mut self) -> Json {
        if self.one_in(25) {
            return object([("text", Some(self.pick(&TEXTS)))]);
        }
        let count = 1 + self.dice.below(2);
        let codings = (0..count).map(|_| self.coding()).collect();
        object([("coding", Some(Json::Array(codings))), ("text", self.maybe(2, |m| m.pick(&TEXTS)))])
    }

    fn bound_concept(&mut self, member: &Member) -> Json {
        let codes = definitions().codes(member.value_set);
        let (code, system) = match codes {
            [] => ("en", "urn:ietf:bcp:47"),
            codes => *self.dice.pick(&codes[..codes.len().min(5)]),
        };
        let coding = object([("system", Some(text(system))), ("code", Some(text(code)))]);
        object([("coding", Some(Json::Array(vec![coding])))])
    }

    fn identifier(&mut self) -> Json {
        object([("system", self.maybe(4, |m| m.pick(&SYSTEMS))), ("value", Some(self.pick(&CODES)))])
    }

    fn name(&mut self) -> Json {
        let given = |m: &mut Self| {
            let count = 1 + m.dice.below(2);
            Json::Array((0..count).map(|_| m.pick(&TEXTS)).collect())
        };
        object([
            ("text", self.maybe(2, |m| m.pick(&TEXTS))),
            ("family", self.maybe(5, |m| m.pick(&TEXTS))),
            ("given", Some(given(self))),
            ("prefix", (self.one_in(4)).then(|| Json::Array(vec![self.pick(&TEXTS)]))),
            ("suffix", (self.one_in(4)).then(|| Json::Array(vec![self.pick(&TEXTS)]))),
        ])
    }

    fn address(&mut self) -> Json {
        object([
            ("use", self.maybe(2, |m| m.pick(&["home", "work", "temp"]))),
            ("line", self.maybe(2, |m| Json::Array(vec![m.pick(&TEXTS), m.pick(&TEXTS)]))),
            ("city", Some(self.pick(&TEXTS))),
            ("district", self.maybe(2, |m| m.pick(&TEXTS))),
            ("state", self.maybe(2, |m| m.pick(&TEXTS))),
            ("postalCode", self.maybe(2, |m| m.pick(&["1010", "A-1010", "00123"]))),
            ("country", self.maybe(2, |m| m.pick(&["AT", "Österreich", "at"]))),
        ])
    }

    fn contact(&mut self) -> Json {
        object([
            ("system", Some(self.pick(&["phone", "email", "fax"]))),
            (
                "value",
                Some(self.pick(&["+43 1 555", "a@x.example", "A@x.example", "a+b@x.example,c", "555|1"])),
            ),
        ])
    }

    fn period(&mut self) -> Json {
        let mut ends = [self.date_time(), self.date_time()];
        ends.sort_by_key(|end| end.as_str().map(|text| Span::of(text).low));
        let [start, end] = ends;
        match self.dice.below(5) {
            0 => object([("start", Some(start))]),
            1 => object([("end", Some(end))]),
            _ => object([("start", Some(start)), ("end", Some(end))]),
        }
    }

    fn quantity(&mut self, measure: Option<&[&str]>) -> Json {
        let measure = measure.unwrap_or_else(|| MEASURES[usize::try_from(self.dice.below(9)).unwrap()]);
        let code = self.pick(measure);
        let value = Some(self.decimal());
        let comparator = self.one_in(10).then(|| self.pick(&["<", "<=", ">", ">="]));
        match self.dice.below(10) {
            // Words alone, another system, nothing at all.
            0 => object([("value", value), ("comparator", comparator), ("unit", Some(code))]),
            1 => object([
                ("value", value),
                ("unit", Some(text("tablet"))),
                ("system", Some(text("http://x.example/cs"))),
                ("code", Some(self.pick(&["TAB", "mg"]))),
            ]),
            2 => object([("value", value)]),
            3 => {
                let code = self.pick(&["Cel", "mmol/L"]);
                object([("value", value), ("system", Some(text(UCUM))), ("code", Some(code))])
            }
            _ => object([
                ("value", value),
                ("comparator", comparator),
                ("unit", self.one_in(3).then(|| text("milligram"))),
                ("system", Some(text(UCUM))),
                ("code", Some(code)),
            ]),
        }
    }

    fn range(&mut self) -> Json {
        let unit = self.pick(MEASURES[8]);
        let end = |value: &str| {
            object([
                ("value", Some(Json::Number(value.to_owned()))),
                ("system", Some(text(UCUM))),
                ("code", Some(unit.clone())),
            ])
        };
        let from = self.dice.below(100);
        let to = from + self.dice.below(20);
        let (from, to) = (end(&from.to_string()), end(&format!("{to}.5")));
        match self.dice.below(5) {
            0 => object([("low", Some(from))]),
            1 => object([("high", Some(to))]),
            _ => object([("low", Some(from)), ("high", Some(to))]),
        }
    }

    fn timing(&mut self) -> Json {
        if self.one_in(2) {
            let events = (0..1 + self.dice.below(3)).map(|_| self.date_time()).collect();
            return object([("event", Some(Json::Array(events)))]);
        }
        let repeat = object([("boundsPeriod", Some(self.period()))]);
        object([("repeat", Some(repeat))])
    }

    fn reference(&mut self, targets: &[&'static str]) -> Json {
        let made: Vec<&str> =
            TYPES.into_iter().filter(|each| targets.is_empty() || targets.contains(each)).collect();
        // A type of which there is no document can be referred to all the same.
        let type_name = if made.is_empty() { targets[0] } else { *self.dice.pick(&made) };
        let population = population(type_name);
        let number = self.dice.below(population).min(self.dice.below(population));
        let local = format!("{type_name}/{}", id(number));
        let identifier = |m: &mut Self| Some(m.identifier());
        match self.dice.below(24) {
            0 => object([("reference", Some(text(&format!("{type_name}/gone"))))]),
            1 => object([("reference", Some(text(&format!("{local}/_history/1"))))]),
            2 => object([("reference", Some(text(&format!("http://away.example/fhir/{local}"))))]),
            3 => object([("type", Some(text(type_name))), ("identifier", identifier(self))]),
            4 => object([("reference", Some(text(&local))), ("identifier", identifier(self))]),
            5 if self.one_in(2) => object([("display", Some(text("somebody")))]),
            _ => object([("reference", Some(text(&local)))]),
        }
    }
}

/// Languages are the widest value set of these elements.
fn is_language(member: &Member) -> bool {
    matches!(member.name, "communication" | "language")
}

/// Types whose values the generator makes.
fn is_known(type_name: &str) -> bool {
    !matches!(type_name, "SampledData" | "Ratio" | "Resource" | "Narrative" | "Element" | "Expression")
}
