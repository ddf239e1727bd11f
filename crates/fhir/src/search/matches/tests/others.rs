use super::*;

fn token(system: &str, code: &str) -> KeyValue {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    KeyValue::Token(Token { system: some(system), code: some(code) })
}

#[test]
fn tokens_are_compared_literally() {
    let test = |test: TokenTest| Test::Token(vec![test]);
    let code = |code: &str| test(TokenTest::Code(code.to_owned()));
    let both = |system: &str, code: &str| test(TokenTest::SystemAndCode(system.to_owned(), code.to_owned()));
    let bare = |code: &str| test(TokenTest::CodeWithoutSystem(code.to_owned()));
    let system = |system: &str| test(TokenTest::System(system.to_owned()));
    for (value, asked, expected) in [
        (token("s", "c"), code("c"), true),
        (token("", "c"), code("c"), true),
        (token("s", "c"), code("C"), false),
        (token("s", ""), code("s"), false),
        (token("s", "c"), both("s", "c"), true),
        (token("S", "c"), both("s", "c"), false),
        (token("", "c"), both("s", "c"), false),
        (token("s", "d"), both("s", "c"), false),
        (token("", "c"), bare("c"), true),
        (token("s", "c"), bare("c"), false),
        (token("s", "c"), system("s"), true),
        (token("s", ""), system("s"), true),
        (token("t", "c"), system("s"), false),
        (token("", "c"), system("s"), false),
        (KeyValue::Uri("c".to_owned()), code("c"), false),
    ] {
        assert_eq!(passes(std::slice::from_ref(&value), asked.clone()), expected, "{value:?} {asked:?}");
    }
}

#[test]
fn strings_are_compared_folded_or_exactly() {
    let value = [KeyValue::String("Évelyn O’Hara".to_owned())];
    for (matched, text, expected) in [
        (StringMatch::Begins, "eve", true),
        (StringMatch::Begins, "evelyn o’hara", true),
        (StringMatch::Begins, "velyn", false),
        (StringMatch::Begins, "evelyn o’harax", false),
        (StringMatch::Contains, "velyn", true),
        (StringMatch::Contains, "o’h", true),
        (StringMatch::Contains, "oh", false),
        (StringMatch::Exact, "Évelyn O’Hara", true),
        (StringMatch::Exact, "évelyn o’hara", false),
        (StringMatch::Exact, "Évelyn", false),
    ] {
        assert_eq!(
            passes(&value, Test::String(matched, vec![text.to_owned()])),
            expected,
            "{matched:?} {text}"
        );
    }
    let either = Test::String(StringMatch::Begins, vec!["x".to_owned(), "ev".to_owned()]);
    assert!(passes(&value, either));
}

#[test]
fn uris_are_compared_by_path() {
    let cases = [
        // (value, asked, equal, below, above)
        ("http://a/b", "http://a/b", true, true, true),
        ("http://a/b/", "http://a/b", false, true, true),
        ("http://a/b/c", "http://a/b", false, true, false),
        ("http://a/bc", "http://a/b", false, false, false),
        ("http://a", "http://a/b", false, false, true),
        ("http://a/", "http://a/b", false, false, true),
        ("HTTP://a/b", "http://a/b", false, false, false),
        ("urn:oid:1.2", "urn:oid:1.2", true, true, true),
        ("urn:oid:1.2.3", "urn:oid:1.2", false, false, false),
    ];
    for (value, asked, equal, below, above) in cases {
        let found = [UriMatch::Equal, UriMatch::Below, UriMatch::Above].map(|matched| {
            passes(&[KeyValue::Uri(value.to_owned())], Test::Uri(matched, vec![asked.to_owned()]))
        });
        assert_eq!(found, [equal, below, above], "{value} {asked}");
    }
}

#[test]
fn references_by_what_they_point_at() {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let local = |name: &str, id: &str, version: &str| ReferenceKey::Local {
        resource: kind(name),
        id: id.to_owned(),
        version: some(version),
    };
    let asked_local = |name: &str, id: &str, version: &str| ReferenceTest::Local {
        resource: kind(name),
        id: id.to_owned(),
        version: some(version),
    };
    let canonical =
        |url: &str, version: &str| ReferenceKey::Canonical { url: url.to_owned(), version: some(version) };
    let asked_canonical =
        |url: &str, version: &str| ReferenceTest::Canonical { url: url.to_owned(), version: some(version) };
    let any = |id: &str| ReferenceTest::AnyType(id.to_owned());
    let absolute = |url: &str| ReferenceKey::Absolute(url.to_owned());
    let asked_absolute = |url: &str| ReferenceTest::Absolute(url.to_owned());
    let mrn = Token { system: Some("mrn".to_owned()), code: Some("1".to_owned()) };
    let logical = ReferenceKey::Identifier { resource: None, token: mrn };
    let identified = |code: &str| ReferenceTest::Identifier(TokenTest::Code(code.to_owned()));
    for (value, asked, expected) in [
        (local("Patient", "1", ""), asked_local("Patient", "1", ""), true),
        (local("Patient", "1", "2"), asked_local("Patient", "1", ""), true),
        (local("Patient", "1", "2"), asked_local("Patient", "1", "2"), true),
        (local("Patient", "1", "2"), asked_local("Patient", "1", "3"), false),
        (local("Patient", "1", ""), asked_local("Patient", "1", "2"), false),
        (local("Group", "1", ""), asked_local("Patient", "1", ""), false),
        (local("Patient", "2", ""), asked_local("Patient", "1", ""), false),
        (local("Group", "1", "4"), any("1"), true),
        (local("Group", "2", ""), any("1"), false),
        (absolute("http://o/Patient/1"), any("1"), false),
        (absolute("http://o/Patient/1"), asked_absolute("http://o/Patient/1"), true),
        (absolute("http://o/Patient/1"), asked_local("Patient", "1", ""), false),
        (canonical("http://v", ""), asked_canonical("http://v", ""), true),
        (canonical("http://v", "1"), asked_canonical("http://v", ""), true),
        (canonical("http://v", "1"), asked_canonical("http://v", "1"), true),
        (canonical("http://v", "1"), asked_canonical("http://v", "2"), false),
        (canonical("http://v", ""), asked_canonical("http://v", "2"), false),
        (canonical("http://v", ""), asked_absolute("http://v"), false),
        (logical.clone(), identified("1"), true),
        (logical.clone(), identified("2"), false),
        (logical, any("1"), false),
    ] {
        let found = passes(&[KeyValue::Reference(value.clone())], Test::Reference(vec![asked.clone()]));
        assert_eq!(found, expected, "{value:?} {asked:?}");
    }
}

#[test]
fn all_parts_of_a_composite_are_of_one_key() {
    let key = |code: &str, value: &str| KeyValue::Composite(vec![token("", code), token("", value)]);
    let part = |code: &str| Test::Token(vec![TokenTest::Code(code.to_owned())]);
    let asked = |pairs: &[(&str, &str)]| {
        Test::Composite(pairs.iter().map(|(code, value)| vec![part(code), part(value)]).collect())
    };
    let values = [key("a", "1"), key("b", "2")];
    assert!(passes(&values, asked(&[("a", "1")])));
    assert!(!passes(&values, asked(&[("a", "2")])));
    assert!(passes(&values, asked(&[("a", "2"), ("b", "2")])));
    assert!(!passes(&values, Test::Composite(vec![vec![part("a")]])));
    assert!(!passes(&values, Test::Composite(vec![])));
}

#[test]
fn what_the_version_is_and_where_it_belongs() {
    let compartment = |owner: &str, id: &str| CompartmentOf { owner: kind(owner), id: id.to_owned() };
    let mut extracted = extracted(vec![token("", "x")]);
    extracted.compartments.push((kind("Patient"), "p".to_owned()));
    let holds = |filter: Filter| matches(&filter, &facts(&extracted)).unwrap();
    let ids = |ids: &[&str]| Filter::Id(ids.iter().map(|id| (*id).to_owned()).collect());
    assert!(holds(ids(&["x", "o-1"])) && !holds(ids(&["O-1"])) && !holds(ids(&[])));
    assert!(holds(Filter::Type(kind("Observation"))) && !holds(Filter::Type(kind("Patient"))));
    assert!(holds(Filter::InCompartment(compartment("Patient", "p"))));
    assert!(!holds(Filter::InCompartment(compartment("Patient", "q"))));
    assert!(!holds(Filter::InCompartment(compartment("Device", "p"))));
    let missing =
        |code: &str, missing| Filter::Missing { parameter: parameter("Observation", code), missing };
    assert!(holds(missing("subject", false)) && !holds(missing("subject", true)));
    assert!(holds(missing("code", true)) && !holds(missing("code", false)));
    // A value of another parameter is none of this one.
    let test = Test::Token(vec![TokenTest::Code("x".to_owned())]);
    assert!(!holds(Filter::Parameter { parameter: parameter("Observation", "code"), test }));
}

#[test]
fn what_other_resources_decide_is_not_known() {
    let none = Extracted::default();
    let chain = || Filter::Chain {
        parameter: subject(),
        target: kind("Patient"),
        filter: Box::new(Filter::All(Vec::new())),
    };
    let has = || Filter::Has {
        source: kind("Provenance"),
        parameter: parameter("Provenance", "target"),
        filter: Box::new(Filter::All(Vec::new())),
    };
    let (yes, no) = (|| Filter::All(Vec::new()), || Filter::Any(Vec::new()));
    for (filter, expected) in [
        (yes(), Some(true)),
        (no(), Some(false)),
        (chain(), None),
        (has(), None),
        (Filter::Not(Box::new(chain())), None),
        (Filter::Not(Box::new(yes())), Some(false)),
        (Filter::All(vec![chain(), yes()]), None),
        (Filter::All(vec![chain(), no()]), Some(false)),
        (Filter::Any(vec![has(), no()]), None),
        (Filter::Any(vec![has(), yes()]), Some(true)),
        (Filter::All(vec![yes(), yes()]), Some(true)),
        (Filter::All(vec![yes(), no()]), Some(false)),
        (Filter::Any(vec![no(), no()]), Some(false)),
        (Filter::Any(vec![no(), yes()]), Some(true)),
    ] {
        assert_eq!(matches(&filter, &facts(&none)), expected, "{filter:?}");
    }
}
