use vpr_projection::{AppliedChange, AppliedDocument, AppliedOperation};
use vpr_testkit::Dice;

use crate::world::{change, document};

/// Resources with few different values, so that searches find some of them.
pub(crate) struct Resources {
    pub(crate) dice: Dice,
    seq: u64,
    /// Type, id, version, whether it lives.
    known: Vec<(&'static str, String, u32, bool)>,
}

const TYPES: &[&str] = &["Patient", "Observation", "Observation", "Encounter", "RiskAssessment", "ValueSet"];

pub(crate) fn one<'a, T: ?Sized>(dice: &mut Dice, among: &[&'a T]) -> &'a T {
    among[dice.below(among.len() as u64) as usize]
}

pub(crate) const NAMES: &[&str] =
    &["Müller", "MULLER", "Mu", "O'Neil", "Ō", "ſ", "李", "Smith-Jones", "a%b_c"];
pub(crate) const CODES: &[&str] = &["8480-6", "8462-4", "a", "A"];
pub(crate) const DATES: &[&str] =
    &["2023", "2023-11", "2023-11-14", "2023-11-14T22:13:21Z", "2023-11-14T22:13:21.5+02:00", "1950-01-01"];
pub(crate) const NUMBERS: &[&str] = &["1", "1.0", "100", "-3.25", "1e3", "0.0995", "5.40"];
pub(crate) const URLS: &[&str] =
    &["http://a.example", "http://a.example/b", "http://a.example/b/c", "urn:oid:1.2"];

impl Resources {
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), seq: 0, known: Vec::new() }
    }

    /// The next changes, of one to three documents each.
    pub(crate) fn changes(&mut self, count: usize) -> Vec<AppliedChange> {
        (0..count)
            .map(|_| {
                self.seq += 1;
                let mut documents: Vec<AppliedDocument> = Vec::new();
                for _ in 0..=self.dice.below(3) {
                    let next = self.document();
                    if !documents.iter().any(|each| (each.resource, &each.id) == (next.resource, &next.id)) {
                        documents.push(next);
                    } else {
                        self.undo(&next);
                    }
                }
                change(self.seq, documents)
            })
            .collect()
    }

    fn undo(&mut self, document: &AppliedDocument) {
        let known =
            self.known.iter_mut().find(|known| known.0 == document.resource.name() && known.1 == document.id);
        let known = known.unwrap();
        known.2 -= 1;
        known.3 = document.operation != AppliedOperation::Create;
    }

    fn document(&mut self) -> AppliedDocument {
        let dice = &mut self.dice;
        let at = if self.known.is_empty() || dice.chance(50) {
            let resource = one(dice, TYPES);
            self.known.push((
                resource,
                format!("{}{}", one(dice, &["x", "Y", "-", "9"]), self.known.len()),
                0,
                false,
            ));
            self.known.len() - 1
        } else {
            dice.below(self.known.len() as u64) as usize
        };
        let (resource, id, version, lives) = &mut self.known[at];
        *version += 1;
        let operation = match *lives {
            false => AppliedOperation::Create,
            true if dice.chance(25) => AppliedOperation::Delete,
            true => AppliedOperation::Update,
        };
        *lives = operation != AppliedOperation::Delete;
        let (resource, id, version, lives) = (*resource, id.clone(), *version, *lives);
        let json = lives.then(|| self.json(resource, &id));
        document(resource, &id, version, operation, json.as_deref())
    }

    fn reference(&mut self, resource: &str) -> String {
        let dice = &mut self.dice;
        let known: Vec<&str> =
            self.known.iter().filter(|known| known.0 == resource).map(|known| known.1.as_str()).collect();
        // Some are not there yet, some are elsewhere.
        match dice.below(6) {
            0 => format!(r#"{{"reference":"{resource}/later{}"}}"#, dice.below(3)),
            1 => format!(r#"{{"reference":"http://other.example/{resource}/1"}}"#),
            2 => format!(r#"{{"reference":"{resource}/x0/_history/2","identifier":{}}}"#, identifier(dice)),
            _ if known.is_empty() => format!(r#"{{"reference":"{resource}/x0"}}"#),
            _ => {
                format!(r#"{{"reference":"{resource}/{}"}}"#, known[dice.below(known.len() as u64) as usize])
            }
        }
    }

    fn json(&mut self, resource: &str, id: &str) -> String {
        let mut parts = vec![format!(r#""resourceType":"{resource}","id":"{id}""#)];
        let mut maybe = |dice: &mut Dice, text: &mut dyn FnMut(&mut Dice) -> String| {
            if dice.chance(75) {
                parts.push(text(dice));
            }
        };
        let references = [self.reference("Patient"), self.reference("Encounter")];
        let dice = &mut self.dice;
        maybe(dice, &mut |dice| format!(r#""meta":{{"tag":[{}]}}"#, coding(dice)));
        match resource {
            "Patient" => {
                maybe(dice, &mut |dice| {
                    format!(
                        r#""name":[{{"family":"{}","given":["{}"]}}]"#,
                        one(dice, NAMES),
                        one(dice, NAMES)
                    )
                });
                maybe(dice, &mut |dice| format!(r#""birthDate":"{}""#, &one(dice, DATES)[..4]));
                maybe(dice, &mut |dice| format!(r#""gender":"{}""#, one(dice, &["male", "female"])));
                maybe(dice, &mut |dice| {
                    format!(r#""identifier":[{},{}]"#, identifier(dice), identifier(dice))
                });
            }
            "Observation" => {
                parts.push(format!(
                    r#""status":"final","code":{{"coding":[{},{}]}}"#,
                    coding(dice),
                    coding(dice)
                ));
                parts.push(format!(r#""subject":{},"encounter":{}"#, references[0], references[1]));
                if dice.chance(80) {
                    parts.push(format!(r#""effectiveDateTime":"{}""#, one(dice, DATES)));
                }
                match dice.below(3) {
                    0 => parts.push(format!(r#""valueQuantity":{}"#, quantity(dice))),
                    1 => parts.push(format!(r#""valueString":"{}""#, one(dice, NAMES))),
                    _ => {}
                }
                parts.push(format!(
                    r#""component":[{{"code":{{"coding":[{}]}},"valueQuantity":{}}}]"#,
                    coding(dice),
                    quantity(dice)
                ));
            }
            "Encounter" => {
                parts.push(format!(
                    r#""status":"planned","class":{},"subject":{}"#,
                    coding(dice),
                    references[0]
                ));
                let mut ends = [one(dice, DATES), one(dice, DATES)];
                ends.sort_unstable();
                parts.push(match dice.below(3) {
                    0 => format!(r#""period":{{"start":"{}"}}"#, ends[0]),
                    1 => format!(r#""period":{{"end":"{}"}}"#, ends[1]),
                    _ => format!(r#""period":{{"start":"{}","end":"{}"}}"#, ends[0], ends[1]),
                });
            }
            "RiskAssessment" => {
                parts.push(format!(r#""status":"final","subject":{}"#, references[0]));
                parts.push(format!(r#""prediction":[{{"probabilityDecimal":{}}}]"#, one(dice, NUMBERS)));
            }
            _ => {
                parts.push(format!(
                    r#""status":"draft","url":"{}","name":"{}""#,
                    one(dice, URLS),
                    one(dice, NAMES)
                ));
            }
        }
        format!("{{{}}}", parts.join(","))
    }
}

fn coding(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => format!(r#"{{"code":"{}"}}"#, one(dice, CODES)),
        _ => format!(r#"{{"system":"{}","code":"{}"}}"#, one(dice, URLS), one(dice, CODES)),
    }
}

fn identifier(dice: &mut Dice) -> String {
    format!(r#"{{"system":"{}","value":"{}"}}"#, one(dice, URLS), one(dice, CODES))
}

fn quantity(dice: &mut Dice) -> String {
    let unit = one(dice, &["mg", "g", "mm[Hg]"]);
    let system = one(dice, &[r#","system":"http://unitsofmeasure.org""#, ""]);
    format!(r#"{{"value":{},"unit":"{unit}","code":"{unit}"{system}}}"#, one(dice, NUMBERS))
}
