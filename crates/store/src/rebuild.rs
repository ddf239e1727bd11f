//! Which repositories a tenant has, found by their folders alone: where a rebuild from Git begins
//! when feed and directory are lost.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;
use vpr_types::{Disk, EntryKind, Part, RecordId, RepositoryId, TenantName};

/// All repository folders of a tenant: the registry first, then part by part, sorted by record.
/// Folders and files that no repository's path leads to are passed over.
///
/// # Errors
/// As the disk says; a tenant or part without a folder has no repository.
pub fn repositories(disk: &dyn Disk, tenant: &TenantName) -> io::Result<Vec<RepositoryId>> {
    let mut found = Vec::new();
    let tenant_folder = Path::new(tenant.as_str());
    if folders(disk, tenant_folder)?.iter().any(|name| name == Part::Registry.as_str()) {
        found.push(RepositoryId::registry(tenant.clone()));
    }
    for part in [Part::Demographics, Part::Clinical, Part::Coordination] {
        let part_folder = tenant_folder.join(part.as_str());
        for first in folders(disk, &part_folder)? {
            for second in folders(disk, &part_folder.join(&first))? {
                let parent = part_folder.join(&first).join(&second);
                for name in folders(disk, &parent)? {
                    found.extend(repository_at(tenant, part, &parent, &name));
                }
            }
        }
    }
    Ok(found)
}

/// The repository whose folder is `parent/name`; `None` when it is no repository's.
fn repository_at(tenant: &TenantName, part: Part, parent: &Path, name: &str) -> Option<RepositoryId> {
    let record = RecordId(Uuid::parse_str(name).ok()?);
    let id = RepositoryId::new(tenant.clone(), part, record);
    let path: PathBuf = parent.join(name);
    (id.path() == path).then_some(id)
}

fn folders(disk: &dyn Disk, path: &Path) -> io::Result<Vec<String>> {
    let entries = match disk.list(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Directory)
        .map(|entry| entry.name)
        .collect())
}

#[cfg(test)]
mod tests {
    use vpr_testkit::SimDisk;
    use vpr_types::OpenMode;

    use super::*;

    #[test]
    fn every_repository_is_found_and_nothing_else() {
        let tenant = TenantName::new("hospital").unwrap();
        let disk = SimDisk::new();
        assert_eq!(repositories(&disk, &tenant).unwrap(), []);
        let record = |n: u128| RecordId(Uuid::from_u128(n << 64));
        let mut expected = vec![RepositoryId::registry(tenant.clone())];
        for part in [Part::Demographics, Part::Clinical, Part::Coordination] {
            // Two that share both levels of folders, one that shares none.
            for n in [1, 2, 0xabcd << 48] {
                expected.push(RepositoryId::new(tenant.clone(), part, record(n)));
            }
        }
        for id in &expected {
            disk.create_directories(&id.path()).unwrap();
        }
        let stray = [
            "hospital/clinical/ab/cd/notes",
            "hospital/clinical/ab/cd/00000000-0000-0003-0000-000000000000",
            "hospital/clinical/ab/cd/ABCD0000-0000-0000-0000-000000000000",
            "hospital/feed",
            "other/clinical/00/00/00000000-0000-0003-0000-000000000000",
        ];
        for path in stray {
            disk.create_directories(Path::new(path)).unwrap();
        }
        disk.open(Path::new("hospital/clinical/README"), OpenMode::Create).unwrap();
        assert_eq!(repositories(&disk, &tenant).unwrap(), expected);
    }
}
