//! Where errors and values are said to lie.

use crate::parse;

#[track_caller]
fn check(text: &str, line: u32, column: u32, path: &str) {
    let error = parse(text).expect_err("refused");
    assert_eq!((error.line, error.column, error.path.as_str()), (line, column, path), "{error}");
    assert!(error.to_string().contains(&format!("line {line}, column {column}")));
}

#[test]
fn errors_name_their_place() {
    check("", 1, 1, "");
    check("\n\n x", 3, 2, "");
    check("[1, x]", 1, 5, "[1]");
    check("[[], [1, [2, x]]]", 1, 14, "[1][1][1]");
    check("{\"a\": x}", 1, 7, "a");
    check("{\"a\": 1,\n \"b\": [{}, {\"c\": 01}]}", 2, 19, "b[1].c");
    check("{\"é😀\": \"é😀\u{1}\"}", 1, 11, "é😀");
    check("{\"a\": {\"b\" 1}}", 1, 12, "a.b");
    check("{\"a\": {\"b\": 1 2}}", 1, 15, "a");
    check("{\"a\": {x: 1}}", 1, 8, "a");
    check("[1, 2 3]", 1, 7, "");
    check("[{\"a\": 1, \"a\": 2}]", 1, 11, "[0].a");
    check("{\"a\": [\"\\ud800\"]}", 1, 9, "a[0]");
    check("[1] 2", 1, 5, "");
    check("[[1], [2]", 1, 10, "");
    check("{\"a\\u0062\": {\"\\n\": }}", 1, 20, "ab.\u{FFFD}");
    check(
        "{\"entry\": [{}, {\"resource\": {\"name\": [{\"family\": tru}]}}]}",
        1,
        50,
        "entry[1].resource.name[0].family",
    );
}

#[test]
fn errors_never_show_values() {
    for text in [r#"{"name": "Secret Person" x}"#, r#"["Secret \x"]"#, r#"{"a": Secret}"#, "[123Secret]"] {
        let error = parse(text).expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("Secret"), "{error:?}");
    }
    let json = parse(r#"{"name": "Secret Person"}"#).expect("valid");
    assert!(!format!("{json:?} {:?}", json.root().get("name")).contains("Secret"));
}

#[test]
fn bytes_that_are_no_text_are_placed_too() {
    let error = parse(b"[\n \"a\xff\"]").expect_err("refused");
    assert_eq!((error.line, error.column, error.offset), (2, 4, 5));
}

#[test]
fn long_paths_are_cut() {
    let name = "n".repeat(1_000);
    let text = format!("{}x", format!("{{\"{name}\": ").repeat(60));
    let path = parse(text).expect_err("refused").path;
    assert!(path.len() < 1_000 && path.ends_with('…'), "{path}");
}

#[test]
fn values_know_their_place() {
    let text = "{\"a\": 1,\n \"b\": [{}, {\"c\": \"x\", \"d\\u0065\": {\"f\": [[true]]}}]}";
    let json = parse(text).expect("valid");
    let paths: Vec<String> =
        (0..json.values() as u32).filter_map(|id| json.value(id)).map(|v| v.path()).collect();
    let expected =
        ["", "a", "b", "b[0]", "b[1]", "b[1].c", "b[1].de", "b[1].de.f", "b[1].de.f[0]", "b[1].de.f[0][0]"];
    assert_eq!(paths, expected);
    let found = json.root().get("b").and_then(|b| b.index(1)).and_then(|item| item.get("de")).expect("there");
    assert_eq!(
        found.position(),
        (2, text.lines().nth(1).and_then(|l| l.find("{\"f")).expect("there") as u32 + 1)
    );
    assert_eq!(found.raw(), "{\"f\": [[true]]}");
    assert_eq!((found.id(), found.id_end(), json.value(6).expect("there").id()), (6, 10, 6));
}

#[test]
fn accessors_answer_for_their_kind_alone() {
    let json = parse(r#"[null, true, 1.00, "s", ["x"], {"k": 1}]"#).expect("valid");
    let at = |index| json.root().index(index).expect("there");
    for index in 0..6 {
        let value = at(index);
        assert_eq!(value.is_null(), index == 0);
        assert_eq!(value.as_bool(), (index == 1).then_some(true));
        assert_eq!(value.number_text(), (index == 2).then_some("1.00"));
        assert_eq!(value.as_str().as_deref(), (index == 3).then_some("s"));
        assert_eq!(value.items().count(), usize::from(index == 4));
        assert_eq!(value.members().count(), usize::from(index == 5));
        assert_eq!(value.get("k").is_some(), index == 5);
        assert_eq!(value.index(0).is_some(), index == 4);
        assert_eq!(value.is_empty(), index < 4);
    }
}

#[test]
fn strings_without_escapes_are_borrowed() {
    use std::borrow::Cow;
    let json = parse(r#"{"a": "plain", "b\n": "\u0061"}"#).expect("valid");
    assert!(matches!(json.root().get("a").and_then(|v| v.as_str()), Some(Cow::Borrowed("plain"))));
    let escaped = json.root().get("b\n").expect("found by its meaning");
    assert_eq!((escaped.as_str().as_deref(), escaped.raw_str()), (Some("a"), Some("\\u0061")));
    assert!(json.root().get("b\\n").is_none());
}
