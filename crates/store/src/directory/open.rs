use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use redb::{Builder, Database, ReadableDatabase as _};
use vpr_types::{Disk, OpenMode};

use super::Directory;
use super::backend::{Backend, Backing};
use super::error::{DirectoryError, from_redb};
use super::guard::{DAMAGE_FILE, caught};
use super::keys::{FORMAT, FORMAT_KEY, FORMAT_VERSION, POSITIONS};
use super::snapshot::Snapshot;
use super::tail::Tail;

const FOLDER: &str = "directory";
const FILE: &str = "directory/directory.redb";
const MAGIC: &[u8; 9] = b"redb\x1a\x0a\xa9\x0d\x0a";
/// Pages that redb keeps in memory; the kernel's page cache stands behind it.
const CACHE_BYTES: usize = 128 << 20;
/// A file up to this size, some million documents, is checked page by page at each start: a second
/// at the most. redb does not check the pages that it reads, and one turned bit can hide rows. In a
/// larger file `vpr verify` finds them.
const CHECKED_BYTES_MAX: u64 = 512 << 20;

impl Directory {
    /// Opens the directory, creating an empty one where there is none.
    ///
    /// # Errors
    /// [`DirectoryError::Damaged`] when the file cannot be used: the caller removes what stands in
    /// `directory/`, opens again and applies the feeds from the beginning. [`DirectoryError::Io`].
    pub fn open(disk: Arc<dyn Disk>) -> Result<Self, DirectoryError> {
        disk.create_directories(Path::new(FOLDER))?;
        let file = disk.open(Path::new(FILE), OpenMode::Create)?;
        disk.sync_directory(Path::new(FOLDER))?;
        disk.sync_directory(Path::new(""))?;
        if disk.length(Path::new(DAMAGE_FILE))?.is_some() {
            return Err(DirectoryError::Damaged("damage was met while it was in use".to_owned()));
        }
        if !file.is_empty()? {
            let mut magic = [0; MAGIC.len()];
            let read = file.read_exact_at(&mut magic, 0);
            if read.is_err() || magic != *MAGIC {
                return Err(DirectoryError::Damaged("the file is no redb database".to_owned()));
            }
        }
        let backend = Arc::new(Backing::new(file));
        let handle = Backend(backend.clone());
        let (database, snapshot, positions) = caught(move || {
            let (database, snapshot) = open_database(handle)?;
            let positions = snapshot.positions()?;
            Ok((database, snapshot, positions))
        })?;
        let tail = Tail::default();
        for (tenant, seq) in positions {
            tail.get_or_create(&tenant).pending.lock().checkpointed = seq;
        }
        let snapshot = RwLock::new(Arc::new(snapshot));
        Ok(Self { database: Mutex::new(database), backend, disk, snapshot, tail })
    }
}

fn open_database(handle: Backend) -> Result<(Database, Snapshot), DirectoryError> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    let is_checked = handle.0.file_bytes()? <= CHECKED_BYTES_MAX;
    let mut database = builder.create_with_backend(handle).map_err(from_redb)?;
    if is_checked && !database.check_integrity().map_err(from_redb)? {
        return Err(DirectoryError::Damaged("a page is not what was written".to_owned()));
    }
    let transaction = database.begin_read().map_err(from_redb)?;
    match transaction.open_table(FORMAT) {
        Ok(table) => {
            let version = table.get(FORMAT_KEY).map_err(from_redb)?.map(|value| value.value());
            if version != Some(FORMAT_VERSION) {
                return Err(DirectoryError::Damaged("it has a format that is not known here".to_owned()));
            }
        }
        Err(redb::TableError::TableDoesNotExist(_)) => create_tables(&database)?,
        Err(error) => return Err(from_redb(error)),
    }
    let snapshot = Snapshot::new(database.begin_read().map_err(from_redb)?);
    Ok((database, snapshot))
}

fn create_tables(database: &Database) -> Result<(), DirectoryError> {
    let transaction = database.begin_write().map_err(from_redb)?;
    transaction.open_table(POSITIONS).map_err(from_redb)?;
    transaction
        .open_table(FORMAT)
        .map_err(from_redb)?
        .insert(FORMAT_KEY, FORMAT_VERSION)
        .map_err(from_redb)?;
    transaction.commit().map_err(from_redb)
}
