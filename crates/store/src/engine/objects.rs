use std::sync::Arc;

use vpr_git::ObjectKind;
use vpr_types::{ObjectId, RepositoryId};

use super::Store;
use crate::StoreError;

impl Store {
    /// A document's stored bytes: from what is pending, else from the repository. Checked against
    /// its id; damaged bytes are never given out.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when neither has it, [`StoreError::Git`] when it is damaged.
    pub fn read_blob(&self, repository: &RepositoryId, id: &ObjectId) -> Result<Arc<[u8]>, StoreError> {
        self.read_object(repository, id, ObjectKind::Blob)
    }

    pub(super) fn read_tree(
        &self,
        repository: &RepositoryId,
        id: &ObjectId,
    ) -> Result<Arc<[u8]>, StoreError> {
        if let Some(tree) = self.inner.trees.get(repository, id) {
            return Ok(tree);
        }
        let tree = self.read_object(repository, id, ObjectKind::Tree)?;
        self.inner.trees.insert(repository, *id, tree.clone());
        Ok(tree)
    }

    pub(super) fn read_object(
        &self,
        repository: &RepositoryId,
        id: &ObjectId,
        kind: ObjectKind,
    ) -> Result<Arc<[u8]>, StoreError> {
        if let Some(pending) = self.inner.overlay.object(repository, id)
            && let Some(object) = pending.object()
        {
            let data = vpr_git::inflate(&object.deflated, object.size)?;
            let content = match object.base {
                None => data,
                Some(base) => {
                    let base = self.read_object(repository, &base, kind)?;
                    vpr_git::tree::apply_delta(&base, &data)?
                }
            };
            if vpr_git::id_of(kind, &content) != *id {
                return Err(StoreError::Damaged(format!("object {id} in the journal")));
            }
            return Ok(Arc::from(content));
        }
        self.inner.repositories.read(repository, id, kind)
    }
}
