use std::collections::BTreeMap;
use std::path::PathBuf;

use vpr_git::{Commit, Repository};
use vpr_types::{Digest, ObjectId, RepositoryId, Seq, TenantName};

use super::Store;
use crate::StoreError;
use crate::format::{ChangeOperation, ChangeSummary};
use crate::layout::{DocumentForm, document_path};
use crate::trailers::{self, CommittedShare};

/// How far [`Store::verify`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Whose repositories.
    pub tenant: TenantName,
    /// Repositories done.
    pub done: usize,
    /// Repositories in all.
    pub total: usize,
}

/// What [`Store::verify`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Repositories checked.
    pub repositories: usize,
    /// Commits checked.
    pub commits: usize,
    /// Changes whose feed record agrees with their commits.
    pub changes: u64,
    /// What is wrong, each with its place.
    pub damage: Vec<String>,
}

impl Store {
    /// Checks every repository against itself (objects, history, the chain of `VPR-Digest`), and
    /// commits, feed and directory against each other. What is pending is materialized first.
    ///
    /// # Errors
    /// When the disk fails. Damage is in the report.
    pub fn verify(&self, progress: &mut dyn FnMut(VerifyProgress)) -> Result<VerifyReport, StoreError> {
        // Nothing may move while three accounts of it are compared.
        let _background = self.inner.background.lock();
        if let Some(locked) = self.checkpoint(self.inner.journal.durable())?.first() {
            return Err(StoreError::Locked(locked.path()));
        }
        let mut report = VerifyReport::default();
        for tenant in self.tenants() {
            self.verify_tenant(&tenant, progress, &mut report)?;
        }
        Ok(report)
    }

    /// The newest commits of a repository, newest first; none if it does not exist.
    ///
    /// # Errors
    /// When the repository is damaged or the disk fails.
    pub fn log(
        &self,
        repository: &RepositoryId,
        limit: usize,
    ) -> Result<Vec<(ObjectId, Commit)>, StoreError> {
        let Some(repository) = self.inner.repositories.get(repository)? else { return Ok(Vec::new()) };
        let Some(head) = repository.head()? else { return Ok(Vec::new()) };
        Ok(repository.commits(head).take(limit).collect::<Result<_, _>>()?)
    }

    fn verify_tenant(
        &self,
        tenant: &TenantName,
        progress: &mut dyn FnMut(VerifyProgress),
        report: &mut VerifyReport,
    ) -> Result<(), StoreError> {
        let disk = &self.inner.world.disk;
        let repositories = crate::rebuild::repositories(disk.as_ref(), tenant)?;
        let total = repositories.len();
        let mut changes = BTreeMap::new();
        for (done, id) in repositories.into_iter().enumerate() {
            progress(VerifyProgress { tenant: tenant.clone(), done, total });
            let Some(repository) = Repository::open(disk.clone(), &id.path())? else { continue };
            report.repositories += 1;
            for damage in repository.verify()?.damage {
                report.damage.push(format!("{}: {}", damage.path.display(), damage.what));
            }
            self.verify_history(&id, &repository, &mut changes, report)?;
        }
        progress(VerifyProgress { tenant: tenant.clone(), done: total, total });
        self.verify_feed(tenant, changes, report)
    }

    /// The repository's commits read as shares, chain by their digests, hold the documents they
    /// name, and end where the directory says.
    fn verify_history(
        &self,
        id: &RepositoryId,
        repository: &Repository,
        changes: &mut BTreeMap<Seq, Vec<CommittedShare>>,
        report: &mut VerifyReport,
    ) -> Result<(), StoreError> {
        let at = |path: PathBuf, what: String| format!("{}: {what}", path.display());
        let head = repository.head()?;
        let known = self.inner.directory.repository(id)?.map(|row| row.head);
        if head != known {
            report
                .damage
                .push(at(id.path(), format!("the branch is at {head:?}, the directory says {known:?}")));
        }
        let Some(head) = head else { return Ok(()) };
        let mut newer: Option<(ObjectId, trailers::Share)> = None;
        for commit in repository.commits(head) {
            let (commit_id, commit) = match commit {
                Ok(commit) => commit,
                Err(error) => {
                    report.damage.push(at(id.path(), error.to_string()));
                    return Ok(());
                }
            };
            report.commits += 1;
            let share = match trailers::parse(&commit.message) {
                Ok(share) => share,
                Err(error) => {
                    report.damage.push(at(id.path(), format!("commit {commit_id}: {error}")));
                    return Ok(());
                }
            };
            if let Some((newer_id, newer)) = &newer
                && expected_digest(newer, Some(&share.digest)) != newer.digest
            {
                report
                    .damage
                    .push(at(id.path(), format!("commit {newer_id} does not continue its digest chain")));
            }
            verify_documents(repository, &share, &commit, report, id)?;
            changes.entry(share.seq).or_default().push(CommittedShare {
                commit: commit_id,
                tree: commit.tree,
                share: share.clone(),
            });
            newer = Some((commit_id, share));
        }
        if let Some((first_id, first)) = newer
            && expected_digest(&first, None) != first.digest
        {
            report.damage.push(at(id.path(), format!("commit {first_id} does not begin its digest chain")));
        }
        Ok(())
    }

    /// The commits of every seq make up what the feed says of it, and the feed has no other.
    fn verify_feed(
        &self,
        tenant: &TenantName,
        mut changes: BTreeMap<Seq, Vec<CommittedShare>>,
        report: &mut VerifyReport,
    ) -> Result<(), StoreError> {
        let log = self.inner.logs.lock().get(tenant).cloned();
        let Some(log) = log else { return Ok(()) };
        for (which, read) in [("access", log.access.verify()), ("state", log.state.verify())] {
            if let Err(error) = read {
                report.damage.push(format!("{which} log of tenant {tenant}: {error}"));
            }
        }
        for summary in log.feed.read_from(Seq(1))? {
            let summary: ChangeSummary = match summary {
                Ok(summary) => summary,
                Err(error) => {
                    report.damage.push(format!("feed of tenant {tenant}: {error}"));
                    return Ok(());
                }
            };
            self.verify_rows(&summary, report);
            let shares = changes.remove(&summary.seq).unwrap_or_default();
            match trailers::assemble(shares) {
                Ok(committed) if committed == summary => report.changes += 1,
                Ok(_) => report
                    .damage
                    .push(format!("tenant {tenant}: feed and commits differ at seq {}", summary.seq)),
                Err(error) => report.damage.push(format!("tenant {tenant}: {error} (seq {})", summary.seq)),
            }
        }
        for seq in changes.keys() {
            report.damage.push(format!("tenant {tenant}: seq {seq} is in the repositories, not in the feed"));
        }
        Ok(())
    }

    /// The directory has every version that the feed's record made, as it says.
    fn verify_rows(&self, summary: &ChangeSummary, report: &mut VerifyReport) {
        for document in summary.documents.iter().filter(|d| d.operation != ChangeOperation::MovedOut) {
            let row = self.inner.directory.version(&summary.tenant, &document.name, document.version);
            let what = match row {
                Ok(Some(row))
                    if (row.seq, row.time) == (summary.seq, summary.time)
                        && (row.operation, row.object) == (document.operation, document.object) =>
                {
                    continue;
                }
                Ok(Some(_)) => "is not what the feed says".to_owned(),
                Ok(None) => "is missing".to_owned(),
                Err(error) => error.to_string(),
            };
            report.damage.push(format!(
                "directory: tenant {}, seq {}, {} version {}: {what}",
                summary.tenant, summary.seq, document.name, document.version
            ));
        }
    }
}

/// What a commit says of its documents is what its tree holds.
fn verify_documents(
    repository: &Repository,
    share: &trailers::Share,
    commit: &Commit,
    report: &mut VerifyReport,
    id: &RepositoryId,
) -> Result<(), StoreError> {
    for document in &share.documents {
        let path = document_path(&document.name, DocumentForm::Json);
        let found = find(repository, commit.tree, &path)?;
        let content = match document.object {
            Some(object) => repository.read(&object)?,
            None => None,
        };
        let digest =
            content.map(|content| Digest(<sha2::Sha256 as sha2::Digest>::digest(&content.content).into()));
        if found != document.object || digest != document.digest {
            report.damage.push(format!(
                "{}: seq {}: {path} is not what the commit says",
                id.path().display(),
                share.seq
            ));
        }
    }
    Ok(())
}

/// What the share's documents make of the digest before it.
fn expected_digest(share: &trailers::Share, before: Option<&Digest>) -> Digest {
    let changed: Vec<_> = share
        .documents
        .iter()
        .map(|document| trailers::ChangedPath {
            path: document_path(&document.name, DocumentForm::Json),
            version: document.version,
            stored: document.digest,
        })
        .collect();
    trailers::digest(before, &changed)
}

/// The object at a path of a tree.
fn find(repository: &Repository, tree: ObjectId, path: &str) -> Result<Option<ObjectId>, StoreError> {
    let mut id = tree;
    for name in path.split('/') {
        let folder = repository.read_tree(&id)?;
        match vpr_git::tree::find(&folder, name)? {
            Some((_, next)) => id = next,
            None => return Ok(None),
        }
    }
    Ok(Some(id))
}
