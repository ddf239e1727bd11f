//! Random changes, and how they are asked of the engine.

use std::sync::Arc;

use vpr_core::{
    Action, Change, Committed, Content, DocumentWrite, EngineError, Home, Precondition, Repeat, WriteResult,
};
use vpr_store::format::{DocumentChange, Provenance};
use vpr_testkit::Dice;
use vpr_types::{Digest, DocumentName, Part, PrincipalId, TenantName, Version};

use crate::model::{Answer, Condition, Deed, Model, Place, Plan, Write};

/// Collections and the part that their documents live in; the registry's has none.
const COLLECTIONS: [(&str, Option<&str>); 5] = [
    ("Patient", Some("demographics")),
    ("Observation", Some("clinical")),
    ("Condition", Some("clinical")),
    ("Encounter", Some("coordination")),
    ("Organization", None),
];
const PATIENTS: u64 = 4;
const IDS: u64 = 6;
const AUTHORS: [&str; 3] = ["dr-ada", "nurse.bo", "system/lab"];

pub fn tenant(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

pub fn document(name: &str) -> DocumentName {
    let (collection, id) = name.split_once('/').unwrap();
    DocumentName::new(collection, id).unwrap()
}

/// The key of a repeatable write as the engine knows it.
pub fn digest(number: u64) -> Digest {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Digest(bytes)
}

/// Text of about `length` bytes that no other call returns: `serial` stands in it.
pub fn content(document: &str, serial: u64, length: u64, dice: &mut Dice) -> Arc<[u8]> {
    let mut text = format!("{{\n  \"is\": \"{document}\",\n  \"serial\": {serial},\n  \"text\": \"");
    let repetitive = dice.chance(30);
    while (text.len() as u64) < length {
        match repetitive {
            true => text.push_str("blood pressure within the usual range; "),
            false => text.push_str(&format!("{:016x}", dice.roll())),
        }
    }
    text.push_str("\"\n}\n");
    text.into_bytes().into()
}

fn length(dice: &mut Dice) -> u64 {
    match dice.below(100) {
        0..60 => 80 + dice.below(500),
        60..92 => 600 + dice.below(2_400),
        92..99 => 3_000 + dice.below(9_000),
        _ => 30_000 + dice.below(30_000),
    }
}

/// A change of one to eight documents of an existing tenant, mostly one whose conditions hold.
pub fn random(model: &Model, serial: &mut u64, dice: &mut Dice) -> Plan {
    let tenants: Vec<&String> = model.tenants.keys().collect();
    // The first tenant gets more than the others.
    let at = dice.below(tenants.len() as u64).min(dice.below(tenants.len() as u64));
    let name = tenants[usize::try_from(at).unwrap()].clone();
    let count = match dice.below(100) {
        0..68 => 1,
        68..92 => 2 + dice.below(3),
        _ => 5 + dice.below(4),
    };
    let mut writes: Vec<Write> = Vec::new();
    for _ in 0..count {
        let write = random_write(model, &name, serial, dice);
        if writes.iter().all(|other| other.document != write.document) {
            writes.push(write);
        }
    }
    *serial += 1;
    let repeat = dice.chance(15).then_some((*serial, dice.below(2)));
    let author = AUTHORS[usize::try_from(dice.below(3)).unwrap()].to_owned();
    Plan { tenant: name, author, writes, repeat }
}

fn random_write(model: &Model, tenant: &str, serial: &mut u64, dice: &mut Dice) -> Write {
    let (collection, part) = COLLECTIONS[usize::try_from(dice.below(5)).unwrap()];
    let id = dice.below(IDS);
    let document = format!("{collection}/{id}");
    let tenant = &model.tenants[tenant];
    let alive = tenant.alive(&document);
    let deed = if dice.chance(if alive.is_some() { 12 } else { 3 }) {
        Deed::Delete
    } else {
        let usual = id % PATIENTS;
        let patient = if dice.chance(8) { dice.below(PATIENTS) } else { usual };
        let place = part.map_or(Place::Registry, |part| Place::Record(format!("Patient/{patient}"), part));
        *serial += 1;
        match alive.and_then(|alive| alive.content.clone()) {
            Some(same) if dice.chance(10) => {
                Deed::Put { place, content: same, even_if_equal: dice.chance(20) }
            }
            _ => {
                let content = content(&document, *serial, length(dice), dice);
                Deed::Put { place, content, even_if_equal: false }
            }
        }
    };
    let condition = match (dice.below(100), alive) {
        (0..70, _) => Condition::Always,
        (70..96, Some(alive)) => Condition::VersionIs(alive.number),
        (70..96, None) => Condition::Absent,
        (96 | 97, _) => Condition::VersionIs(1 + u32::try_from(dice.below(4)).unwrap()),
        (98, _) => Condition::Absent,
        _ => Condition::Unused,
    };
    Write { document, condition, deed }
}

/// The change as the engine takes it.
pub fn change(plan: &Plan) -> Change {
    let provenance = Provenance {
        author: PrincipalId::new(&plan.author).unwrap(),
        role: Some("physician".into()),
        registration: None,
        care_location: None,
        on_behalf_of: None,
        purpose: Some("TREAT".into()),
        request: "r-1".into(),
    };
    let repeat =
        plan.repeat.map(|(key, body)| Repeat { key: digest(key), body: digest(body), hint: hint(key) });
    Change {
        tenant: tenant(&plan.tenant),
        provenance,
        writes: plan.writes.iter().map(write).collect(),
        repeat,
    }
}

fn hint(key: u64) -> Vec<u8> {
    format!("hint {key}").into_bytes()
}

fn write(write: &Write) -> DocumentWrite {
    let precondition = match write.condition {
        Condition::Always => Precondition::None,
        Condition::VersionIs(number) => Precondition::VersionIs(Version(number)),
        Condition::Absent => Precondition::Absent,
        Condition::Unused => Precondition::Unused,
    };
    let action = match &write.deed {
        Deed::Delete => Action::Delete,
        Deed::Put { place, content, even_if_equal } => Action::Put {
            home: match place {
                Place::Registry => Home::Registry,
                Place::Record(key, part) => {
                    Home::Record { key: key.clone(), part: Part::parse(part).unwrap() }
                }
            },
            content: Content {
                blob: vpr_store::encode_blob(content).unwrap(),
                details: DocumentChange::default(),
                index: None,
            },
            even_if_equal: *even_if_equal,
        },
    };
    DocumentWrite { name: document(&write.document), precondition, action }
}

/// The engine's answer in the model's words; anything that says nothing about documents stays an error.
pub fn answer(plan: &Plan, result: Result<&Committed, &EngineError>) -> Result<Answer, String> {
    match result {
        Ok(done) => {
            let outcomes = done.outcomes.iter().map(|outcome| {
                let word = match outcome.result {
                    WriteResult::Created => "created",
                    WriteResult::Updated => "updated",
                    WriteResult::Unchanged => "unchanged",
                    WriteResult::Deleted => "deleted",
                    WriteResult::NothingToDelete => "nothing",
                };
                (word, outcome.version.map(|version| version.0))
            });
            let outcomes = outcomes.collect();
            if let (Some(given), Some((key, _))) = (&done.repeated, plan.repeat)
                && *given != hint(key)
            {
                return Err(format!("the hint of key {key} is another one's"));
            }
            Ok(Answer::Done { seq: done.seq.map(|seq| seq.0), outcomes, repeated: done.repeated.is_some() })
        }
        Err(EngineError::Precondition { name, current, deleted, .. }) => Ok(Answer::Refused {
            document: name.to_string(),
            current: current.map(|version| version.0),
            deleted: *deleted,
        }),
        Err(EngineError::KeyReused { .. }) => Ok(Answer::KeyReused),
        Err(other) => Err(other.to_string()),
    }
}
