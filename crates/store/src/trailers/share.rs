use uuid::Uuid;
use vpr_types::{
    Digest, DocumentName, Instant, ObjectId, Part, RecordId, RepositoryId, Seq, TenantName, Version,
};

use crate::format::{ChangeOperation, ChangeSummary, DocumentSummary, Idempotency, Provenance};

/// One repository's share of a change: all that its commit message says. Commit and tree are not
/// in it, since the message is part of the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Whose change.
    pub tenant: TenantName,
    /// Its position in the tenant's history.
    pub seq: Seq,
    /// When it was committed, exact to the microsecond.
    pub time: Instant,
    /// Which of the change's repositories this is, from 0 (the message counts from 1).
    pub index: u32,
    /// How many repositories the change touched.
    pub count: u32,
    /// Which part.
    pub part: Part,
    /// Which record; nil for the registry.
    pub record: RecordId,
    /// The openEHR contribution that the commit is.
    pub contribution: Uuid,
    /// Who, why, in which request.
    pub provenance: Provenance,
    /// What makes the change repeatable; only in the share with index 0.
    pub idempotency: Option<Idempotency>,
    /// The documents that the commit changed.
    pub documents: Vec<ShareDocument>,
    /// `VPR-Digest`.
    pub digest: Digest,
}

/// One document's line in a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareDocument {
    /// Its place among all documents of the change, from 0.
    pub order: u32,
    /// Which document.
    pub name: DocumentName,
    /// As in [`DocumentSummary::version`].
    pub version: Version,
    /// What happened.
    pub operation: ChangeOperation,
    /// As in [`DocumentSummary::object`].
    pub object: Option<ObjectId>,
    /// As in [`DocumentSummary::size`].
    pub size: u32,
    /// As in [`DocumentSummary::digest`].
    pub digest: Option<Digest>,
}

impl Share {
    /// The share of one repository of a change.
    ///
    /// # Panics
    /// When the summary has no such repository.
    #[must_use]
    pub fn of(summary: &ChangeSummary, repository_index: usize) -> Self {
        let mut share = Self::without_documents(summary, repository_index);
        let documents = (0..).zip(&summary.documents);
        share.documents = documents
            .filter(|(_, document)| usize::from(document.repository) == repository_index)
            .map(|(order, document)| ShareDocument::of(order, document))
            .collect();
        share
    }

    /// The shares of all repositories of a change, in their order.
    #[must_use]
    pub fn all_of(summary: &ChangeSummary) -> Vec<Self> {
        let indexes = 0..summary.repositories.len();
        let mut shares: Vec<Self> = indexes.map(|i| Self::without_documents(summary, i)).collect();
        for (order, document) in (0..).zip(&summary.documents) {
            if let Some(share) = shares.get_mut(usize::from(document.repository)) {
                share.documents.push(ShareDocument::of(order, document));
            }
        }
        shares
    }

    /// The repository that the commit stands in.
    #[must_use]
    pub fn repository(&self) -> RepositoryId {
        RepositoryId::new(self.tenant.clone(), self.part, self.record)
    }

    fn without_documents(summary: &ChangeSummary, repository_index: usize) -> Self {
        let repository = &summary.repositories[repository_index];
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            tenant: summary.tenant.clone(),
            seq: summary.seq,
            time: summary.time,
            index: number(repository_index),
            count: number(summary.repositories.len()),
            part: repository.part,
            record: repository.record,
            contribution: repository.contribution,
            provenance: summary.provenance.clone(),
            idempotency: if repository_index == 0 { summary.idempotency.clone() } else { None },
            documents: Vec::new(),
            digest: repository.digest,
        }
    }
}

impl ShareDocument {
    fn of(order: u32, document: &DocumentSummary) -> Self {
        Self {
            order,
            name: document.name.clone(),
            version: document.version,
            operation: document.operation,
            object: document.object,
            size: document.size,
            digest: document.digest,
        }
    }
}
