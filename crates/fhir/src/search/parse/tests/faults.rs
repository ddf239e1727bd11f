use super::*;

#[test]
fn all_faults_are_told_in_their_order() {
    let found = read(
        "Patient",
        "nonsense=1&name=ok&birthdate=x&gender:in=vs&gender:what=1&_text=x&_count=z&_has:X:y:z=1",
    )
    .unwrap_err();
    let told: Vec<_> = found.iter().map(|fault| (fault.parameter.as_str(), fault.kind)).collect();
    assert_eq!(
        told,
        [
            ("nonsense", FaultKind::Unknown),
            ("birthdate", FaultKind::BadValue),
            ("gender:in", FaultKind::UnsupportedModifier),
            ("gender:what", FaultKind::BadModifier),
            ("_text", FaultKind::NotSupported),
            ("_count", FaultKind::BadValue),
            ("_has:X:y:z", FaultKind::Unknown),
        ]
    );
}

#[test]
fn lenient_handling_leaves_out_what_is_unknown_and_tells_it() {
    let query = pairs("nonsense=1&name=ok&_text=x&subject.name=y&_sort=what&near=1&_has:X:y:z=1");
    let read = parse(scope("Patient"), &query, &options(true)).unwrap();
    let ignored: Vec<_> = read.ignored.iter().map(|each| (each.name.as_str(), each.code)).collect();
    assert_eq!(
        ignored,
        [
            ("nonsense", IssueType::Invalid),
            ("_text", IssueType::NotSupported),
            ("subject.name", IssueType::Invalid),
            ("_sort", IssueType::Invalid),
            ("near", IssueType::Invalid),
            ("_has:X:y:z", IssueType::Invalid),
        ]
    );
    assert_eq!(read.ignored[0].why, "'nonsense' is no search parameter of Patient");
    assert_eq!(read.used, pairs("name=ok"));
    assert!(read.sort.is_empty() && read.filters.len() == 1);
}

#[test]
fn lenient_handling_refuses_what_changes_the_meaning() {
    for query in [
        "birthdate=x",
        "gender:what=1",
        "gender:in=1",
        "_count=x",
        "_count=1&_count=2",
        "_query=x",
        "_type=Observation",
        "name=a,,b",
    ] {
        assert!(parse(scope("Patient"), &pairs(query), &options(true)).is_err(), "{query}");
    }
}

#[test]
fn a_parameter_without_value_is_left_out_and_told() {
    for name in
        ["name", "gender:not", "_id", "_lastUpdated", "general-practitioner.name", "_sort", "_count", "_type"]
    {
        let read = good("Patient", &format!("{name}=&gender=male"));
        assert_eq!((read.ignored.len(), read.filters.len()), (1, 1), "{name}");
        assert_eq!((&*read.ignored[0].name, read.ignored[0].code), (name, IssueType::Value));
        assert_eq!(read.used, pairs("gender=male"));
    }
    // What is not known stays unknown.
    assert_eq!(faults("Patient", "nonsense=").len(), 1);
    assert_eq!(faults("Patient", "gender:what=").len(), 1);
}

#[test]
fn no_value_stands_in_a_text() {
    let secret = "Smythe-0815";
    for name in [
        "birthdate",
        "general-practitioner:Practitioner",
        "_id",
        "_count",
        "_sort",
        "_total",
        "_summary",
        "_elements",
        "_include",
        "_revinclude",
        "_type",
        "_contained",
        "gender:in",
        "nonsense",
        "_lastUpdated",
        "_has:Observation:patient:date",
        "_has:Observation:patient:value-quantity",
        "name:missing",
    ] {
        let value = format!("{secret}|x|{secret} \\{secret}");
        let found = parse(scope("Patient"), &[(name.to_owned(), value)], &options(false)).unwrap_err();
        assert!(
            !found.is_empty() && found.iter().all(|fault| !format!("{fault:?}").contains(secret)),
            "{found:?}"
        );
    }
}

#[test]
fn names_are_told_without_control_characters_and_not_in_full_length() {
    let name = format!("x\u{7}\n{}", "y".repeat(1000));
    let found = parse(scope("Patient"), &[(name, "1".to_owned())], &options(false)).unwrap_err();
    assert!(found[0].parameter.starts_with("xyy") && found[0].parameter.len() == 64);
    assert!(found[0].text.len() < 200 && !found[0].text.contains('\u{7}'));
}

#[test]
fn an_unknown_key_is_named_with_what_exists() {
    for (on, query, parts) in [
        (
            "Patient",
            "_sort=family,-nonsense",
            &["'nonsense', key 2 of '_sort', is no search parameter of Patient", "birthdate", "_lastUpdated"]
                [..],
        ),
        ("Patient", "_sort=date:desc", &["'date:desc', key 1 of '_sort', is no"]),
        ("Patient,Organization", "_sort=nonsense", &["there is _id, _lastUpdated, _profile"]),
        (
            "Patient,Organization",
            "_sort=active",
            &["sorting by 'active', key 1 of '_sort', is not supported"],
        ),
        ("Patient", "_sort=_text", &["sorting by '_text', key 1", "there is _id"]),
        (
            "Patient",
            "_include=Patient:nonsense",
            &[
                "'nonsense', the second part of the value of '_include', is no reference of Patient",
                "there is general-practitioner, link, organization",
            ],
        ),
        ("Patient", "_include=Patient:name", &["'name', the second", "general-practitioner"]),
        (
            "Patient",
            "_revinclude=Observation:nonsense",
            &[
                "'nonsense', the second part of the value of '_revinclude', is no reference of Observation",
                "encounter, focus",
            ],
        ),
        (
            "Patient",
            "_include=Patent:link",
            &["'Patent', the first part of the value of '_include', is no resource type"],
        ),
        ("Patient", "_include=Patient:link:Persn", &["'Persn', the target of the value"]),
    ] {
        let found = read(on, query).unwrap_err();
        let text = &found[0].text;
        assert!(parts.iter().all(|part| text.contains(part)), "{query}: {text}");
    }
    // What is said to exist does exist.
    let text = read("Observation", "_sort=nonsense").unwrap_err().remove(0).text;
    let (_, codes) = text.split_once("there is ").unwrap();
    assert!(codes.split(", ").count() > 20, "{text}");
    for code in codes.split(", ") {
        assert!(read("Observation", &format!("_sort={code}")).is_ok(), "{code}");
    }
    assert!(!codes.contains("code-value-quantity") && !codes.contains("_text"), "{codes}");
    for query in ["_sort=J\u{f6}rg", "_sort=a b", "_sort=12", "_include=Patient:a b"] {
        let text = read("Patient", query).unwrap_err().remove(0).text;
        assert!(text.starts_with("key 1 of") || text.starts_with("the second part"), "{text}");
    }
}

#[test]
fn a_fault_is_told_once_however_often_it_is_made() {
    let wide = "nonsense=1&nonsense=2&nonsense=3&_type=Patient,Group,Encounter&_has:a=1&_has:a=2&other=1";
    let found = parse(Scope::All, &pairs(wide), &options(false)).unwrap_err();
    let told: Vec<_> = found.iter().map(|fault| fault.parameter.as_str()).collect();
    assert_eq!(told, ["nonsense", "_has:a", "other"]);
    let read = parse(Scope::All, &pairs(wide), &options(true)).unwrap();
    let told: Vec<_> = read.ignored.iter().map(|each| each.name.as_str()).collect();
    assert_eq!(told, ["nonsense", "_has:a", "other"]);
}
