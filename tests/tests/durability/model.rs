//! The reference: what should be, as lists of versions in maps. Shares no code with the engine.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a document lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Registry,
    /// The key that names the record, and the part's folder.
    Record(String, &'static str),
}

/// What must hold for a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Always,
    VersionIs(u32),
    Absent,
    Unused,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Put { place: Place, content: Arc<[u8]>, even_if_equal: bool },
    Delete,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// `Collection/id`.
    pub document: String,
    pub condition: Condition,
    pub deed: Deed,
}

/// One change that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub tenant: String,
    pub author: String,
    pub writes: Vec<Write>,
    /// Key and body of a repeatable write.
    pub repeat: Option<(u64, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub number: u32,
    pub seq: u64,
    pub time: i64,
    pub operation: &'static str,
    /// Where it stands; of a deletion, where the document stood.
    pub place: Place,
    pub content: Option<Arc<[u8]>>,
    pub author: String,
}

/// What became of one write, and the version that stands now.
pub type Outcome = (&'static str, Option<u32>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Done { seq: Option<u64>, outcomes: Vec<Outcome>, repeated: bool },
    Refused { document: String, current: Option<u32>, deleted: bool },
    KeyReused,
}

/// An answer that is kept for its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub body: u64,
    pub seq: Option<u64>,
    pub outcomes: Vec<Outcome>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenant {
    pub seq: u64,
    pub time: i64,
    pub documents: BTreeMap<String, Vec<Version>>,
    pub keys: BTreeMap<u64, Kept>,
    /// Requests of accesses, in their order.
    pub accesses: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    pub tenants: BTreeMap<String, Tenant>,
}

impl Tenant {
    pub fn head(&self, document: &str) -> Option<&Version> {
        self.documents.get(document)?.last()
    }

    /// The newest version unless it is a deletion.
    pub fn alive(&self, document: &str) -> Option<&Version> {
        self.head(document).filter(|head| head.content.is_some())
    }

    fn refusal(&self, write: &Write) -> Option<Answer> {
        let current = self.head(&write.document).map(|head| head.number);
        let deleted = current.is_some() && self.alive(&write.document).is_none();
        let holds = match write.condition {
            Condition::Always => true,
            Condition::VersionIs(number) => current == Some(number) && !deleted,
            Condition::Absent => current.is_none() || deleted,
            Condition::Unused => current.is_none(),
        };
        (!holds).then(|| Answer::Refused { document: write.document.clone(), current, deleted })
    }

    /// What one write does: its outcome, and its version if it makes one.
    fn effect(&self, write: &Write, author: &str) -> (Outcome, Option<Version>) {
        let (head, alive) = (self.head(&write.document), self.alive(&write.document));
        let number = head.map_or(1, |head| head.number + 1);
        let version = |operation, place: &Place, content: Option<&Arc<[u8]>>| Version {
            number,
            seq: 0,
            time: 0,
            operation,
            place: place.clone(),
            content: content.cloned(),
            author: author.to_owned(),
        };
        match (&write.deed, alive) {
            (Deed::Put { place, content, even_if_equal: false }, Some(alive))
                if alive.content.as_ref() == Some(content) && alive.place == *place =>
            {
                (("unchanged", Some(alive.number)), None)
            }
            (Deed::Put { place, content, .. }, Some(_)) => {
                (("updated", Some(number)), Some(version("update", place, Some(content))))
            }
            (Deed::Put { place, content, .. }, None) => {
                (("created", Some(number)), Some(version("create", place, Some(content))))
            }
            (Deed::Delete, Some(alive)) => {
                (("deleted", Some(number)), Some(version("delete", &alive.place, None)))
            }
            (Deed::Delete, None) => (("nothing", head.map(|head| head.number)), None),
        }
    }

    /// What the tenant looked like after `seq`, with the accesses and the keys without a change that
    /// are named.
    fn until(&self, seq: u64, accesses: usize, keys: &dyn Fn(u64) -> bool) -> Self {
        let mut documents = self.documents.clone();
        for versions in documents.values_mut() {
            versions.retain(|version| version.seq <= seq);
        }
        documents.retain(|_, versions| !versions.is_empty());
        let time = documents.values().flatten().map(|version| version.time).max().unwrap_or_default();
        let keeps = |key: &u64, kept: &mut Kept| kept.seq.map_or_else(|| keys(*key), |at| at <= seq);
        let mut kept = self.keys.clone();
        kept.retain(keeps);
        let accesses = self.accesses.iter().take(accesses).cloned().collect();
        Self { seq, time, documents, keys: kept, accesses }
    }
}

/// What survived of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survivors {
    pub seq: u64,
    pub accesses: usize,
    /// Keys of answers without a change.
    pub keys: Vec<u64>,
}

impl Model {
    /// Does what is asked for, at once; `time` is when the engine said that it was done.
    pub fn perform(&mut self, plan: &Plan, time: i64) -> Answer {
        let tenant = self.tenants.entry(plan.tenant.clone()).or_default();
        if let Some((key, body)) = plan.repeat
            && let Some(kept) = tenant.keys.get(&key)
        {
            return match kept.body == body {
                true => Answer::Done { seq: kept.seq, outcomes: kept.outcomes.clone(), repeated: true },
                false => Answer::KeyReused,
            };
        }
        if let Some(refusal) = plan.writes.iter().find_map(|write| tenant.refusal(write)) {
            return refusal;
        }
        let effects: Vec<_> = plan.writes.iter().map(|write| tenant.effect(write, &plan.author)).collect();
        let changes = effects.iter().any(|(_, version)| version.is_some());
        let seq = changes.then_some(tenant.seq + 1);
        let mut outcomes = Vec::new();
        for (write, (outcome, version)) in plan.writes.iter().zip(effects) {
            outcomes.push(outcome);
            if let (Some(version), Some(seq)) = (version, seq) {
                let version = Version { seq, time, ..version };
                tenant.documents.entry(write.document.clone()).or_default().push(version);
            }
        }
        if let Some(seq) = seq {
            tenant.seq = seq;
            tenant.time = time;
        }
        if let Some((key, body)) = plan.repeat {
            tenant.keys.insert(key, Kept { body, seq, outcomes: outcomes.clone() });
        }
        Answer::Done { seq, outcomes, repeated: false }
    }

    /// What is left after a crash.
    pub fn until(&self, survivors: &BTreeMap<String, Survivors>) -> Self {
        let mut tenants = BTreeMap::new();
        for (name, tenant) in &self.tenants {
            let Some(left) = survivors.get(name).filter(|left| left.seq > 0) else { continue };
            let has_key = |key| left.keys.contains(&key);
            tenants.insert(name.clone(), tenant.until(left.seq, left.accesses, &has_key));
        }
        Self { tenants }
    }
}
