use vpr_store::directory::{RepositoryRow, VersionRow};
use vpr_store::{VerifyProgress, VerifyReport, encode_blob, trailers};
use vpr_types::{DocumentName, Instant, ObjectId, Part, RecordId, RepositoryId, Seq, TenantName};

use crate::{Engine, EngineError};

/// One record and which repositories it has.
#[derive(Debug, Clone)]
pub struct RecordSummary {
    /// Which record.
    pub record: RecordId,
    /// Its repositories, with their heads.
    pub parts: Vec<(Part, RepositoryRow)>,
}

/// One commit as an operator sees it.
#[derive(Debug, Clone)]
pub struct CommitView {
    /// The first line of the message.
    pub subject: String,
    /// The whole message, trailers included.
    pub message: String,
    /// Who committed.
    pub author: String,
    /// When: exact, as the message's trailers have it; of a message that is not ours, to the second.
    pub time: Instant,
    /// The change that it is a part of, if the message says so.
    pub seq: Option<Seq>,
}

impl Engine {
    /// Compresses and hashes a document's stored bytes; takes no lock.
    ///
    /// # Errors
    /// When they are more than an object may have.
    pub fn encode(&self, canonical: &[u8]) -> Result<vpr_store::EncodedBlob, EngineError> {
        Ok(encode_blob(canonical)?)
    }

    /// The record that a key such as `Patient/123` names, whether or not it exists yet.
    ///
    /// # Errors
    /// [`EngineError::NoTenant`], or when the directory cannot be read.
    pub fn record_of(&self, tenant: &TenantName, key: &str) -> Result<RecordId, EngineError> {
        let hosted = self.tenants.get(tenant)?;
        self.record_in(&hosted.tenant, key)
    }

    /// All records of a tenant, by UUID.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn records(&self, tenant: &TenantName) -> Result<Vec<RecordSummary>, EngineError> {
        let mut records: Vec<RecordSummary> = Vec::new();
        let rows =
            self.store.directory().records(tenant).map_err(|error| EngineError::Store(error.into()))?;
        for (record, part, row) in rows {
            match records.last_mut() {
                Some(last) if last.record == record => last.parts.push((part, row)),
                _ => records.push(RecordSummary { record, parts: vec![(part, row)] }),
            }
        }
        Ok(records)
    }

    /// Visits the newest version of every document of a tenant, or of one repository, until
    /// `visit` answers `false`.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn documents(
        &self,
        tenant: &TenantName,
        repository: Option<&RepositoryId>,
        visit: &mut dyn FnMut(DocumentName, VersionRow) -> bool,
    ) -> Result<(), EngineError> {
        let here = |row: &VersionRow| {
            repository.is_none_or(|repository| repository.part == row.part && repository.record == row.record)
        };
        self.store
            .directory()
            .documents(tenant, &mut |name, row| !here(&row) || visit(name, row))
            .map_err(|error| EngineError::Store(error.into()))
    }

    /// The newest commits of a repository, newest first. Brings what is pending into Git first.
    ///
    /// # Errors
    /// When the repository is damaged or the disk fails.
    pub fn log(
        &self,
        repository: &RepositoryId,
        limit: usize,
    ) -> Result<Vec<(ObjectId, CommitView)>, EngineError> {
        self.materialize()?;
        let commits = self.store.log(repository, limit)?;
        Ok(commits
            .into_iter()
            .map(|(id, commit)| {
                let share = trailers::parse(&commit.message).ok();
                let seconds = Instant(commit.author.seconds.saturating_mul(1_000_000));
                let view = CommitView {
                    subject: commit.message.lines().next().unwrap_or_default().to_owned(),
                    author: commit.author.name,
                    time: share.as_ref().map_or(seconds, |share| share.time),
                    seq: share.map(|share| share.seq),
                    message: commit.message,
                };
                (id, view)
            })
            .collect())
    }

    /// Checks every repository of every tenant against itself, the directory and the feed.
    ///
    /// # Errors
    /// When the disk fails; damage is in the report, not an error.
    pub fn verify(&self, progress: &mut dyn FnMut(VerifyProgress)) -> Result<VerifyReport, EngineError> {
        self.materialize()?;
        Ok(self.store.verify(progress)?)
    }
}
