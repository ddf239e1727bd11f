//! What RFC 8259 allows, and what it does not. Every case also goes past the oracle.

use vpr_codec::JsonErrorKind as E;

use crate::{json_body, kind, parse};

#[rustfmt::skip]
const ACCEPTED: &[&str] = &[
    // §3 values, §2 whitespace around them
    "null", "true", "false", "0", r#""""#, "[]", "{}", " null ", "\t\r\n[\t\r\n]\t\r\n", "\n\n\n1",
    "[ ]", "{ }", "{\n}", "[[]]", "[{}]", r#"{"":{}}"#, "[null,null]", "[true,false,null]",
    "                                  [                                ]                             ",
    // §4 objects
    r#"{"a":1}"#, r#"{ "a" : 1 }"#, r#"{"a":1,"b":2}"#, r#"{"a":{"a":{"a":{}}}}"#, r#"{"":1}"#,
    r#"{"a":1,"A":2}"#, r#"{"a":1,"a ":2," a":3}"#, r#"{"a\u0000":1,"a":2}"#, r#"[{"a":1},{"a":2}]"#,
    r#"{"x":{"a":1},"a":{"x":1}}"#,
    r#"{"01234567":0,"0123456":1,"012345678":2,"01234567x01234567":3,"01234567y01234567":4}"#,
    r#"{"é":1,"e\u0301":2,"e":3}"#,
    // §5 arrays
    "[1]", "[1,2,3]", "[ 1 , 2 ]", "[[[[[[]]]]]]", r#"["a",1,true,null,{},[]]"#,
    // §6 numbers
    "-0", "-0.0", "0.0", "1.00", "-1", "10", "1234567890", "1e1", "1E1", "1e+1", "1e-1", "1.5e10", "0e0", "0E-0",
    "-0e+0", "1e400", "-1e-400", "123456789012345678901234567890", "0.1e1", "[0,-1,2.50]", "1e00", "1e01", "20e1",
    // §7 strings
    r#""a""#, r#""\"""#, r#""\\""#, r#""\/""#, r#""/""#, r#""\b\f\n\r\t""#, r#""\u0041""#, r#""\u00e9""#, r#""\u00E9""#,
    r#""\u0000""#, r#""\uFFFF""#, r#""\uFFFE""#, r#""\ud83d\ude00""#, r#""\uD83D\uDE00""#, r#""\uDBFF\uDFFF""#,
    r#""\uD800\uDC00""#, r#""x\uD83D\uDE00y\u0041""#, "\"\u{7f}\"", "\"\u{80}\"", "\"é\"", "\"😀\"", "\"\u{FEFF}\"",
    "\"\u{2028}\u{2029}\"", "\"\u{10FFFF}\"", "\"\u{FFFF}\"", r#""\\u0041""#, r#""\\\"""#, r#""1234567\"""#,
    r#""12345678\n""#, r#""// no comment""#,
];

const VALUE: E = E::Syntax("expected a value");
const END: E = E::Syntax("unexpected end");
const STRING_END: E = E::Syntax("unexpected end within a string");
const NAME: E = E::Syntax("expected a member name");
const COLON: E = E::Syntax("expected `:` after a member name");
const IN_OBJECT: E = E::Syntax("expected `,` or `}`");
const IN_ARRAY: E = E::Syntax("expected `,` or `]`");

#[rustfmt::skip]
const REJECTED: &[(&[u8], E)] = &[
    // nothing, and too much
    (b"", E::Empty), (b" ", E::Empty), (b"\r\n\t ", E::Empty),
    (b"1 2", E::TrailingContent), (b"{}{}", E::TrailingContent), (b"[],", E::TrailingContent), (b"null,", E::TrailingContent),
    (b"[]]", E::TrailingContent), (b"{}}", E::TrailingContent), (b"\"\"\"\"", E::TrailingContent), (b"[]\0", E::TrailingContent),
    (b"1 // one", E::TrailingContent), (b"truefalse", E::TrailingContent), (b"nulls", E::TrailingContent),
    (b"\"a\":1", E::TrailingContent),
    // literals
    (b"tru", VALUE), (b"True", VALUE), (b"TRUE", VALUE), (b"nul", VALUE), (b"fals", VALUE), (b"undefined", VALUE),
    (b"NaN", VALUE), (b"Infinity", VALUE), (b"-Infinity", E::InvalidNumber), (b"-NaN", E::InvalidNumber), (b"None", VALUE),
    // other notations
    (b"'a'", VALUE), (b"`a`", VALUE), (b"(1)", VALUE), (b"<a/>", VALUE), (b"a", VALUE), (b"/* */ 1", VALUE), (b"// x\n1", VALUE),
    (b"# x\n1", VALUE), (b"\0", VALUE), (b"\x0c1", VALUE), (b"\x0b1", VALUE), ("\u{a0}1".as_bytes(), VALUE),
    ("\u{2003}1".as_bytes(), VALUE), (b"\x1f1", VALUE),
    // arrays
    (b"[", END), (b"[1", END), (b"[1,", END), (b"[,", VALUE), (b"[,1]", VALUE), (b"[1,]", VALUE), (b"[1,,2]", VALUE),
    (b"[1 2]", IN_ARRAY), (b"[1}", IN_ARRAY), (b"[1:2]", IN_ARRAY), (b"[\"a\":1]", IN_ARRAY), (b"]", VALUE), (b"[}", VALUE),
    (b"[[]", END), (b"[{}", END), (b"[\"\"\"\"]", IN_ARRAY), (b"[true false]", IN_ARRAY), (b"[1;2]", IN_ARRAY),
    (b"[1\x0c,2]", IN_ARRAY), (b"[\x0c]", VALUE), (b"[...]", VALUE),
    // objects
    (b"{", END), (b"{\"a\"", END), (b"{\"a\":", END), (b"{\"a\":1", END), (b"{\"a\":1,", END), (b"{,", NAME), (b"{,}", NAME),
    (b"{\"a\":1,}", NAME), (b"{\"a\":1,,\"b\":2}", NAME), (b"{a:1}", NAME), (b"{'a':1}", NAME), (b"{1:1}", NAME),
    (b"{null:1}", NAME), (b"{[]:1}", NAME), (b"{\"a\" 1}", COLON), (b"{\"a\"}", COLON), (b"{\"a\",1}", COLON),
    (b"{\"a\"=1}", COLON), (b"{\"a\"::1}", VALUE), (b"{\"a\":}", VALUE), (b"{\"a\":,}", VALUE), (b"{\"a\":1 \"b\":2}", IN_OBJECT),
    (b"{\"a\":1]", IN_OBJECT), (b"{\"a\":1;\"b\":2}", IN_OBJECT), (b"{]", NAME), (b"}", VALUE), (b"{{}:1}", NAME), (b"{\"a", STRING_END),
    (b"{\"a\":1:2}", IN_OBJECT), (b"{ //\n}", NAME),
    // duplicate names
    (br#"{"a":1,"a":1}"#, E::DuplicateKey), (br#"{"":1,"":1}"#, E::DuplicateKey), (br#"{"a":1,"\u0061":1}"#, E::DuplicateKey),
    (br#"{"\u0061":1,"a":1}"#, E::DuplicateKey), (br#"{"a\/b":1,"a/b":1}"#, E::DuplicateKey), (br#"[[{"x":[{"a":1,"b":2,"a":3}]}]]"#, E::DuplicateKey),
    (br#"{"a":{"b":1,"b":1}}"#, E::DuplicateKey), (br#"{"a":{"b":1},"c":2,"a":{}}"#, E::DuplicateKey),
    (br#"{"resourceType":1,"resourceType":1}"#, E::DuplicateKey), (br#"{"\ud83d\ude00":1,"\uD83D\uDE00":1}"#, E::DuplicateKey),
    // numbers
    (b"01", E::InvalidNumber), (b"-01", E::InvalidNumber), (b"00", E::InvalidNumber), (b"-", E::InvalidNumber), (b"--1", E::InvalidNumber),
    (b"1.", E::InvalidNumber), (b"1.e1", E::InvalidNumber), (b"-.5", E::InvalidNumber), (b".5", VALUE), (b"+1", VALUE), (b"1e", E::InvalidNumber),
    (b"1e+", E::InvalidNumber), (b"1E-", E::InvalidNumber), (b"1e1.5", E::InvalidNumber), (b"1.5.5", E::InvalidNumber), (b"0x10", E::InvalidNumber),
    (b"1_000", E::TrailingContent), (b"1a", E::InvalidNumber), (b"0.", E::InvalidNumber), (b"-0.", E::InvalidNumber), (b"1+1", E::InvalidNumber),
    (b"1-1", E::InvalidNumber), (b"[1.]", E::InvalidNumber), (b"[-]", E::InvalidNumber), (b"[1e]", E::InvalidNumber), (b"1,5", E::TrailingContent),
    (b"[012]", E::InvalidNumber), (b"1n", E::InvalidNumber), (b"- 1", E::InvalidNumber), ("１".as_bytes(), VALUE), (b"0e", E::InvalidNumber),
    // strings
    (b"\"", STRING_END), (b"\"a", STRING_END), (b"\"\\", STRING_END), (b"\"\\\"", STRING_END), (b"\"\\u0041", STRING_END),
    (b"\"\0\"", E::ControlCharacter), (b"\"\n\"", E::ControlCharacter), (b"\"\t\"", E::ControlCharacter), (b"\"\x1f\"", E::ControlCharacter),
    (b"\"1234567\x01\"", E::ControlCharacter), (b"\"12345678\x01\"", E::ControlCharacter), (b"\"\\n\n\"", E::ControlCharacter),
    (b"{\"a\nb\":1}", E::ControlCharacter), (b"\"\\", STRING_END),
    (b"\"\\x41\"", E::InvalidEscape), (b"\"\\a\"", E::InvalidEscape), (b"\"\\'\"", E::InvalidEscape), (b"\"\\0\"", E::InvalidEscape),
    (b"\"\\U0041\"", E::InvalidEscape), (b"\"\\v\"", E::InvalidEscape), (b"\"\\ \"", E::InvalidEscape), (b"\"\\\n\"", E::InvalidEscape),
    (b"\"\\u\"", E::InvalidEscape), (b"\"\\u1\"", E::InvalidEscape), (b"\"\\u12\"", E::InvalidEscape), (b"\"\\u123\"", E::InvalidEscape),
    (b"\"\\u12G4\"", E::InvalidEscape), (b"\"\\u+123\"", E::InvalidEscape), (b"\"\\u 123\"", E::InvalidEscape), (b"\"\\u{41}\"", E::InvalidEscape),
    ("\"\\u００４１\"".as_bytes(), E::InvalidEscape), ("\"\\é\"".as_bytes(), E::InvalidEscape),
    // half surrogates
    (b"\"\\uD800\"", E::InvalidEscape), (b"\"\\uDC00\"", E::InvalidEscape), (b"\"\\uDBFF\"", E::InvalidEscape), (b"\"\\uDFFF\"", E::InvalidEscape),
    (b"\"\\uD800x\"", E::InvalidEscape), (b"\"\\uD800\\n\"", E::InvalidEscape), (b"\"\\uD800\\u0041\"", E::InvalidEscape),
    (b"\"\\uD800\\uD800\"", E::InvalidEscape), (b"\"\\uDC00\\uD800\"", E::InvalidEscape), (b"\"\\uD83D\\uDE\"", E::InvalidEscape),
    (b"\"\\uD83D\\\"", E::InvalidEscape), (b"{\"\\uD800\":1}", E::InvalidEscape), (b"\"\\uD800\\uDBFF\\uDC00\"", E::InvalidEscape),
    // bytes that are not UTF-8: stray, overlong, cut, surrogates, past the last
    (b"\"\x80\"", E::NotUtf8), (b"\"\xff\"", E::NotUtf8), (b"\"\xfe\"", E::NotUtf8), (b"\"\xc0\xaf\"", E::NotUtf8), (b"\"\xc1\xbf\"", E::NotUtf8),
    (b"\"\xe0\x80\xaf\"", E::NotUtf8), (b"\"\xf0\x80\x80\xaf\"", E::NotUtf8), (b"\"\xc0\x80\"", E::NotUtf8), (b"\"\xc3\"", E::NotUtf8),
    (b"\"\xe2\x82\"", E::NotUtf8), (b"\"\xf0\x9f\x98\"", E::NotUtf8), (b"\"\xed\xa0\x80\"", E::NotUtf8), (b"\"\xed\xb0\x80\"", E::NotUtf8),
    (b"\"\xed\xa0\xbd\xed\xb8\x80\"", E::NotUtf8), (b"\"\xf4\x90\x80\x80\"", E::NotUtf8), (b"\"\xf8\x88\x80\x80\x80\"", E::NotUtf8),
    (b"{\"\xff\":1}", E::NotUtf8), (b"[1]\xff", E::NotUtf8), (b"\xc0\xa21\"", E::NotUtf8), (b"\xe9", E::NotUtf8),
    // other encodings, byte order marks
    (b"\xff\xfe1\0", E::NotUtf8), (b"\xfe\xff\x001", E::NotUtf8), (b"1\0", E::TrailingContent), (b"\x001", VALUE), (b"[\0]\0", VALUE),
    ("\u{FEFF}1".as_bytes(), E::ByteOrderMark), ("\u{FEFF}".as_bytes(), E::ByteOrderMark), ("\u{FEFF}{}".as_bytes(), E::ByteOrderMark),
    (" \u{FEFF}1".as_bytes(), VALUE), ("1\u{FEFF}".as_bytes(), E::TrailingContent),
];

#[test]
fn what_the_standard_allows_is_accepted() {
    for text in ACCEPTED {
        if let Err(error) = parse(text) {
            panic!("{error}: {text}");
        }
        json_body::check(text.as_bytes());
    }
}

#[test]
fn what_the_standard_forbids_is_refused_for_the_right_reason() {
    for (text, expected) in REJECTED {
        assert_eq!(kind(text), *expected, "{}", String::from_utf8_lossy(text));
        json_body::check(text);
    }
}

#[test]
fn the_corpus_is_large() {
    assert!(ACCEPTED.len() >= 60 && REJECTED.len() >= 120, "{} and {}", ACCEPTED.len(), REJECTED.len());
}

const SAMPLE: &str = r#" {"a": [1.00, -0, 1e400, "x\u0041\ud83d\ude00", "", {}, [ ]],
  "ünï": {"c": null, "d\n": true, "e": false}, "long name of a member": "long text of a member" } "#;

#[test]
fn a_text_cut_anywhere_is_refused() {
    let end = SAMPLE.trim_end().len();
    for cut in 0..end {
        assert!(parse(&SAMPLE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        json_body::check(&SAMPLE.as_bytes()[..cut]);
    }
    for cut in end..=SAMPLE.len() {
        assert!(parse(&SAMPLE.as_bytes()[..cut]).is_ok(), "cut at {cut}");
    }
}

#[test]
fn any_byte_anywhere_gets_the_verdict_of_the_oracle() {
    for at in 0..SAMPLE.len() {
        let mut text = SAMPLE.as_bytes().to_vec();
        for byte in 0..=255 {
            text[at] = byte;
            json_body::check(&text);
        }
    }
}

#[test]
fn strings_of_any_length_and_alignment_end_where_they_should() {
    for length in 0..40 {
        for special in [r#"\""#, r#"\\"#, r"\n", r"\u00e9", r"\ud83d\ude00", "é", "😀", "\u{7f}", "\u{1}", ""]
        {
            for at in 0..=length {
                let text = format!(r#"["{}{special}{}"]"#, "x".repeat(at), "y".repeat(length - at));
                json_body::check(text.as_bytes());
            }
        }
    }
}
