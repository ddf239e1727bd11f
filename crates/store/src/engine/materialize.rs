use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use vpr_git::{ObjectKind, PackObject, Repository, StagedHead, StagedPack};
use vpr_journal::Ticket;
use vpr_types::RepositoryId;

use super::Store;
use super::overlay::PendingCommit;
use crate::StoreError;
use crate::format::ObjectEntry;

/// Repositories whose packs are written before they are synced together.
const BATCH: usize = 256;
/// From this many on, one sync of the file system is cheaper than five of each repository.
const SYNC_TOGETHER: usize = 8;

/// One repository on its way from the overlay to its folder.
struct Job {
    id: RepositoryId,
    repository: Arc<Repository>,
    /// No commit of it is known to be on disk, so its folder's names may not be either: an earlier
    /// process may have made it and died.
    is_new: bool,
}

impl Store {
    /// Writes the pending commits of `repositories` up to `cut` as one pack each, then moves the
    /// refs, then forgets them. Answers those that stay pending: which another program holds locked,
    /// or which there is no time for before the stop. Nobody else waits for them. The caller holds the
    /// background's lock.
    pub(super) fn materialize_all(
        &self,
        repositories: &[RepositoryId],
        cut: Ticket,
    ) -> Result<Vec<RepositoryId>, StoreError> {
        let mut left = Vec::new();
        for batch in repositories.chunks(BATCH) {
            if self.inner.world.clock.now().0 >= self.inner.close_by.load(Ordering::Acquire) {
                left.extend_from_slice(batch);
            } else {
                self.materialize_batch(batch, cut, &mut left)?;
            }
        }
        Ok(left)
    }

    fn materialize_batch(
        &self,
        batch: &[RepositoryId],
        cut: Ticket,
        locked: &mut Vec<RepositoryId>,
    ) -> Result<(), StoreError> {
        let mut jobs = Vec::with_capacity(batch.len());
        let mut packs = Vec::with_capacity(batch.len());
        let mut heads = Vec::with_capacity(batch.len());
        for id in batch {
            let commits = self.inner.overlay.commits(id, cut);
            let Some(head) = commits.last().and_then(PendingCommit::head) else { continue };
            let is_new = commits.first().is_some_and(PendingCommit::is_first);
            let repository = self.inner.repositories.get_or_create(id)?;
            // Takes the branch's lock as stock git would, for as long as the pack is written.
            match repository.stage_head(head) {
                Ok(head) => heads.push(head),
                Err(vpr_git::Error::Locked(_)) => {
                    locked.push(id.clone());
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            let whole = self.whole_objects(id, &commits)?;
            let mut pack = repository.stage_pack(&pack_objects(&commits, &whole)?)?;
            if batch.len() >= SYNC_TOGETHER {
                pack.close_files();
            }
            packs.push(pack);
            jobs.push(Job { id: id.clone(), repository, is_new });
        }
        let together = batch.len() >= SYNC_TOGETHER;
        #[cfg(feature = "sabotage")]
        crate::sabotage::failpoint("materialize-staged");
        #[cfg(feature = "sabotage")]
        if self.inner.options.sabotage.refs_before_packs {
            self.publish_heads(&jobs, std::mem::take(&mut heads), together)?;
        }
        self.publish_packs(&jobs, packs, together)?;
        #[cfg(feature = "sabotage")]
        crate::sabotage::failpoint("materialize-packs");
        self.publish_heads(&jobs, heads, together)?;
        #[cfg(feature = "sabotage")]
        crate::sabotage::failpoint("materialize-refs");
        for job in &jobs {
            self.inner.overlay.remove(&job.id, cut);
        }
        Ok(())
    }

    /// A delta whose base is not before it in this pack is written whole instead: every pack holds
    /// every base of its deltas.
    fn whole_objects(
        &self,
        id: &RepositoryId,
        commits: &[PendingCommit],
    ) -> Result<Vec<ObjectEntry>, StoreError> {
        let mut before = HashSet::new();
        let mut whole = Vec::new();
        for object in commits.iter().flat_map(PendingCommit::objects) {
            if before.insert(object.id) && object.base.is_some_and(|base| !before.contains(&base)) {
                let content = self.read_object(id, &object.id, ObjectKind::Tree)?;
                let encoded = vpr_git::encode(ObjectKind::Tree, &content)?;
                whole.push(ObjectEntry {
                    id: encoded.id,
                    kind: object.kind,
                    base: None,
                    size: encoded.size,
                    deflated: encoded.deflated,
                });
            }
        }
        Ok(whole)
    }

    fn publish_packs(&self, jobs: &[Job], packs: Vec<StagedPack>, together: bool) -> Result<(), StoreError> {
        let disk = &self.inner.world.disk;
        if together {
            disk.sync_filesystem().map_err(lost)?;
        } else {
            for pack in &packs {
                pack.sync().map_err(lost)?;
            }
        }
        for pack in packs {
            pack.publish()?;
        }
        if together {
            disk.sync_filesystem().map_err(lost)?;
        } else {
            for job in jobs {
                job.repository.sync_pack_directory().map_err(lost)?;
                // Before the ref: whoever finds a branch must find all that it stands on.
                if job.is_new {
                    job.repository.sync_skeleton(Path::new("")).map_err(lost)?;
                }
            }
        }
        for job in jobs {
            job.repository.refresh()?;
        }
        Ok(())
    }

    fn publish_heads(&self, jobs: &[Job], heads: Vec<StagedHead>, together: bool) -> Result<(), StoreError> {
        let disk = &self.inner.world.disk;
        if together {
            disk.sync_filesystem().map_err(lost)?;
        } else {
            for head in &heads {
                head.sync().map_err(lost)?;
            }
        }
        for head in heads {
            head.publish()?;
        }
        if together {
            disk.sync_filesystem().map_err(lost)?;
        } else {
            for job in jobs {
                job.repository.sync_refs_directory().map_err(lost)?;
            }
        }
        Ok(())
    }
}

/// A sync that failed, for whatever reason, may have lost what it was to make durable: it is never
/// tried again, unlike a write that found no room.
fn lost(error: impl Into<StoreError>) -> StoreError {
    match error.into() {
        StoreError::Full => StoreError::Io(io::ErrorKind::StorageFull.into()),
        other => other,
    }
}

/// The objects of all commits in pack order, each id once, whole ones in the place of deltas that
/// have lost their base.
fn pack_objects<'a>(
    commits: &'a [PendingCommit],
    whole: &'a [ObjectEntry],
) -> Result<Vec<PackObject<'a>>, StoreError> {
    let mut seen = HashSet::new();
    let mut objects = Vec::new();
    for object in commits.iter().flat_map(PendingCommit::objects) {
        if !seen.insert(object.id) {
            continue;
        }
        let object = whole.iter().find(|whole| whole.id == object.id).unwrap_or(object);
        let kind = ObjectKind::from_pack_number(object.kind)
            .ok_or_else(|| StoreError::Damaged(format!("object {} has no known kind", object.id)))?;
        objects.push(PackObject {
            id: object.id,
            kind,
            base: object.base,
            size: object.size,
            deflated: &object.deflated,
        });
    }
    Ok(objects)
}
