use super::says;

#[test]
fn numbers_are_points_and_ranges_spans() {
    let risk = |value: &str| format!(r#"{{"resourceType":"RiskAssessment","prediction":[{{{value}}}]}}"#);
    says(&risk(r#""probabilityDecimal":0.250"#), "probability", &["0.25"]);
    says(&risk(r#""probabilityRange":{"low":{"value":1},"high":{"value":2.5}}"#), "probability", &["1..2.5"]);
    says(&risk(r#""probabilityRange":{"low":{"value":1}}"#), "probability", &["1..inf"]);
    says(&risk(r#""probabilityRange":{"high":{"value":1}}"#), "probability", &["-inf..1"]);
    says(&risk(r#""probabilityRange":{}"#), "probability", &[]);
    says(r#"{"resourceType":"ChargeItem","factorOverride":1e400}"#, "factor-override", &[]);
    let sequence = r#"{"resourceType":"MolecularSequence","variant":[{"start":22125503,"end":22125511}]}"#;
    says(sequence, "variant-end", &["22125511"]);
}

#[test]
fn a_quantity_has_what_is_written_and_what_that_is_in_canonical_units() {
    let value = |rest: &str| format!(r#"{{"resourceType":"Observation","valueQuantity":{{{rest}}}}}"#);
    let ucum = r#""system":"http://unitsofmeasure.org","unit":"mg","code":"mg""#;
    let written = "http://unitsofmeasure.org|mg|mg";
    let cases = [
        (r#""value":5.40,"#, format!("5.4 {written} = 0.0054 g")),
        (r#""value":5.4,"comparator":"<","#, format!("-inf..5.4 {written} = -inf..0.0054 g")),
        (r#""value":5.4,"comparator":"<=","#, format!("-inf..5.4 {written} = -inf..0.0054 g")),
        (r#""value":5.4,"comparator":">","#, format!("5.4..inf {written} = 0.0054..inf g")),
        (r#""value":5.4,"comparator":">=","#, format!("5.4..inf {written} = 0.0054..inf g")),
    ];
    for (rest, expected) in cases {
        says(&value(&format!("{rest}{ucum}")), "value-quantity", &[&expected]);
    }
    says(&value(ucum), "value-quantity", &[]);
    says(&value(r#""value":-2,"unit":"drops""#), "value-quantity", &["-2 -|-|drops"]);
    says(
        &value(r#""value":7,"system":"http://snomed.info/sct","code":"mg""#),
        "value-quantity",
        &["7 http://snomed.info/sct|mg|-"],
    );
    says(
        &value(r#""value":7.35,"system":"http://unitsofmeasure.org","code":"[pH]""#),
        "value-quantity",
        &["7.35 http://unitsofmeasure.org|[pH]|-"],
    );
    says(&value(r#""value":"5""#), "value-quantity", &[]);
}

#[test]
fn ages_and_durations_are_quantities() {
    let onset = r#"{"resourceType":"Condition","onsetAge":
        {"value":2,"system":"http://unitsofmeasure.org","code":"wk"}}"#;
    says(onset, "onset-age", &["2 http://unitsofmeasure.org|wk|- = 1209600 s"]);
    let length = r#"{"resourceType":"Encounter","length":
        {"value":90,"unit":"min","system":"http://unitsofmeasure.org","code":"min"}}"#;
    says(length, "length", &["90 http://unitsofmeasure.org|min|min = 5400 s"]);
}

#[test]
fn a_range_reaches_from_low_to_high() {
    let onset = |range: &str| format!(r#"{{"resourceType":"Condition","onsetRange":{range}}}"#);
    let day = |value: i32| format!(r#"{{"value":{value},"system":"http://unitsofmeasure.org","code":"d"}}"#);
    let week =
        |value: i32| format!(r#"{{"value":{value},"system":"http://unitsofmeasure.org","code":"wk"}}"#);
    let both = |low: &str, high: &str| onset(&format!(r#"{{"low":{low},"high":{high}}}"#));
    says(&both(&day(1), &day(2)), "onset-age", &["1..2 http://unitsofmeasure.org|d|- = 86400..172800 s"]);
    says(&both(&day(2), &day(1)), "onset-age", &["1..2 http://unitsofmeasure.org|d|- = 86400..172800 s"]);
    says(
        &both(&day(1), &week(1)),
        "onset-age",
        &["86400..604800 http://unitsofmeasure.org|s|- = 86400..604800 s"],
    );
    says(&both(&day(1), r#"{"value":3,"unit":"months"}"#), "onset-age", &[]);
    says(&both(&day(1), r#"{"value":3,"system":"http://unitsofmeasure.org","code":"kg"}"#), "onset-age", &[]);
    says(
        &onset(&format!(r#"{{"low":{}}}"#, day(1))),
        "onset-age",
        &["1..inf http://unitsofmeasure.org|d|- = 86400..inf s"],
    );
    says(
        &onset(&format!(r#"{{"high":{}}}"#, day(1))),
        "onset-age",
        &["-inf..1 http://unitsofmeasure.org|d|- = -inf..86400 s"],
    );
}

#[test]
fn money_has_its_currency_as_code() {
    let invoice =
        r#"{"resourceType":"Invoice","totalNet":{"value":48.50,"currency":"EUR"},"totalGross":{"value":50}}"#;
    says(invoice, "totalnet", &["48.5 urn:iso:std:iso:4217|EUR|-"]);
    says(invoice, "totalgross", &["50 -|-|-"]);
}

#[test]
fn sampled_data_reaches_from_the_smallest_to_the_largest_sample() {
    let sampled = |rest: &str| {
        format!(
            r#"{{"resourceType":"Observation","valueSampledData":{{"origin":{{"value":10,"unit":"mV",
            "system":"http://unitsofmeasure.org","code":"mV"}},"period":10,"dimensions":1{rest}}}}}"#
        )
    };
    let unit = "http://unitsofmeasure.org|mV|mV = ";
    says(
        &sampled(r#","factor":2,"data":"-3 4.5 E 0""#),
        "value-quantity",
        &[&format!("4..19 {unit}4..19 g.m2.s-2.C-1")],
    );
    says(&sampled(r#","data":"1 U""#), "value-quantity", &[&format!("11..inf {unit}11..inf g.m2.s-2.C-1")]);
    says(&sampled(r#","data":"L 1""#), "value-quantity", &[&format!("-inf..11 {unit}-inf..11 g.m2.s-2.C-1")]);
    says(&sampled(r#","data":"E E""#), "value-quantity", &[]);
    says(&sampled(r#","data":"U""#), "value-quantity", &[]);
    says(&sampled(""), "value-quantity", &[]);
}
