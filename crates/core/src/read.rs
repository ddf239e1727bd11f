use std::sync::Arc;

use vpr_store::AccessDraft;
use vpr_store::directory::{DirectoryError, VersionRow};
use vpr_store::format::AccessAction;
use vpr_types::{DocumentName, Seq, TenantName, Version};

use crate::commit::repository_of;
use crate::{Barrier, Engine, EngineError};

/// A version that was found. Its content is read with `Engine::content`.
#[derive(Debug, Clone)]
pub struct Found {
    /// Number, time, place and object of the version; `operation` says whether it is a deletion.
    pub row: VersionRow,
    /// Do not show it before.
    pub barrier: Barrier,
}

/// Some versions of one document, newest first.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// The versions.
    pub versions: Vec<VersionRow>,
    /// How many there are in all.
    pub total: u32,
    /// Whether older ones follow.
    pub more: bool,
    /// Do not show them before.
    pub barrier: Barrier,
}

/// An access to be audited; the engine adds time and sequence.
#[derive(Debug, Clone)]
pub struct Access {
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
    /// The HTTP status, or its equivalent in another protocol.
    pub status: u16,
}

impl Engine {
    /// The newest version of a document, a deletion included; `None` if it never was.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn read(&self, tenant: &TenantName, name: &DocumentName) -> Result<Option<Found>, EngineError> {
        self.found(tenant, self.store.directory().head(tenant, name))
    }

    /// One version of a document.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn version(
        &self,
        tenant: &TenantName,
        name: &DocumentName,
        version: Version,
    ) -> Result<Option<Found>, EngineError> {
        self.found(tenant, self.store.directory().version(tenant, name, version))
    }

    /// The version that stood after the change `seq`.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn as_of(
        &self,
        tenant: &TenantName,
        name: &DocumentName,
        seq: Seq,
    ) -> Result<Option<Found>, EngineError> {
        self.found(tenant, self.store.directory().as_of(tenant, name, seq))
    }

    fn found(
        &self,
        tenant: &TenantName,
        row: Result<Option<VersionRow>, DirectoryError>,
    ) -> Result<Option<Found>, EngineError> {
        let row = row.map_err(|error| EngineError::Store(error.into()))?;
        Ok(row.map(|row| Found { barrier: self.barrier(tenant, row.seq), row }))
    }

    /// At most `limit` versions older than `before` (or the newest ones), newest first; `None` if
    /// the document never was.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn history(
        &self,
        tenant: &TenantName,
        name: &DocumentName,
        before: Option<Version>,
        limit: usize,
    ) -> Result<Option<HistoryPage>, EngineError> {
        let Some(head) = self.read(tenant, name)? else { return Ok(None) };
        // The head was read first: versions that came since would make the page contradict it.
        let before = before.unwrap_or_else(|| head.row.version.next()).min(head.row.version.next());
        let mut versions = self
            .store
            .directory()
            .versions(tenant, name, Some(before), limit + 1)
            .map_err(|error| EngineError::Store(error.into()))?;
        let more = versions.len() > limit;
        versions.truncate(limit);
        Ok(Some(HistoryPage { versions, total: head.row.version.0, more, barrier: head.barrier }))
    }

    /// The stored bytes of a version, checked against its object id.
    ///
    /// # Errors
    /// When the object is missing or damaged, or the version is a deletion.
    pub fn content(&self, tenant: &TenantName, row: &VersionRow) -> Result<Arc<[u8]>, EngineError> {
        let object = row.object.ok_or_else(|| {
            EngineError::Failed(format!("version {} is a deletion and has no content", row.version))
        })?;
        Ok(self.store.read_blob(&repository_of(tenant, row), &object)?)
    }

    /// Appends an access to the audit. Whoever must not answer before it is durable waits for the
    /// barrier.
    ///
    /// # Errors
    /// When the journal's reserve is used up or the store has stopped.
    pub fn access(&self, access: Access) -> Result<Barrier, EngineError> {
        let ticket = self.store.append_access(AccessDraft {
            tenant: access.tenant,
            principal: access.principal,
            purpose: access.purpose,
            request: access.request,
            action: access.action,
            interaction: access.interaction,
            documents: access.documents,
            collection: access.collection,
            status: access.status,
        })?;
        Ok(Barrier::at(ticket))
    }
}
