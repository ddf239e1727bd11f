//! What is sent: documents of the generator, cut to a few types, and what is made of them.

use vpr_http_tests::{Dice, Json};
use vpr_search_tests::{Write, operations};

/// Types that every sequence has: who records are about, and what refers to them.
const ALWAYS: [&str; 3] = ["Patient", "Observation", "Encounter"];
/// Further types of a sequence, and how often it writes at the most, but for what the operations add:
/// few, so that each document is written several times...
const NARROW: (usize, usize) = (5, 60);
/// ...or many, so that a rebuild writes many documents at once.
const WIDE: (usize, usize) = (20, 120);

/// The writes of a seed.
pub fn writes(seed: u64, dice: &mut Dice) -> Vec<Write> {
    let all: Vec<Write> = operations(seed).into_iter().flatten().collect();
    let (more, most) = if dice.below(6) == 0 { WIDE } else { NARROW };
    let mut types: Vec<&str> = ALWAYS.to_vec();
    while types.len() < ALWAYS.len() + more {
        let (Write::Put(more, ..) | Write::Delete(more, _)) = dice.pick(&all);
        if !types.contains(more) {
            types.push(more);
        }
    }
    let wanted = |write: &Write| match write {
        Write::Put(type_name, ..) | Write::Delete(type_name, _) => types.contains(type_name),
    };
    all.into_iter().filter(wanted).take(most).collect()
}

/// A search that finds a document by its first identifier, if it has one.
pub fn by_identifier(content: &Json) -> Option<String> {
    let identifier = match &content["identifier"] {
        Json::Array(all) => all.first()?,
        one => one,
    };
    let value = identifier["value"].as_str().filter(|value| is_plain(value))?;
    match identifier["system"].as_str() {
        Some(system) if is_plain(system) => Some(format!("identifier={system}|{value}")),
        Some(_) => None,
        None => Some(format!("identifier={value}")),
    }
}

/// Whether a text stands in a query as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:/".contains(&b))
}

/// The same resource under no id.
pub fn without_id(content: &Json) -> String {
    let mut content = content.clone();
    content.remove("id");
    content.to_string()
}

/// The names that a document refers to by `Type/id`.
pub fn references(content: &Json) -> Vec<String> {
    let mut found = Vec::new();
    gather(content, &mut found);
    found
}

fn gather(json: &Json, found: &mut Vec<String>) {
    if let Some(reference) = json["reference"].as_str() {
        let relative = reference.split_once('/').is_some_and(|(type_name, id)| {
            type_name.bytes().all(|b| b.is_ascii_alphabetic()) && !id.contains('/')
        });
        found.extend(relative.then(|| reference.to_owned()));
    }
    json.members().iter().for_each(|(_, value)| gather(value, found));
    json.items().iter().for_each(|value| gather(value, found));
}

/// A patient and two resources that refer to each other by what they are called in the transaction.
pub fn linked(number: u64) -> String {
    let urn = |at: u64| format!("urn:uuid:00000000-0000-4000-8000-{:012x}", number * 10 + at);
    let entry = |at: u64, resource: String| {
        let type_name = resource.split('"').nth(3).unwrap().to_owned();
        format!(
            r#"{{"fullUrl":"{}","resource":{resource},"request":{{"method":"POST","url":"{type_name}"}}}}"#,
            urn(at)
        )
    };
    let patient = format!(
        r#"{{"resourceType":"Patient","name":[{{"family":"Linked"}}],"identifier":[{{"system":"http://linked","value":"{number}"}}]}}"#
    );
    let encounter = format!(
        r#"{{"resourceType":"Encounter","status":"planned","class":{{"code":"AMB"}},"subject":{{"reference":"{}"}}}}"#,
        urn(0)
    );
    let observation = format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"text":"linked"}},"subject":{{"reference":"{}"}},"encounter":{{"reference":"{}"}}}}"#,
        urn(0),
        urn(1)
    );
    let entries = [entry(2, observation), entry(0, patient), entry(1, encounter)];
    vpr_http_tests::bundle("transaction", &entries)
}
