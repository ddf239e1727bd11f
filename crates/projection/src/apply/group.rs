use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use vpr_fhir::ResourceType;

use super::resources::{self, Kinds, Resource};
use crate::database::Database;
use crate::rows::{Buffers, Entry, Extent, IndexKey, expand, reference_targets, type_number};
use crate::schema::{BYRES, HIST, OLD_RES, RES, state};
use crate::sql::Value;
use crate::tenant::Applying;
use crate::{AppliedChange, AppliedDocument, AppliedOperation, ProjectionError};

/// Documents that are written together: none of them twice.
pub(super) struct Group<'a> {
    documents: Vec<(&'a AppliedChange, &'a AppliedDocument)>,
    names: HashSet<(ResourceType, &'a str)>,
}

/// A document's entries by the seq that added them; as they are kept, without [`Entry::Sort`].
type Kept = Vec<(i64, Vec<Entry>)>;

/// Rows that wait.
struct Waiting {
    added: Buffers,
    removed: Buffers,
    old: Buffers,
    old_resources: Vec<Value>,
    history: Vec<Value>,
    kept: Vec<Value>,
    forgotten: Vec<Value>,
}

/// Who is who in a group.
struct Identities<'a> {
    /// By type number and id.
    rids: HashMap<(i64, &'a str), i64>,
    /// The rows of the documents as they were, until they are taken.
    before: HashMap<(i64, Box<str>), Resource>,
    /// The rows to add, in the order of their rids.
    new: BTreeMap<i64, (i64, &'a str)>,
}

impl<'a> Group<'a> {
    pub(super) fn new() -> Self {
        Self { documents: Vec::new(), names: HashSet::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.documents.len()
    }

    /// Adds a document unless it is in already.
    pub(super) fn add(&mut self, change: &'a AppliedChange, document: &'a AppliedDocument) -> bool {
        let new = self.names.insert((document.resource, &document.id));
        if new {
            self.documents.push((change, document));
        }
        new
    }

    /// Writes the rows. `found` gets who was found or newly numbered.
    pub(super) fn write(
        self,
        database: &mut dyn Database,
        key: &IndexKey,
        applying: &Applying,
        kinds: &mut Kinds,
        found: &mut Vec<(i64, Box<str>, i64)>,
    ) -> Result<(), ProjectionError> {
        if self.documents.is_empty() {
            return Ok(());
        }
        let mut identities = self.identify(database, applying, found)?;
        let live: Vec<i64> = identities
            .before
            .values()
            .filter(|before| before.state == state::LIVE)
            .map(|before| before.rid)
            .collect();
        let mut kept = resources::find_keys(database, &live)?;
        let mut sorts = resources::find_sorts(database, &live)?;
        let mut waiting = Waiting::new();
        let mut after: BTreeMap<i64, Resource> = BTreeMap::new();
        for (change, document) in &self.documents {
            let number = type_number(document.resource);
            let rid = identities.rid(document.resource, &document.id)?;
            let before = identities.before.remove(&(number, document.id.as_str().into()));
            let was_live = before.filter(|before| before.state == state::LIVE);
            let seq = change.seq.0.cast_signed();
            let row = Resource {
                rid,
                state: if document.extracted.is_some() { state::LIVE } else { state::DELETED },
                version: document.version.0.into(),
                last_updated: change.time.0,
                author: change.author.clone(),
                listing: document.extracted.as_ref().map(|says| says.listing.clone()).unwrap_or_default(),
                from_seq: seq,
            };
            let lived = was_live.is_some();
            if let Some(before) = was_live {
                waiting.old_resources.extend(before.row(number, &document.id));
                waiting.old_resources.push(seq.into());
            }
            let is_live = i64::from(row.state == state::LIVE);
            kinds.touch(number, is_live - i64::from(lived), seq);
            waiting.history(change, document, &row);
            let mut kept = kept.remove(&rid).map_or(Ok(Kept::new()), |bytes| decode(&bytes))?;
            let sorts = sorts.remove(&rid).into_iter().flatten();
            kept.extend(sorts.map(|(from_seq, entry)| (from_seq, vec![entry])));
            let says = document.extracted.as_ref().map(|says| {
                expand(key, document.resource, says, &mut |kind, id| identities.rid_or_none(kind, id))
            });
            waiting.document(&row, number, lived, kept, says)?;
            after.insert(rid, row);
        }
        self.write_resources(database, &identities, after)?;
        waiting.write(database)
    }

    /// Finds the rids of the documents and of all that they refer to, and gives new ones.
    fn identify(
        &self,
        database: &mut dyn Database,
        applying: &Applying,
        found: &mut Vec<(i64, Box<str>, i64)>,
    ) -> Result<Identities<'a>, ProjectionError> {
        let mut wanted: BTreeMap<i64, Vec<&'a str>> = BTreeMap::new();
        let mut rids: HashMap<(i64, &'a str), i64> = HashMap::new();
        for (_, document) in &self.documents {
            wanted.entry(type_number(document.resource)).or_default().push(&document.id);
        }
        let documents: HashMap<_, _> = resources::find(database, &wanted)?;
        rids.extend(self.documents.iter().filter_map(|(_, document)| {
            let number = type_number(document.resource);
            documents
                .get(&(number, document.id.as_str().into()))
                .map(|row| ((number, document.id.as_str()), row.rid))
        }));
        let mut targets: BTreeMap<i64, BTreeSet<&'a str>> = BTreeMap::new();
        // Each document and then what it refers to, as if it came alone: what is equal otherwise is
        // sorted by rid, and the same after a rebuild, which groups otherwise.
        let mut order: Vec<(i64, &'a str)> = Vec::new();
        for (_, document) in &self.documents {
            order.push((type_number(document.resource), &document.id));
            let Some(extracted) = &document.extracted else { continue };
            reference_targets(extracted, &mut |resource, id| {
                let number = type_number(resource);
                if rids.contains_key(&(number, id)) {
                    return;
                }
                if self.names.contains(&(resource, id)) {
                    order.push((number, id));
                } else if let Some(rid) = applying.rid(number, id) {
                    rids.insert((number, id), rid);
                } else if targets.entry(number).or_default().insert(id) {
                    order.push((number, id));
                }
            });
        }
        let targets = targets.into_iter().map(|(number, ids)| (number, ids.into_iter().collect())).collect();
        found.extend(resources::find_rids(database, &targets)?);
        let newly: HashMap<(i64, &str), i64> =
            found.iter().map(|(number, id, rid)| ((*number, &**id), *rid)).collect();
        let mut last = resources::last_rid(database)?;
        let mut new = BTreeMap::new();
        let mut given = Vec::new();
        for (number, id) in order {
            if rids.contains_key(&(number, id)) {
                continue;
            }
            let rid = newly.get(&(number, id)).copied().unwrap_or_else(|| {
                last += 1;
                new.insert(last, (number, id));
                given.push((number, Box::from(id), last));
                last
            });
            rids.insert((number, id), rid);
        }
        found.extend(given);
        Ok(Identities { rids, before: documents, new })
    }

    fn write_resources(
        &self,
        database: &mut dyn Database,
        identities: &Identities<'_>,
        mut after: BTreeMap<i64, Resource>,
    ) -> Result<(), ProjectionError> {
        let unseen = |rid| Resource { rid, state: state::UNSEEN, ..Resource::default() };
        let mut added = Vec::with_capacity(identities.new.len() * RES.columns.len());
        for (rid, (number, id)) in &identities.new {
            let row = after.remove(rid).unwrap_or_else(|| unseen(*rid));
            added.extend(row.row(*number, id));
        }
        database.insert(&RES, added)?;
        let mut changed = Vec::new();
        for (_, document) in &self.documents {
            let rid = identities.rid(document.resource, &document.id)?;
            // Those that are new were taken above.
            if let Some(row) = after.remove(&rid) {
                changed.extend(row.row(type_number(document.resource), &document.id));
            }
        }
        database.replace(&RES, changed)
    }
}

impl Identities<'_> {
    fn rid_or_none(&self, resource: ResourceType, id: &str) -> i64 {
        self.rids.get(&(type_number(resource), id)).copied().unwrap_or(0)
    }

    fn rid(&self, resource: ResourceType, id: &str) -> Result<i64, ProjectionError> {
        let rid = self.rids.get(&(type_number(resource), id)).copied();
        rid.ok_or_else(|| ProjectionError::Unusable("a resource without a number".to_owned()))
    }
}

impl Waiting {
    fn new() -> Self {
        Self {
            added: Buffers::new(),
            removed: Buffers::new(),
            old: Buffers::new(),
            old_resources: Vec::new(),
            history: Vec::new(),
            kept: Vec::new(),
            forgotten: Vec::new(),
        }
    }

    fn history(&mut self, change: &AppliedChange, document: &AppliedDocument, row: &Resource) {
        let operation = match document.operation {
            AppliedOperation::Create => 1,
            AppliedOperation::Update => 2,
            AppliedOperation::Delete => 3,
        };
        let object = document.object.map_or(Value::Null, |object| Value::Bytes(object.0.to_vec()));
        let number = type_number(document.resource);
        let numbers = [row.from_seq, row.rid, number, row.version, change.time.0, operation];
        self.history.extend(numbers.map(Value::Int));
        self.history.push(object);
        self.history.push(document.commit.0.to_vec().into());
        self.history.push(change.author.as_str().into());
    }

    /// What the document says now, against what was kept of what it said.
    fn document(
        &mut self,
        row: &Resource,
        number: i64,
        was_live: bool,
        kept: Kept,
        says: Option<Vec<Entry>>,
    ) -> Result<(), ProjectionError> {
        let (rid, seq) = (row.rid, row.from_seq);
        let is_live = says.is_some();
        // Sorted, each once.
        let new = says.unwrap_or_default();
        let mut had = vec![false; new.len()];
        let mut keeps: Kept = Vec::with_capacity(kept.len() + 1);
        for (from_seq, entries) in kept {
            let (stay, go): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| {
                let at = new.binary_search(entry);
                at.map(|at| had[at] = true).is_ok()
            });
            for entry in go {
                entry.clone().rows(rid, number, Extent::Key, &mut self.removed);
                entry.rows(rid, number, Extent::Old { from_seq, to_seq: seq }, &mut self.old);
            }
            keeps.push((from_seq, stay));
        }
        let new: Vec<Entry> =
            new.into_iter().zip(had).filter(|(_, had)| !had).map(|(entry, _)| entry).collect();
        if is_live {
            self.kept.extend([Value::from(rid), Value::from(encode(&keeps, seq, &new)?)]);
        } else if was_live {
            self.forgotten.push(rid.into());
        }
        for entry in new {
            entry.rows(rid, number, Extent::Whole { from_seq: seq }, &mut self.added);
        }
        Ok(())
    }

    fn write(mut self, database: &mut dyn Database) -> Result<(), ProjectionError> {
        database.insert(&OLD_RES, self.old_resources)?;
        for (_, old, rows) in self.old.take(|_, old| old.columns.len()) {
            database.insert(old, rows)?;
        }
        for (live, _, keys) in self.removed.take(|live, _| live.key) {
            database.delete(live, keys)?;
        }
        for (live, _, rows) in self.added.take(|live, _| live.columns.len()) {
            database.insert(live, rows)?;
        }
        database.insert(&HIST, self.history)?;
        database.delete(&BYRES, self.forgotten)?;
        database.replace(&BYRES, self.kept)
    }
}

/// What was kept and what is new, but for what is found by rid anyway.
fn encode(kept: &Kept, seq: i64, new: &[Entry]) -> Result<Vec<u8>, ProjectionError> {
    let all = kept.iter().map(|(from_seq, entries)| (*from_seq, &entries[..])).chain([(seq, new)]);
    let all: Vec<(i64, Vec<&Entry>)> = all
        .map(|(from_seq, entries)| {
            (from_seq, entries.iter().filter(|entry| !matches!(entry, Entry::Sort { .. })).collect())
        })
        .filter(|(_, entries): &(i64, Vec<&Entry>)| !entries.is_empty())
        .collect();
    postcard::to_stdvec(&all).map_err(|_| ProjectionError::Unusable("keys cannot be written".to_owned()))
}

fn decode(bytes: &[u8]) -> Result<Kept, ProjectionError> {
    postcard::from_bytes(bytes).map_err(|_| ProjectionError::Unusable("the keys of a resource".to_owned()))
}
