use super::*;

#[test]
fn parameters_of_the_type_and_of_every_resource() {
    check(&[
        ("Patient", "gender=male", "gender male"),
        ("Patient", "gender=male&gender=female", "gender male & gender female"),
        ("Patient", "_tag=a|b", "_tag a|b"),
        ("*", "_security=|R", "_security |R"),
        ("*", "_source=http://a", "_source Equal [\"http://a\"]"),
        ("Patient", "_id=1,b-2.c", "_id in [\"1\", \"b-2.c\"]"),
        ("*", "_id:not=1", "not(_id in [\"1\"])"),
        ("Patient", "_id:missing=true", "any()"),
        ("Patient", "_id:missing=false", "all()"),
        ("*", "_lastUpdated:missing=false", "all()"),
        (
            "*",
            "_lastUpdated=gt2024-01-01",
            "_lastUpdated gt [2024-01-01T00:00:00.000Z, 2024-01-02T00:00:00.000Z)",
        ),
    ]);
}

#[test]
fn several_types_share_what_all_of_them_have() {
    check(&[
        ("Condition,Procedure", "patient=1", "patient Patient/1"),
        // One code, but each type has a parameter of its own.
        (
            "Patient,Organization",
            "active=true",
            "any(all(is Patient, active true), all(is Organization, active true))",
        ),
        ("Patient,Practitioner", "family=x", "family Begins [\"x\"]"),
    ]);
    assert_eq!(
        faults("Patient,Condition", "gender=male"),
        ["Unknown: 'gender' is no search parameter of Patient, Condition"]
    );
    assert_eq!(faults("*", "gender=male"), ["Unknown: 'gender' is no search parameter of every type"]);
}

#[test]
fn modifiers_of_each_kind() {
    check(&[
        ("Patient", "gender:missing=true", "no gender"),
        ("Patient", "birthdate:missing=false", "some birthdate"),
        ("Patient", "general-practitioner:missing=true", "no general-practitioner"),
        ("Patient", "given:exact=Eve", "given Exact [\"Eve\"]"),
        ("Patient", "given:contains=ÉVE", "given Contains [\"eve\"]"),
        ("Patient", "given=Évë,Adam", "given Begins [\"eve\", \"adam\"]"),
        ("Patient", "gender:not=male,female", "not(gender male or female)"),
        ("ValueSet", "url:below=http://a/b/", "url Below [\"http://a/b\"]"),
        ("ValueSet", "url:above=http://a/b/", "url Above [\"http://a/b/\"]"),
        ("Observation", "subject:Patient=23", "subject Patient/23"),
        ("Observation", "subject:Patient=Patient/23", "subject Patient/23"),
        ("Observation", "subject:Patient=http://example.org/fhir/Patient/23", "subject Patient/23"),
        ("Observation", "subject:identifier=http://m|1", "subject identifier http://m|1"),
    ]);
}

#[test]
fn modifiers_that_are_not_there() {
    for (types, name) in [
        ("Patient", "gender:exact"),
        ("Patient", "gender:nonsense"),
        ("Patient", "gender:"),
        ("Patient", "given:not"),
        ("Patient", "birthdate:contains"),
        ("Observation", "subject:Organization"),
        ("Observation", "subject:patient"),
        ("Observation", "subject:identifier.name"),
        ("Observation", "code-value-quantity:missing"),
        ("QuestionnaireResponse", "questionnaire:identifier"),
        ("Patient", "_id:exact"),
        ("Patient", "_lastUpdated:not"),
        ("Patient", "_sort:desc"),
        ("Patient", "_include:recurse"),
        ("Patient", "_include:iterated"),
        ("*", "_type:not"),
    ] {
        let found = read(types, &format!("{name}=true")).unwrap_err();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].kind, &*found[0].parameter), (FaultKind::BadModifier, name));
    }
    for (types, name) in [
        ("Observation", "code:text"),
        ("Observation", "code:in"),
        ("Observation", "code:not-in"),
        ("Observation", "code:above"),
        ("Observation", "code:below"),
        ("Patient", "identifier:of-type"),
        ("Patient", "name:text"),
        ("Procedure", "location:below"),
    ] {
        let found = read(types, &format!("{name}=x")).unwrap_err();
        assert_eq!(found[0].kind, FaultKind::UnsupportedModifier, "{name}");
        assert_eq!(found[0].code, IssueType::NotSupported);
    }
}

#[test]
fn references_in_all_their_forms() {
    let cases = [
        ("Patient/1", "Patient/1"),
        ("1", "?/1"),
        ("Patient/1/_history/2", "Patient/1|2"),
        ("http://example.org/fhir/Patient/1", "Patient/1"),
        ("http://example.org/fhir/Patient/1/_history/3", "Patient/1|3"),
        ("http://example.org/fhirs/Patient/1", "<http://example.org/fhirs/Patient/1>"),
        ("http://other.org/Patient/1", "<http://other.org/Patient/1>"),
        ("urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9", "<urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9>"),
        ("Patient/1,Group/2,x", "Patient/1 or Group/2 or ?/x"),
        // What can never be found is still a search (R4 §3.1.1.3).
        ("Organization/1", "Organization/1"),
    ];
    for (value, expected) in cases {
        check(&[("Observation", &format!("subject={value}"), &format!("subject {expected}"))]);
    }
    for value in ["Patient/", "patient/1", "#1", "a b", "Patient/1|2", "Patient?name=x", "a/b/c", "x:"] {
        let found = faults("Observation", &format!("subject={value}"));
        assert_eq!(found, ["BadValue: the value of 'subject' is no reference"], "{value}");
    }
    for value in ["Group/1", "http://other.org/Patient/1", "a b"] {
        let found = faults("Observation", &format!("subject:Patient={value}"));
        assert_eq!(found, ["BadValue: the value of 'subject' is no reference to Patient"], "{value}");
    }
    // One type is all that it can refer to.
    check(&[("Observation", "encounter=1", "encounter Encounter/1")]);
}

#[test]
fn canonical_references_with_and_without_version() {
    check(&[
        ("QuestionnaireResponse", "questionnaire=http://a/q", "questionnaire canonical http://a/q"),
        ("QuestionnaireResponse", "questionnaire=http://a/q|2.0", "questionnaire canonical http://a/q|2.0"),
        (
            "QuestionnaireResponse",
            "questionnaire=http://example.org/fhir/Questionnaire/1",
            "questionnaire canonical http://example.org/fhir/Questionnaire/1 or Questionnaire/1",
        ),
        ("QuestionnaireResponse", "questionnaire=q", "questionnaire canonical q"),
        (
            "QuestionnaireResponse",
            "questionnaire=Questionnaire/1",
            "questionnaire canonical Questionnaire/1 or \
             canonical http://example.org/fhir/Questionnaire/1 or Questionnaire/1",
        ),
    ]);
    for value in ["http://a/q|", "|1", "http://a|1|2"] {
        assert_eq!(faults("QuestionnaireResponse", &format!("questionnaire={value}")).len(), 1, "{value}");
    }
}

#[test]
fn chains_lead_to_each_type_that_knows_the_rest() {
    check(&[
        ("Observation", "subject:Patient.name=peter", "subject->Patient(name Begins [\"peter\"])"),
        ("Observation", "patient.birthdate:missing=true", "patient->Patient(no birthdate)"),
        ("Observation", "encounter._id=1", "encounter->Encounter(_id in [\"1\"])"),
        (
            "Observation",
            "subject.identifier=x",
            "any(subject->Device(identifier x), subject->Group(identifier x), \
             subject->Location(identifier x), subject->Patient(identifier x))",
        ),
        ("Observation", "subject.birthdate:missing=true", "subject->Patient(no birthdate)"),
        (
            "Observation",
            "encounter.service-provider.name:exact=A",
            "encounter->Encounter(service-provider->Organization(name Exact [\"A\"]))",
        ),
        (
            "Encounter",
            "patient._has:Group:member:_id=102",
            "patient->Patient(Group.member<-(_id in [\"102\"]))",
        ),
        (
            "DiagnosticReport",
            "result.code-value-quantity=http://loinc.org|2823-3$gt5.4",
            "result->Observation(code-value-quantity http://loinc.org|2823-3 $ gt 5.4 [5.35, 5.45) - -)",
        ),
    ]);
    let untyped = good("Task", "subject._lastUpdated=2024");
    assert!(matches!(&untyped.filters[0], Filter::Any(types) if types.len() > 100));
}

#[test]
fn chains_that_lead_nowhere() {
    for (query, expected) in [
        ("subject.nonsense=x", "Unknown: no type that 'subject' refers to can be searched by 'nonsense'"),
        ("subject:Patient.nonsense=x", "Unknown: 'nonsense' is no search parameter of Patient"),
        ("subject:Organization.name=x", "BadModifier: 'subject' has no modifier ':Organization'"),
        ("code.name=x", "Unknown: 'code' is no reference, so a chain cannot follow it"),
        ("subject.=x", "Unknown: no type that 'subject' refers to can be searched by ''"),
        (".subject=x", "Unknown: '' is no search parameter of Observation"),
        ("subject:Patient.birthdate=x", "BadValue: the value of 'birthdate' is no date"),
        ("subject:Patient._text=x", "NotSupported: '_text' is not supported"),
        ("_id.x=1", "Unknown: '_id' is no reference, so a chain cannot follow it"),
    ] {
        assert_eq!(faults("Observation", query), [expected], "{query}");
    }
    assert_eq!(
        faults("QuestionnaireResponse", "questionnaire.name=x"),
        ["NotSupported: 'questionnaire' is a canonical URL; a chain through one is not supported"]
    );
}

#[test]
fn has_looks_at_who_refers() {
    check(&[
        ("Patient", "_has:Observation:patient:code=1234-5,6", "Observation.patient<-(code 1234-5 or 6)"),
        (
            "Patient",
            "_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/1",
            "Observation.patient<-(AuditEvent.entity<-(agent Practitioner/1))",
        ),
        (
            "Patient",
            "_has:Observation:subject:encounter.status:not=finished",
            "Observation.subject<-(encounter->Encounter(not(status finished)))",
        ),
        ("Practitioner,Patient", "_has:Group:member:_id=1", "Group.member<-(_id in [\"1\"])"),
    ]);
    for (query, expected) in [
        ("_has=x", "Unknown: '_has' is no search parameter of Patient"),
        ("_has:Observation=x", "Unknown: '_has' is written '_has:Type:reference:parameter'"),
        ("_has:Observation:patient=x", "Unknown: '_has' is written '_has:Type:reference:parameter'"),
        ("_has:Thing:patient:code=x", "Unknown: 'Thing' is no resource type"),
        ("_has:Observation:person:code=x", "Unknown: 'person' is no search parameter of Observation"),
        ("_has:Observation:code:code=x", "Unknown: 'code' is no reference, so '_has' cannot follow it"),
        ("_has:Observation:patient:=x", "Unknown: '' is no search parameter of Observation"),
        (
            "_has:Observation:encounter:code=x",
            "Unknown: 'encounter' of Observation does not refer to Patient",
        ),
        ("_has:Observation:patient:date=x", "BadValue: the value of 'date' is no date"),
    ] {
        assert_eq!(faults("Patient", query), [expected], "{query}");
    }
}

#[test]
fn what_depends_on_other_resources_says_on_which() {
    let types = |types: &str| types.split(' ').map(|name| ResourceType::parse(name).unwrap()).collect();
    for (query, touches, local) in [
        ("status=final", "Observation", true),
        ("status:not=final&subject=1", "Observation", true),
        ("encounter.service-provider.name=x", "Observation Encounter Organization", false),
        (
            "_has:Provenance:target:agent:PractitionerRole.active=true",
            "Observation Provenance PractitionerRole",
            false,
        ),
    ] {
        let query = good("Observation", query);
        assert_eq!((query.touches(), query.is_local()), (types(touches), local), "{query:?}");
    }
    assert_eq!(good("*", "_id=1").touches().len(), ResourceType::COUNT);
    assert_eq!(good("Observation", "status=final").filters[0].touches().len(), 0);
}
