use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;
use http::Method;
use sha2::{Digest as _, Sha256};

use super::place::Place;

/// One request to send, with what it holds for counting and for messages.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    /// The path below `[base]`; empty for a Bundle.
    pub(crate) target: String,
    pub(crate) body: Bytes,
    pub(crate) entries: Vec<Entry>,
    pub(crate) form: Form,
}

/// How the answer is to be read, and what may be done when it is a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One resource by itself.
    Single,
    /// A Bundle as it was given, or one whose entries need each other: all or nothing.
    Bundle,
    /// Independent resources that travel together: if they are refused, they are tried in halves.
    Chunk,
}

/// One resource or interaction of a request.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    /// The type of the resource, or of what the interaction is about; `?` when it cannot be told.
    pub(crate) resource_type: String,
    /// `Type/id` when the entry writes a resource whose id is known beforehand.
    pub(crate) identity: Option<String>,
    /// Where the resource lies in the body. Used for singles and chunks only.
    pub(crate) range: Range<usize>,
}

/// A resource on its way into a chunk or a transaction of ours.
#[derive(Debug, Clone)]
pub(crate) struct Loose {
    pub(crate) place: Place,
    pub(crate) resource_type: String,
    pub(crate) id: Option<String>,
    /// The `fullUrl` as JSON text.
    pub(crate) full_url: Option<String>,
    /// The resource as JSON text.
    pub(crate) resource: String,
}

impl Loose {
    fn identity(&self) -> Option<String> {
        self.id.as_ref().map(|id| format!("{}/{id}", self.resource_type))
    }
}

impl Outgoing {
    /// A resource by itself: an update when it has an id (FHIR R4 §3.1.0.4), else a create (§3.1.0.8).
    pub(crate) fn single(loose: Loose) -> Self {
        let identity = loose.identity();
        let (method, target) = match &identity {
            Some(identity) => (Method::PUT, identity.clone()),
            None => (Method::POST, loose.resource_type.clone()),
        };
        let range = 0..loose.resource.len();
        let entry = Entry { place: loose.place, resource_type: loose.resource_type, identity, range };
        let body = Bytes::from(loose.resource);
        Self { method, target, body, entries: vec![entry], form: Form::Single }
    }

    /// Resources in one transaction (FHIR R4 §3.1.0.11), each an update or a create like [`Self::single`].
    pub(crate) fn transaction(resources: Vec<Loose>, form: Form) -> Self {
        let size: usize = resources.iter().map(|loose| loose.resource.len() + 160).sum();
        let mut body = String::with_capacity(size + 64);
        body.push_str(r#"{"resourceType":"Bundle","type":"transaction","entry":["#);
        let mut entries = Vec::with_capacity(resources.len());
        for (index, loose) in resources.into_iter().enumerate() {
            body.push_str(if index > 0 { ",{" } else { "{" });
            if let Some(url) = &loose.full_url {
                let _ = write!(body, r#""fullUrl":{url},"#);
            }
            body.push_str(r#""resource":"#);
            let start = body.len();
            body.push_str(&loose.resource);
            let range = start..body.len();
            let identity = loose.identity();
            let (method, url) = match &identity {
                Some(identity) => ("PUT", identity.as_str()),
                None => ("POST", loose.resource_type.as_str()),
            };
            let _ = write!(body, r#","request":{{"method":"{method}","url":"{url}"}}}}"#);
            entries.push(Entry { place: loose.place, resource_type: loose.resource_type, identity, range });
        }
        body.push_str("]}");
        Self { method: Method::POST, target: String::new(), body: Bytes::from(body), entries, form }
    }

    /// The types that conditional references in the body name (FHIR R4 §3.1.0.11.3): such a reference
    /// finds only what is there when the request comes.
    pub(crate) fn looked_for(&self) -> BTreeSet<String> {
        let text = String::from_utf8_lossy(&self.body);
        let values = text.match_indices("\"reference\"").filter_map(|(at, name)| {
            let value = text.get(at + name.len()..)?.trim_start().strip_prefix(':')?.trim_start();
            let (kind, _) = value.strip_prefix('"')?.split_once('?')?;
            let is_type = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphabetic());
            is_type.then(|| kind.to_owned())
        });
        values.collect()
    }

    /// Whether a refusal can be narrowed down by sending less at once.
    pub(crate) fn is_divisible(&self) -> bool {
        self.form == Form::Chunk
    }

    /// The two halves of a chunk; a half of one resource goes by itself.
    pub(crate) fn halves(&self) -> Vec<Self> {
        let middle = self.entries.len().div_ceil(2);
        let (first, second) = self.entries.split_at(middle);
        [first, second].into_iter().filter(|half| !half.is_empty()).map(|half| self.part(half)).collect()
    }

    /// The chunk without the entries of these indexes; `None` when nothing is left.
    pub(crate) fn without(&self, indexes: &[usize]) -> Option<Self> {
        let rest = self.entries.iter().enumerate().filter(|(index, _)| !indexes.contains(index));
        let rest: Vec<Entry> = rest.map(|(_, entry)| entry.clone()).collect();
        (!rest.is_empty()).then(|| self.part(&rest))
    }

    fn part(&self, entries: &[Entry]) -> Self {
        let loose = |entry: &Entry| Loose {
            place: entry.place.clone(),
            resource_type: entry.resource_type.clone(),
            id: entry.identity.as_deref().and_then(|i| Some(i.split_once('/')?.1.to_owned())),
            full_url: None,
            resource: String::from_utf8_lossy(&self.body[entry.range.clone()]).into_owned(),
        };
        match entries {
            [one] => Self::single(loose(one)),
            many => Self::transaction(many.iter().map(loose).collect(), Form::Chunk),
        }
    }

    /// What makes the request repeatable: SHA-256 over tenant and content, nothing of the file it
    /// came from, so that a renamed or repacked file is still the same load.
    pub(crate) fn idempotency_key(&self, tenant: &str) -> String {
        let mut hash = Sha256::new();
        for field in ["vpr-load-1", tenant, self.method.as_str(), &self.target] {
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field);
        }
        hash.update(&self.body);
        let mut key = String::from("load-");
        for byte in hash.finalize() {
            let _ = write!(key, "{byte:02x}");
        }
        key
    }
}
