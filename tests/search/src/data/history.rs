//! What is done to the documents: all are written, some written again, some deleted, some of these
//! written once more.

use std::collections::BTreeMap;

use vpr_http_tests::{Dice, Json};

use super::{Maker, TYPES, id, population, text};
use crate::world::{Document, World};

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// `PUT Type/id`
    Put(&'static str, String, Json),
    /// `DELETE Type/id`
    Delete(&'static str, String),
}

impl Write {
    /// `Type/id`
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Put(type_name, id, _) | Self::Delete(type_name, id) => format!("{type_name}/{id}"),
        }
    }
}

/// The writes of a tenant, in phases between which time passes.
#[must_use]
pub fn history(seed: u64) -> Vec<Vec<Write>> {
    let mut dice = Dice::new(seed);
    let mut all: Vec<(&'static str, String)> = Vec::new();
    for type_name in TYPES {
        all.extend((0..population(type_name)).map(|number| (type_name, id(number))));
    }
    // Not type after type: what refers comes before and after what it refers to.
    for at in (1..all.len()).rev() {
        all.swap(at, usize::try_from(dice.below(at as u64 + 1)).unwrap());
    }
    let put = |dice: &mut Dice, (type_name, id): &(&'static str, String)| {
        Write::Put(type_name, id.clone(), Maker::new(dice).document(type_name, id))
    };
    let first = all.iter().map(|each| put(&mut dice, each)).collect();
    let updated: Vec<_> = all.iter().filter(|_| dice.below(5) == 0).cloned().collect();
    let second = updated.iter().map(|each| put(&mut dice, each)).collect();
    let deleted: Vec<_> = all.iter().filter(|_| dice.below(12) == 0).cloned().collect();
    let third = deleted.iter().map(|(type_name, id)| Write::Delete(type_name, id.clone())).collect();
    let fourth = deleted.iter().step_by(4).map(|each| put(&mut dice, each)).collect();
    vec![first, second, third, fourth]
}

/// Bundles of writes at random: few documents, so that each is written, deleted and written again.
#[must_use]
pub fn operations(seed: u64) -> Vec<Vec<Write>> {
    let mut dice = Dice::new(seed.wrapping_add(4711));
    let one = |dice: &mut Dice| {
        let type_name = *dice.pick::<&'static str>(&TYPES);
        let id = id(dice.below(6));
        match dice.below(5) {
            0 => Write::Delete(type_name, id),
            _ => {
                let content = Maker::new(dice).document(type_name, &id);
                Write::Put(type_name, id, content)
            }
        }
    };
    let bundle = |dice: &mut Dice| {
        let mut writes: Vec<Write> = Vec::new();
        for _ in 0..1 + dice.below(12) {
            let write = one(dice);
            // A transaction writes a document once.
            if writes.iter().all(|each| each.name() != write.name()) {
                writes.push(write);
            }
        }
        writes
    };
    (0..80).map(|_| bundle(&mut dice)).collect()
}

/// The documents that stand after the writes of a seed, as a server would date them that starts at
/// noon and lets a second pass after each phase.
#[must_use]
pub fn settled(seed: u64) -> World {
    let mut standing: BTreeMap<String, (usize, Json)> = BTreeMap::new();
    let mut versions: BTreeMap<String, usize> = BTreeMap::new();
    for (phase, writes) in history(seed).into_iter().enumerate() {
        for write in writes {
            let version = versions.entry(write.name()).or_default();
            *version += 1;
            let name = write.name();
            match write {
                Write::Delete(..) => {
                    standing.remove(&name);
                }
                Write::Put(_, _, mut content) => {
                    let mut meta = content.remove("meta").unwrap_or_else(|| Json::Object(Vec::new()));
                    meta.set("versionId", text(&version.to_string()));
                    meta.set("lastUpdated", text(&format!("2026-01-01T12:00:0{phase}.{:03}Z", *version * 7)));
                    content.set("meta", meta);
                    standing.insert(name, (phase, content));
                }
            }
        }
    }
    World::new(standing.into_values().map(|(_, content)| Document::new(content)).collect())
}
