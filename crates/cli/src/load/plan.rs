//! From JSON documents to requests.
//!
//! - A transaction or batch Bundle is sent as it is.
//! - A resource by itself, document and message Bundles among them, is an update when it has an
//!   id, else a create.
//! - Resources with an id that come as lines, or in a collection or searchset Bundle, travel in
//!   chunks: one transaction for many, divided when it is refused.
//! - A collection or searchset whose entries refer to each other by `urn:` is one transaction.

use std::collections::HashSet;
use std::mem;

use vpr_codec::{Json, Limits, Value};
use vpr_types::DocumentName;

use super::documents::Piece;
use super::limits::{CHUNK_BYTES_MAX, CHUNK_ENTRIES_MAX};
use super::outgoing::{Entry, Form, Loose, Outgoing};
use super::place::Place;

/// What becomes of a document.
#[derive(Debug)]
pub(crate) enum Planned {
    /// To be sent.
    Send(Outgoing),
    /// Not sent, and why.
    Refused { place: Place, resource_type: Option<String>, why: String },
    /// Nothing to load.
    Skipped { place: Place },
}

/// Turns pieces into requests, in their order; gathers what may travel together.
#[derive(Debug, Default)]
pub(crate) struct Planner {
    chunk: Vec<Loose>,
    chunk_bytes: usize,
    chunk_names: HashSet<String>,
    out: Vec<Planned>,
}

impl Planner {
    /// Takes a piece and gives what is ready.
    pub(crate) fn take(&mut self, piece: Piece) -> Vec<Planned> {
        match piece {
            Piece::Document { place, bytes, of_many } => self.document(place, bytes, of_many),
            Piece::End => self.flush(),
            Piece::Refused { place, why } => self.refuse(place, None, why),
            Piece::Skipped { place } => self.out.push(Planned::Skipped { place }),
        }
        mem::take(&mut self.out)
    }

    fn document(&mut self, place: Place, bytes: Vec<u8>, of_many: bool) {
        let json = match Json::parse(bytes, &Limits::default()) {
            Ok(json) => json,
            Err(error) => return self.refuse(place, None, error.to_string()),
        };
        let root = json.root();
        let Some(resource_type) = resource_type(root) else {
            return self.refuse(place, None, "this is no FHIR resource: it has no resourceType".to_owned());
        };
        let bundle_type = (resource_type == "Bundle").then(|| text(root, "type").unwrap_or_default());
        match bundle_type.as_deref() {
            Some("transaction" | "batch") => {
                self.flush();
                let outgoing = as_given(&place, &json);
                self.out.push(Planned::Send(outgoing));
            }
            Some("collection" | "searchset") => {
                self.flush();
                self.set(&place, root);
                self.flush();
            }
            None | Some("document" | "message") => match loose(place.clone(), root, None) {
                Ok(loose) if of_many && loose.id.is_some() => self.gather(loose),
                Ok(loose) => self.out.push(Planned::Send(Outgoing::single(loose))),
                Err(why) => self.refuse(place, Some(resource_type), why),
            },
            Some("history") => {
                let why = "a Bundle of type history is a record of past versions and cannot be loaded";
                self.refuse(place, Some(resource_type), why.to_owned());
            }
            Some(_) => {
                let why = "the Bundle's type is not one that can be loaded".to_owned();
                self.refuse(place, Some(resource_type), why);
            }
        }
    }

    /// A collection or searchset.
    fn set(&mut self, place: &Place, root: Value<'_>) {
        let mut resources = Vec::new();
        let mut needs_company = false;
        for (index, entry) in items(root, "entry").enumerate() {
            let place = place.entry(index);
            let mode = entry.get("search").and_then(|search| text(search, "mode"));
            if mode.as_deref() == Some("outcome") {
                self.out.push(Planned::Skipped { place });
                continue;
            }
            let url = entry.get("fullUrl");
            let Some(resource) = entry.get("resource") else {
                self.refuse(place, None, "the entry has no resource".to_owned());
                continue;
            };
            match loose(place.clone(), resource, url) {
                Ok(loose) => {
                    let by_urn = url.and_then(Value::as_str).is_some_and(|url| url.starts_with("urn:"));
                    needs_company |= by_urn || loose.id.is_none();
                    resources.push(loose);
                }
                Err(why) => self.refuse(place, resource_type(resource), why),
            }
        }
        if needs_company {
            self.out.push(Planned::Send(Outgoing::transaction(resources, Form::Bundle)));
        } else {
            for mut loose in resources {
                loose.full_url = None;
                self.gather(loose);
            }
        }
    }

    fn gather(&mut self, loose: Loose) {
        let name = format!("{}/{}", loose.resource_type, loose.id.as_deref().unwrap_or_default());
        let full = self.chunk.len() >= CHUNK_ENTRIES_MAX
            || (!self.chunk.is_empty() && self.chunk_bytes + loose.resource.len() > CHUNK_BYTES_MAX);
        // A transaction may name a resource once only (FHIR R4 §3.1.0.11.2).
        if full || self.chunk_names.contains(&name) {
            self.flush();
        }
        self.chunk_bytes += loose.resource.len();
        self.chunk_names.insert(name);
        self.chunk.push(loose);
    }

    fn flush(&mut self) {
        self.chunk_names.clear();
        self.chunk_bytes = 0;
        let mut chunk = mem::take(&mut self.chunk);
        let outgoing = match chunk.len() {
            0 => return,
            1 => Outgoing::single(chunk.remove(0)),
            _ => Outgoing::transaction(chunk, Form::Chunk),
        };
        self.out.push(Planned::Send(outgoing));
    }

    fn refuse(&mut self, place: Place, resource_type: Option<String>, why: String) {
        self.out.push(Planned::Refused { place, resource_type, why });
    }
}

/// A transaction or batch, sent byte for byte.
fn as_given(place: &Place, json: &Json) -> Outgoing {
    let root = json.root();
    let entries = items(root, "entry").enumerate().map(|(index, entry)| {
        let request = entry.get("request");
        let url = request.and_then(|request| text(request, "url")).unwrap_or_default();
        let method = request.and_then(|request| text(request, "method")).unwrap_or_default();
        let resource_type = entry
            .get("resource")
            .and_then(resource_type)
            .or_else(|| url.split(['/', '?']).find(|part| !part.is_empty()).map(str::to_owned))
            .unwrap_or_else(|| "?".to_owned());
        let named = matches!(method.as_str(), "PUT" | "PATCH" | "DELETE") && !url.contains('?');
        Entry { place: place.entry(index), resource_type, identity: named.then_some(url), range: 0..0 }
    });
    Outgoing {
        method: http::Method::POST,
        target: String::new(),
        entries: entries.collect(),
        body: bytes::Bytes::copy_from_slice(root.raw().as_bytes()),
        form: Form::Bundle,
    }
}

fn loose(place: Place, resource: Value<'_>, full_url: Option<Value<'_>>) -> Result<Loose, String> {
    let resource_type = resource_type(resource).ok_or("this is no FHIR resource: it has no resourceType")?;
    let id = match resource.get("id") {
        None => None,
        Some(id) => {
            let id = id.as_str().ok_or("the resource's id is not a text")?;
            DocumentName::check_id(&id).map_err(|error| format!("the resource's {error}"))?;
            Some(id.into_owned())
        }
    };
    let full_url = full_url.filter(|url| url.is_string()).map(|url| url.raw().to_owned());
    Ok(Loose { place, resource_type, id, full_url, resource: resource.raw().to_owned() })
}

/// The type of a resource, if it has the form of one: it becomes part of a URL.
fn resource_type(resource: Value<'_>) -> Option<String> {
    let name = text(resource, "resourceType")?;
    let good = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    good.then_some(name)
}

fn text(value: Value<'_>, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(std::borrow::Cow::into_owned)
}

fn items<'a>(value: Value<'a>, name: &str) -> impl Iterator<Item = Value<'a>> {
    value.get(name).into_iter().flat_map(Value::items)
}
