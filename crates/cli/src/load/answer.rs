//! What an answer says about each entry of its request.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Response, StatusCode};
use vpr_codec::{Json, Limits, Value};

use super::outgoing::{Form, Outgoing};
use super::place::Place;

/// The header that tells the answer of an earlier request under the same key.
pub(crate) const REPLAYED: &str = "idempotency-replayed";

/// Issues of one outcome that are repeated in a message.
const ISSUES_SHOWN: usize = 3;

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is written, or was read or deleted as asked.
    Accepted,
    /// It was written by an earlier load.
    Repeated,
    /// It is not written.
    Refused,
}

/// Something that is not written, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) place: Place,
    pub(crate) resource_type: Option<String>,
    pub(crate) why: String,
}

/// The fate of each entry, in order, and the reasons of the refusals.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) fates: Vec<Fate>,
    pub(crate) refusals: Vec<Refusal>,
    /// The entries, by index, that a refusal of the whole request names; in the order of `refusals`.
    pub(crate) culprits: Vec<usize>,
}

impl Verdict {
    /// Whether the request as a whole was refused, so that less of it may fare better.
    pub(crate) fn all_refused(&self) -> bool {
        self.fates.iter().all(|fate| *fate == Fate::Refused)
    }
}

/// Reads an answer that is not one to be tried again.
pub(crate) fn read(outgoing: &Outgoing, answer: &Response<Bytes>) -> Verdict {
    let status = answer.status();
    if !status.is_success() && status != StatusCode::NOT_MODIFIED {
        return refused(outgoing, status, answer.body());
    }
    let replayed = answer.headers().get(REPLAYED).is_some_and(|value| value == "true");
    let good = if replayed { Fate::Repeated } else { Fate::Accepted };
    match outgoing.form {
        Form::Single => Verdict { fates: vec![good], ..Verdict::default() },
        Form::Bundle | Form::Chunk => by_entry(outgoing, answer.body(), &good),
    }
}

/// The answer of a transaction or batch: one `response` for each entry (FHIR R4 §3.1.0.11.3).
fn by_entry(outgoing: &Outgoing, body: &Bytes, good: &Fate) -> Verdict {
    let json = Json::parse(body.to_vec(), &Limits { bytes_max: u32::MAX as usize, ..Limits::default() });
    let mut responses = Vec::new();
    if let Ok(json) = &json {
        let entries = json.root().get("entry");
        responses = entries.into_iter().flat_map(Value::items).map(|entry| entry.get("response")).collect();
    }
    let mut verdict = Verdict::default();
    for (index, entry) in outgoing.entries.iter().enumerate() {
        let response = responses.get(index).copied().flatten();
        let status = response.and_then(|response| text(response, "status")).unwrap_or_default();
        let outcome = response.and_then(|response| response.get("outcome"));
        if status.starts_with(['2', '3']) {
            let repeated = outcome.is_some_and(says_repeated);
            verdict.fates.push(if repeated { Fate::Repeated } else { good.clone() });
            continue;
        }
        let why = match outcome.and_then(reason) {
            Some(why) => format!("{status}: {why}"),
            None if status.is_empty() => "the server's answer says nothing of this entry".to_owned(),
            None => status,
        };
        verdict.fates.push(Fate::Refused);
        verdict.refusals.push(Refusal {
            place: entry.place.clone(),
            resource_type: Some(entry.resource_type.clone()),
            why,
        });
    }
    verdict
}

/// A refusal of the whole request. Entries that the outcome names are the culprits; if it names
/// none, the file as a whole is.
fn refused(outgoing: &Outgoing, status: StatusCode, body: &Bytes) -> Verdict {
    let json = Json::parse(body.to_vec(), &Limits::default()).ok();
    let root = json
        .as_ref()
        .map(Json::root)
        .filter(|root| text(*root, "resourceType").as_deref() == Some("OperationOutcome"));
    let fates = vec![Fate::Refused; outgoing.entries.len()];
    let issues: Vec<_> = root.and_then(|root| root.get("issue")).into_iter().flat_map(Value::items).collect();
    let mut by_entry: BTreeMap<usize, Vec<Value<'_>>> = BTreeMap::new();
    for issue in issues.into_iter().filter(|issue| is_error(*issue)) {
        let entry = expressions(issue).find_map(|path| entry_index(&path));
        if let Some(index) = entry.filter(|index| *index < outgoing.entries.len()) {
            by_entry.entry(index).or_default().push(issue);
        }
    }
    let mut refusals: Vec<Refusal> = Vec::new();
    for (index, issues) in &by_entry {
        if let (Some(entry), Some(why)) = (outgoing.entries.get(*index), in_a_line(issues)) {
            refusals.push(Refusal {
                place: entry.place.clone(),
                resource_type: Some(entry.resource_type.clone()),
                why: format!("{}: {why}", status.as_u16()),
            });
        }
    }
    let culprits = by_entry.into_keys().collect();
    if refusals.is_empty() {
        let first = outgoing.entries.first();
        let place =
            first.map_or_else(|| Place::file("(empty Bundle)"), |entry| whole(outgoing, &entry.place));
        let resource_type = first.filter(|_| outgoing.entries.len() == 1).map(|e| e.resource_type.clone());
        let why = match root.and_then(reason) {
            Some(why) => format!("{}: {why}", status.as_u16()),
            None => status.to_string(),
        };
        refusals.push(Refusal { place, resource_type, why });
    }
    Verdict { fates, refusals, culprits }
}

/// Whether the outcome of one entry of a batch tells that an earlier request did it.
fn says_repeated(outcome: Value<'_>) -> bool {
    outcome.get("issue").into_iter().flat_map(Value::items).any(|issue| {
        let says = |name: &str| text(issue, name);
        says("severity").as_deref() == Some("information") && says("code").as_deref() == Some("duplicate")
    })
}

/// The place of a request: of its one entry, or of what its entries have in common.
fn whole(outgoing: &Outgoing, first: &Place) -> Place {
    if outgoing.entries.len() == 1 { first.clone() } else { Place { entry: None, ..first.clone() } }
}

/// The errors of an OperationOutcome in a line.
fn reason(outcome: Value<'_>) -> Option<String> {
    let issues = outcome.get("issue").into_iter().flat_map(Value::items);
    in_a_line(&issues.filter(|issue| is_error(*issue)).collect::<Vec<_>>())
}

fn in_a_line(errors: &[Value<'_>]) -> Option<String> {
    let shown: Vec<_> = errors.iter().take(ISSUES_SHOWN).map(|issue| issue_text(*issue)).collect();
    let more = errors.len() - shown.len();
    let tail = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    (!shown.is_empty()).then(|| format!("{}{tail}", shown.join("; ")))
}

fn issue_text(issue: Value<'_>) -> String {
    let said = issue
        .get("details")
        .and_then(|details| text(details, "text"))
        .or_else(|| text(issue, "diagnostics"))
        .or_else(|| text(issue, "code"))
        .unwrap_or_default();
    match expressions(issue).next() {
        Some(path) => format!("{said} ({path})"),
        None => said,
    }
}

fn is_error(issue: Value<'_>) -> bool {
    matches!(text(issue, "severity").as_deref(), Some("error" | "fatal"))
}

fn expressions(issue: Value<'_>) -> impl Iterator<Item = String> {
    let paths = issue.get("expression").into_iter().flat_map(Value::items);
    paths.filter_map(|path| path.as_str().map(std::borrow::Cow::into_owned))
}

/// 3 from `Bundle.entry[3].resource.name`.
fn entry_index(path: &str) -> Option<usize> {
    let rest = path.strip_prefix("Bundle.entry[")?;
    rest.split_once(']')?.0.parse().ok()
}

fn text(value: Value<'_>, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::outgoing::Loose;

    fn outgoing(form: Form, entries: usize) -> Outgoing {
        let loose = |index: usize| Loose {
            place: Place::file("f.json").entry(index),
            resource_type: "Patient".to_owned(),
            id: Some(format!("{index}")),
            full_url: None,
            resource: "{}".to_owned(),
        };
        match form {
            Form::Single => Outgoing::single(loose(0)),
            form => Outgoing::transaction((0..entries).map(loose).collect(), form),
        }
    }

    fn answer(status: u16, body: &str) -> Response<Bytes> {
        Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
    }

    #[test]
    fn one_resource_is_accepted_repeated_or_refused() {
        let single = outgoing(Form::Single, 1);
        assert_eq!(read(&single, &answer(201, "")).fates, [Fate::Accepted]);
        let mut replayed = answer(201, "");
        replayed.headers_mut().insert(REPLAYED, http::HeaderValue::from_static("true"));
        assert_eq!(read(&single, &replayed).fates, [Fate::Repeated]);
        let outcome = r#"{"resourceType":"OperationOutcome","issue":[
            {"severity":"warning","code":"x","diagnostics":"never mind"},
            {"severity":"error","code":"value","details":{"text":"not a date"},"expression":["Patient.birthDate"]}]}"#;
        let verdict = read(&single, &answer(422, outcome));
        assert_eq!(verdict.refusals[0].why, "422: not a date (Patient.birthDate)");
        assert_eq!(verdict.refusals[0].place.to_string(), "f.json entry[0]");
        assert_eq!(read(&single, &answer(500, "<html>")).refusals[0].why, "500 Internal Server Error");
    }

    #[test]
    fn a_refused_transaction_names_the_entries_that_are_at_fault() {
        let outcome = r#"{"resourceType":"OperationOutcome","issue":[
            {"severity":"error","code":"value","diagnostics":"bad","expression":["Bundle.entry[2].resource.x"]},
            {"severity":"error","code":"value","diagnostics":"worse","expression":["Bundle.entry[2].resource.y"]}]}"#;
        let verdict = read(&outgoing(Form::Bundle, 4), &answer(400, outcome));
        assert_eq!(verdict.fates, vec![Fate::Refused; 4]);
        assert_eq!(verdict.refusals.len(), 1);
        assert_eq!(verdict.refusals[0].place.entry, Some(2));
        assert!(verdict.refusals[0].why.starts_with("400: bad (Bundle.entry[2].resource.x); worse"));
        let nameless = read(&outgoing(Form::Bundle, 4), &answer(413, ""));
        assert_eq!(nameless.refusals[0].place.to_string(), "f.json");
    }

    #[test]
    fn entries_of_a_batch_are_repeated_each_for_itself() {
        let told = |severity: &str| {
            format!(
                r#"{{"response":{{"status":"201 Created","outcome":{{"resourceType":"OperationOutcome",
                  "issue":[{{"severity":"{severity}","code":"duplicate"}}]}}}}}}"#
            )
        };
        let entries =
            [told("information"), r#"{"response":{"status":"200 OK"}}"#.to_owned(), told("warning")];
        let body = format!(r#"{{"resourceType":"Bundle","entry":[{}]}}"#, entries.join(","));
        let verdict = read(&outgoing(Form::Bundle, 3), &answer(200, &body));
        assert_eq!(verdict.fates, [Fate::Repeated, Fate::Accepted, Fate::Accepted]);
        assert!(verdict.refusals.is_empty());
    }

    #[test]
    fn a_batch_has_a_fate_for_each_entry_and_silence_is_no_success() {
        let body = r#"{"resourceType":"Bundle","entry":[{"response":{"status":"201 Created"}},
            {"response":{"status":"404","outcome":{"resourceType":"OperationOutcome",
              "issue":[{"severity":"error","code":"not-found","diagnostics":"gone"}]}}}]}"#;
        let verdict = read(&outgoing(Form::Bundle, 3), &answer(200, body));
        assert_eq!(verdict.fates, [Fate::Accepted, Fate::Refused, Fate::Refused]);
        assert_eq!(verdict.refusals[0].why, "404: gone");
        assert!(verdict.refusals[1].why.contains("says nothing"));
        assert!(!verdict.all_refused());
        assert!(read(&outgoing(Form::Chunk, 2), &answer(200, "")).all_refused());
    }
}
