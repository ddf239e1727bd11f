//! What is derived from Git is brought back from Git: the feed when it is lost, damaged or
//! shorter than what is known to have been there, the directory from the feed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vpr_git::Repository;
use vpr_types::{Disk, OpenMode, RepositoryId, Seq, TenantName};

use super::Recovery;
use crate::StoreError;
use crate::directory::{Directory, DirectoryError};
use crate::feed::Feed;
use crate::record_file::RecordError;
use crate::trailers::{self, CommittedShare};

/// Opens the directory; one that cannot be read is thrown away and filled again from the feeds.
pub(super) fn open_directory(disk: &Arc<dyn Disk>, recovery: &mut Recovery) -> Result<Directory, StoreError> {
    match Directory::open(disk.clone()) {
        Ok(directory) => Ok(directory),
        Err(DirectoryError::Io(error)) => Err(error.into()),
        Err(error) => {
            recovery.directory = Some(error.to_string());
            new_directory(disk)
        }
    }
}

/// An empty directory in the place of whatever stands there.
pub(super) fn new_directory(disk: &Arc<dyn Disk>) -> Result<Directory, StoreError> {
    remove_files(disk.as_ref(), Path::new("directory"))?;
    Ok(Directory::open(disk.clone())?)
}

/// Opens a tenant's feed, rebuilding it from Git where that is called for.
pub(super) fn feed(
    disk: &Arc<dyn Disk>,
    tenant: &TenantName,
    directory: &Directory,
    fresh_journal: bool,
    recovery: &mut Recovery,
) -> Result<Feed, StoreError> {
    let why = match Feed::open(disk.clone(), tenant) {
        Ok(feed) => match reason_to_rebuild(disk.as_ref(), tenant, &feed, directory, fresh_journal)? {
            None => return Ok(feed),
            Some(why) => why,
        },
        Err(error @ RecordError::Damaged { .. }) => error.to_string(),
        Err(error) => return Err(error.into()),
    };
    let feed = rebuild(disk, tenant, fresh_journal)?;
    recovery.rebuilt.push((tenant.clone(), why));
    Ok(feed)
}

fn marker(tenant: &TenantName) -> PathBuf {
    Path::new(tenant.as_str()).join("REBUILDING")
}

fn reason_to_rebuild(
    disk: &dyn Disk,
    tenant: &TenantName,
    feed: &Feed,
    directory: &Directory,
    fresh_journal: bool,
) -> Result<Option<String>, StoreError> {
    if disk.length(&marker(tenant))?.is_some() {
        return Ok(Some("an earlier rebuild was interrupted".into()));
    }
    let has_registry = disk.length(&RepositoryId::registry(tenant.clone()).path().join("HEAD"))?.is_some();
    if fresh_journal && has_registry {
        // Commits may be ahead of the feed; the journal that knew is gone.
        return Ok(Some("the journal is empty".into()));
    }
    let known = directory.checkpointed(tenant)?;
    if feed.last_seq() < known {
        return Ok(Some(format!("it ends at seq {}, the directory knows {known}", feed.last_seq())));
    }
    if feed.last_seq() == Seq(0) && has_registry {
        return Ok(Some("it is missing".into()));
    }
    Ok(None)
}

/// Walks every repository of the tenant and writes the feed anew. A marker file stands while it is
/// incomplete, so that a crash in the middle begins again.
fn rebuild(disk: &Arc<dyn Disk>, tenant: &TenantName, fresh_journal: bool) -> Result<Feed, StoreError> {
    let marker = marker(tenant);
    let folder = Path::new(tenant.as_str());
    disk.open(&marker, OpenMode::Create)?.sync_data()?;
    disk.sync_directory(folder)?;
    // What is read from here on may be in the page cache only; the journal is let go for it.
    disk.sync_filesystem()?;
    remove_files(disk.as_ref(), &folder.join("feed"))?;
    let mut changes = shares(disk, tenant)?;
    let feed = Feed::open(disk.clone(), tenant)?;
    while let Some(shares) = changes.remove(&feed.last_seq().next()) {
        match trailers::assemble(shares) {
            Ok(summary) => feed.append(&summary)?,
            // Some of its repositories were not reached before the crash: the journal has it.
            Err(trailers::IncompleteChange::Missing { .. }) if !fresh_journal => break,
            Err(error) => {
                return Err(StoreError::Damaged(format!("the repositories of tenant {tenant}: {error}")));
            }
        }
    }
    if let Some((seq, _)) = changes.first_key_value()
        && fresh_journal
    {
        return Err(StoreError::Damaged(format!(
            "the repositories of tenant {tenant} have seq {seq}, but nothing of seq {}, \
             and the journal is empty: restore it or a backup",
            feed.last_seq().next()
        )));
    }
    feed.sync()?;
    disk.remove_file(&marker)?;
    disk.sync_directory(folder)?;
    Ok(feed)
}

/// Every commit's share, by seq.
pub(super) fn shares(
    disk: &Arc<dyn Disk>,
    tenant: &TenantName,
) -> Result<BTreeMap<Seq, Vec<CommittedShare>>, StoreError> {
    let mut changes: BTreeMap<Seq, Vec<CommittedShare>> = BTreeMap::new();
    for id in crate::rebuild::repositories(disk.as_ref(), tenant)? {
        let Some(repository) = Repository::open(disk.clone(), &id.path())? else { continue };
        let Some(head) = repository.head()? else { continue };
        for commit in repository.commits(head) {
            let (commit_id, commit) = commit?;
            let share = trailers::parse(&commit.message)?;
            if share.repository() != id {
                return Err(StoreError::Damaged(format!(
                    "commit {commit_id} in {} is another repository's",
                    id.path().display()
                )));
            }
            changes.entry(share.seq).or_default().push(CommittedShare {
                commit: commit_id,
                tree: commit.tree,
                share,
            });
        }
    }
    Ok(changes)
}

/// Removes the files of a folder, durably; an absent folder has none.
fn remove_files(disk: &dyn Disk, folder: &Path) -> Result<(), StoreError> {
    let entries = match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        disk.remove_file(&folder.join(entry.name))?;
    }
    Ok(disk.sync_directory(folder)?)
}
