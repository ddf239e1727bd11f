use vpr_codec::{Json, Limits};
use vpr_fhir::search::{ParseOptions, Scope, SearchLimits, extract, parse};

use super::*;

const BASE: &str = "http://a/fhir";

fn criteria(type_name: &str, query: &str) -> Criteria {
    let known = ResourceType::parse(type_name).unwrap();
    let options =
        ParseOptions { lenient: false, base: BASE, now: Instant(0), limits: SearchLimits::default() };
    let query = parse(Scope::Types(vec![known]), &crate::query::pairs(query).unwrap(), &options).unwrap();
    let local = !type_name.is_empty() && !format!("{query:?}").contains("Chain");
    Criteria { known, query, types: BTreeSet::from([known.name()]), local }
}

/// What the entries of `bundle` come to, when each question finds before what `before` says.
/// `E` in an id stands for the id that is drawn for the entry with the number behind it.
fn resolve(bundle: &str, before: &[&[&str]]) -> Result<(Vec<String>, Vec<String>), u16> {
    let json = Json::parse(bundle, &Limits::default()).unwrap();
    let entries: Vec<Entry<'_>> =
        json.root().items().enumerate().map(|(at, entry)| Entry::read(at, entry, BASE).unwrap()).collect();
    let mut questions = Vec::new();
    for entry in &entries {
        if let Some((known, text)) = entry.criteria() {
            questions
                .push(Question { criteria: criteria(known.name(), text), asker: Asker::Entry(entry.place) });
        }
    }
    for entry in &entries {
        for reference in entry.resource().map(conditional_references).unwrap_or_default() {
            let criteria = criteria(reference.known.name(), &reference.criteria);
            questions.push(Question { criteria, asker: Asker::Reference(entry.place, reference) });
        }
    }
    let drawn: Vec<String> = (0..entries.len()).map(|at| format!("E{at}")).collect();
    let before: Vec<BTreeSet<String>> =
        before.iter().map(|ids| ids.iter().map(|id| (*id).to_owned()).collect()).collect();
    assert_eq!(questions.len(), before.len());
    let said: Vec<_> = entries.iter().map(|entry| entry.resource().map(|it| Arc::new(extract(it)))).collect();
    let ground = Ground {
        entries: &entries,
        questions: &questions,
        drawn: &drawn,
        before: &before,
        said: &said,
        now: Instant(0),
    };
    let several = |_: ResourceType, _: &[&str]| {
        Failure::new(FailureKind::PreconditionFailed, IssueType::MultipleMatches, "several")
    };
    let found = ground.resolve(&mut { several }).map_err(|failure| failure.kind.status())?;
    let slot = |slot: &Slot| match slot {
        Slot::Writes(name, origin) => format!("{name} {origin:?}"),
        Slot::Stands(name) => format!("{name} stands"),
        Slot::Nothing => "nothing".to_owned(),
        Slot::Reads => "reads".to_owned(),
    };
    let references = found.references.values().map(ToString::to_string).collect();
    Ok((found.slots.iter().map(slot).collect(), references))
}

fn patient(number: u32, request: &str) -> String {
    format!(
        r#"{{"resource":{{"resourceType":"Patient","identifier":[{{"system":"s","value":"{number}"}}]}},"request":{{{request}}}}}"#
    )
}

fn unless(number: u32) -> String {
    patient(number, &format!(r#""method":"POST","url":"Patient","ifNoneExist":"identifier=s|{number}""#))
}

fn slots(entries: &[String], before: &[&[&str]]) -> Result<Vec<String>, u16> {
    resolve(&format!("[{}]", entries.join(",")), before).map(|(slots, _)| slots)
}

#[test]
fn each_form_comes_to_what_the_standard_says() {
    let put = |id: &str| {
        let id = if id.is_empty() { String::new() } else { format!(r#","id":"{id}""#) };
        format!(
            r#"{{"resource":{{"resourceType":"Patient"{id}}},"request":{{"method":"PUT","url":"Patient?identifier=s|1"}}}}"#
        )
    };
    let delete = r#"{"request":{"method":"DELETE","url":"Patient?identifier=s|1"}}"#.to_owned();
    for (entry, before, wanted) in [
        (unless(1), &[][..], Ok("Patient/E0 Drawn")),
        (unless(1), &["a"], Ok("Patient/a stands")),
        (unless(1), &["a", "b"], Err(412)),
        (put(""), &[], Ok("Patient/E0 Drawn")),
        (put("x"), &[], Ok("Patient/x Body")),
        (put(""), &["a"], Ok("Patient/a Found")),
        (put("a"), &["a"], Ok("Patient/a Found")),
        (put("x"), &["a"], Err(400)),
        (put(""), &["a", "b"], Err(412)),
        (delete.clone(), &[], Ok("nothing")),
        (delete.clone(), &["a"], Ok("Patient/a Found")),
        (delete, &["a", "b"], Err(412)),
    ] {
        let found = slots(std::slice::from_ref(&entry), &[before]);
        assert_eq!(found, wanted.map(|slot| vec![slot.to_owned()]), "{entry} with {before:?}");
    }
}

#[test]
fn what_is_processed_before_counts() {
    let found = slots(&[unless(1), unless(1), unless(2)], &[&[], &[], &[]]);
    assert_eq!(found.unwrap(), ["Patient/E0 Drawn", "Patient/E0 stands", "Patient/E2 Drawn"]);
    let delete = r#"{"request":{"method":"DELETE","url":"Patient/a"}}"#.to_owned();
    let found = slots(&[unless(1), delete], &[&["a"]]);
    assert_eq!(found.unwrap(), ["Patient/E0 Drawn", "Patient/a Url"], "deletions come first");
    let changed =
        r#"{"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a"}}"#;
    let found = slots(&[changed.to_owned(), unless(1)], &[&["a"]]);
    assert_eq!(found.unwrap(), ["Patient/a Url", "Patient/a stands"], "updates come after creates");
}

#[test]
fn identities_that_overlap_fail() {
    let update =
        r#"{"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a"}}"#;
    let matching = patient(1, r#""method":"PUT","url":"Patient?identifier=s|1""#);
    assert_eq!(slots(&[update.to_owned(), matching], &[&["a"]]), Err(400));
}

#[test]
fn references_find_what_the_transaction_leaves() {
    let observation = r#"{"resource":{"resourceType":"Observation","subject":{"reference":"Patient?identifier=s|1"}},"request":{"method":"POST","url":"Observation"}}"#;
    let entries = |other: &str| format!("[{observation},{other}]");
    let references =
        |bundle: &str, before: &[&[&str]]| resolve(bundle, before).map(|(_, references)| references);
    let create = patient(1, r#""method":"POST","url":"Patient""#);
    assert_eq!(references(&entries(&create), &[&[]]).unwrap(), ["Patient/E1"]);
    assert_eq!(references(&entries(&create), &[&["a"]]), Err(412));
    assert_eq!(references(&format!("[{observation}]"), &[&["a"]]).unwrap(), ["Patient/a"]);
    assert_eq!(references(&format!("[{observation}]"), &[&[]]), Err(412));
    assert_eq!(references(&format!("[{observation}]"), &[&["a", "b"]]), Err(412));
    let delete = r#"{"request":{"method":"DELETE","url":"Patient/a"}}"#;
    assert_eq!(references(&entries(delete), &[&["a"]]), Err(412));
}
