use vpr_git::{Commit, Signature};
use vpr_types::ObjectId;

use super::{identity, message};
use crate::format::ChangeSummary;

/// The commit of `summary.repositories[repository_index]` on top of `parent`: unsigned, its author
/// and committer the change's author, its time the change's (whole seconds, none before 1970; the
/// exact time is in the trailers).
///
/// # Panics
/// When the summary has no such repository.
#[must_use]
pub fn commit(summary: &ChangeSummary, repository_index: usize, parent: Option<ObjectId>) -> Commit {
    let identity = identity(&summary.provenance.author, &summary.tenant);
    let seconds = summary.time.seconds().max(0);
    let author = Signature { name: identity.name, email: identity.email, seconds };
    Commit {
        tree: summary.repositories[repository_index].tree,
        parents: parent.into_iter().collect(),
        committer: author.clone(),
        author,
        signature: None,
        message: message(summary, repository_index),
    }
}
