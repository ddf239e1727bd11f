//! Cases whose answers were written by hand from the text of the standard.

use vpr_http_tests::parse;

use super::*;
use crate::query::Prefix;
use crate::world::Document;

fn world(resources: &[&str]) -> World {
    World::new(resources.iter().map(|text| Document::new(parse(text).unwrap())).collect())
}

fn has(code: &str, modifier: Modifier, ask: Ask) -> Criterion {
    Criterion::Has(code.to_owned(), modifier, vec![ask])
}

fn check(world: &World, type_name: &str, criterion: Criterion, expected: &[&str]) {
    let mut search = Search::of(Scope::Type(type_name.to_owned()));
    search.criteria.push(criterion);
    let judge = Judge::new(world, "2026-01-01");
    let matches = judge.matches(&search).unwrap_or_else(|why| panic!("{}: {why}", search.url()));
    let ids: Vec<&str> = matches.iter().map(|at| world.documents()[*at].id.as_str()).collect();
    assert_eq!(ids, expected, "{}", search.url());
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn tokens_have_four_forms() {
    let patient = |id: &str, identifier: &str| {
        format!(r#"{{"resourceType":"Patient","id":"{id}","identifier":[{identifier}]}}"#)
    };
    let world = world(&[
        &patient("both", r#"{"system":"urn:a","value":"1"}"#),
        &patient("other", r#"{"system":"urn:b","value":"1"}"#),
        &patient("bare", r#"{"value":"1"}"#),
        &patient("two", r#"{"system":"urn:a","value":"2"},{"system":"urn:b","value":"3"}"#),
        &patient("case", r#"{"system":"urn:a","value":"x"}"#),
    ]);
    let check = |modifier, ask, expected: &[&str]| {
        check(&world, "Patient", has("identifier", modifier, ask), expected);
    };
    check(Modifier::None, Ask::Code(text("1")), &["both", "other", "bare"]);
    check(Modifier::None, Ask::SystemCode(text("urn:a"), text("1")), &["both"]);
    check(Modifier::None, Ask::NoSystem(text("1")), &["bare"]);
    check(Modifier::None, Ask::System(text("urn:a")), &["both", "two", "case"]);
    // System and code of the same identifier.
    check(Modifier::None, Ask::SystemCode(text("urn:a"), text("3")), &[]);
    check(Modifier::None, Ask::Code(text("X")), &[]);
    check(Modifier::Not, Ask::Code(text("1")), &["two", "case"]);
}

#[test]
fn what_has_no_value_is_not_something() {
    let world = world(&[
        r#"{"resourceType":"Patient","id":"f","gender":"female"}"#,
        r#"{"resourceType":"Patient","id":"none"}"#,
    ]);
    let system = "http://hl7.org/fhir/administrative-gender";
    let check = |criterion, expected: &[&str]| check(&world, "Patient", criterion, expected);
    check(has("gender", Modifier::Not, Ask::Code(text("male"))), &["f", "none"]);
    check(has("gender", Modifier::Not, Ask::Code(text("female"))), &["none"]);
    check(has("gender", Modifier::None, Ask::SystemCode(text(system), text("female"))), &["f"]);
    check(has("gender", Modifier::None, Ask::NoSystem(text("female"))), &[]);
    check(Criterion::Missing(text("gender"), true), &["none"]);
    check(Criterion::Missing(text("gender"), false), &["f"]);
    check(has("deceased", Modifier::None, Ask::Code(text("false"))), &["f", "none"]);
}

/// The cases of the table in R4 §3.1.1.4.5 and the examples of §3.1.1.4.7.
#[test]
fn dates_are_spans() {
    let encounter =
        |id: &str, period: &str| format!(r#"{{"resourceType":"Encounter","id":"{id}","period":{period}}}"#);
    let world = world(&[
        &encounter("jan", r#"{"start":"2013-01-10","end":"2013-01-20"}"#),
        &encounter("14", r#"{"start":"2013-01-14T00:00:00Z","end":"2013-01-14T10:00:00Z"}"#),
        &encounter("open", r#"{"start":"2013-01-14"}"#),
        &encounter("15", r#"{"start":"2013-01-15","end":"2013-01-15"}"#),
        &encounter("zone", r#"{"start":"2013-01-15T00:30:00+01:00","end":"2013-01-15T00:45:00+01:00"}"#),
        r#"{"resourceType":"Encounter","id":"none"}"#,
    ]);
    let check = |prefix, date: &str, expected: &[&str]| {
        check(&world, "Encounter", has("date", Modifier::None, Ask::Date(prefix, text(date))), expected);
    };
    check(Prefix::None, "2013-01-14", &["14", "zone"]);
    check(Prefix::Eq, "2013-01", &["jan", "14", "15", "zone"]);
    check(Prefix::Eq, "2013", &["jan", "14", "15", "zone"]);
    check(Prefix::Ne, "2013-01-14", &["jan", "open", "15"]);
    check(Prefix::Gt, "2013-01-14", &["jan", "open", "15"]);
    check(Prefix::Lt, "2013-01-14", &["jan"]);
    check(Prefix::Ge, "2013-01-14", &["jan", "14", "open", "15", "zone"]);
    check(Prefix::Le, "2013-01-14", &["jan", "14", "zone"]);
    check(Prefix::Sa, "2013-01-14", &["15"]);
    check(Prefix::Sa, "2013-01-13", &["14", "open", "15", "zone"]);
    check(Prefix::Eb, "2013-01-15", &["14", "zone"]);
    check(Prefix::Eb, "2013-01-14", &[]);
    check(Prefix::Ap, "2013-02", &["jan", "14", "open", "15", "zone"]);
    check(Prefix::Gt, "2013-01-15T00:00Z", &["jan", "open", "15"]);
}

/// The examples of R4 §3.1.1.4.6.
#[test]
fn numbers_have_the_precision_they_are_written_with() {
    let risk = |id: &str, number: &str| {
        format!(
            r#"{{"resourceType":"RiskAssessment","id":"{id}","prediction":[{{"probabilityDecimal":{number}}}]}}"#
        )
    };
    let range = r#"{"resourceType":"RiskAssessment","id":"range","prediction":[
        {"probabilityRange":{"low":{"value":90},"high":{"value":110}}}]}"#;
    let world = world(&[
        &risk("99.5", "99.5"),
        &risk("100", "100"),
        &risk("100.00", "100.00"),
        &risk("100.4", "100.4"),
        &risk("100.5", "100.5"),
        range,
    ]);
    let check = |prefix, number: &str, expected: &[&str]| {
        let ask = Ask::Number(prefix, text(number));
        check(&world, "RiskAssessment", has("probability", Modifier::None, ask), expected);
    };
    check(Prefix::None, "100", &["99.5", "100", "100.00", "100.4"]);
    check(Prefix::Eq, "100.00", &["100", "100.00"]);
    check(Prefix::Ne, "100", &["100.5", "range"]);
    check(Prefix::Lt, "100", &["99.5", "range"]);
    check(Prefix::Le, "100", &["99.5", "100", "100.00", "range"]);
    check(Prefix::Gt, "100", &["100.4", "100.5", "range"]);
    check(Prefix::Ge, "100", &["100", "100.00", "100.4", "100.5", "range"]);
    check(Prefix::Sa, "100", &["100.4", "100.5"]);
    check(Prefix::Eb, "100", &["99.5"]);
    check(Prefix::Ap, "105", &["99.5", "100", "100.00", "100.4", "100.5", "range"]);
    check(Prefix::Ap, "50", &[]);
}

#[test]
fn quantities_convert() {
    let observation = |id: &str, quantity: &str| {
        format!(r#"{{"resourceType":"Observation","id":"{id}","valueQuantity":{quantity}}}"#)
    };
    let ucum = r#""system":"http://unitsofmeasure.org""#;
    let world = world(&[
        &observation("mg", &format!(r#"{{"value":5.4,"unit":"milligram",{ucum},"code":"mg"}}"#)),
        &observation("g", &format!(r#"{{"value":0.0054,{ucum},"code":"g"}}"#)),
        &observation("words", r#"{"value":5.40,"unit":"mg"}"#),
        &observation("cm", &format!(r#"{{"value":5.4,{ucum},"code":"cm"}}"#)),
        &observation("less", &format!(r#"{{"value":5,"comparator":"<",{ucum},"code":"mg"}}"#)),
    ]);
    let check = |prefix, number: &str, unit: Option<(Option<&str>, &str)>, expected: &[&str]| {
        let unit = unit.map(|(system, code)| (system.map(text), text(code)));
        let ask = Ask::Quantity(prefix, text(number), unit);
        check(&world, "Observation", has("value-quantity", Modifier::None, ask), expected);
    };
    check(Prefix::None, "5.4", None, &["mg", "words", "cm"]);
    check(Prefix::None, "5.4", Some((Some(UCUM), "mg")), &["mg", "g"]);
    check(Prefix::None, "5.4", Some((None, "mg")), &["mg", "words"]);
    check(Prefix::None, "5.4", Some((None, "milligram")), &["mg"]);
    check(Prefix::None, "0.05", Some((Some(UCUM), "m")), &["cm"]);
    check(Prefix::Lt, "0.005", Some((Some(UCUM), "kg")), &["mg", "g", "less"]);
    check(Prefix::Lt, "4", Some((Some(UCUM), "mg")), &["less"]);
    // Less than 5 may be more than 4.
    check(Prefix::Gt, "4", Some((Some(UCUM), "mg")), &["mg", "g", "less"]);
    check(Prefix::Gt, "5.1", Some((Some(UCUM), "mg")), &["mg", "g"]);
}

use crate::units::UCUM;

#[test]
fn text_begins_and_folds() {
    let patient = |id: &str, name: &str| {
        format!(
            r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"{name}","given":["Eve","Ärzu"]}}]}}"#
        )
    };
    let world = world(&[
        &patient("eve", "Evans"),
        &patient("severine", "Severine"),
        &patient("accent", "Éva\\u0301n"),
        &patient("space", "van Eve"),
    ]);
    let check = |code: &str, modifier, asked: &str, expected: &[&str]| {
        check(&world, "Patient", has(code, modifier, Ask::Text(text(asked))), expected);
    };
    check("family", Modifier::None, "eva", &["eve", "accent"]);
    check("family", Modifier::None, "EVÁN", &["eve", "accent"]);
    check("family", Modifier::Contains, "eve", &["severine", "space"]);
    check("family", Modifier::Exact, "Evans", &["eve"]);
    check("family", Modifier::Exact, "evans", &[]);
    check("name", Modifier::None, "arz", &["eve", "severine", "accent", "space"]);
    check("name", Modifier::Exact, "Eve", &["eve", "severine", "accent", "space"]);
}

#[test]
fn references_have_many_forms() {
    let observation = |id: &str, subject: &str| {
        format!(r#"{{"resourceType":"Observation","id":"{id}","subject":{subject}}}"#)
    };
    let world = world(&[
        r#"{"resourceType":"Patient","id":"1","name":[{"family":"A"}],"birthDate":"1980"}"#,
        r#"{"resourceType":"Group","id":"1","code":{"coding":[{"code":"g"}]}}"#,
        &observation("patient", r#"{"reference":"Patient/1"}"#),
        &observation("group", r#"{"reference":"Group/1"}"#),
        &observation("version", r#"{"reference":"Patient/1/_history/2"}"#),
        &observation("away", r#"{"reference":"http://away.example/fhir/Patient/1"}"#),
        &observation("logical", r#"{"type":"Patient","identifier":{"system":"urn:a","value":"1"}}"#),
        &observation("gone", r#"{"reference":"Patient/2"}"#),
    ]);
    let ask = |modifier, asked: &str, expected: &[&str]| {
        let criterion = has("subject", modifier, Ask::Reference(text(asked)));
        check(&world, "Observation", criterion, expected);
    };
    ask(Modifier::None, "Patient/1", &["patient", "version"]);
    ask(Modifier::None, "1", &["patient", "group", "version"]);
    ask(Modifier::Type(text("Patient")), "1", &["patient", "version"]);
    ask(Modifier::None, "Patient/1/_history/2", &["version"]);
    ask(Modifier::None, "http://away.example/fhir/Patient/1", &["away"]);
    ask(Modifier::None, "Patient/2", &["gone"]);
    let by_identifier = has("subject", Modifier::Identifier, Ask::SystemCode(text("urn:a"), text("1")));
    check(&world, "Observation", by_identifier, &["logical"]);
    let chain =
        |target: Option<&str>, rest| Criterion::Chain(text("subject"), target.map(text), Box::new(rest));
    let family = has("family", Modifier::None, Ask::Text(text("a")));
    check(&world, "Observation", chain(None, family.clone()), &["patient", "version"]);
    let code = has("code", Modifier::None, Ask::Code(text("g")));
    check(&world, "Observation", chain(None, code.clone()), &["group"]);
    check(&world, "Observation", chain(Some("Patient"), code), &[]);
    let reverse = Criterion::Reverse(
        text("Observation"),
        text("subject"),
        Box::new(Criterion::Id(vec![text("group")])),
    );
    check(&world, "Group", reverse.clone(), &["1"]);
    check(&world, "Patient", reverse, &[]);
    let nested = Criterion::Reverse(text("Observation"), text("subject"), Box::new(chain(None, family)));
    check(&world, "Patient", nested, &["1"]);
}

#[test]
fn canonicals_and_uris() {
    let response = |id: &str, canonical: &str| {
        format!(r#"{{"resourceType":"QuestionnaireResponse","id":"{id}","questionnaire":"{canonical}"}}"#)
    };
    let set = |id: &str| {
        format!(
            r#"{{"resourceType":"ValueSet","id":"{id}","url":"http://x.example/{}"}}"#,
            id.replace('.', "/")
        )
    };
    let world = world(&[
        &response("plain", "http://x.example/q"),
        &response("versioned", "http://x.example/q|1.0"),
        &response("other", "http://x.example/q|2.0#part"),
        &set("a"),
        &set("a.b"),
        &set("ab"),
    ]);
    let ask = |asked: &str, expected: &[&str]| {
        let criterion = has("questionnaire", Modifier::None, Ask::Reference(text(asked)));
        check(&world, "QuestionnaireResponse", criterion, expected);
    };
    ask("http://x.example/q", &["plain", "versioned", "other"]);
    ask("http://x.example/q|1.0", &["versioned"]);
    let ask = |modifier, asked: &str, expected: &[&str]| {
        check(&world, "ValueSet", has("url", modifier, Ask::Uri(text(asked))), expected);
    };
    ask(Modifier::None, "http://x.example/a", &["a"]);
    ask(Modifier::Below, "http://x.example/a", &["a", "a.b"]);
    ask(Modifier::Above, "http://x.example/a/b/c", &["a", "a.b"]);
}

#[test]
fn the_parts_of_a_composite_belong_together() {
    let component = |code: &str, value: &str| {
        format!(
            r#"{{"code":{{"coding":[{{"code":"{code}"}}]}},"valueQuantity":{{"value":{value},"unit":"x"}}}}"#
        )
    };
    let observation = |id: &str, components: &[String]| {
        format!(r#"{{"resourceType":"Observation","id":"{id}","component":[{}]}}"#, components.join(","))
    };
    let world = world(&[
        &observation("together", &[component("a", "1"), component("b", "2")]),
        &observation("crossed", &[component("a", "2"), component("b", "1")]),
    ]);
    let ask = Ask::Composite(vec![Ask::Code(text("a")), Ask::Quantity(Prefix::None, text("1"), None)]);
    check(&world, "Observation", has("component-code-value-quantity", Modifier::None, ask), &["together"]);
}

#[test]
fn missing_values_come_last_both_ways() {
    let world = world(&[
        r#"{"resourceType":"Patient","id":"none"}"#,
        r#"{"resourceType":"Patient","id":"b","name":[{"family":"b"},{"family":"z"}]}"#,
        r#"{"resourceType":"Patient","id":"c","name":[{"family":"C"}]}"#,
    ]);
    let judge = Judge::new(&world, "2026-01-01");
    let sorted = |down: bool| {
        let mut search = Search::of(Scope::Type(text("Patient")));
        search.sort = vec![(text("family"), down)];
        let mut places = judge.matches(&search).unwrap();
        places.sort_by(|a, b| judge.order(&search, *a, *b).unwrap());
        places
    };
    assert_eq!(sorted(false), [1, 2, 0]);
    assert_eq!(sorted(true), [1, 2, 0]);
}

#[test]
fn inclusions_follow_references() {
    use crate::query::Inclusion;
    let world = world(&[
        r#"{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/p"},"performer":[{"reference":"Organization/1"}]}"#,
        r#"{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"Organization/2"}}"#,
        r#"{"resourceType":"Organization","id":"1"}"#,
        r#"{"resourceType":"Organization","id":"2","partOf":{"reference":"Organization/3"}}"#,
        r#"{"resourceType":"Organization","id":"3"}"#,
    ]);
    let judge = Judge::new(&world, "2026-01-01");
    let include = |reverse, iterate, source: &str, parameter: Option<&str>, target: Option<&str>| Inclusion {
        reverse,
        iterate,
        source: text(source),
        parameter: parameter.map(text),
        target: target.map(text),
    };
    let included = |from: &[usize], inclusions: Vec<Inclusion>| {
        let mut search = Search::of(Scope::System(Vec::new()));
        search.inclusions = inclusions;
        judge.included(&search, from).into_iter().collect::<Vec<_>>()
    };
    let subject = include(false, false, "Observation", Some("subject"), None);
    assert_eq!(included(&[0], vec![subject.clone()]), [1]);
    assert_eq!(
        included(&[0], vec![include(false, false, "Observation", Some("subject"), Some("Group"))]),
        []
    );
    assert_eq!(included(&[0], vec![include(false, false, "Observation", None, None)]), [1, 2]);
    let organization = include(false, true, "Patient", Some("organization"), None);
    assert_eq!(included(&[0], vec![subject.clone(), organization.clone()]), [1, 3]);
    let part = include(false, true, "Organization", Some("partof"), None);
    assert_eq!(included(&[0], vec![subject, organization, part]), [1, 3, 4]);
    assert_eq!(included(&[1, 2], vec![include(true, false, "Observation", Some("subject"), None)]), [0]);
}
