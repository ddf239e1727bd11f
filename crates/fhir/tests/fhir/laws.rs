//! Laws that hold for every resource, on resources made from the definitions.

use std::collections::HashMap;

use proptest::prelude::*;
use vpr_codec::{Json, Limits, Style, pretty};
use vpr_fhir::definitions::{Type, TypeKind};
use vpr_fhir::search::extract;
use vpr_fhir::{Edits, ResourceType, canonical, render};

use crate::{keys, oracle};

/// A stream of numbers from one seed.
struct Seed(u64);

impl Seed {
    fn below(&mut self, limit: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }
}

/// A resource of a random type with random members, each valid in its structure (not in its values).
fn resource(seed: &mut Seed, depth: usize) -> String {
    let resource = ResourceType::all().nth(seed.below(ResourceType::COUNT)).unwrap();
    let mut members = object_members(seed, resource.definition(), depth);
    let at = seed.below(members.len() + 1);
    members.insert(at, format!("\"resourceType\":\"{}\"", resource.name()));
    if seed.below(4) == 0 {
        let at = seed.below(members.len() + 1);
        members.insert(at, "\"unknown\":{\"b\":[1.0],\"a\":null}".to_owned());
    }
    format!("{{{}}}", members.join(","))
}

fn object_members(seed: &mut Seed, its_type: Type, depth: usize) -> Vec<String> {
    let mut members = Vec::new();
    for element in its_type.elements() {
        if seed.below(3) > 0 {
            continue;
        }
        let choices: Vec<_> = element.members().collect();
        let member = choices[seed.below(choices.len())];
        let value_type = member.value_type();
        if depth == 0 && !value_type.is_primitive() {
            continue;
        }
        let count = if member.repeats() { 1 + seed.below(2) } else { 1 };
        let values: Vec<_> = (0..count).map(|_| value(seed, value_type, depth)).collect();
        let text = if member.repeats() { format!("[{}]", values.join(" , ")) } else { values[0].clone() };
        members.push(format!("\"{}\": {text}", member.name()));
        if value_type.is_primitive() && seed.below(4) == 0 {
            let values = vec!["{\"id\":\"x\"}"; count].join(",");
            let text = if member.repeats() { format!("[{values}]") } else { values };
            members.push(format!("\"_{}\":{text}", member.name()));
        }
    }
    for at in (1..members.len()).rev() {
        let other = seed.below(at + 1);
        members.swap(at, other);
    }
    members
}

fn value(seed: &mut Seed, its_type: Type, depth: usize) -> String {
    match (its_type.kind(), its_type.name()) {
        (TypeKind::Abstract, _) => resource(seed, depth - 1),
        (TypeKind::Primitive, "boolean") => ["true", "false"][seed.below(2)].to_owned(),
        (TypeKind::Primitive, "integer" | "positiveInt" | "unsignedInt" | "decimal") => {
            ["0", "-1.50", "1E+2", "100000000000000000000.000000000001"][seed.below(4)].to_owned()
        }
        (TypeKind::Primitive, _) => {
            ["\"a\"", "\"\\u0061\\/\"", "\"é \\\"x\\\" {,}\"", "\"\\\\\""][seed.below(4)].to_owned()
        }
        _ => format!("{{{}}}", object_members(seed, its_type, depth - 1).join(",\n")),
    }
}

fn parse(text: impl Into<Vec<u8>>) -> Json {
    Json::parse(text, &Limits::default()).unwrap()
}

fn stored(text: impl Into<Vec<u8>>) -> String {
    String::from_utf8(canonical(parse(text).root(), &Edits::default())).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_canonical_form_keeps_all_and_depends_on_content_alone(seed in 1_u64..) {
        let text = resource(&mut Seed(seed), 4);
        let form = stored(text.clone());
        prop_assert_eq!(oracle::content(&form), oracle::content_without_version(&text));
        prop_assert_eq!(&stored(form.clone()), &form);
        prop_assert_eq!(&stored(oracle::reversed(parse(text).root())), &form);
        prop_assert_eq!(&String::from_utf8(pretty(form.as_bytes())).unwrap(), &form);
    }

    #[test]
    fn what_is_rendered_is_stored_again_as_it_was(seed in 1_u64.., version in 1_u32.., id in "[a-zA-Z0-9.-]{1,64}") {
        let text = resource(&mut Seed(seed), 3);
        let edits = Edits { id: Some(&id), links: None };
        let form = canonical(parse(text).root(), &edits);
        let time = "2026-11-22T17:40:00.123Z";
        let sent = String::from_utf8(render(&form, version, time, Style::Compact)).unwrap();
        let shown = String::from_utf8(render(&form, version, time, Style::Canonical)).unwrap();
        prop_assert_eq!(&String::from_utf8(pretty(sent.as_bytes())).unwrap(), &shown);
        let content = oracle::content(&sent);
        prop_assert_eq!(content["id"].as_str(), Some(id.as_str()));
        prop_assert_eq!(content["meta"]["versionId"].as_str().unwrap(), version.to_string());
        prop_assert_eq!(content["meta"]["lastUpdated"].as_str(), Some(time));
        let again = canonical(parse(sent).root(), &Edits::default());
        prop_assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(form).unwrap());
        // The version stands where the standard's order has it.
        let json = parse(shown);
        let meta = json.root().get("meta").unwrap();
        let order = ["id", "extension", "versionId", "lastUpdated", "source", "profile", "security", "tag"];
        let places: Vec<_> = meta
            .members()
            .map(|(name, _)| order.iter().position(|each| *each == name.trim_start_matches('_')).unwrap())
            .collect();
        prop_assert!(places.is_sorted(), "{:?}", places);
    }

    #[test]
    fn no_narrative_makes_it_panic(inner in "(<|>|/|a|img|div|href|src|style|=|\"|'| |&|;|#|!--|-->|url\\(|é|:){0,40}") {
        let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{inner}</div>").replace('"', "\\\"");
        let text = format!("{{\"resourceType\":\"Basic\",\"code\":{{}},\"text\":{{\"status\":\"empty\",\"div\":\"{div}\"}}}}");
        let json = parse(text);
        let _ = vpr_fhir::validate(json.root(), &vpr_fhir::ValidateOptions::default());
        // Links that are not in the map leave the narrative as it is.
        let none = HashMap::new();
        let edits = Edits { id: None, links: Some(&none) };
        prop_assert_eq!(canonical(json.root(), &edits), canonical(json.root(), &Edits::default()));
    }

    #[test]
    fn search_keys_depend_on_content_alone(seed in 1_u64..) {
        let text = resource(&mut Seed(seed), 4);
        let found = extract(parse(text.clone()).root());
        prop_assert!(found.keys.iter().all(|key| keys::fits(key.parameter, &key.value)), "{:?}", found);
        prop_assert!(keys::same(&found, &extract(parse(stored(text.clone())).root())));
        prop_assert!(keys::same(&found, &extract(parse(oracle::reversed(parse(text).root())).root())));
    }

    #[test]
    fn nothing_makes_it_panic(text in "[\\[{\"a-zA-Z0-9_:,}\\] ]{0,60}", seed in 1_u64..) {
        for text in [text, resource(&mut Seed(seed), 4)] {
            if let Ok(json) = Json::parse(text, &Limits::default()) {
                for issue in vpr_fhir::validate(json.root(), &vpr_fhir::ValidateOptions::default()) {
                    prop_assert!(!issue.text.is_empty() && !issue.expression.is_empty() && issue.line > 0);
                }
                let _ = vpr_fhir::references(json.root());
                let _ = extract(json.root());
                let _ = vpr_fhir::home(json.root(), &Edits::default());
                let _ = render(&canonical(json.root(), &Edits::default()), 1, "", Style::Compact);
            }
        }
    }
}

#[test]
fn members_come_in_the_order_of_the_definitions() {
    for seed in 1..200 {
        let json = parse(stored(resource(&mut Seed(seed), 3)));
        let root = json.root();
        let its_type = ResourceType::parse(&root.get("resourceType").unwrap().as_str().unwrap()).unwrap();
        let mut expected = vec!["resourceType".to_owned()];
        for member in its_type.definition().members() {
            expected.extend([member.name().to_owned(), format!("_{}", member.name())]);
        }
        expected.push("unknown".to_owned());
        let mut at = 0;
        for (name, _) in root.members() {
            at += expected[at..]
                .iter()
                .position(|each| *each == name)
                .unwrap_or_else(|| panic!("{seed} {name}"));
        }
    }
}
