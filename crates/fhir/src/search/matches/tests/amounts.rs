use super::*;

fn dates_holding(value: (i64, i64), written: (i64, i64)) -> String {
    let span = |(low, high)| Span { low, high };
    holding(|comparator| {
        let asked = Compared { comparator, span: span(written), exact: 0.0 };
        passes(&[KeyValue::Date(span(value))], Test::Date(vec![asked]))
    })
}

#[test]
fn dates_at_every_boundary() {
    let (past, future) = (i64::MIN, i64::MAX);
    for (value, expected) in [
        // The written date is [10, 20).
        ((10, 20), "eq ge le ap"),
        ((12, 15), "eq ge le ap"),
        ((10, 11), "eq ge le ap"),
        ((19, 20), "eq ge le ap"),
        ((9, 10), "ne lt le eb"),
        ((9, 11), "ne lt le ap"),
        ((9, 20), "ne lt le ap"),
        ((9, 21), "ne gt lt ge le ap"),
        ((10, 21), "ne gt ge ap"),
        ((19, 21), "ne gt ge ap"),
        ((20, 21), "ne gt ge sa"),
        ((0, 1), "ne lt le eb"),
        ((30, 31), "ne gt ge sa"),
        ((past, 10), "ne lt le eb"),
        ((past, 15), "ne lt le ap"),
        ((15, future), "ne gt ge ap"),
        ((20, future), "ne gt ge sa"),
        ((past, future), "ne gt lt ge le ap"),
    ] {
        assert_eq!(dates_holding(value, (10, 20)), expected, "{value:?}");
    }
}

#[test]
fn numbers_at_every_boundary() {
    // The written number is 100: [99.5, 100.5).
    let span = |low: f64, high: f64| Span { low, high };
    let infinite = f64::INFINITY;
    for (value, expected) in [
        (span(100.0, 100.0), "eq ge le ap"),
        (span(99.5, 99.5), "eq lt le eb ap"),
        (span(99.4, 99.4), "ne lt le eb"),
        (span(100.4, 100.4), "eq gt ge sa ap"),
        (span(100.5, 100.5), "ne gt ge sa"),
        (span(0.0, 0.0), "ne lt le eb"),
        // Ranges of the resource, with their ends.
        (span(99.5, 100.4), "eq gt lt ge le ap"),
        (span(99.5, 100.5), "ne gt lt ge le ap"),
        (span(90.0, 100.0), "ne lt ge le ap"),
        (span(100.0, 110.0), "ne gt ge le ap"),
        (span(90.0, 99.5), "ne lt le eb ap"),
        (span(-infinite, 100.0), "ne lt ge le ap"),
        (span(100.0, infinite), "ne gt ge le ap"),
        (span(-infinite, infinite), "ne gt lt ge le ap"),
    ] {
        let found = holding(|comparator| {
            let asked = Compared { comparator, span: span(99.5, 100.5), exact: 100.0 };
            passes(&[KeyValue::Number(value)], Test::Number(vec![asked]))
        });
        assert_eq!(found, expected, "{value:?}");
    }
}

fn amount(value: f64, system: Option<&str>, code: Option<&str>, unit: Option<&str>) -> QuantityKey {
    let canonical = code.filter(|_| system == Some(crate::search::UCUM));
    QuantityKey {
        value: Span { low: value, high: value },
        system: system.map(str::to_owned),
        code: code.map(str::to_owned),
        unit: unit.map(str::to_owned),
        canonical: canonical
            .and_then(|code| crate::search::canonical_span(Span { low: value, high: value }, code)),
    }
}

#[test]
fn quantities_are_compared_in_canonical_units_where_both_have_them() {
    let ucum = Some(crate::search::UCUM);
    let milligrams = amount(5.4, ucum, Some("mg"), Some("milligram"));
    let grams = amount(0.0054, ucum, Some("g"), None);
    let said = amount(5.4, None, None, Some("mg"));
    let local = amount(5.4, Some("http://l"), Some("mg"), None);
    let bare = amount(5.4, None, None, None);
    let seconds = amount(5.4, ucum, Some("s"), None);
    for (value, expected) in [
        ("5.4|http://unitsofmeasure.org|mg", [true, true, false, false, false, false]),
        ("0.0054|http://unitsofmeasure.org|g", [true, true, false, false, false, false]),
        ("5.4||mg", [true, false, true, true, false, false]),
        // No canonical unit on one side: as written.
        ("5.4|http://l|mg", [false, false, false, true, false, false]),
        ("5.4|http://l|", [false, false, false, true, false, false]),
        ("5.4", [true, false, true, true, true, true]),
        ("5.4||milligram", [true, false, false, false, false, false]),
        ("gt5||mg", [true, false, true, true, false, false]),
        ("gt5.4||mg", [false, false, false, false, false, false]),
        ("ge5.4||mg", [true, false, true, true, false, false]),
        // What has another unit is not found, also where it is not equal.
        ("ne1||mg", [true, false, true, true, false, false]),
        ("6||mg", [false, false, false, false, false, false]),
    ] {
        let query = searches::parsed("Observation", &format!("value-quantity={value}"));
        let Filter::Parameter { parameter, test } = &query.filters[0] else { panic!() };
        let found = [&milligrams, &grams, &said, &local, &bare, &seconds].map(|key| {
            let key = Key { parameter: *parameter, value: KeyValue::Quantity(key.clone()) };
            let extracted = Extracted { keys: vec![key], ..Extracted::default() };
            matches(&Filter::Parameter { parameter: *parameter, test: test.clone() }, &facts(&extracted))
                .unwrap()
        });
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn the_time_of_the_version_is_a_point() {
    let none = Extracted::default();
    for (span, expected) in [
        ((1_000, 1_001), "eq ge le ap"),
        ((0, 2_000), "eq ge le ap"),
        ((0, 1_000), "ne gt ge sa"),
        ((1_001, 2_000), "ne lt le eb"),
    ] {
        let found = holding(|comparator| {
            let span = Span { low: span.0, high: span.1 };
            matches(&Filter::LastUpdated(vec![Compared { comparator, span, exact: 0.0 }]), &facts(&none))
                .unwrap()
        });
        assert_eq!(found, expected, "{span:?}");
    }
}
