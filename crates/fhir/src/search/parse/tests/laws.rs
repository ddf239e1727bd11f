use proptest::prelude::*;

use super::*;

/// Names that are likely to lead somewhere, and any others.
fn name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "name",
            "gender",
            "birthdate",
            "subject",
            "patient",
            "code",
            "value-quantity",
            "url",
            "_id",
            "_has",
            "_sort",
            "_type",
            "_include",
            "_revinclude",
            "_elements",
            "_count",
            "Patient",
            "Observation",
            "missing",
            "not",
            "identifier",
            "code-value-quantity",
            "iterate",
            "Group",
            "member",
            "questionnaire",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ];
    prop::collection::vec((piece, prop::sample::select(vec![":", ".", ""])), 0..6)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, mark)| piece + mark).collect())
}

fn value() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            ",",
            "$",
            "|",
            "\\",
            "true",
            "ge",
            "ap",
            "2024",
            "-02-29",
            "T10:00",
            "1.5",
            "e3",
            "mg",
            "Patient/1",
            "http://a/",
            "Patient:link",
            "*",
            "-",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_pairs_are_read_without_harm(
        pairs in prop::collection::vec((name(), value()), 0..5),
        types in prop::sample::select(vec!["*", "Patient", "Observation", "Patient,Group", "ValueSet,CodeSystem"]),
    ) {
        let strict = parse(scope(types), &pairs, &options(false));
        let lenient = parse(scope(types), &pairs, &options(true));
        if let Ok(strict) = &strict {
            let told = strict.used.len() + strict.ignored.len();
            let passed = pairs.iter().filter(|(name, _)| name == "_format" || name == "_pretty").count();
            prop_assert_eq!(told + passed, pairs.len());
            prop_assert_eq!(Ok(strict), lenient.as_ref());
            // What is told as used says the same again.
            let again = parse(scope(types), &strict.used, &options(false)).unwrap();
            prop_assert_eq!(&again.filters, &strict.filters);
            prop_assert!(again.ignored.is_empty());
        }
        if let Err(faults) = &strict {
            prop_assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.text.is_empty()));
        }
        if let Err(faults) = lenient {
            prop_assert!(faults.iter().all(|fault| strict.as_ref().is_err_and(|all| all.contains(fault))));
        }
    }

    #[test]
    fn no_criterion_weakens_another(first in (name(), value()), second in (name(), value())) {
        let one = |pairs: &[(String, String)]| parse(scope("Patient"), pairs, &options(false));
        let control = [&first, &second].iter().any(|(name, _)| name.starts_with("_type"));
        if let (Ok(a), Ok(b), false) = (one(std::slice::from_ref(&first)), one(std::slice::from_ref(&second)), control)
            && let Ok(both) = one(&[first, second])
        {
            prop_assert_eq!(both.filters, [a.filters, b.filters].concat());
        }
    }
}
