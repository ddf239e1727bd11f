use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;
use uuid::Uuid;
use vpr_git::{Commit, ObjectKind, Signature};
use vpr_journal::{Class, Slot, Ticket};
use vpr_types::{Digest, DocumentName, Instant, ObjectId, Seq, TenantName, Version};

use super::Store;
use super::pending::Pending;
use super::sequence::{Sequence, State};
use super::stage::StagedRepository;
use crate::StoreError;
use crate::format::{
    self, ChangeEntry, ChangeOperation, ChangeSummary, DocumentChange, DocumentSummary, Idempotency,
    ObjectEntry, Provenance, RepositoryChange, RepositorySummary,
};
use crate::trailers::{self, Identity};

/// A change whose trees are staged. The caller holds the locks of all it names.
#[derive(Debug)]
pub struct ChangeDraft {
    /// Whose data.
    pub tenant: TenantName,
    /// Who, why, in which request.
    pub provenance: Provenance,
    /// The repositories it touches, sorted by (part, record).
    pub repositories: Vec<StagedRepository>,
    /// The documents it changes, in the request's order.
    pub documents: Vec<DocumentDraft>,
    /// What makes it repeatable.
    pub idempotency: Option<Idempotency>,
}

/// One document of a [`ChangeDraft`].
#[derive(Debug)]
pub struct DocumentDraft {
    /// Which document.
    pub name: DocumentName,
    /// The version made; for a move out the last one there.
    pub version: Version,
    /// What happens.
    pub operation: ChangeOperation,
    /// Index into the draft's repositories.
    pub repository: u16,
    /// The blob, unless it goes away.
    pub object: Option<ObjectId>,
    /// Bytes of the document.
    pub size: u32,
    /// SHA-256 of the document.
    pub digest: Option<Digest>,
    /// What travels with it.
    pub details: DocumentChange,
}

/// A change that is in the journal's queue.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    /// Its position in the tenant's history.
    pub seq: Seq,
    /// Its time.
    pub time: Instant,
    /// What must be durable before it is acknowledged.
    pub ticket: Ticket,
}

impl Store {
    /// Takes seq and time, makes the commits and queues the entry. On return the change is in the
    /// directory's tail, where the next writer builds on it; it is durable once its ticket is.
    /// `announce` is told of it before it can become durable, in no particular order of seq.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Busy`] or [`StoreError::Failed`]: nothing happened.
    pub fn commit(
        &self,
        draft: ChangeDraft,
        announce: impl FnOnce(&ChangeSummary),
    ) -> Result<Accepted, StoreError> {
        self.check_failed()?;
        let contributions = self.contributions(draft.repositories.len())?;
        let estimate = estimate(&draft);
        let sequence = self.inner.sequences.get_or_create(&draft.tenant);
        let (slot, seq, time) = {
            let reserved = self.reserve(&sequence, Class::Change, estimate);
            self.inner.full.store(matches!(reserved, Err(StoreError::Full)), Ordering::Relaxed);
            let (mut state, slot) = reserved?;
            let (seq, time) = state.next(self.inner.world.clock.now(), slot.ticket());
            (slot, seq, time)
        };
        // From here on nothing may fail: a slot that is dropped unfilled stops the journal.
        let ticket = slot.ticket();
        #[cfg(feature = "sabotage")]
        crate::sabotage::failpoint("commit-reserved");
        let entry = Arc::new(build(draft, seq, time, contributions)?);
        let payload = format::encode_change(&entry)?;
        self.inner.directory.apply(&entry.summary);
        announce(&entry.summary);
        self.inner.overlay.insert(ticket, &entry);
        self.inner.pending.insert(ticket, Pending::Change(entry));
        slot.fill(Arc::from(payload));
        #[cfg(feature = "sabotage")]
        crate::sabotage::failpoint("commit-filled");
        Ok(Accepted { seq, time, ticket })
    }

    /// Takes a place in the journal under the tenant's counters, so that their order is its order.
    /// While room must be made first, nobody else waits for the counters.
    pub(super) fn reserve<'a>(
        &self,
        sequence: &'a Sequence,
        class: Class,
        bytes: u64,
    ) -> Result<(MutexGuard<'a, State>, Slot), StoreError> {
        let journal = &self.inner.journal;
        loop {
            let state = sequence.state.lock();
            if let Some(slot) = journal.try_reserve(class, bytes)? {
                return Ok((state, slot));
            }
            drop(state);
            journal.make_room(class, bytes)?;
        }
    }

    fn contributions(&self, count: usize) -> Result<Vec<Uuid>, StoreError> {
        let mut bytes = vec![0; count * 16];
        self.inner.world.entropy.fill(&mut bytes)?;
        let uuid = |chunk: &[u8]| {
            let bytes = chunk.try_into().unwrap_or_default();
            uuid::Builder::from_random_bytes(bytes).into_uuid()
        };
        Ok(bytes.chunks_exact(16).map(uuid).collect())
    }
}

/// Bytes that the entry will take, generously: messages and commits are not made yet.
fn estimate(draft: &ChangeDraft) -> u64 {
    let objects: usize = draft
        .repositories
        .iter()
        .flat_map(|repository| &repository.objects)
        .map(|object| object.deflated.len() + 64)
        .sum();
    let index: usize = draft
        .documents
        .iter()
        .map(|document| document.details.index.as_ref().map_or(0, |index| index.keys.len()) + 512)
        .sum();
    let kept = draft.idempotency.as_ref().map_or(0, |kept| kept.outcome.len() * 3);
    (objects + index + kept + draft.repositories.len() * 1024 + 1024) as u64
}

fn build(
    draft: ChangeDraft,
    seq: Seq,
    time: Instant,
    contributions: Vec<Uuid>,
) -> Result<ChangeEntry, StoreError> {
    let mut staged = draft.repositories;
    let (documents, details) = draft.documents.into_iter().map(split).unzip();
    let mut summary = ChangeSummary {
        tenant: draft.tenant,
        seq,
        time,
        provenance: draft.provenance,
        repositories: staged.iter().zip(contributions).map(summarize).collect(),
        documents,
        idempotency: draft.idempotency,
    };
    for (index, staged) in staged.iter().enumerate() {
        let before = staged.parent.as_ref().map(|parent| &parent.digest);
        summary.repositories[index].digest =
            trailers::digest(before, &trailers::changed_paths(&summary, index));
    }
    let Identity { name, email } = trailers::identity(&summary.provenance.author, &summary.tenant);
    let who = Signature { name, email, seconds: time.seconds() };
    for (index, message) in trailers::messages(&summary).into_iter().enumerate() {
        let staged = &mut staged[index];
        let commit = Commit {
            tree: staged.tree,
            parents: staged.parent.iter().map(|parent| parent.head).collect(),
            author: who.clone(),
            committer: who.clone(),
            signature: None,
            message,
        };
        let encoded = vpr_git::encode(ObjectKind::Commit, &commit.encode()?)?;
        summary.repositories[index].commit = encoded.id;
        staged.objects.push(ObjectEntry {
            id: encoded.id,
            kind: ObjectKind::Commit.pack_number(),
            base: None,
            size: encoded.size,
            deflated: encoded.deflated,
        });
    }
    let repositories = staged
        .into_iter()
        .map(|staged| RepositoryChange {
            old_head: staged.parent.map(|parent| parent.head),
            objects: staged.objects,
        })
        .collect();
    Ok(ChangeEntry { summary, repositories, documents: details })
}

/// What is known before digest and commit are.
fn summarize((staged, contribution): (&StagedRepository, Uuid)) -> RepositorySummary {
    RepositorySummary {
        part: staged.id.part,
        record: staged.id.record,
        commit: ObjectId([0; 20]),
        tree: staged.tree,
        digest: Digest([0; 32]),
        contribution,
    }
}

fn split(draft: DocumentDraft) -> (DocumentSummary, DocumentChange) {
    let summary = DocumentSummary {
        name: draft.name,
        version: draft.version,
        operation: draft.operation,
        repository: draft.repository,
        object: draft.object,
        size: draft.size,
        digest: draft.digest,
    };
    (summary, draft.details)
}
