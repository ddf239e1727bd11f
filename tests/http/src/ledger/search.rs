//! What searches find, against what was acknowledged.

use std::collections::BTreeSet;
use std::io;

use super::account::{Account, content_of, insist};
use super::findings::Findings;
use crate::http::{Client, Response};
use crate::json::Json;

/// Documents asked for at once.
const BATCH: usize = 12;
/// More than a batch can be found by: each of its notes stands in a few documents.
const COUNT: usize = 500;

/// What each type is searched by for the note that its content carries.
const BY_NOTE: [(&str, &str); 4] = [
    ("Encounter", "identifier"),
    ("Observation", "code"),
    ("Organization", "name:exact"),
    ("Patient", "family:exact"),
];

impl Account {
    /// Searches for what changed since the last such check, by id and by content: the newest version
    /// of each document and nothing else is found, by its newest content and not by that before it.
    ///
    /// # Errors
    /// When the server goes away; what was checked until then stays so.
    pub fn check_search(&mut self, client: &mut Client, findings: &mut Findings) -> io::Result<()> {
        while let Some(first) = self.unsearched.first() {
            let kind = first.split('/').next().unwrap_or_default().to_owned();
            let of_kind = self.unsearched.iter().filter(|name| name.starts_with(&format!("{kind}/")));
            let batch: Vec<String> = of_kind.take(BATCH).cloned().collect();
            self.by_id(client, &kind, &batch, findings)?;
            let now = batch.iter().filter_map(|name| self.note(name)).collect();
            self.by_note(client, &kind, &now, findings)?;
            // Only such as stand nowhere any more: a document that is found by an old note would not be
            // told from one that is found by its new note, if both were searched for.
            let old = batch.iter().filter_map(|name| self.note_before(name));
            let gone = old.filter(|note| self.with_notes(&kind, &BTreeSet::from([*note])).is_empty());
            self.by_note(client, &kind, &gone.collect(), findings)?;
            findings.searched += batch.len() as u64;
            for name in &batch {
                self.unsearched.remove(name);
            }
        }
        Ok(())
    }

    fn by_id(
        &self,
        client: &mut Client,
        kind: &str,
        batch: &[String],
        findings: &mut Findings,
    ) -> io::Result<()> {
        let ids: Vec<&str> = batch.iter().map(|name| &name[kind.len() + 1..]).collect();
        let query = format!("{kind}?_id={}", ids.join(","));
        let mut wanted: BTreeSet<&str> =
            batch.iter().map(String::as_str).filter(|name| self.is_live(name)).collect();
        for resource in found(client, &query)? {
            let name = name_of(&resource);
            let version = self.version(&name).to_string();
            if !wanted.remove(name.as_str()) {
                findings.doubled(format!("{query} finds {name}, which is not there or was found before"));
            } else if resource["meta"]["versionId"] != version.as_str()
                || Some(content_of(&resource)) != self.content(&name)
            {
                findings.lost(format!("{query} finds another {name} than version {version}: {resource}"));
            }
        }
        for name in wanted {
            findings.lost(format!("{query} does not find {name}"));
        }
        Ok(())
    }

    fn by_note(
        &self,
        client: &mut Client,
        kind: &str,
        notes: &BTreeSet<&str>,
        findings: &mut Findings,
    ) -> io::Result<()> {
        let Some((_, parameter)) = BY_NOTE.iter().find(|(of, _)| *of == kind) else { return Ok(()) };
        if notes.is_empty() {
            return Ok(());
        }
        let query = format!("{kind}?{parameter}={}", notes.iter().copied().collect::<Vec<_>>().join(","));
        let wanted = self.with_notes(kind, notes);
        let names: Vec<String> = found(client, &query)?.iter().map(name_of).collect();
        let unique: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        for name in wanted.difference(&unique) {
            findings.lost(format!("{query} does not find {name}"));
        }
        for name in unique.difference(&wanted) {
            findings.doubled(format!("{query} finds {name}, which has other content now"));
        }
        if unique.len() < names.len() {
            findings.doubled(format!("{query} finds a document twice: {names:?}"));
        }
        Ok(())
    }
}

fn name_of(resource: &Json) -> String {
    ["resourceType", "id"].map(|member| resource[member].as_str().unwrap_or_default()).join("/")
}

/// The resources of a search's only page. One that warns of what it may not show yet is repeated, as
/// one that is refused for now.
fn found(client: &mut Client, query: &str) -> io::Result<Vec<Json>> {
    let path = format!("/fhir/{query}&_count={COUNT}");
    let answer = insist(|| {
        let answer = client.get(&path).try_send()?;
        let is_behind = answer.status == 200 && answer.header("warning").is_some();
        Ok(if is_behind { Response { status: 503, ..answer } } else { answer })
    })?;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let bundle = answer.json();
    let is_last = bundle["link"].items().iter().all(|link| link["relation"] != "next");
    assert!(is_last, "{path} has more pages than one");
    Ok(bundle["entry"].items().iter().map(|entry| entry["resource"].clone()).collect())
}
