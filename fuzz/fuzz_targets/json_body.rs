//! What must hold of any bytes given to the JSON reader, judged by `serde_json`, which shares no
//! code with it. Both the fuzz target and the crate's own mutation test run this.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use vpr_codec::{Json, Kind, Limits, MemberScan, NUMBER_CHARS_MAX, Style, Value, Writer, compact, pretty};

/// A JSON text as `serde_json` understands it: members in order, numbers by their number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number,
    String(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// A text as the oracle reads it; `None` if it refuses it or if our stricter rules do.
pub(crate) struct Expected {
    pub(crate) tree: Tree,
    pub(crate) numbers: Vec<String>,
}

/// Panics if the reader and the writers do not do with `data` what they promise.
pub(crate) fn check(data: &[u8]) {
    let limits = Limits::default();
    let expected = expect(data, &limits);
    match (Json::parse(data, &limits), expected) {
        (Err(error), None) => {
            assert!(error.offset <= data.len(), "an error lies within the text");
            assert!(error.line >= 1 && error.column >= 1);
            assert!(!error.to_string().is_empty());
        }
        (Ok(json), Some(expected)) => check_accepted(&json, &expected),
        (Ok(_), None) => panic!("accepted what the oracle refuses: {}", String::from_utf8_lossy(data)),
        (Err(error), Some(_)) => panic!("{error}: {}", String::from_utf8_lossy(data)),
    }
}

fn check_accepted(json: &Json, expected: &Expected) {
    assert_same(json, expected);
    check_places(json);

    let canonical = write(json.root(), Style::Canonical);
    let sent = write(json.root(), Style::Compact);
    let laid_out = serde_json::to_string_pretty(&expected.tree).expect("a tree can be written");
    let mut numbers = expected.numbers.iter();
    let laid_out = map_numbers(&laid_out, |_| numbers.next().expect("as many numbers").clone());
    assert_eq!(String::from_utf8_lossy(&canonical), laid_out + "\n");

    let again = Json::parse(canonical.clone(), &Limits { bytes_max: usize::MAX, ..Limits::default() });
    let again = again.expect("what is written can be read");
    assert_same(&again, expected);
    assert_eq!(write(again.root(), Style::Canonical), canonical, "canonical form is a fixed point");
    assert_eq!(write(again.root(), Style::Compact), sent);

    assert_eq!(compact(&canonical), sent);
    assert_eq!(pretty(&sent), canonical);
    let source = json.source().as_bytes();
    assert_eq!(compact(&pretty(source)), compact(source));
    assert_eq!(pretty(&compact(source)), pretty(source));
    check_scan(json);
}

/// Reads `data` with the oracle.
pub(crate) fn expect(data: &[u8], limits: &Limits) -> Option<Expected> {
    let text = std::str::from_utf8(data).ok()?;
    if data.len() > limits.bytes_max || depth(text) > limits.depth_max {
        return None;
    }
    // Grammar first; then content with every number masked, because `serde_json` keeps no number text.
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut numbers = Vec::new();
    let masked = map_numbers(text, |number| {
        numbers.push(number.to_owned());
        "0".to_owned()
    });
    let tree: Tree = serde_json::from_str(&masked).ok()?;
    let short = numbers.iter().all(|number| number.len() <= NUMBER_CHARS_MAX);
    (short && count(&tree) <= limits.values_max && unique_names(&tree)).then_some(Expected { tree, numbers })
}

/// Deepest nesting of brackets outside strings.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for_each_outside(text, |c| match c {
        '[' | '{' => {
            depth += 1;
            deepest = deepest.max(depth);
        }
        ']' | '}' => depth = depth.saturating_sub(1),
        _ => {}
    });
    deepest
}

fn for_each_outside(text: &str, mut each: impl FnMut(char)) {
    let (mut inside, mut escaped) = (false, false);
    for c in text.chars() {
        if !inside {
            each(c);
        }
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = inside,
            '"' => inside = !inside,
            _ => {}
        }
    }
}

/// Replaces each number outside strings, in a text whose grammar is valid.
fn map_numbers(text: &str, mut replace: impl FnMut(&str) -> String) -> String {
    let (mut inside, mut escaped) = (false, false);
    let (mut out, mut number) = (String::new(), String::new());
    for c in text.chars() {
        let part = c.is_ascii_digit() || c == '-' || (!number.is_empty() && "+.eE".contains(c));
        if !inside && part {
            number.push(c);
            continue;
        }
        if !number.is_empty() {
            out += &replace(&std::mem::take(&mut number));
        }
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = inside,
            '"' => inside = !inside,
            _ => {}
        }
        out.push(c);
    }
    if !number.is_empty() {
        out += &replace(&number);
    }
    out
}

fn count(tree: &Tree) -> usize {
    match tree {
        Tree::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Tree::Object(members) => 1 + members.iter().map(|(_, value)| count(value)).sum::<usize>(),
        _ => 1,
    }
}

fn unique_names(tree: &Tree) -> bool {
    match tree {
        Tree::Array(items) => items.iter().all(unique_names),
        Tree::Object(members) => {
            let names: std::collections::HashSet<&str> =
                members.iter().map(|(name, _)| name.as_str()).collect();
            names.len() == members.len() && members.iter().all(|(_, value)| unique_names(value))
        }
        _ => true,
    }
}

fn assert_same(json: &Json, expected: &Expected) {
    let mut numbers = Vec::new();
    assert_eq!(tree_of(json.root(), &mut numbers), expected.tree);
    assert_eq!(numbers, expected.numbers, "numbers stay as written");
    assert_eq!(json.values(), count(&expected.tree));
}

fn tree_of(value: Value<'_>, numbers: &mut Vec<String>) -> Tree {
    match value.kind() {
        Kind::Null => Tree::Null,
        Kind::Bool => Tree::Bool(value.as_bool().expect("a truth value")),
        Kind::Number => {
            numbers.push(value.number_text().expect("a number").to_owned());
            Tree::Number
        }
        Kind::String => Tree::String(value.as_str().expect("a string").into_owned()),
        Kind::Array => Tree::Array(value.items().map(|item| tree_of(item, numbers)).collect()),
        Kind::Object => Tree::Object(
            value.members().map(|(name, member)| (name.into_owned(), tree_of(member, numbers))).collect(),
        ),
    }
}

fn write(value: Value<'_>, style: Style) -> Vec<u8> {
    let mut writer = Writer::new(style);
    writer.value(value);
    writer.finish()
}

/// Ids, names, lookups and slices of every value agree with each other.
fn check_places(json: &Json) {
    for id in 0..json.values() as u32 {
        let value = json.value(id).expect("ids are dense");
        assert_eq!(value.id(), id);
        assert!(json.source().get(value.offset()..).expect("an offset").starts_with(value.raw()));
        assert_eq!(value.len(), value.members().count() + value.items().count());
        // Lookup is linear; a few names are enough.
        for (name, member) in value.members().take(8) {
            assert_eq!(value.get(&name).map(Value::id), Some(member.id()));
            assert_eq!(member.name().as_deref(), Some(&*name));
        }
        if let Some(last) = value.len().checked_sub(1).filter(|_| value.is_array()) {
            assert_eq!(value.index(last).map(|item| item.id_end()), Some(value.id_end()));
            assert!(value.index(last + 1).is_none());
        }
    }
    assert!(json.value(json.values() as u32).is_none());
}

fn check_scan(json: &Json) {
    let source = json.source();
    let scanned: Vec<_> = MemberScan::new(source.as_bytes())
        .map(|found| {
            assert!(source[found.member.clone()].ends_with(&source[found.value.clone()]));
            assert_eq!(&source.as_bytes()[found.member.start + 1..][..found.name.len()], found.name);
            &source[found.value]
        })
        .collect();
    let members: Vec<_> = json.root().members().map(|(_, member)| member.raw()).collect();
    assert_eq!(scanned, members);
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(truth))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Tree::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Tree::Object(object))
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Tree::Null => serializer.serialize_unit(),
            Tree::Bool(truth) => serializer.serialize_bool(*truth),
            Tree::Number => serializer.serialize_u64(0),
            Tree::String(text) => serializer.serialize_str(text),
            Tree::Array(items) => {
                let mut array = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| array.serialize_element(item))?;
                array.end()
            }
            Tree::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(name, value)| object.serialize_entry(name, value))?;
                object.end()
            }
        }
    }
}
