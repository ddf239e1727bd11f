//! A tenant with resources, and what they said at every seq.

use std::collections::BTreeMap;
use std::sync::Arc;

use vpr_fhir::ResourceType;
use vpr_fhir::definitions::SearchParameter;
use vpr_fhir::search::{Extracted, Key, KeyValue, QuantityKey, ReferenceKey, Span, Token};
use vpr_projection::{AppliedChange, AppliedDocument, AppliedOperation, Limits, Projection};
use vpr_types::{Instant, ObjectId, Seq, TenantName, Version};

/// Draws the same numbers from the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15))
    }

    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    pub(crate) fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// What the tables need to be there.
pub(crate) type Held = Box<dyn std::any::Any>;

/// A version of a resource.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) seq: u64,
    pub(crate) time: i64,
    pub(crate) version: u32,
    pub(crate) operation: AppliedOperation,
    pub(crate) extracted: Option<Arc<Extracted>>,
}

pub(crate) struct World {
    pub(crate) projection: Projection,
    pub(crate) tenant: TenantName,
    pub(crate) resources: BTreeMap<(ResourceType, String), Vec<Said>>,
    pub(crate) seq: u64,
    pub(crate) time: i64,
    _held: Held,
}

pub(crate) const KEY: [u8; 32] = [7; 32];

pub(crate) fn kind(name: impl AsRef<str>) -> ResourceType {
    ResourceType::parse(name.as_ref()).unwrap()
}

pub(crate) fn parameter(resource: &str, code: impl AsRef<str>) -> SearchParameter {
    let code = code.as_ref();
    kind(resource).search_parameter(code).unwrap_or_else(|| panic!("{resource} {code}"))
}

pub(crate) const TYPES: [&str; 6] =
    ["Patient", "Observation", "Encounter", "RiskAssessment", "ValueSet", "QuestionnaireResponse"];

pub(crate) const SYSTEMS: [Option<&str>; 3] = [None, Some("http://a"), Some("http://b")];
pub(crate) const CODES: [&str; 4] = ["x", "y", "X", "z"];
pub(crate) const TEXTS: [&str; 7] = ["Smith", "SMITHERS", "Ärger", "arg", "O'Neil", "", "Schmidt-Müller"];
pub(crate) const URIS: [&str; 7] =
    ["http://h/a", "http://h/a/", "http://h/a/b", "http://h/ab", "http://h/a/b/c", "urn:oid:1.2", "http://h"];

impl World {
    pub(crate) fn new(limits: Limits) -> Self {
        let (place, tenant, held) = crate::database();
        let projection = Projection::open(place, limits).unwrap();
        projection.open_tenant(&tenant, KEY).unwrap();
        if projection.applied(&tenant) > Seq(0) {
            projection.reset(&tenant).unwrap();
        }
        Self {
            projection,
            tenant,
            resources: BTreeMap::new(),
            seq: 0,
            time: 1_700_000_000_000_000,
            _held: held,
        }
    }

    /// A change of these documents, remembered but not applied.
    pub(crate) fn change(
        &mut self,
        documents: Vec<(ResourceType, String, Option<Extracted>)>,
    ) -> AppliedChange {
        self.seq += 1;
        self.time += 1_000_000;
        let documents = documents
            .into_iter()
            .map(|(resource, id, extracted)| {
                let said = self.resources.entry((resource, id.clone())).or_default();
                let lived = said.last().is_some_and(|last| last.extracted.is_some());
                let operation = match (&extracted, lived) {
                    (None, _) => AppliedOperation::Delete,
                    (Some(_), true) => AppliedOperation::Update,
                    (Some(_), false) => AppliedOperation::Create,
                };
                let version = u32::try_from(said.len()).unwrap() + 1;
                let extracted = extracted.map(Arc::new);
                let object = extracted.is_some().then_some(ObjectId([version.to_be_bytes()[3]; 20]));
                said.push(Said {
                    seq: self.seq,
                    time: self.time,
                    version,
                    operation,
                    extracted: extracted.clone(),
                });
                AppliedDocument {
                    resource,
                    id,
                    version: Version(version),
                    operation,
                    object,
                    commit: ObjectId([7; 20]),
                    extracted,
                }
            })
            .collect();
        AppliedChange { seq: Seq(self.seq), time: Instant(self.time), author: "test".to_owned(), documents }
    }

    pub(crate) fn apply(&self, changes: &[AppliedChange]) {
        self.projection.apply(&self.tenant, changes).unwrap();
    }

    /// Changes of some documents, some of them new, some deletions.
    pub(crate) fn random_changes(&mut self, dice: &mut Dice, count: u64) -> Vec<AppliedChange> {
        (0..count)
            .map(|_| {
                let mut documents = BTreeMap::new();
                for _ in 0..=dice.below(3) {
                    let resource = *dice.of(&TYPES);
                    let id = dice.below(8).to_string();
                    let lives = self
                        .resources
                        .get(&(kind(resource), id.clone()))
                        .is_some_and(|said| said.last().unwrap().extracted.is_some());
                    let says = if lives && dice.one_in(6) { None } else { Some(says(dice, resource, &id)) };
                    documents.insert((kind(resource), id), says);
                }
                let documents = documents.into_iter().map(|((kind, id), says)| (kind, id, says)).collect();
                self.change(documents)
            })
            .collect()
    }
}

pub(crate) fn token(dice: &mut Dice) -> Token {
    let system = dice.of(&SYSTEMS).map(str::to_owned);
    let code = Some((*dice.of(&CODES)).to_owned()).filter(|_| system.is_none() || !dice.one_in(8));
    Token { system, code }
}

pub(crate) fn date(dice: &mut Dice) -> Span<i64> {
    let low = i64::try_from(dice.below(12)).unwrap() * 10;
    match dice.below(8) {
        0 => Span { low: i64::MIN, high: low + 10 },
        1 => Span { low, high: i64::MAX },
        2 => Span { low, high: low + 40 },
        3 => Span { low, high: low + 1 },
        _ => Span { low, high: low + 10 },
    }
}

fn number(dice: &mut Dice) -> Span<f64> {
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let low = (dice.below(9) as f64 - 4.0) / 2.0;
    match dice.below(6) {
        0 => Span { low, high: low + 1.5 },
        1 => Span { low: f64::NEG_INFINITY, high: low },
        2 => Span { low, high: f64::INFINITY },
        _ => Span { low, high: low },
    }
}

pub(crate) const UCUM: &str = "http://unitsofmeasure.org";

/// Grams and milligrams have a canonical form, pieces have none.
pub(crate) fn canonical(value: Span<f64>, code: &str) -> Option<(Span<f64>, String)> {
    let factor = match code {
        "g" => 1.0,
        "hg" => 0.5,
        _ => return None,
    };
    Some((Span { low: value.low * factor, high: value.high * factor }, "g".to_owned()))
}

fn quantity(dice: &mut Dice) -> QuantityKey {
    let value = number(dice);
    let (system, code, unit) = *dice.of(&[
        (Some(UCUM), Some("g"), Some("gram")),
        (Some(UCUM), Some("hg"), Some("g")),
        (Some(UCUM), Some("hg"), None),
        (Some("http://own"), Some("hg"), Some("piece")),
        (None, None, Some("piece")),
        (None, Some("piece"), None),
        (None, None, None),
    ]);
    let canonical = code.filter(|_| system == Some(UCUM)).and_then(|code| canonical(value, code));
    let own = |text: Option<&str>| text.map(str::to_owned);
    QuantityKey { value, system: own(system), code: own(code), unit: own(unit), canonical }
}

fn local(dice: &mut Dice, resource: &str) -> ReferenceKey {
    let version = dice.one_in(4).then(|| dice.below(2).to_string());
    ReferenceKey::Local { resource: kind(resource), id: dice.below(9).to_string(), version }
}

fn reference(dice: &mut Dice, resource: &str) -> ReferenceKey {
    match dice.below(8) {
        0 => ReferenceKey::Absolute((*dice.of(&URIS)).to_owned()),
        1 => ReferenceKey::Identifier { resource: Some(kind(resource)), token: token(dice) },
        _ => local(dice, resource),
    }
}

fn canonical_reference(dice: &mut Dice) -> ReferenceKey {
    let version = dice.one_in(2).then(|| dice.below(2).to_string());
    ReferenceKey::Canonical { url: (*dice.of(&URIS)).to_owned(), version }
}

/// What a resource says for a parameter by its code.
fn value(dice: &mut Dice, resource: &str, code: &str) -> KeyValue {
    match code {
        "family" | "value-string" => {
            let text = *dice.of(&TEXTS);
            let long = dice.one_in(6);
            KeyValue::String(if long { format!("{}{text}", "long ".repeat(60)) } else { text.to_owned() })
        }
        "birthdate" | "date" => KeyValue::Date(date(dice)),
        "probability" => KeyValue::Number(number(dice)),
        "value-quantity" => KeyValue::Quantity(quantity(dice)),
        "url" | "_profile" => KeyValue::Uri((*dice.of(&URIS)).to_owned()),
        "subject" | "patient" => KeyValue::Reference(reference(dice, "Patient")),
        "encounter" => KeyValue::Reference(reference(dice, "Encounter")),
        "questionnaire" => KeyValue::Reference(canonical_reference(dice)),
        "code-value-quantity" => {
            KeyValue::Composite(vec![KeyValue::Token(token(dice)), KeyValue::Quantity(quantity(dice))])
        }
        "code-value-concept" => {
            KeyValue::Composite(vec![KeyValue::Token(token(dice)), KeyValue::Token(token(dice))])
        }
        "code-value-string" => KeyValue::Composite(vec![
            KeyValue::Token(token(dice)),
            KeyValue::String((*dice.of(&TEXTS)).to_owned()),
        ]),
        "code-value-date" => {
            KeyValue::Composite(vec![KeyValue::Token(token(dice)), KeyValue::Date(date(dice))])
        }
        "gender" | "code" | "identifier" | "_tag" | "status" | "class" => KeyValue::Token(token(dice)),
        other => panic!("{resource} {other}"),
    }
}

/// The parameters of each type that the tests use.
pub(crate) fn parameters(resource: &str) -> &'static [&'static str] {
    match resource {
        "Patient" => &["family", "birthdate", "gender", "identifier", "_tag", "_profile"],
        "Observation" => &[
            "code",
            "date",
            "subject",
            "patient",
            "encounter",
            "value-quantity",
            "value-string",
            "identifier",
            "_tag",
            "code-value-quantity",
            "code-value-concept",
            "code-value-string",
            "code-value-date",
        ],
        "Encounter" => &["subject", "date", "class", "_tag"],
        "RiskAssessment" => &["probability", "subject", "encounter", "date"],
        "ValueSet" => &["url", "date", "status", "_tag", "_profile"],
        "QuestionnaireResponse" => &["questionnaire", "subject"],
        other => panic!("{other}"),
    }
}

fn says(dice: &mut Dice, resource: &str, id: &str) -> Extracted {
    let mut keys: Vec<Key> = Vec::new();
    for code in parameters(resource) {
        for _ in 0..*dice.of(&[0, 1, 1, 1, 2, 3]) {
            let key = Key { parameter: parameter(resource, code), value: value(dice, resource, code) };
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let mut compartments = Vec::new();
    if resource == "Patient" {
        compartments.push((kind("Patient"), id.to_owned()));
    }
    for key in &keys {
        if let KeyValue::Reference(ReferenceKey::Local { resource, id, .. }) = &key.value {
            let owner = (*resource, id.clone());
            if !compartments.contains(&owner) {
                compartments.push(owner);
            }
        }
    }
    Extracted { keys, compartments, ..Extracted::default() }
}
