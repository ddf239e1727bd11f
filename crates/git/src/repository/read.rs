use vpr_types::ObjectId;

use super::Repository;
use super::packs::PackList;
use crate::{Error, Object, id_of};

impl Repository {
    /// Reads an object: from the packs, newest first, else as a loose object. `None` when the
    /// repository does not have it. What is returned has hashed to `id`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] when the only copies are broken, or when the object was
    /// not found and an index is broken, so that it might be there.
    pub fn read(&self, id: &ObjectId) -> Result<Option<Object>, Error> {
        let list = self.packs()?;
        let first = match self.read_packed(&list, id) {
            Ok(None) => self.read_loose(id),
            Err(error) if error.is_not_found() => Ok(None),
            other => other,
        };
        if !matches!(first, Ok(None)) {
            return first;
        }
        // A pack that is not known yet, or one that was merged away since: look once more.
        let list = self.reload()?;
        if let Some(object) = self.read_packed(&list, id)? {
            return Ok(Some(object));
        }
        match self.read_loose(id)? {
            Some(object) => Ok(Some(object)),
            None => match list.broken.first() {
                Some((path, what)) => Err(Error::damaged(what, path)),
                None => Ok(None),
            },
        }
    }

    /// Reads an object that must be there.
    ///
    /// # Errors
    /// [`Error::Missing`], else as [`Repository::read`].
    pub fn read_existing(&self, id: &ObjectId) -> Result<Object, Error> {
        self.read(id)?.ok_or(Error::Missing(*id))
    }

    fn read_packed(&self, list: &PackList, id: &ObjectId) -> Result<Option<Object>, Error> {
        let mut damage = None;
        for pack in &list.packs {
            let Some(offset) = pack.index.find(id) else { continue };
            let file = match pack.file(self.disk()) {
                Ok(file) => file,
                Err(error @ Error::Damaged { .. }) => {
                    damage = Some(error);
                    continue;
                }
                Err(other) => return Err(other),
            };
            match file.read(&pack.index, offset) {
                Ok(object) if id_of(object.kind, &object.content) == *id => return Ok(Some(object)),
                Ok(_) => damage = Some(file.damaged("an object does not match its id")),
                // Another pack may have a good copy.
                Err(error @ Error::Damaged { .. }) => damage = Some(error),
                Err(other) => return Err(other),
            }
        }
        damage.map_or(Ok(None), Err)
    }
}
