//! Resources as they are stored and queries as they are written, with nothing made by hand between.

use vpr_codec::{Json, Limits};

use super::*;
use crate::search::{ParseOptions, Query, Scope, SearchLimits, extract, extract_for, parse};

pub(super) fn parsed(of: &str, query: &str) -> Query {
    let pairs: Vec<_> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let options = ParseOptions {
        lenient: false,
        base: "http://example.org/fhir",
        now: Instant(1_719_792_000_000_000),
        limits: SearchLimits::default(),
    };
    parse(Scope::Types(vec![kind(of)]), &pairs, &options)
        .unwrap_or_else(|faults| panic!("{query}: {faults:?}"))
}

/// Checks which queries find the resource.
fn check(resource: &str, found: &[&str], not_found: &[&str]) {
    let json = Json::parse(resource, &Limits::default()).unwrap();
    let name = json.root().get("resourceType").unwrap().as_str().unwrap().into_owned();
    let extracted = extract(json.root());
    let facts = Facts {
        resource: kind(&name),
        id: "x1",
        last_updated: Instant::parse("2024-05-06T07:08:09.123456Z").unwrap(),
        extracted: &extracted,
    };
    for (queries, expected) in [(found, true), (not_found, false)] {
        for query in queries {
            let filters = parsed(&name, query).filters;
            let narrowed = extract_for(json.root(), &filters);
            let filter = Filter::All(filters);
            assert_eq!(matches(&filter, &facts), Some(expected), "{query}");
            // What was extracted for these filters alone says the same.
            let narrowed = Facts { extracted: &narrowed, ..facts };
            assert_eq!(matches(&filter, &narrowed), Some(expected), "{query}");
        }
    }
}

#[test]
fn a_patient() {
    check(
        r#"{"resourceType":"Patient","id":"x1","meta":{"tag":[{"system":"http://t","code":"a"}],
            "profile":["http://p/x|2"]},"active":true,
            "identifier":[{"system":"http://mrn","value":"12 3"},{"value":"a,b|c$d\\e"}],
            "name":[{"family":"Müller-Lüdenscheidt","given":["Éva","Maria"]}],
            "telecom":[{"system":"phone","value":"+49 (30) 1"}],"gender":"female","birthDate":"1970-02",
            "generalPractitioner":[{"reference":"Practitioner/7"},
                {"identifier":{"system":"http://gp","value":"9"}}]}"#,
        &[
            "active=true",
            "gender=female",
            "gender=http://hl7.org/fhir/administrative-gender|female",
            "gender:not=male",
            "gender=male,female",
            "death-date:missing=true",
            "identifier=12 3",
            "identifier=http://mrn|12 3",
            "identifier=http://mrn|",
            "identifier=|a\\,b\\|c\\$d\\\\e",
            "family=muller",
            "name=eva",
            "given=MAR",
            "given:exact=Éva",
            "family:contains=lude",
            "phone=+49 (30) 1",
            "birthdate=1970-02",
            "birthdate=1970",
            "birthdate=ge1970-02-20",
            "birthdate=lt1970-02-20",
            "birthdate=ne1970-02-20",
            "general-practitioner=Practitioner/7",
            "general-practitioner=7",
            "general-practitioner=http://example.org/fhir/Practitioner/7",
            "general-practitioner:Practitioner=7",
            "general-practitioner:identifier=http://gp|9",
            "_id=x1",
            "_tag=http://t|a",
            "_profile=http://p/x",
            "_profile=http://p/x|2",
            "_profile:below=http://p",
            "_lastUpdated=2024-05-06",
            "_lastUpdated=2024-05-06T07:08:09.123Z",
            "_lastUpdated=ge2024-05-06T07:08:09.123456Z",
            "gender=female&birthdate=1970&_tag=a",
        ],
        &[
            "active=false",
            "gender=|female",
            "gender:not=female",
            "gender:not=male,female",
            "gender=female&gender=male",
            "death-date:missing=false",
            "identifier=|12 3",
            "identifier=http://mrn|12",
            "family=ludenscheidt",
            "given:exact=Eva",
            "given:exact=éva",
            "birthdate=1970-02-20",
            "birthdate=sa1970-01-31&birthdate=eb1970-02-28",
            "general-practitioner=Organization/7",
            "general-practitioner=http://other.org/Practitioner/7",
            "general-practitioner:Organization=7",
            "general-practitioner:identifier=http://gp|8",
            "_id=X1",
            "_profile=http://p",
            "_lastUpdated=gt2024-05-06T07:08:09.123Z",
            "_lastUpdated=lt2024-05-06T07:08:09.123Z",
        ],
    );
}

#[test]
fn an_observation() {
    check(
        r#"{"resourceType":"Observation","id":"x1","status":"final",
            "code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},
            "subject":{"reference":"Patient/p"},
            "effectivePeriod":{"start":"2024-01-10","end":"2024-01-20"},
            "component":[
              {"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},
               "valueQuantity":{"value":107,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
              {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},
               "valueQuantity":{"value":60,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}"#,
        &[
            "patient=p",
            "patient=Patient/p",
            "subject=p",
            "date=2024-01",
            "date=ge2024-01-19",
            "date=gt2024-01-15",
            "date=lt2024-01-15",
            "date=sa2024-01-09",
            "date=eb2024-01-21",
            "date=ne2024-01-15",
            "date=ap2024-01-21",
            "component-value-quantity=107",
            "component-value-quantity=10.7|http://unitsofmeasure.org|cm[Hg]",
            "component-value-quantity=107||mmHg",
            "component-code-value-quantity=http://loinc.org|8480-6$gt100",
            "component-code-value-quantity=8462-4$lt100|http://unitsofmeasure.org|mm[Hg]",
            "combo-code-value-quantity=8462-4$60",
            "value-quantity:missing=true",
        ],
        &[
            "patient=q",
            "patient=Group/p",
            "date=2024-01-15",
            "date=sa2024-01-10",
            "date=eb2024-01-20",
            "date=ap2022",
            "component-code-value-quantity=http://loinc.org|8480-6$lt100",
            "component-code-value-quantity=http://loinc.org|8462-4$107",
            "component-value-quantity=107||kPa",
            "value-quantity:missing=false",
        ],
    );
}

#[test]
fn what_names_canonical_urls() {
    check(
        r#"{"resourceType":"QuestionnaireResponse","id":"x1","questionnaire":"http://q/a|3"}"#,
        &["questionnaire=http://q/a", "questionnaire=http://q/a|3"],
        &["questionnaire=http://q/a|2", "questionnaire=http://q"],
    );
    check(
        r#"{"resourceType":"QuestionnaireResponse","questionnaire":"http://example.org/fhir/Questionnaire/1"}"#,
        &["questionnaire=http://example.org/fhir/Questionnaire/1", "questionnaire=Questionnaire/1"],
        &["questionnaire=Questionnaire/2"],
    );
    check(
        r#"{"resourceType":"ValueSet","url":"http://v/a/b","version":"3"}"#,
        &[
            "url=http://v/a/b",
            "url=http://v/a/b|3",
            "url:below=http://v/a/",
            "url:above=http://v/a/b/c",
            "url=x,http://v/a/b|3",
        ],
        &["url=http://v/a/b|2", "url=http://v/a", "url:below=http://v/a/bc", "url:above=http://v/a"],
    );
    check(
        r#"{"resourceType":"RiskAssessment","status":"final","subject":{"reference":"Patient/1"},
            "prediction":[{"probabilityDecimal":0.8}]}"#,
        &[
            "probability=0.8",
            "probability=gt0.79",
            "probability=1",
            "probability=ap0.85",
            "probability=ne0.7",
        ],
        &["probability=0.80001", "probability=gt0.8", "probability=ap0.9", "probability=ne0.8"],
    );
}
