//! Laws over random values: what is written reads back equal, and the oracle agrees.

use proptest::prelude::*;

use crate::{json_body, parse};

/// A value to be written down in some random way.
#[derive(Debug, Clone)]
enum Random {
    Word(&'static str),
    Number(String),
    String(Vec<(char, u8)>),
    Array(Vec<Random>),
    Object(Vec<(Vec<(char, u8)>, Random)>),
}

fn text() -> impl Strategy<Value = Vec<(char, u8)>> {
    let character = prop_oneof![
        4 => proptest::char::range(' ', '~'),
        1 => proptest::char::range('\0', '\u{1f}'),
        1 => proptest::char::any(),
        1 => prop::sample::select(vec!['"', '\\', '/', 'é', '😀', '\u{7f}', '\u{FEFF}', '\u{FFFF}']),
    ];
    prop::collection::vec((character, 0..8u8), 0..20)
}

fn value() -> impl Strategy<Value = Random> {
    let number = "-?(0|[1-9][0-9]{0,12})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?";
    let leaf = prop_oneof![
        prop::sample::select(vec!["null", "true", "false"]).prop_map(Random::Word),
        number.prop_map(Random::Number),
        text().prop_map(Random::String),
    ];
    leaf.prop_recursive(6, 80, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Random::Array),
            prop::collection::vec((text(), inner), 0..6).prop_map(Random::Object),
        ]
    })
}

/// Writes a string with the given choice of escapes.
fn spell(out: &mut String, text: &[(char, u8)]) {
    out.push('"');
    for (character, choice) in text {
        match (character, choice) {
            (c, 0) | (c @ '\0'..='\u{1f}', _) => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| *out += &format!("\\u{unit:04x}"));
            }
            (c, 1) => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| *out += &format!("\\u{unit:04X}")),
            ('"' | '\\', _) | ('/', 2) => out.extend(['\\', *character]),
            (c, _) => out.push(*c),
        }
    }
    out.push('"');
}

fn blank(out: &mut String, blanks: &mut impl Iterator<Item = u8>) {
    *out +=
        ["", "", "", " ", "\n", "\t", "\r\n", "\n            "][usize::from(blanks.next().unwrap_or(0) % 8)];
}

fn write_down(out: &mut String, value: &Random, blanks: &mut impl Iterator<Item = u8>) {
    blank(out, blanks);
    match value {
        Random::Word(word) => *out += word,
        Random::Number(number) => *out += number,
        Random::String(text) => spell(out, text),
        Random::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                *out += if index == 0 { "" } else { "," };
                write_down(out, item, blanks);
            }
            blank(out, blanks);
            out.push(']');
        }
        Random::Object(members) => {
            out.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                *out += if index == 0 { "" } else { "," };
                blank(out, blanks);
                spell(out, name);
                blank(out, blanks);
                out.push(':');
                write_down(out, member, blanks);
            }
            blank(out, blanks);
            out.push('}');
        }
    }
    blank(out, blanks);
}

/// Whether no object has two names of one meaning.
fn unique(value: &Random) -> bool {
    match value {
        Random::Array(items) => items.iter().all(unique),
        Random::Object(members) => {
            let meant = |name: &[(char, u8)]| name.iter().map(|(c, _)| *c).collect::<String>();
            let names: std::collections::HashSet<String> =
                members.iter().map(|(name, _)| meant(name)).collect();
            names.len() == members.len() && members.iter().all(|(_, member)| unique(member))
        }
        _ => true,
    }
}

/// The content by itself, to compare with what was read.
fn assert_read(read: vpr_codec::Value<'_>, value: &Random) {
    let meant = |text: &[(char, u8)]| text.iter().map(|(c, _)| *c).collect::<String>();
    match value {
        Random::Word(word) => assert_eq!(read.raw(), *word),
        Random::Number(number) => assert_eq!(read.number_text(), Some(number.as_str())),
        Random::String(text) => assert_eq!(read.as_str().as_deref(), Some(meant(text).as_str())),
        Random::Array(items) => {
            assert_eq!(read.len(), items.len());
            read.items().zip(items).for_each(|(read, item)| assert_read(read, item));
        }
        Random::Object(members) => {
            assert_eq!(read.len(), members.len());
            for ((read_name, read), (name, member)) in read.members().zip(members) {
                assert_eq!(read_name, meant(name));
                assert_read(read, member);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_value_written_in_any_way_reads_back(value in value(), blanks in prop::collection::vec(any::<u8>(), 0..50)) {
        let mut text = String::new();
        write_down(&mut text, &value, &mut blanks.into_iter().cycle());
        match parse(&text) {
            Ok(json) => {
                prop_assert!(unique(&value));
                assert_read(json.root(), &value);
            }
            Err(error) => prop_assert!(!unique(&value), "{}: {}", error, text),
        }
        json_body::check(text.as_bytes());
    }

    #[test]
    fn any_bytes_get_the_verdict_of_the_oracle(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        json_body::check(&bytes);
    }

    #[test]
    fn any_tokens_get_the_verdict_of_the_oracle(
        tokens in prop::collection::vec(prop::sample::select(TOKENS.to_vec()), 0..14),
    ) {
        json_body::check(tokens.concat().as_bytes());
    }
}

const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\"a\"",
    "\"b\"",
    "\"\\u0061\"",
    "0",
    "-1",
    "1.0",
    "e1",
    "true",
    "null",
    " ",
    "\n",
    "\\",
    "\"a\":",
    "{\"a\":1}",
    "[1]",
    ",\"b\":2",
];
