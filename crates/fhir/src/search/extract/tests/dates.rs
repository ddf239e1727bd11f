use super::says;

#[test]
fn each_kind_of_date_covers_its_span() {
    says(r#"{"resourceType":"Patient","birthDate":"1970-03"}"#, "birthdate", &["1970-03-01..1970-04-01"]);
    let issued = r#"{"resourceType":"DiagnosticReport","issued":"2020-01-01T10:00:00.250+02:00"}"#;
    says(issued, "issued", &["2020-01-01T08:00:00.250000Z..2020-01-01T08:00:00.251000Z"]);
    let dead = r#"{"resourceType":"Patient","deceasedDateTime":"2020-02-29"}"#;
    says(dead, "death-date", &["2020-02-29..2020-03-01"]);
    says(r#"{"resourceType":"Patient","birthDate":"last year"}"#, "birthdate", &[]);
    says(r#"{"resourceType":"Patient","birthDate":19700101}"#, "birthdate", &[]);
}

#[test]
fn a_period_reaches_from_the_begin_of_its_start_to_the_end_of_its_end() {
    let effective = |period: &str| format!(r#"{{"resourceType":"Observation","effectivePeriod":{period}}}"#);
    says(&effective(r#"{"start":"2020-01","end":"2020-02-10"}"#), "date", &["2020-01-01..2020-02-11"]);
    says(&effective(r#"{"start":"2020-01"}"#), "date", &["2020-01-01..*"]);
    says(&effective(r#"{"end":"2020-01"}"#), "date", &["*..2020-02-01"]);
    says(&effective(r#"{"end":"2020-01","start":"2021"}"#), "date", &["2020-01-01..2022-01-01"]);
    says(&effective("{}"), "date", &[]);
}

#[test]
fn a_timing_reaches_as_far_as_its_events_and_bounds() {
    let timing = |timing: &str| format!(r#"{{"resourceType":"Observation","effectiveTiming":{timing}}}"#);
    says(&timing(r#"{"event":["2020-03-01","2020-01-05"]}"#), "date", &["2020-01-05..2020-03-02"]);
    let both =
        r#"{"event":["2020-03-01"],"repeat":{"boundsPeriod":{"start":"2020-02-01","end":"2020-02-10"}}}"#;
    says(&timing(both), "date", &["2020-02-01..2020-03-02"]);
    says(
        &timing(r#"{"repeat":{"boundsPeriod":{"start":"2020"},"frequency":1}}"#),
        "date",
        &["2020-01-01..*"],
    );
    says(&timing(r#"{"repeat":{"boundsDuration":{"value":3,"code":"d"}}}"#), "date", &[]);
    says(&timing(r#"{"code":{"text":"BID"}}"#), "date", &[]);
}

#[test]
fn an_element_that_is_no_date_gives_none() {
    let plan = r#"{"resourceType":"CarePlan","activity":[{"detail":{"scheduledString":"soon"}},
        {"detail":{"scheduledPeriod":{"start":"2020"}}}]}"#;
    says(plan, "activity-date", &["2020-01-01..*"]);
    says(r#"{"resourceType":"Condition","onsetString":"2020"}"#, "onset-date", &[]);
}
