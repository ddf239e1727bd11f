use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use vpr_git::{ObjectKind, Repository};
use vpr_types::{Disk, ObjectId, RepositoryId};

use crate::StoreError;

/// Open repositories. Their indexes are in memory, so only so many are kept.
pub(super) struct Repositories {
    disk: Arc<dyn Disk>,
    open: Mutex<Generations>,
    swept: Mutex<HashSet<RepositoryId>>,
}

/// Repositories kept open, in each of two generations.
const OPEN_MAX: usize = 1024;

#[derive(Default)]
struct Generations {
    young: HashMap<RepositoryId, Arc<Repository>>,
    old: HashMap<RepositoryId, Arc<Repository>>,
}

impl Repositories {
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, open: Mutex::default(), swept: Mutex::default() }
    }

    /// The repository, if its folder exists.
    pub(super) fn get(&self, id: &RepositoryId) -> Result<Option<Arc<Repository>>, StoreError> {
        {
            let mut open = self.open.lock();
            if let Some(repository) = open.young.get(id) {
                return Ok(Some(repository.clone()));
            }
            if let Some(repository) = open.old.remove(id) {
                keep(&mut open, id.clone(), repository.clone());
                return Ok(Some(repository));
            }
        }
        let Some(repository) = Repository::open(self.disk.clone(), &id.path())? else { return Ok(None) };
        let repository = Arc::new(repository);
        let mut open = self.open.lock();
        // Somebody else may have opened it meanwhile: all must share one handle, which is the one
        // that is refreshed.
        if let Some(first) = open.young.get(id).or_else(|| open.old.get(id)) {
            return Ok(Some(first.clone()));
        }
        keep(&mut open, id.clone(), repository.clone());
        Ok(Some(repository))
    }

    /// The repository for writing, created on disk if it is not there; nothing is synced. What a
    /// crash left half written is swept, once.
    pub(super) fn get_or_create(&self, id: &RepositoryId) -> Result<Arc<Repository>, StoreError> {
        if let Some(repository) = self.get(id)? {
            if self.swept.lock().insert(id.clone()) {
                repository.sweep_temporary()?;
            }
            return Ok(repository);
        }
        let repository = Arc::new(Repository::create_skeleton(self.disk.clone(), &id.path())?);
        repository.sweep_temporary()?;
        self.swept.lock().insert(id.clone());
        keep(&mut self.open.lock(), id.clone(), repository.clone());
        Ok(repository)
    }

    pub(super) fn read(
        &self,
        id: &RepositoryId,
        object: &ObjectId,
        kind: ObjectKind,
    ) -> Result<Arc<[u8]>, StoreError> {
        let missing = || StoreError::Missing { repository: id.path(), object: *object };
        let repository = self.get(id)?.ok_or_else(missing)?;
        let found = repository.read(object)?.ok_or_else(missing)?;
        if found.kind != kind {
            return Err(StoreError::Damaged(format!("object {object} is no {}", kind.as_str())));
        }
        Ok(Arc::from(found.content))
    }
}

fn keep(open: &mut Generations, id: RepositoryId, repository: Arc<Repository>) {
    if open.young.len() >= OPEN_MAX {
        open.old = std::mem::take(&mut open.young);
    }
    open.young.insert(id, repository);
}
