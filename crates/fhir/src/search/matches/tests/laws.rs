use proptest::prelude::*;

use super::*;

fn number_span() -> impl Strategy<Value = Span<f64>> {
    (-20..20_i32, 0..4_i32).prop_map(|(low, width)| {
        let low = f64::from(low) / 2.0;
        Span { low, high: low + f64::from(width) / 2.0 }
    })
}

fn date_span() -> impl Strategy<Value = Span<i64>> {
    (-20..20_i64, 1..5_i64).prop_map(|(low, width)| Span { low, high: low + width })
}

fn key() -> impl Strategy<Value = KeyValue> {
    prop_oneof![
        date_span().prop_map(KeyValue::Date),
        number_span().prop_map(KeyValue::Number),
        "[ab]{0,2}".prop_map(KeyValue::String),
        ("[ab]?", "[ab]?").prop_map(|(system, code)| {
            let some = |text: String| Some(text).filter(|text| !text.is_empty());
            KeyValue::Token(Token { system: some(system), code: some(code) })
        }),
    ]
}

fn comparator() -> impl Strategy<Value = Comparator> {
    prop::sample::select(Comparator::ALL.to_vec())
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        (comparator(), date_span()).prop_map(|(comparator, span)| Test::Date(vec![Compared {
            comparator,
            span,
            exact: 0.0
        }])),
        (comparator(), number_span()).prop_map(|(comparator, span)| {
            let exact = (span.low + span.high) / 2.0;
            let span = Span { low: span.low, high: span.high.next_up() };
            Test::Number(vec![Compared { comparator, span, exact }])
        }),
        prop::collection::vec("[ab]", 0..3).prop_map(|texts| Test::String(StringMatch::Contains, texts)),
        prop::collection::vec("[ab]".prop_map(TokenTest::Code), 0..3).prop_map(Test::Token),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![
        4 => test().prop_map(|test| Filter::Parameter { parameter: subject(), test }),
        1 => any::<bool>().prop_map(|missing| Filter::Missing { parameter: subject(), missing }),
        1 => Just(Filter::Chain {
            parameter: subject(),
            target: kind("Patient"),
            filter: Box::new(Filter::All(Vec::new())),
        }),
        1 => Just(Filter::Id(vec!["o-1".to_owned()])),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|filter| Filter::Not(Box::new(filter))),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::All),
            prop::collection::vec(inner, 0..4).prop_map(Filter::Any),
        ]
    })
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

proptest! {
    #[test]
    fn negation_and_its_laws(
        a in filter(), b in filter(), values in prop::collection::vec(key(), 0..4),
    ) {
        let extracted = extracted(values);
        let holds = |filter: &Filter| matches(filter, &facts(&extracted));
        prop_assert_eq!(holds(&not(not(a.clone()))), holds(&a));
        let neither = Filter::All(vec![not(a.clone()), not(b.clone())]);
        prop_assert_eq!(holds(&neither), holds(&not(Filter::Any(vec![a.clone(), b.clone()]))));
        prop_assert_eq!(
            holds(&Filter::Any(vec![a.clone(), b.clone()])),
            holds(&Filter::Any(vec![b, a.clone()]))
        );
        prop_assert!(holds(&a).is_some() || !a.is_local());
    }

    #[test]
    fn alternatives_are_those_of_the_filter(
        a in prop::collection::vec("[ab]", 0..3), b in prop::collection::vec("[ab]", 0..3),
        values in prop::collection::vec(key(), 0..4),
    ) {
        let of = |texts: &[String]| {
            passes(&values, Test::Token(texts.iter().cloned().map(TokenTest::Code).collect()))
        };
        prop_assert_eq!(of(&[a.clone(), b.clone()].concat()), of(&a) || of(&b));
    }

    #[test]
    fn dates_of_one_value(value in date_span(), span in date_span()) {
        let holds = |comparator| {
            passes(&[KeyValue::Date(value)], Test::Date(vec![Compared { comparator, span, exact: 0.0 }]))
        };
        use Comparator::{Ap, Eb, Eq, Ge, Gt, Le, Lt, Ne, Sa};
        prop_assert!(holds(Eq) ^ holds(Ne));
        prop_assert_eq!(holds(Ge), holds(Gt) || holds(Eq));
        prop_assert_eq!(holds(Le), holds(Lt) || holds(Eq));
        // A value lies within, or reaches out on one side or on both.
        prop_assert_eq!(holds(Ne), holds(Gt) || holds(Lt));
        prop_assert!(!holds(Sa) || holds(Gt) && !holds(Lt));
        prop_assert!(!holds(Eb) || holds(Lt) && !holds(Gt));
        // Apart on one side, or in touch.
        prop_assert_eq!(usize::from(holds(Sa)) + usize::from(holds(Eb)) + usize::from(holds(Ap)), 1);
        // By the moments themselves.
        let inside = |moment: &i64| span.low <= *moment && *moment < span.high;
        prop_assert_eq!(holds(Eq), (value.low..value.high).all(|moment| inside(&moment)));
        prop_assert_eq!(holds(Ap), (value.low..value.high).any(|moment| inside(&moment)));
    }

    #[test]
    fn numbers_of_one_value(value in number_span(), exact in -40..40_i32) {
        let exact = f64::from(exact) / 4.0;
        let span = Span { low: exact - 0.5, high: exact + 0.5 };
        let holds = |comparator| {
            passes(&[KeyValue::Number(value)], Test::Number(vec![Compared { comparator, span, exact }]))
        };
        use Comparator::{Eb, Eq, Ge, Gt, Le, Lt, Ne, Sa};
        prop_assert!(holds(Eq) ^ holds(Ne));
        prop_assert!(holds(Ge) ^ holds(Eb));
        prop_assert!(holds(Le) ^ holds(Sa));
        prop_assert!(!holds(Gt) || holds(Ge));
        prop_assert!(!holds(Lt) || holds(Le));
        if value.low == value.high {
            prop_assert_eq!((holds(Sa), holds(Eb)), (holds(Gt), holds(Lt)));
            prop_assert!(holds(Ge) ^ holds(Lt));
        }
    }
}
