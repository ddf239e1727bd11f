use std::sync::Arc;

use vpr_journal::{Class, Ticket};
use vpr_types::{Digest, DocumentName, Instant, Seq, TenantName, Version, limits};

use super::Store;
use super::pending::Pending;
use crate::StoreError;
use crate::format::{self, AccessAction, AccessEntry, Entry, Idempotency, StateEntry};

/// The kind of state that remembers outcomes of writes that changed nothing.
pub(super) const IDEMPOTENCY: &str = "idempotency";

/// An access without its place in the log.
#[derive(Debug, Clone)]
pub struct AccessDraft {
    /// Whose data.
    pub tenant: TenantName,
    /// Who asked.
    pub principal: String,
    /// Why.
    pub purpose: Option<String>,
    /// In which request.
    pub request: String,
    /// What class of action.
    pub action: AccessAction,
    /// Which interaction or operation.
    pub interaction: String,
    /// Which documents, with the version given out.
    pub documents: Vec<(DocumentName, Option<Version>)>,
    /// The collection asked for when no document is known.
    pub collection: Option<String>,
    /// The HTTP status, or its equivalent.
    pub status: u16,
}

/// What was answered to a repeatable write.
#[derive(Debug, Clone)]
pub struct KeptOutcome {
    /// The change, if there was one.
    pub seq: Option<Seq>,
    /// When it was answered.
    pub time: Instant,
    /// Key, body and outcome.
    pub idempotency: Idempotency,
    /// What must be durable before it is shown.
    pub ticket: Option<Ticket>,
}

impl Store {
    /// Queues an access for the tenant's access log.
    ///
    /// # Errors
    /// [`StoreError::Full`] when even the reserve is used up, [`StoreError::Busy`],
    /// [`StoreError::Failed`].
    pub fn append_access(&self, draft: AccessDraft) -> Result<Ticket, StoreError> {
        let sequence = self.inner.sequences.get_or_create(&draft.tenant);
        self.check_failed()?;
        let estimate = 256 + draft.documents.len() as u64 * 160;
        let (mut state, slot) = self.reserve(&sequence, Class::Access, estimate)?;
        state.access_seq += 1;
        let entry = AccessEntry {
            tenant: draft.tenant,
            access_seq: state.access_seq,
            time: self.inner.world.clock.now(),
            principal: draft.principal,
            purpose: draft.purpose,
            request: draft.request,
            action: draft.action,
            interaction: draft.interaction,
            documents: draft.documents,
            collection: draft.collection,
            status: draft.status,
        };
        drop(state);
        let ticket = slot.ticket();
        let entry = Entry::Access(entry);
        let payload = format::encode(&entry)?;
        if let Entry::Access(entry) = entry {
            self.inner.pending.insert(ticket, Pending::Access(Arc::new(entry)));
        }
        slot.fill(Arc::from(payload));
        Ok(ticket)
    }

    /// Remembers what was answered to a repeatable write that changed nothing.
    ///
    /// # Errors
    /// As [`Store::append_access`].
    pub fn append_idempotency(
        &self,
        tenant: &TenantName,
        idempotency: &Idempotency,
    ) -> Result<Ticket, StoreError> {
        self.check_failed()?;
        let value = postcard::to_stdvec(idempotency).map_err(format::FormatError::from)?;
        let sequence = self.inner.sequences.get_or_create(tenant);
        let (mut state, slot) = self.reserve(&sequence, Class::State, value.len() as u64 + 256)?;
        state.state_seq += 1;
        let time = self.inner.world.clock.now();
        let entry = StateEntry {
            tenant: tenant.clone(),
            state_seq: state.state_seq,
            time,
            kind: IDEMPOTENCY.into(),
            key: idempotency.key.0.to_vec(),
            value: Some(value.into()),
            expires: Some(Instant(time.0.saturating_add(limits::IDEMPOTENCY_MICROS))),
        };
        drop(state);
        let ticket = slot.ticket();
        let entry = Entry::State(entry);
        let payload = format::encode(&entry)?;
        let kept = KeptOutcome { seq: None, time, idempotency: idempotency.clone(), ticket: Some(ticket) };
        self.inner.outcomes.lock().insert((tenant.clone(), idempotency.key), kept);
        if let Entry::State(entry) = entry {
            self.inner.pending.insert(ticket, Pending::State(Arc::new(entry)));
        }
        slot.fill(Arc::from(payload));
        Ok(ticket)
    }

    /// What was answered under this key, if it is remembered still.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn idempotent(&self, tenant: &TenantName, key: &Digest) -> Result<Option<KeptOutcome>, StoreError> {
        let kept = match self.inner.directory.idempotent(tenant, key)? {
            Some((seq, time, idempotency)) => {
                Some(KeptOutcome { seq: Some(seq), time, idempotency, ticket: self.barrier(tenant, seq) })
            }
            None => self.inner.outcomes.lock().get(&(tenant.clone(), *key)).cloned(),
        };
        let now = self.inner.world.clock.now();
        Ok(kept.filter(|kept| now.0.saturating_sub(kept.time.0) < limits::IDEMPOTENCY_MICROS))
    }
}
