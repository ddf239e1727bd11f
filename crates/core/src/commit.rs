use std::collections::{BTreeMap, HashSet};

use vpr_store::directory::VersionRow;
use vpr_store::format::{ChangeOperation, Idempotency};
use vpr_store::{ChangeDraft, DocumentDraft, PathEdit};
use vpr_types::{DocumentName, Part, RecordId, RepositoryId, TenantName, Version};

use crate::change::{
    Action, Change, Committed, Content, Home, Precondition, Repeat, WriteOutcome, WriteResult,
};
use crate::locks::Hold;
use crate::tenants::{Hosted, Tenant};
use crate::window::{CommittedChange, Index};
use crate::{Barrier, Engine, EngineError};

/// What the locks and the directory have decided about one change.
#[derive(Default)]
struct Plan<'a> {
    outcomes: Vec<WriteOutcome>,
    edits: BTreeMap<RepositoryId, Vec<PathEdit<'a>>>,
    documents: Vec<(RepositoryId, DocumentDraft)>,
    /// What travels with the documents in memory, in their order.
    indexes: Vec<Option<Index>>,
    /// Passed only when every head that the plan rests on is durable.
    barrier: Barrier,
}

impl Engine {
    /// Makes a change: all of its writes in one journal entry, one commit per touched repository,
    /// or none of them. Returns when the entry is queued; it is true once the barrier is passed.
    ///
    /// # Errors
    /// A precondition that does not hold, a key that was used for another request, or a store that
    /// is full, busy or stopped. Nothing is written then.
    pub fn commit(&self, change: Change) -> Result<Committed, EngineError> {
        let hosted = self.tenants.get(&change.tenant)?;
        self.commit_in(&hosted, &change)
    }

    pub(crate) fn commit_in(&self, hosted: &Hosted, change: &Change) -> Result<Committed, EngineError> {
        let mut collections: Vec<&str> = change.writes.iter().map(|write| write.name.collection()).collect();
        collections.sort_unstable();
        collections.dedup();
        let gates = hosted.gates.of(collections.into_iter());
        let _gates: Vec<_> = gates.iter().map(|gate| gate.read()).collect();
        self.commit_gated(hosted, change)
    }

    /// The caller holds the gates of the collections that are written.
    pub(crate) fn commit_gated(&self, hosted: &Hosted, change: &Change) -> Result<Committed, EngineError> {
        let tenant = &hosted.tenant;
        let mut names = HashSet::with_capacity(change.writes.len());
        if let Some(twice) = change.writes.iter().find(|write| !names.insert(&write.name)) {
            return Err(EngineError::WrittenTwice(twice.name.clone()));
        }
        let key = change.repeat.as_ref().map(|repeat| ((&tenant.name, repeat.key), Hold::Exclusive));
        let _key = self.keys.lock(key);
        if let Some(repeat) = &change.repeat
            && let Some(done) = self.repeated(&change.tenant, repeat)?
        {
            return Ok(done);
        }
        let _ids = self.ids.lock(self.wanted_ids(tenant, change));
        let heads = change
            .writes
            .iter()
            .map(|write| self.store.directory().head(&tenant.name, &write.name))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| EngineError::Store(error.into()))?;
        let homes = change
            .writes
            .iter()
            .map(|write| self.home_of(tenant, &write.action))
            .collect::<Result<Vec<_>, _>>()?;
        let _records = self.records.lock(
            heads
                .iter()
                .flatten()
                .map(|head| repository_of(&tenant.name, head))
                .chain(homes.iter().flatten().cloned())
                .map(|repository| (repository, Hold::Exclusive)),
        );
        let plan = self.plan(&tenant.name, change, &heads, &homes)?;
        self.enqueue(hosted, change, plan)
    }

    /// Ids that are written, alone; record keys that are named, together with others who name them.
    fn wanted_ids(&self, tenant: &Tenant, change: &Change) -> Vec<((TenantName, String), Hold)> {
        let mut wanted = Vec::with_capacity(change.writes.len() * 2);
        for write in &change.writes {
            wanted.push(((tenant.name.clone(), write.name.to_string()), Hold::Exclusive));
            if let Action::Put { home: Home::Record { key, .. }, .. } = &write.action {
                wanted.push(((tenant.name.clone(), key.clone()), Hold::Shared));
            }
        }
        wanted
    }

    fn home_of(&self, tenant: &Tenant, action: &Action) -> Result<Option<RepositoryId>, EngineError> {
        Ok(match action {
            Action::Delete => None,
            Action::Put { home: Home::Registry, .. } => Some(RepositoryId::registry(tenant.name.clone())),
            Action::Put { home: Home::Record { key, part }, .. } => {
                Some(RepositoryId::new(tenant.name.clone(), *part, self.record_in(tenant, key)?))
            }
        })
    }

    pub(crate) fn record_in(&self, tenant: &Tenant, key: &str) -> Result<RecordId, EngineError> {
        let alias = self
            .store
            .directory()
            .alias(&tenant.name, key)
            .map_err(|error| EngineError::Store(error.into()))?;
        Ok(alias.unwrap_or_else(|| RecordId::derive(tenant.namespace, key)))
    }

    fn plan<'a>(
        &self,
        tenant: &TenantName,
        change: &'a Change,
        heads: &[Option<VersionRow>],
        homes: &[Option<RepositoryId>],
    ) -> Result<Plan<'a>, EngineError> {
        let mut plan = Plan::default();
        for ((write, head), home) in change.writes.iter().zip(heads).zip(homes) {
            let barrier = head.as_ref().map_or(Barrier::PASSED, |head| self.barrier(tenant, head.seq));
            plan.barrier = plan.barrier.max(barrier);
            check(&write.name, write.precondition, head.as_ref(), barrier)?;
            match (&write.action, home) {
                (Action::Put { content, even_if_equal, .. }, Some(home)) => {
                    plan.put(&write.name, head.as_ref(), home, content, *even_if_equal, tenant);
                }
                _ => plan.delete(&write.name, head.as_ref(), tenant),
            }
        }
        Ok(plan)
    }

    fn enqueue(&self, hosted: &Hosted, change: &Change, plan: Plan<'_>) -> Result<Committed, EngineError> {
        let idempotency = change.repeat.as_ref().map(|repeat| -> Result<_, EngineError> {
            let outcomes: Vec<_> = plan.outcomes.iter().map(|o| (&o.name, o.result, o.version)).collect();
            let outcome = postcard::to_stdvec(&(&repeat.hint, outcomes))
                .map_err(|error| EngineError::Failed(error.to_string()))?;
            Ok(Idempotency { key: repeat.key, body: repeat.body, outcome })
        });
        let idempotency = idempotency.transpose()?;
        let mut outcomes = plan.outcomes;
        if plan.edits.is_empty() {
            let barrier = match idempotency {
                // Nothing to commit, yet the answer must be the same one next time.
                Some(kept) => {
                    plan.barrier.max(Barrier::at(self.store.append_idempotency(&change.tenant, &kept)?))
                }
                None => plan.barrier,
            };
            return Ok(Committed { seq: None, outcomes, barrier, repeated: None });
        }
        let repositories = plan
            .edits
            .iter()
            .map(|(repository, edits)| self.store.stage(repository, edits))
            .collect::<Result<Vec<_>, _>>()?;
        let places: BTreeMap<&RepositoryId, u16> = plan.edits.keys().zip(0_u16..).collect();
        let documents = plan
            .documents
            .into_iter()
            .map(|(repository, mut document)| {
                document.repository = places.get(&repository).copied().unwrap_or_default();
                document
            })
            .collect();
        let draft = ChangeDraft {
            tenant: change.tenant.clone(),
            provenance: change.provenance.clone(),
            repositories,
            documents,
            idempotency,
        };
        let indexes = plan.indexes;
        let accepted = self.store.commit(draft, |summary| {
            hosted.window.push(CommittedChange::of(summary, indexes));
        })?;
        for outcome in &mut outcomes {
            if matches!(outcome.result, WriteResult::Created | WriteResult::Updated | WriteResult::Deleted) {
                outcome.time = accepted.time;
            }
        }
        let barrier = plan.barrier.max(Barrier::at(accepted.ticket));
        Ok(Committed { seq: Some(accepted.seq), outcomes, barrier, repeated: None })
    }

    /// The answer of an earlier change under the same key, while keys are remembered. A change that
    /// is repeated is recognized by [`Engine::commit`] as well: this is for whoever must decide first
    /// what to write.
    ///
    /// # Errors
    /// [`EngineError::KeyReused`], or when what is kept cannot be read.
    pub fn repeated(&self, tenant: &TenantName, repeat: &Repeat) -> Result<Option<Committed>, EngineError> {
        let Some(kept) = self.store.idempotent(tenant, &repeat.key)? else { return Ok(None) };
        let barrier = Barrier::at(kept.ticket);
        if kept.idempotency.body != repeat.body {
            return Err(EngineError::KeyReused { barrier });
        }
        type Kept = (Vec<u8>, Vec<(DocumentName, WriteResult, Option<Version>)>);
        let (hint, kept_outcomes): Kept = postcard::from_bytes(&kept.idempotency.outcome)
            .map_err(|error| EngineError::Failed(format!("a kept outcome does not decode: {error}")))?;
        let mut outcomes = Vec::with_capacity(kept_outcomes.len());
        for (name, result, version) in kept_outcomes {
            let row = match version {
                Some(version) => self
                    .store
                    .directory()
                    .version(tenant, &name, version)
                    .map_err(|error| EngineError::Store(error.into()))?,
                None => None,
            };
            let time = row.map_or(kept.time, |row| row.time);
            outcomes.push(WriteOutcome { name, result, version, time });
        }
        Ok(Some(Committed { seq: kept.seq, outcomes, barrier, repeated: Some(hint) }))
    }
}

impl<'a> Plan<'a> {
    fn put(
        &mut self,
        name: &DocumentName,
        head: Option<&VersionRow>,
        home: &RepositoryId,
        content: &'a Content,
        even_if_equal: bool,
        tenant: &TenantName,
    ) {
        let alive = head.filter(|head| head.operation != ChangeOperation::Delete);
        let from = alive.map(|head| repository_of(tenant, head));
        if let Some(alive) = alive
            && alive.object == Some(content.blob.id)
            && from.as_ref() == Some(home)
            && !even_if_equal
        {
            self.outcome(name, WriteResult::Unchanged, Some(alive));
            return;
        }
        let version = head.map_or(Version::FIRST, |head| head.version.next());
        if let (Some(alive), Some(from)) = (alive, from.filter(|from| from != home)) {
            self.edits.entry(from.clone()).or_default().push(PathEdit::remove(name));
            self.document(from, name, alive.version, ChangeOperation::MovedOut, None);
        }
        let (operation, result) = match alive {
            Some(_) => (ChangeOperation::Update, WriteResult::Updated),
            None => (ChangeOperation::Create, WriteResult::Created),
        };
        self.edits.entry(home.clone()).or_default().push(PathEdit::put(name, &content.blob));
        self.document(home.clone(), name, version, operation, Some(content));
        self.outcomes.push(WriteOutcome {
            name: name.clone(),
            result,
            version: Some(version),
            time: Default::default(),
        });
    }

    fn delete(&mut self, name: &DocumentName, head: Option<&VersionRow>, tenant: &TenantName) {
        let Some(alive) = head.filter(|head| head.operation != ChangeOperation::Delete) else {
            self.outcome(name, WriteResult::NothingToDelete, head);
            return;
        };
        let from = repository_of(tenant, alive);
        let version = alive.version.next();
        self.edits.entry(from.clone()).or_default().push(PathEdit::remove(name));
        self.document(from, name, version, ChangeOperation::Delete, None);
        let result = WriteResult::Deleted;
        self.outcomes.push(WriteOutcome {
            name: name.clone(),
            result,
            version: Some(version),
            time: Default::default(),
        });
    }

    fn outcome(&mut self, name: &DocumentName, result: WriteResult, head: Option<&VersionRow>) {
        self.outcomes.push(WriteOutcome {
            name: name.clone(),
            result,
            version: head.map(|head| head.version),
            time: head.map(|head| head.time).unwrap_or_default(),
        });
    }

    fn document(
        &mut self,
        repository: RepositoryId,
        name: &DocumentName,
        version: Version,
        operation: ChangeOperation,
        content: Option<&Content>,
    ) {
        let blob = content.map(|content| &content.blob);
        let draft = DocumentDraft {
            name: name.clone(),
            version,
            operation,
            repository: 0,
            object: blob.map(|blob| blob.id),
            size: blob.map_or(0, |blob| blob.size),
            digest: blob.map(|blob| blob.digest),
            details: content.map(|content| content.details.clone()).unwrap_or_default(),
        };
        self.indexes.push(content.and_then(|content| content.index.clone()));
        self.documents.push((repository, draft));
    }
}

fn check(
    name: &DocumentName,
    precondition: Precondition,
    head: Option<&VersionRow>,
    barrier: Barrier,
) -> Result<(), EngineError> {
    let deleted = head.is_some_and(|head| head.operation == ChangeOperation::Delete);
    let current = head.map(|head| head.version);
    let holds = match precondition {
        Precondition::None => true,
        Precondition::VersionIs(version) => current == Some(version) && !deleted,
        Precondition::Absent => current.is_none() || deleted,
        Precondition::Unused => current.is_none(),
    };
    if holds {
        Ok(())
    } else {
        Err(EngineError::Precondition { name: name.clone(), current, deleted, barrier })
    }
}

/// The repository that a version stands in.
pub(crate) fn repository_of(tenant: &TenantName, row: &VersionRow) -> RepositoryId {
    let part: Part = row.part;
    RepositoryId::new(tenant.clone(), part, row.record)
}
