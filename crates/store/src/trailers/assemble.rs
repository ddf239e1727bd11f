use vpr_types::{ObjectId, Seq};

use super::share::Share;
use crate::format::{ChangeSummary, DocumentSummary, RepositorySummary};

/// A share with the commit that it is the message of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedShare {
    /// The commit.
    pub commit: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its message.
    pub share: Share,
}

/// Shares that do not make up one whole change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IncompleteChange {
    /// No share at all.
    #[error("no commit holds a share of the change")]
    Nothing,
    /// Fewer shares than the change had repositories.
    #[error("seq {seq}: {found} of {count} repositories have its commit")]
    Missing {
        /// Which change.
        seq: Seq,
        /// How many different shares there are.
        found: u32,
        /// How many there must be.
        count: u32,
    },
    /// Shares that contradict each other: another seq, author, time, count, two commits for one
    /// share, or documents that do not count up from 0.
    #[error("seq {seq}: its commits contradict each other in {what}")]
    Contradiction {
        /// Which change.
        seq: Seq,
        /// In what, in words.
        what: &'static str,
    },
}

/// Puts the shares of one change together again, in whatever order they come.
///
/// # Errors
/// [`IncompleteChange`] when shares are missing or contradict each other.
pub fn assemble(mut shares: Vec<CommittedShare>) -> Result<ChangeSummary, IncompleteChange> {
    shares.sort_by_key(|committed| committed.share.index);
    shares.dedup();
    let first = shares.first().ok_or(IncompleteChange::Nothing)?.share.clone();
    let seq = first.seq;
    check_agreement(&shares, &first)?;
    let found = u32::try_from(shares.len()).unwrap_or(u32::MAX);
    if found != first.count {
        return Err(IncompleteChange::Missing { seq, found, count: first.count });
    }
    let mut documents = Vec::new();
    let mut repositories = Vec::with_capacity(shares.len());
    for (index, CommittedShare { commit, tree, share }) in shares.into_iter().enumerate() {
        let contradiction = IncompleteChange::Contradiction { seq, what: "the number of repositories" };
        let repository = u16::try_from(index).map_err(|_| contradiction)?;
        let Share { part, record, digest, contribution, .. } = share;
        repositories.push(RepositorySummary { part, record, commit, tree, digest, contribution });
        documents.extend(share.documents.into_iter().map(|d| {
            let (name, version, operation) = (d.name, d.version, d.operation);
            let (object, size, digest) = (d.object, d.size, d.digest);
            (d.order, DocumentSummary { name, version, operation, repository, object, size, digest })
        }));
    }
    documents.sort_by_key(|(order, _)| *order);
    if (0..).zip(&documents).any(|(expected, (order, _))| expected != *order) {
        return Err(IncompleteChange::Contradiction { seq, what: "the order of the documents" });
    }
    let documents = documents.into_iter().map(|(_, document)| document).collect();
    let Share { tenant, time, provenance, idempotency, .. } = first;
    Ok(ChangeSummary { tenant, seq, time, provenance, repositories, documents, idempotency })
}

fn check_agreement(shares: &[CommittedShare], first: &Share) -> Result<(), IncompleteChange> {
    for pair in shares.windows(2) {
        let (before, here) = (&pair[0].share, &pair[1].share);
        let what = if here.seq != first.seq {
            "the seq"
        } else if here.tenant != first.tenant {
            "the tenant"
        } else if here.time != first.time {
            "the time"
        } else if here.provenance != first.provenance {
            "the provenance"
        } else if here.count != first.count {
            "the number of repositories"
        } else if here.index == before.index {
            "which commit is a repository's"
        } else {
            continue;
        };
        return Err(IncompleteChange::Contradiction { seq: first.seq, what });
    }
    Ok(())
}
