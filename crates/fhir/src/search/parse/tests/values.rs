use super::*;

#[test]
fn escapes_and_separators() {
    check(&[
        ("Observation", "code=a,b", "code a or b"),
        ("Observation", "code=a\\,b", "code a,b"),
        ("Observation", "code=s\\|x|c\\|d", "code s|x|c|d"),
        ("Observation", "code=x\\\\y", "code x\\y"),
        ("Observation", "code=s|", "code s|"),
        ("Observation", "code=|c", "code |c"),
        ("Observation", "code=xx$xx", "code xx$xx"),
        ("Patient", "name=a\\,b\\$c", "name Begins [\"a,b$c\"]"),
        (
            "Observation",
            "code-value-string=a\\$b$c\\,d,e$f",
            "code-value-string a$b $ Begins [\"c,d\"] or e $ Begins [\"f\"]",
        ),
    ]);
    for value in ["|", "a|b|c", "a\\b", "a\\"] {
        assert_eq!(
            faults("Observation", &format!("code={value}")),
            ["BadValue: the value of 'code' is no 'system|code'"],
            "{value}"
        );
    }
    for value in ["a,", ",a", "a,,b", ","] {
        assert!(
            faults("Observation", &format!("code={value}"))[0]
                .starts_with("BadValue: an alternative is empty")
        );
    }
    assert_eq!(
        faults("Observation", "date=2024,2024-13,x"),
        ["BadValue: alternative 2 of 'date' is no date"]
    );
    // Folded to nothing, it would find everything.
    assert_eq!(faults("Patient", "name=\u{301}").len(), 1);
}

#[test]
fn numbers_carry_their_precision() {
    let cases = [
        ("100", "eq 100 [99.5, 100.5)"),
        ("ne100.00", "ne 100 [99.995, 100.005)"),
        ("1e2", "eq 100 [95, 105)"),
        ("lt0.8", "lt 0.8 [0.75, 0.85)"),
        ("-1,ge2", "eq -1 [-1.5, -0.5) or ge 2 [1.5, 2.5)"),
        ("ap0", "ap 0 [-0.5, 0.5)"),
    ];
    for (value, expected) in cases {
        check(&[("RiskAssessment", &format!("probability={value}"), &format!("probability {expected}"))]);
    }
    for value in ["x", "eq", "GT1", "gt gt1", "1,5,x", "0x1", "gtlt1", "é1"] {
        assert!(!faults("RiskAssessment", &format!("probability={value}")).is_empty(), "{value}");
    }
    let near = good("RiskAssessment", "probability=ap100");
    let Filter::Parameter { test: Test::Number(numbers), .. } = &near.filters[0] else { panic!() };
    assert!(numbers[0].span.low == 90.0 && numbers[0].span.high == 110.0_f64.next_up());
}

#[test]
fn dates_cover_what_was_written() {
    let cases = [
        ("2024", "eq [2024-01-01T00:00:00.000Z, 2025-01-01T00:00:00.000Z)"),
        ("ge2024-02", "ge [2024-02-01T00:00:00.000Z, 2024-03-01T00:00:00.000Z)"),
        ("sa2024-02-29T10:00Z", "sa [2024-02-29T10:00:00.000Z, 2024-02-29T10:01:00.000Z)"),
        ("eb2024-02-29T10:00:00+02:00", "eb [2024-02-29T08:00:00.000Z, 2024-02-29T08:00:01.000Z)"),
        // The plus sign arrived as a space.
        ("le2024-02-29T10:00:00 02:00", "le [2024-02-29T08:00:00.000Z, 2024-02-29T08:00:01.000Z)"),
        ("lt2024-02-29T10:00:00.123Z", "lt [2024-02-29T10:00:00.123Z, 2024-02-29T10:00:00.124Z)"),
        // A tenth of the 100 days (10 days) from the end of the day to now.
        ("ap2024-03-22", "ap [2024-03-12T00:00:00.000Z, 2024-04-02T00:00:00.000Z)"),
        ("ap2024-10-09", "ap [2024-09-29T00:00:00.000Z, 2024-10-20T00:00:00.000Z)"),
        ("ap2024", "ap [2024-01-01T00:00:00.000Z, 2025-01-01T00:00:00.000Z)"),
    ];
    for (value, expected) in cases {
        check(&[("Observation", &format!("date={value}"), &format!("date {expected}"))]);
    }
    for value in ["2024-13", "24", "2024-02-30", "ge", "xx2024", "2024-01-01T10", "yesterday"] {
        assert_eq!(
            faults("Observation", &format!("date={value}")),
            ["BadValue: the value of 'date' is no date"],
            "{value}"
        );
    }
}

#[test]
fn quantities_with_and_without_units() {
    let cases = [
        ("5.4", "eq 5.4 [5.35, 5.45) - -"),
        (
            "5.4|http://unitsofmeasure.org|mg",
            "eq 5.4 [5.35, 5.45) http://unitsofmeasure.org mg = eq 0.0054 [0.00535, 0.00545) g",
        ),
        ("le5.4||mg", "le 5.4 [5.35, 5.45) - mg"),
        ("5||tablets", "eq 5 [4.5, 5.5) - tablets"),
        ("5|http://other|mg", "eq 5 [4.5, 5.5) http://other mg"),
        ("gt5|http://other|", "gt 5 [4.5, 5.5) http://other -"),
        ("5||", "eq 5 [4.5, 5.5) - -"),
    ];
    for (value, expected) in cases {
        check(&[("Observation", &format!("value-quantity={value}"), &format!("value-quantity {expected}"))]);
    }
    for value in ["|http://a|b", "5|mg", "5|a|b|c", "x||mg"] {
        assert_eq!(
            faults("Observation", &format!("value-quantity={value}")),
            ["BadValue: the value of 'value-quantity' is no 'number|system|code'"],
            "{value}"
        );
    }
    let point = good("Observation", "value-quantity=37|http://unitsofmeasure.org|Cel");
    let Filter::Parameter { test: Test::Quantity(found), .. } = &point.filters[0] else { panic!() };
    let (canonical, unit) = found[0].canonical.as_ref().unwrap();
    assert!(unit == "K" && canonical.span.low <= canonical.exact && canonical.exact < canonical.span.high);
}

#[test]
fn composites_have_as_many_parts_as_their_definition() {
    check(&[
        ("Observation", "code-value-concept=a$b,s|c$d", "code-value-concept a $ b or s|c $ d"),
        (
            "Observation",
            "component-code-value-quantity=http://loinc.org|8480-6$lt60",
            "component-code-value-quantity http://loinc.org|8480-6 $ lt 60 [59.5, 60.5) - -",
        ),
        (
            "MolecularSequence",
            "chromosome-variant-coordinate=1$lt345$gt123",
            "chromosome-variant-coordinate 1 $ lt 345 [344.5, 345.5) $ gt 123 [122.5, 123.5)",
        ),
        (
            "DocumentReference",
            "relationship=replaces$DocumentReference/1",
            "relationship replaces $ DocumentReference/1",
        ),
    ]);
    for value in ["a", "a$", "$b", "a$b$c", "a\\$b"] {
        assert_eq!(
            faults("Observation", &format!("code-value-concept={value}")),
            ["BadValue: the value of 'code-value-concept' is not 2 parts with '$' between them"],
            "{value}"
        );
    }
    assert_eq!(
        faults("Observation", "code-value-date=a$x"),
        ["BadValue: the value of 'value-date' is no date"]
    );
}

#[test]
fn a_version_behind_a_url_is_looked_for_where_the_type_has_it() {
    check(&[
        ("ValueSet", "url=http://a|2", "all(url Equal [\"http://a\"], version 2)"),
        (
            "ValueSet,CodeSystem",
            "url=http://a|2,http://b",
            "any(all(url Equal [\"http://a\"], version 2), url Equal [\"http://b\"])",
        ),
        ("ValueSet", "url=http://a\\|2", "url Equal [\"http://a|2\"]"),
        ("Patient", "_profile=http://a|2", "_profile Equal [\"http://a|2\"]"),
    ]);
    for value in ["http://a|", "|2", "http://a|2|3", "http://a|2\\x"] {
        assert_eq!(faults("ValueSet", &format!("url={value}")).len(), 1, "{value}");
    }
}
