use std::io;
use std::path::Path;

use uuid::Uuid;
use vpr_types::{Disk, EntryKind, Part, RecordId, RepositoryId, TenantName};

use crate::StoreError;

/// Every repository folder of a tenant, found by listing: the registry, then each part's records.
pub(super) fn repositories(disk: &dyn Disk, tenant: &TenantName) -> Result<Vec<RepositoryId>, StoreError> {
    let mut found = vec![RepositoryId::registry(tenant.clone())];
    for part in [Part::Demographics, Part::Clinical, Part::Coordination] {
        let folder = Path::new(tenant.as_str()).join(part.as_str());
        for first in folders(disk, &folder)? {
            let folder = folder.join(&first);
            for second in folders(disk, &folder)? {
                for name in folders(disk, &folder.join(&second))? {
                    let Ok(uuid) = name.parse::<Uuid>() else { continue };
                    let id = RepositoryId::new(tenant.clone(), part, RecordId(uuid));
                    // A folder that is not where its name says is not ours.
                    if id.path() == folder.join(&second).join(&name) {
                        found.push(id);
                    }
                }
            }
        }
    }
    Ok(found)
}

fn folders(disk: &dyn Disk, folder: &Path) -> Result<Vec<String>, StoreError> {
    match disk.list(folder) {
        Ok(entries) => Ok(entries
            .into_iter()
            .filter(|entry| entry.kind == EntryKind::Directory)
            .map(|entry| entry.name)
            .collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
