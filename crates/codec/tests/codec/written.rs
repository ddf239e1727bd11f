//! What the writers write, by example; laws are in `random`.

use vpr_codec::{MemberScan, Style, Writer, compact, pretty};

use crate::parse;

fn both(write: impl Fn(&mut Writer)) -> (String, String) {
    let run = |style| {
        let mut writer = Writer::new(style);
        write(&mut writer);
        String::from_utf8(writer.finish()).expect("UTF-8")
    };
    (run(Style::Canonical), run(Style::Compact))
}

#[test]
fn pieces() {
    let source = parse(r#"{"k\/": [1.00, {"x": {}}]}"#).expect("valid");
    let (canonical, sent) = both(|w| {
        w.begin_object();
        w.key("resourceType");
        w.string("Patient");
        w.key("empty");
        w.begin_array();
        w.end_array();
        w.key("none");
        w.begin_object();
        w.end_object();
        w.key("list");
        w.begin_array();
        w.number_text("-1.50");
        w.integer(i64::MIN);
        w.bool(true);
        w.bool(false);
        w.null();
        w.begin_array();
        w.raw_string(r"A\u000a\/");
        w.end_array();
        w.end_array();
        w.key("copy");
        w.value(source.root());
        w.member(source.root().get("k/").expect("there"));
        w.end_object();
    });
    let expected = r#"{
  "resourceType": "Patient",
  "empty": [],
  "none": {},
  "list": [
    -1.50,
    -9223372036854775808,
    true,
    false,
    null,
    [
      "A\n/"
    ]
  ],
  "copy": {
    "k/": [
      1.00,
      {
        "x": {}
      }
    ]
  },
  "k/": [
    1.00,
    {
      "x": {}
    }
  ]
}
"#;
    assert_eq!(canonical, expected);
    let one_line = r#"{"resourceType":"Patient","empty":[],"none":{},"list":[-1.50,-9223372036854775808,true,false,null,["A\n/"]],"copy":{"k/":[1.00,{"x":{}}]},"k/":[1.00,{"x":{}}]}"#;
    assert_eq!(sent, one_line);
    assert_eq!(compact(expected.as_bytes()), one_line.as_bytes());
    assert_eq!(pretty(one_line.as_bytes()), expected.as_bytes());
}

#[test]
fn every_character_gets_its_shortest_form() {
    for code in 0..0x3000u32 {
        let Some(character) = char::from_u32(code) else { continue };
        let expected = match character {
            '"' => r#"\""#.to_owned(),
            '\\' => r"\\".to_owned(),
            '\u{8}' => r"\b".to_owned(),
            '\u{c}' => r"\f".to_owned(),
            '\n' => r"\n".to_owned(),
            '\r' => r"\r".to_owned(),
            '\t' => r"\t".to_owned(),
            c if c < ' ' => format!("\\u{code:04x}"),
            c => c.to_string(),
        };
        let meant = format!("ab{character}cd");
        let (_, written) = both(|w| w.string(&meant));
        assert_eq!(written, format!("\"ab{expected}cd\""));
        let (_, from_raw) = both(|w| w.raw_string(&format!("ab\\u{code:04X}cd")));
        assert_eq!(from_raw, written);
        assert_eq!(parse(&written).expect("valid").root().as_str().as_deref(), Some(meant.as_str()));
        let (_, name) = both(|w| {
            w.begin_object();
            w.key(&meant);
            w.null();
            w.end_object();
        });
        assert_eq!(name, format!("{{{written}:null}}"));
    }
}

#[test]
fn deep_indentation_goes_past_the_prepared_line() {
    let depth = 60;
    let text = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let json = parse(&text).expect("valid");
    let (canonical, _) = both(|w| w.value(json.root()));
    let indents: Vec<usize> = canonical.lines().map(|line| line.len() - line.trim_start().len()).collect();
    let expected: Vec<usize> = (0..=depth).chain((0..depth).rev()).map(|level| 2 * level).collect();
    assert_eq!(indents, expected);
    assert_eq!(pretty(text.as_bytes()), canonical.as_bytes());
}

#[test]
fn writing_goes_on_behind_other_bytes() {
    let mut writer = Writer::append_to(b"before ".to_vec(), Style::Compact);
    writer.begin_array();
    writer.compact_text(br#"{"stored":1.0}"#);
    writer.compact_text(b"2");
    writer.end_array();
    assert_eq!(writer.finish(), br#"before [{"stored":1.0},2]"#);
    let mut out = b"{}\n".to_vec();
    vpr_codec::compact_into(b"{ }", &mut out);
    vpr_codec::pretty_into(b"[1]", &mut out);
    assert_eq!(out, b"{}\n{}[\n  1\n]\n");
}

#[test]
fn layouts_keep_strings_and_survive_text_that_is_none() {
    let text = r#"{ "a b" : " x \" { [ , : \\" , "t" : "\\" }"#;
    assert_eq!(compact(text.as_bytes()), br#"{"a b":" x \" { [ , : \\","t":"\\"}"#);
    let valid = r#"{"a": [1, "\"\\x", {"b": null}], "c": "d"}"#;
    for cut in 0..valid.len() {
        let part = &valid.as_bytes()[cut..];
        let _ = (compact(part), pretty(part), MemberScan::new(part).count());
        let part = &valid.as_bytes()[..cut];
        let _ = (compact(part), pretty(part), MemberScan::new(part).count());
    }
}

#[test]
fn a_member_is_spliced_without_a_tape() {
    let stored = pretty(br#"{"resourceType":"Patient","id":"p","meta":{"profile":["x"]},"active":true}"#);
    let mut members = MemberScan::new(&stored);
    let id = members.nth(1).expect("an id");
    assert_eq!((id.name, &stored[id.value]), (&b"id"[..], &b"\"p\""[..]));
    let meta = members.next().expect("meta");
    let mut inner = MemberScan::new(&stored[meta.value.clone()]);
    let insert_at = meta.value.start + inner.offset();
    assert_eq!(inner.next().expect("profile").name, b"profile");
    let mut spliced = stored[..insert_at].to_vec();
    spliced.extend_from_slice(br#""versionId":"2","#);
    spliced.extend_from_slice(&stored[insert_at..]);
    let expected =
        br#"{"resourceType":"Patient","id":"p","meta":{"versionId":"2","profile":["x"]},"active":true}"#;
    assert_eq!(compact(&spliced), expected);
    assert_eq!(members.next().expect("active").name, b"active");
    assert!(members.next().is_none());
    assert_eq!(stored[members.offset()], b'}');
}

#[test]
fn scanning_what_is_no_object_finds_no_members() {
    for text in ["", "[]", "1", "\"{\"", "{}", " { } ", "null"] {
        assert_eq!(MemberScan::new(text.as_bytes()).count(), 0, "{text}");
    }
}
