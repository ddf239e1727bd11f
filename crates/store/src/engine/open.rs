use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

use parking_lot::Mutex;
use vpr_journal::{Class, Journal, Replayed};
use vpr_types::{Disk, EntryKind, TenantName};

use super::append::{IDEMPOTENCY, KeptOutcome};
use super::overlay::Overlay;
use super::pending::{Pending, PendingEntries, TenantLog, TenantLogs};
use super::repositories::Repositories;
use super::sequence::Sequences;
use super::trees::TreeCache;
use super::{Inner, Store, StoreOptions, World, recover};
use crate::StoreError;
use crate::data_format::DataFormat;
use crate::directory::Directory;
use crate::format::{self, Entry, Idempotency};

/// Bytes of trees kept for the next write to the same place.
const TREE_CACHE_BYTES: usize = 32 * 1024 * 1024;

/// What the start found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Changes that were in the journal only.
    pub changes: u64,
    /// Accesses and facts of state that were in the journal only.
    pub others: u64,
    /// Bytes of a torn, never acknowledged tail that were dropped.
    pub dropped_bytes: u64,
    /// Tenants whose feed was rebuilt from Git, with the reason.
    pub rebuilt: Vec<(TenantName, String)>,
    /// Why the directory was rebuilt, if it was.
    pub directory: Option<String>,
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "replayed {} changes and {} other entries", self.changes, self.others)?;
        if self.dropped_bytes > 0 {
            write!(f, "; dropped a torn tail of {} bytes that was never acknowledged", self.dropped_bytes)?;
        }
        for (tenant, why) in &self.rebuilt {
            write!(f, "; rebuilt the feed of tenant {tenant} from its repositories ({why})")?;
        }
        if let Some(why) = &self.directory {
            write!(f, "; rebuilt the directory ({why})")?;
        }
        Ok(())
    }
}

impl Store {
    /// Opens the data directory: logs, directory, journal, in this order, each brought up to what
    /// the one before knows. When this returns, everything that was ever acknowledged is readable.
    ///
    /// # Errors
    /// When something that was acknowledged cannot be found or is damaged, or the disk fails.
    pub fn open(world: World, options: StoreOptions) -> Result<(Self, Recovery), StoreError> {
        let mut recovery = Recovery::default();
        let disk = &world.disk;
        DataFormat::open_or_create(disk.as_ref(), world.entropy.as_ref())?;
        let repositories = Repositories::new(disk.clone());
        let tenants = tenants_on_disk(disk.as_ref())?;
        let fresh_journal = is_absent_or_empty(disk.as_ref(), Path::new("journal"))?;
        let directory = recover::open_directory(disk, &mut recovery)?;
        let mut logs = TenantLogs::new();
        for tenant in tenants {
            let feed = recover::feed(disk, &tenant, &directory, fresh_journal, &mut recovery)?;
            let access = crate::logs::AccessLog::open(disk.clone(), &tenant)?;
            let state = crate::logs::StateLog::open(disk.clone(), &tenant)?;
            // What was found may stand in the page cache only; from here on it counts as permanent.
            feed.sync()?;
            access.sync()?;
            state.sync()?;
            logs.insert(tenant, Arc::new(TenantLog { feed, access, state }));
        }
        let directory = if recovery.rebuilt.is_empty() {
            directory
        } else {
            drop(directory);
            recover::new_directory(disk)?
        };
        let mut replay = Replay {
            sequences: Sequences::default(),
            overlay: Overlay::new(),
            pending: PendingEntries::default(),
            outcomes: HashMap::new(),
            directory,
            recovery,
        };
        for (tenant, log) in &logs {
            replay.tenant(tenant, log)?;
        }
        let journal = Journal::open(
            disk.clone(),
            world.clock.clone(),
            world.entropy.clone(),
            Path::new("journal"),
            options.journal.clone(),
            &mut |replayed| Ok(replay.entry(&replayed)?),
        )?;
        let Replay { sequences, overlay, pending, outcomes, directory, mut recovery } = replay;
        recovery.dropped_bytes = journal.recovery().dropped_bytes;
        sequences.all_durable();
        #[cfg(feature = "sabotage")]
        crate::sabotage::failpoint("open-replayed");
        let inner = Inner {
            journal,
            directory,
            sequences,
            overlay,
            pending,
            repositories,
            trees: TreeCache::new(TREE_CACHE_BYTES),
            outcomes: Mutex::new(outcomes),
            logs: Mutex::new(logs),
            background: Mutex::default(),
            failed: Mutex::default(),
            full: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            close_by: AtomicI64::new(i64::MAX),
            world,
            options,
        };
        Ok((Self { inner: Arc::new(inner) }, recovery))
    }
}

/// What the journal's entries are put into before anybody else sees it.
struct Replay {
    sequences: Sequences,
    overlay: Overlay,
    pending: PendingEntries,
    outcomes: HashMap<(TenantName, vpr_types::Digest), KeptOutcome>,
    directory: Directory,
    recovery: Recovery,
}

impl Replay {
    /// Brings counters and directory up to what the tenant's logs say.
    fn tenant(&mut self, tenant: &TenantName, log: &TenantLog) -> Result<(), StoreError> {
        let sequence = self.sequences.get_or_create(tenant);
        let mut state = sequence.state.lock();
        state.access_seq = log.access.last();
        state.state_seq = log.state.last();
        for entry in log.state.read_from(1)? {
            self.remember(&entry?);
        }
        let mut batch = 0;
        for summary in log.feed.read_from(self.directory.checkpointed(tenant)?.next())? {
            let summary = summary?;
            self.directory.apply(&summary);
            batch += 1;
            if batch % 10_000 == 0 {
                self.directory.checkpoint(&BTreeMap::from([(tenant.clone(), summary.seq)]))?;
            }
        }
        if batch > 0 {
            self.directory.checkpoint(&BTreeMap::from([(tenant.clone(), log.feed.last_seq())]))?;
        }
        state.seq = log.feed.last_seq();
        state.time = log.feed.get(state.seq)?.map(|summary| summary.time).unwrap_or_default();
        Ok(())
    }

    fn remember(&mut self, entry: &format::StateEntry) {
        let Some(value) = entry.value.as_ref().filter(|_| entry.kind == IDEMPOTENCY) else { return };
        if let Ok(idempotency) = postcard::from_bytes::<Idempotency>(value) {
            let key = (entry.tenant.clone(), idempotency.key);
            let kept = KeptOutcome { seq: None, time: entry.time, idempotency, ticket: None };
            self.outcomes.insert(key, kept);
        }
    }

    /// Takes over an entry that is not in its permanent place yet.
    fn entry(&mut self, replayed: &Replayed<'_>) -> Result<(), StoreError> {
        if replayed.class == Class::Marker {
            return Ok(());
        }
        match format::decode(replayed.payload)? {
            Entry::Change(change) => {
                let summary = &change.summary;
                let sequence = self.sequences.get_or_create(&summary.tenant);
                let mut state = sequence.state.lock();
                if summary.seq <= state.seq {
                    return Ok(());
                }
                if summary.seq != state.seq.next() {
                    return Err(StoreError::Damaged(format!(
                        "the journal goes on with seq {} of tenant {}, but feed and repositories end at {}: \
                         what was between is lost; restore from a backup",
                        summary.seq, summary.tenant, state.seq
                    )));
                }
                state.seq = summary.seq;
                state.time = summary.time;
                self.directory.apply(summary);
                let change: Arc<format::ChangeEntry> = Arc::from(change);
                self.overlay.insert(replayed.ticket, &change);
                self.pending.insert(replayed.ticket, Pending::Change(change));
                self.recovery.changes += 1;
            }
            Entry::Access(access) => {
                let sequence = self.sequences.get_or_create(&access.tenant);
                let mut state = sequence.state.lock();
                if access.access_seq > state.access_seq {
                    state.access_seq = access.access_seq;
                    self.pending.insert(replayed.ticket, Pending::Access(Arc::new(access)));
                    self.recovery.others += 1;
                }
            }
            Entry::State(entry) => {
                let sequence = self.sequences.get_or_create(&entry.tenant);
                let mut state = sequence.state.lock();
                if entry.state_seq > state.state_seq {
                    state.state_seq = entry.state_seq;
                    self.remember(&entry);
                    self.pending.insert(replayed.ticket, Pending::State(Arc::new(entry)));
                    self.recovery.others += 1;
                }
            }
        }
        Ok(())
    }
}

/// The folders of the data directory that are tenants.
fn tenants_on_disk(disk: &dyn Disk) -> Result<Vec<TenantName>, StoreError> {
    let entries = match disk.list(Path::new("")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Directory)
        .filter_map(|entry| TenantName::new(&entry.name).ok())
        .collect())
}

fn is_absent_or_empty(disk: &dyn Disk, folder: &Path) -> Result<bool, StoreError> {
    match disk.list(folder) {
        Ok(entries) => Ok(entries.is_empty()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error.into()),
    }
}
