//! What was acknowledged, document by document, and the check that it is all there.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::time::Duration;

use super::findings::Findings;
use crate::http::{Client, Response, version_of};
use crate::json::Json;

/// How often an answer that says "later" is followed.
const LATER_MAX: usize = 2_000;

/// A version's content as a hash; `None` for a deletion.
pub(super) type Content = Option<u64>;

/// What a resource says, without what belongs to its version.
pub(super) fn content_of(resource: &Json) -> u64 {
    let mut hasher = DefaultHasher::new();
    resource.without_version().sorted().to_string().hash(&mut hasher);
    hasher.finish()
}

/// The versions of each document, `Type/id`, as they were acknowledged; the first is version 1.
#[derive(Debug, Clone, Default)]
pub struct Account {
    documents: BTreeMap<String, Vec<Content>>,
    /// Documents with the number of versions that were checked already.
    checked: BTreeMap<String, usize>,
    changed: BTreeSet<String>,
    /// What the newest content of each document can be searched for by.
    notes: BTreeMap<String, String>,
    /// What it could be searched for by before that.
    notes_before: BTreeMap<String, String>,
    /// Documents that changed since they were last searched for.
    pub(super) unsearched: BTreeSet<String>,
}

impl Account {
    /// The number of versions acknowledged for a document.
    #[must_use]
    pub fn version(&self, name: &str) -> u32 {
        self.documents.get(name).map_or(0, |versions| u32::try_from(versions.len()).unwrap())
    }

    /// The newest content of each document that is not deleted.
    pub fn live(&self) -> impl Iterator<Item = (&str, u64)> {
        self.documents.iter().filter_map(|(name, versions)| Some((name.as_str(), (*versions.last()?)?)))
    }

    /// Whether a document exists and is not deleted.
    #[must_use]
    pub fn is_live(&self, name: &str) -> bool {
        self.documents.get(name).and_then(|versions| versions.last()).is_some_and(Option::is_some)
    }

    /// How many documents there are, deleted ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether nothing was acknowledged yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The newest content of a document.
    pub(super) fn content(&self, name: &str) -> Content {
        self.documents.get(name)?.last().copied()?
    }

    /// What a document that is not deleted is found by.
    pub(super) fn note(&self, name: &str) -> Option<&str> {
        self.notes.get(name).map(String::as_str)
    }

    /// What a document was found by before its last change.
    pub(super) fn note_before(&self, name: &str) -> Option<&str> {
        self.notes_before.get(name).map(String::as_str)
    }

    /// The documents of a type that are found by one of these notes.
    pub(super) fn with_notes(&self, kind: &str, notes: &BTreeSet<&str>) -> BTreeSet<&str> {
        let of_kind = |name: &str| name.split('/').next() == Some(kind);
        let found = self.notes.iter().filter(|(name, note)| of_kind(name) && notes.contains(note.as_str()));
        found.map(|(name, _)| name.as_str()).collect()
    }

    /// Takes the next version of a document: its content, and the note in it, if it is no deletion.
    pub(super) fn add(&mut self, name: &str, content: Content, note: &str) {
        self.documents.entry(name.to_owned()).or_default().push(content);
        self.changed.insert(name.to_owned());
        self.unsearched.insert(name.to_owned());
        let before = match content {
            Some(_) => self.notes.insert(name.to_owned(), note.to_owned()),
            None => self.notes.remove(name),
        };
        if let Some(before) = before {
            self.notes_before.insert(name.to_owned(), before);
        }
    }

    /// Forgets what was checked, so that the next check begins anew.
    pub fn forget_checks(&mut self) {
        self.checked.clear();
        self.changed = self.documents.keys().cloned().collect();
        self.unsearched = self.changed.clone();
    }

    /// Reads what changed since the last check: the newest version, each new one by its version,
    /// and the history.
    ///
    /// # Errors
    /// When the server goes away; what was checked until then stays so.
    pub fn check(&mut self, client: &mut Client, findings: &mut Findings) -> io::Result<()> {
        while let Some(name) = self.changed.first().cloned() {
            let done = self.checked.get(&name).copied().unwrap_or(0);
            let versions = &self.documents[&name];
            check_head(client, &name, versions, findings)?;
            for number in done + 1..=versions.len() {
                check_version(client, &name, number, versions[number - 1], findings)?;
            }
            check_history(client, &name, versions, versions.len() - done, findings)?;
            findings.checked += (versions.len() - done) as u64;
            self.checked.insert(name.clone(), versions.len());
            self.changed.remove(&name);
        }
        Ok(())
    }
}

/// A read, once its answer is not "later": while the journal is full, reads wait for room for their
/// audit too.
pub(super) fn get(client: &mut Client, path: &str) -> io::Result<Response> {
    insist(|| client.get(path).try_send())
}

/// An answer that is not "later".
pub(super) fn insist(mut send: impl FnMut() -> io::Result<Response>) -> io::Result<Response> {
    for _ in 0..LATER_MAX {
        let answer = send()?;
        if !matches!(answer.status, 503 | 507) {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(io::Error::other("the server says \"later\" for ever"))
}

fn check_head(
    client: &mut Client,
    name: &str,
    versions: &[Content],
    findings: &mut Findings,
) -> io::Result<()> {
    let answer = get(client, &format!("/fhir/{name}"))?;
    let wanted = u32::try_from(versions.len()).unwrap();
    match answer.version() {
        Some(version) if version > wanted => {
            findings.doubled(format!("{name} is at version {version}, {wanted} was acknowledged"));
        }
        version if version != Some(wanted) => {
            findings.lost(format!("{name} answers {} {version:?}, not version {wanted}", answer.status));
        }
        _ => compare(name, wanted, versions.last().copied().flatten(), &answer, findings),
    }
    Ok(())
}

fn check_version(
    client: &mut Client,
    name: &str,
    number: usize,
    content: Content,
    findings: &mut Findings,
) -> io::Result<()> {
    let answer = get(client, &format!("/fhir/{name}/_history/{number}"))?;
    compare(name, u32::try_from(number).unwrap(), content, &answer, findings);
    Ok(())
}

fn compare(name: &str, number: u32, content: Content, answer: &Response, findings: &mut Findings) {
    let same = match content {
        None => answer.status == 410 && answer.version() == Some(number),
        Some(content) => {
            answer.status == 200
                && answer.version() == Some(number)
                && answer.json()["meta"]["versionId"] == number.to_string().as_str()
                && content_of(&answer.json()) == content
        }
    };
    if !same {
        findings.lost(format!("{name} version {number} answers {}: {}", answer.status, answer.text()));
    }
}

/// The newest `count` entries of the history must be the newest versions.
fn check_history(
    client: &mut Client,
    name: &str,
    versions: &[Content],
    count: usize,
    findings: &mut Findings,
) -> io::Result<()> {
    let count = count.clamp(1, 1_000);
    let answer = get(client, &format!("/fhir/{name}/_history?_count={count}"))?;
    let bundle = answer.json();
    let total = bundle["total"].as_count();
    if total > Some(versions.len() as u64) {
        findings.doubled(format!("{name} has {total:?} versions, {} were acknowledged", versions.len()));
        return Ok(());
    }
    let shown: Vec<(Option<u32>, Content)> = bundle["entry"]
        .items()
        .iter()
        .map(|entry| {
            let version = entry["response"]["etag"].as_str().and_then(version_of);
            (version, entry.get("resource").map(content_of))
        })
        .collect();
    let wanted: Vec<(Option<u32>, Content)> = versions
        .iter()
        .enumerate()
        .rev()
        .take(count)
        .map(|(at, content)| (u32::try_from(at + 1).ok(), *content))
        .collect();
    if total != Some(versions.len() as u64) || shown != wanted {
        findings.lost(format!("the history of {name} has {total:?} of {} versions", versions.len()));
    }
    Ok(())
}
