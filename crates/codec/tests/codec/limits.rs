//! Every limit is hit, and what lies just within it passes.

use std::time::{Duration, Instant};

use vpr_codec::{Json, JsonErrorKind as E, Limits, NUMBER_CHARS_MAX};
use vpr_types::limits::{BODY_BYTES_MAX, JSON_DEPTH_MAX, JSON_VALUES_MAX};

use crate::{kind, parse};

/// Far above what linear work takes, far below what quadratic work would.
const LINEAR_MAX: Duration = Duration::from_secs(30);

fn refused(text: &str, limits: Limits) -> E {
    Json::parse(text, &limits).expect_err("past a limit").kind
}

#[test]
fn limits_are_those_of_the_request_body() {
    let limits = Limits::default();
    assert_eq!(limits.bytes_max, BODY_BYTES_MAX);
    assert_eq!(limits.depth_max, JSON_DEPTH_MAX);
    assert_eq!(limits.values_max, JSON_VALUES_MAX);
}

#[test]
fn bytes() {
    let limits = Limits { bytes_max: 4, ..Limits::default() };
    assert!(Json::parse("1234", &limits).is_ok());
    assert_eq!(refused("12345", limits), E::TooLarge);
    assert_eq!(kind(vec![b' '; BODY_BYTES_MAX + 1]), E::TooLarge);
}

#[test]
fn depth() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(JSON_DEPTH_MAX)).is_ok());
    assert_eq!(kind(nested(JSON_DEPTH_MAX + 1)), E::TooDeep);
    let objects = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert!(parse(objects(JSON_DEPTH_MAX)).is_ok());
    assert_eq!(kind(objects(JSON_DEPTH_MAX + 1)), E::TooDeep);
    // Depth is what is open at once, not what was.
    assert!(parse(format!("[{}]", [nested(JSON_DEPTH_MAX - 1).as_str(); 3].join(","))).is_ok());
    let flat = Limits { depth_max: 0, ..Limits::default() };
    assert!(Json::parse("1", &flat).is_ok());
    assert_eq!(refused("[]", flat), E::TooDeep);
}

#[test]
fn a_hundred_thousand_deep_needs_no_machine_stack() {
    let depth = 100_000;
    let text = format!("{}{}", r#"[{"a":"#.repeat(depth / 2), "}]".repeat(depth / 2)).replace(":}", ":1}");
    assert_eq!(kind(&text), E::TooDeep);
    assert_eq!(kind("[".repeat(depth)), E::TooDeep);
    let deep = Limits { depth_max: usize::MAX, ..Limits::default() };
    let json = Json::parse(text, &deep).expect("allowed by its limit");
    assert_eq!(json.values(), depth + 1);
    let mut compact = vpr_codec::Writer::new(vpr_codec::Style::Compact);
    compact.value(json.root());
    assert_eq!(compact.finish(), json.source().as_bytes());
    let unfinished = "[".repeat(depth);
    assert_eq!(refused(&unfinished, deep), E::Syntax("unexpected end"));
}

#[test]
fn values() {
    let limits = Limits { values_max: 4, ..Limits::default() };
    assert!(Json::parse("[1,2,3]", &limits).is_ok());
    assert_eq!(refused("[1,2,3,4]", limits), E::TooManyValues);
    assert!(Json::parse(r#"{"a":1,"b":{"c":2}}"#, &limits).is_ok());
    assert_eq!(refused(r#"{"a":1,"b":{"c":[]},"d":{}}"#, limits), E::TooManyValues);
    assert_eq!(refused(r#"[[[[[]]]]]"#, limits), E::TooManyValues);
    let mut text = "0,".repeat(JSON_VALUES_MAX).into_bytes();
    text.insert(0, b'[');
    text.extend_from_slice(b"0]");
    assert_eq!(kind(text), E::TooManyValues);
}

#[test]
fn number_characters() {
    let longest = format!("1.{}", "0".repeat(NUMBER_CHARS_MAX - 2));
    assert_eq!(parse(&longest).expect("within the limit").root().number_text(), Some(longest.as_str()));
    assert_eq!(kind(format!("{longest}0")), E::InvalidNumber);
    assert_eq!(kind("9".repeat(1_000_000)), E::InvalidNumber);
}

fn object(names: impl Iterator<Item = String>) -> String {
    let members: Vec<String> = names.map(|name| format!(r#""{name}":0"#)).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn a_million_names_cost_no_square() {
    let begin = Instant::now();
    let text = object((0..1_000_000).map(|n| format!("k{n}")));
    assert_eq!(parse(&text).expect("all differ").root().len(), 1_000_000);
    let repeated = text.replace("\"k999999\"", "\"k\\u0030\"");
    let error = parse(repeated).expect_err("the last is the first");
    assert_eq!((error.kind, error.path.as_str()), (E::DuplicateKey, "k0"));
    assert_eq!(kind(object((0..1_000_000).map(|_| "same".into()))), E::DuplicateKey);
    assert!(begin.elapsed() < LINEAR_MAX, "{:?}", begin.elapsed());
}

#[test]
fn names_that_look_alike_cost_no_square() {
    let begin = Instant::now();
    // The same length, the same first and last bytes.
    let alike = |n| format!("{:08}{n:08}{:08}", 0, 0);
    let text = object((0..300_000).map(alike));
    assert!(parse(&text).is_ok());
    assert_eq!(kind(text.replace(&alike(299_999), &alike(7))), E::DuplicateKey);
    // Long names that differ at their end only.
    let long = "x".repeat(500);
    let text = object((0..100_000).map(|n| format!("{long}{n:06}y{long:.20}")));
    assert!(parse(&text).is_ok());
    // Small objects by the thousand.
    let small = object((0..32).map(alike));
    assert!(parse(format!("[{}]", vec![small; 10_000].join(","))).is_ok());
    assert!(begin.elapsed() < LINEAR_MAX, "{:?}", begin.elapsed());
}

#[test]
fn a_duplicate_is_found_in_objects_of_any_size_at_any_place() {
    for size in [2, 3, 8, 31, 32, 33, 34, 35, 66, 200] {
        for name in [
            |n: usize| format!("{n}"),
            |n: usize| format!("{n:024}"),
            |n: usize| format!("00000000{n:04}00000000"),
        ] {
            let names: Vec<String> = (0..size).map(name).collect();
            assert!(parse(object(names.clone().into_iter())).is_ok());
            for second in [1, size / 2, size - 1].into_iter().filter(|second| *second > 0) {
                let mut names = names.clone();
                names[second] = names[0].clone();
                let text = object(names.iter().cloned());
                let error = parse(format!(r#"[{{"in":[{text}]}}]"#)).expect_err("a duplicate");
                assert_eq!(error.kind, E::DuplicateKey);
                assert_eq!(error.path, format!("[0].in[0].{}", names[0]));
                let place = text.match_indices(&format!(r#""{}""#, names[0])).nth(1).expect("twice").0;
                assert_eq!(error.offset, place + 8, "{size} {second}");
            }
        }
    }
}
