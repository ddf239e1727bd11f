//! Random queries.

use vpr_fhir::definitions::{Comparator, SearchParameter, SearchParameterType};
use vpr_fhir::search::{
    Compared, CompartmentOf, Filter, QuantityTest, Query, ReferenceTest, Scope, SortBy, SortKey, Span,
    StringMatch, Test, TokenTest, UriMatch, fold,
};

use crate::world::{CODES, Dice, SYSTEMS, TEXTS, TYPES, UCUM, URIS, canonical, kind, parameter, parameters};

pub(crate) fn query(dice: &mut Dice) -> (Query, Option<Filter>) {
    let types: Vec<&str> = match dice.below(8) {
        0 => TYPES.to_vec(),
        1 => vec![*dice.of(&TYPES), *dice.of(&TYPES)],
        _ => vec![*dice.of(&[
            "Observation",
            "Observation",
            "Patient",
            "Encounter",
            "RiskAssessment",
            "ValueSet",
            "QuestionnaireResponse",
        ])],
    };
    let filters = (0..dice.below(3)).map(|_| filter(dice, dice_type(&types), 0)).collect();
    let sort = (0..*dice.of(&[0, 0, 1, 1, 2, 3])).map(|_| sort(dice, dice_type(&types))).collect();
    let scope =
        if types.len() == TYPES.len() { Scope::All } else { Scope::Types(types.iter().map(kind).collect()) };
    let compartment = dice.one_in(6).then(|| compartment(dice));
    let access = dice.one_in(4).then(|| match dice.below(3) {
        0 => Filter::Any(vec![Filter::InCompartment(compartment_of(dice)), Filter::Type(kind("ValueSet"))]),
        1 => Filter::InCompartment(compartment_of(dice)),
        _ => Filter::Not(Box::new(filter(dice, "Patient", 1))),
    });
    (Query { scope, filters, sort, compartment, ..Query::default() }, access)
}

fn dice_type<'a>(types: &[&'a str]) -> &'a str {
    types[0]
}

fn compartment(dice: &mut Dice) -> CompartmentOf {
    compartment_of(dice)
}

fn compartment_of(dice: &mut Dice) -> CompartmentOf {
    let owner = kind(dice.of(&["Patient", "Patient", "Encounter"]));
    CompartmentOf { owner, id: dice.below(9).to_string() }
}

/// Nothing is sorted by composites, and nobody asks whether one is missing: parsing refuses both.
fn no_composite(dice: &mut Dice, resource: &str) -> SearchParameter {
    loop {
        let parameter = parameter(resource, dice.of(parameters(resource)));
        if parameter.value_type() != SearchParameterType::Composite {
            return parameter;
        }
    }
}

fn sort(dice: &mut Dice, resource: &str) -> SortKey {
    let by = match dice.below(6) {
        0 => SortBy::LastUpdated,
        1 => SortBy::Id,
        _ => SortBy::Parameter(no_composite(dice, resource)),
    };
    SortKey { by, descending: dice.one_in(2) }
}

fn filter(dice: &mut Dice, resource: &str, depth: u32) -> Filter {
    let nested = depth < 2;
    match dice.below(if nested { 20 } else { 13 }) {
        0 => Filter::Id((0..=dice.below(3)).map(|_| dice.below(9).to_string()).collect()),
        1 => {
            let low = 1_700_000_000_000_000 + i64::try_from(dice.below(40)).unwrap() * 1_000_000;
            let span = Span { low, high: low + *dice.of(&[1_000, 1_000_000, 10_000_000]) };
            Filter::LastUpdated(vec![Compared { comparator: comparator(dice), span, exact: 0.0 }])
        }
        2 => {
            let parameter = no_composite(dice, resource);
            Filter::Missing { parameter, missing: dice.one_in(2) }
        }
        3 => Filter::InCompartment(compartment_of(dice)),
        4 => Filter::Type(kind(dice.of(&TYPES))),
        5..=12 => test_of(dice, resource),
        13 => Filter::Not(Box::new(filter(dice, resource, depth + 1))),
        14 => Filter::All((0..dice.below(3)).map(|_| filter(dice, resource, depth + 1)).collect()),
        15 => Filter::Any((0..dice.below(4)).map(|_| filter(dice, resource, depth + 1)).collect()),
        16 | 17 => {
            let (code, target) = match resource {
                "Observation" | "RiskAssessment" if dice.one_in(2) => ("encounter", "Encounter"),
                "Observation" | "RiskAssessment" | "Encounter" | "QuestionnaireResponse" => {
                    ("subject", "Patient")
                }
                _ => return test_of(dice, resource),
            };
            let filter = Box::new(inner(dice, target, depth));
            Filter::Chain { parameter: parameter(resource, code), target: kind(target), filter }
        }
        _ => {
            let (source, code) = match resource {
                "Patient" => *dice.of(&[
                    ("Observation", "subject"),
                    ("Encounter", "subject"),
                    ("QuestionnaireResponse", "subject"),
                ]),
                "Encounter" => *dice.of(&[("Observation", "encounter"), ("RiskAssessment", "encounter")]),
                _ => return test_of(dice, resource),
            };
            let filter = Box::new(inner(dice, source, depth));
            Filter::Has { source: kind(source), parameter: parameter(source, code), filter }
        }
    }
}

/// What a resource at the other end of a reference must fulfill.
fn inner(dice: &mut Dice, resource: &str, depth: u32) -> Filter {
    if dice.one_in(3) {
        return Filter::All((0..2).map(|_| filter(dice, resource, depth + 1)).collect());
    }
    filter(dice, resource, depth + 1)
}

fn some<T>(dice: &mut Dice, mut one: impl FnMut(&mut Dice) -> T) -> Vec<T> {
    (0..*dice.of(&[1, 1, 1, 2, 3])).map(|_| one(dice)).collect()
}

fn test_of(dice: &mut Dice, resource: &str) -> Filter {
    let code = *dice.of(parameters(resource));
    Filter::Parameter { parameter: parameter(resource, code), test: test(dice, code) }
}

fn test(dice: &mut Dice, code: &str) -> Test {
    match code {
        "family" | "value-string" => string(dice),
        "birthdate" | "date" => Test::Date(some(dice, date)),
        "probability" => Test::Number(some(dice, number)),
        "value-quantity" => Test::Quantity(some(dice, quantity)),
        "url" | "_profile" => {
            let how = *dice.of(&[UriMatch::Equal, UriMatch::Below, UriMatch::Above]);
            Test::Uri(
                how,
                some(dice, |dice| {
                    let uri = *dice.of(&URIS);
                    let uri = if how == UriMatch::Below { uri.trim_end_matches('/') } else { uri };
                    uri.to_owned()
                }),
            )
        }
        "subject" | "patient" | "encounter" => {
            let target = if code == "encounter" { "Encounter" } else { "Patient" };
            Test::Reference(some(dice, |dice| match dice.below(6) {
                0 => ReferenceTest::AnyType(dice.below(9).to_string()),
                1 => ReferenceTest::Absolute((*dice.of(&URIS)).to_owned()),
                2 => ReferenceTest::Identifier(token(dice)),
                _ => ReferenceTest::Local {
                    resource: kind(target),
                    id: dice.below(9).to_string(),
                    version: dice.one_in(4).then(|| dice.below(2).to_string()),
                },
            }))
        }
        "questionnaire" => Test::Reference(some(dice, |dice| ReferenceTest::Canonical {
            url: (*dice.of(&URIS)).to_owned(),
            version: dice.one_in(2).then(|| dice.below(2).to_string()),
        })),
        "code-value-quantity" => composite(dice, |dice| Test::Quantity(some(dice, quantity))),
        "code-value-concept" => composite(dice, |dice| Test::Token(some(dice, token))),
        "code-value-string" => composite(dice, string),
        "code-value-date" => composite(dice, |dice| Test::Date(some(dice, date))),
        _ => Test::Token(some(dice, token)),
    }
}

fn composite(dice: &mut Dice, second: impl Fn(&mut Dice) -> Test) -> Test {
    Test::Composite(some(dice, |dice| vec![Test::Token(some(dice, token)), second(dice)]))
}

fn string(dice: &mut Dice) -> Test {
    let how = *dice.of(&[StringMatch::Begins, StringMatch::Contains, StringMatch::Exact]);
    Test::String(
        how,
        some(dice, |dice| {
            let text = *dice.of(&TEXTS);
            let text = if dice.one_in(6) { format!("{}{text}", "long ".repeat(60)) } else { text.to_owned() };
            match how {
                StringMatch::Exact => text,
                _ => {
                    let folded = fold(&text);
                    let length = usize::try_from(dice.below(6)).unwrap() + 1;
                    let start = if how == StringMatch::Contains {
                        usize::try_from(dice.below(2)).unwrap()
                    } else {
                        0
                    };
                    let cut: String =
                        folded.chars().skip(start).take(if dice.one_in(3) { 400 } else { length }).collect();
                    if cut.is_empty() { "s".to_owned() } else { cut }
                }
            }
        }),
    )
}

fn comparator(dice: &mut Dice) -> Comparator {
    *dice.of(Comparator::ALL)
}

fn date(dice: &mut Dice) -> Compared<Span<i64>> {
    let low = i64::try_from(dice.below(12)).unwrap() * 10;
    let span = Span { low, high: low + *dice.of(&[1, 10, 50]) };
    Compared { comparator: comparator(dice), span, exact: 0.0 }
}

fn number(dice: &mut Dice) -> Compared<Span<f64>> {
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let exact = (dice.below(9) as f64 - 4.0) / 2.0;
    Compared { comparator: comparator(dice), span: Span { low: exact - 0.5, high: exact + 0.5 }, exact }
}

fn quantity(dice: &mut Dice) -> QuantityTest {
    let value = number(dice);
    let (system, code) = *dice.of(&[
        (Some(UCUM), Some("g")),
        (Some(UCUM), Some("hg")),
        (None, Some("hg")),
        (None, Some("piece")),
        (None, Some("gram")),
        (Some("http://own"), Some("hg")),
        (None, None),
    ]);
    let canonical = code.filter(|_| system.is_none() || system == Some(UCUM)).and_then(|code| {
        let (span, unit) = canonical(value.span, code)?;
        let (exact, _) = canonical(Span { low: value.exact, high: value.exact }, code)?;
        Some((Compared { span, exact: exact.low, ..value }, unit))
    });
    QuantityTest { value, system: system.map(str::to_owned), code: code.map(str::to_owned), canonical }
}

fn token(dice: &mut Dice) -> TokenTest {
    let code = (*dice.of(&CODES)).to_owned();
    let system = dice.of(&SYSTEMS[1..]).unwrap().to_owned();
    match dice.below(4) {
        0 => TokenTest::Code(code),
        1 => TokenTest::SystemAndCode(system, code),
        2 => TokenTest::CodeWithoutSystem(code),
        _ => TokenTest::System(system),
    }
}
