//! The wire between a process and its disk: it is cut when the process is killed, so that nothing
//! that is dropped later still writes, and it notes which operations went over it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use vpr_testkit::SimDisk;
use vpr_types::{DirectoryEntry, Disk, DiskFile, OpenMode};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    Open,
    Read,
    Write,
    SyncFile,
    SyncDirectory,
    SyncFilesystem,
    Rename,
    Remove,
    MakeDirectory,
    SetLength,
    Look,
}

/// One operation: its number on the disk, what it did, on what.
#[derive(Debug, Clone)]
pub struct Passed {
    pub number: u64,
    pub recorded: usize,
    pub deed: Deed,
    pub path: PathBuf,
}

/// What another thread does while the background is at work: runs at the n-th operation from now
/// that is not on the journal's files, whose locks it may need.
struct Hook {
    countdown: u64,
    work: Box<dyn FnMut() + Send>,
}

#[derive(Clone)]
pub struct Wire {
    disk: SimDisk,
    connected: Arc<AtomicBool>,
    passed: Option<Arc<Mutex<Vec<Passed>>>>,
    /// Positions in the recording at which a sync was about to happen.
    syncs: Arc<Mutex<Vec<usize>>>,
    hook: Arc<Mutex<Option<Hook>>>,
    recycled: Arc<AtomicU64>,
    syncs_of_all: Arc<AtomicU64>,
}

impl Wire {
    pub fn new(disk: &SimDisk) -> Self {
        Self {
            disk: disk.clone(),
            connected: Arc::new(AtomicBool::new(true)),
            passed: None,
            syncs: Arc::default(),
            hook: Arc::default(),
            recycled: Arc::default(),
            syncs_of_all: Arc::default(),
        }
    }

    /// One that notes what passes.
    pub fn noting(disk: &SimDisk) -> Self {
        Self { passed: Some(Arc::default()), ..Self::new(disk) }
    }

    /// A new process on the same disk: its own connection, the same notes.
    pub fn again(&self) -> Self {
        Self { connected: Arc::new(AtomicBool::new(true)), hook: Arc::default(), ..self.clone() }
    }

    /// The process is killed: nothing of it reaches the disk any more.
    pub fn cut(&self) {
        self.connected.store(false, Ordering::SeqCst);
    }

    pub fn passed(&self) -> Vec<Passed> {
        self.passed.as_ref().map_or_else(Vec::new, |passed| passed.lock().unwrap().clone())
    }

    /// Positions in the recording at which a sync was about to happen: most is at stake there.
    pub fn syncs(&self) -> Vec<usize> {
        self.syncs.lock().unwrap().clone()
    }

    /// Plans `work` for the middle of what the next call does.
    pub fn interrupt(&self, countdown: u64, work: Box<dyn FnMut() + Send>) {
        *self.hook.lock().unwrap() = Some(Hook { countdown, work });
    }

    /// Forgets what was planned and not reached.
    pub fn uninterrupted(&self) {
        *self.hook.lock().unwrap() = None;
    }

    fn run_hook(&self, path: &Path) {
        if path.starts_with("journal") {
            return;
        }
        let mut hook = self.hook.lock().unwrap();
        let Some(planned) = hook.as_mut() else { return };
        planned.countdown = planned.countdown.saturating_sub(1);
        if planned.countdown == 0 {
            let planned = hook.take();
            // What it does goes over this wire, too.
            drop(hook);
            if let Some(mut planned) = planned {
                (planned.work)();
            }
        }
    }

    /// Segments of the journal that were taken back for their next use.
    pub fn recycled(&self) -> u64 {
        self.recycled.load(Ordering::Relaxed)
    }

    /// Syncs of the whole file system.
    pub fn syncs_of_all(&self) -> u64 {
        self.syncs_of_all.load(Ordering::Relaxed)
    }

    fn pass(&self, deed: Deed, path: &Path) -> io::Result<()> {
        if !self.connected.load(Ordering::SeqCst) {
            return Err(io::Error::other("the process was killed"));
        }
        self.run_hook(path);
        if matches!(deed, Deed::SyncFile | Deed::SyncDirectory | Deed::SyncFilesystem) {
            self.syncs.lock().unwrap().push(self.disk.recorded());
        }
        if deed == Deed::Rename && path.extension().is_some_and(|ending| ending == "spare") {
            self.recycled.fetch_add(1, Ordering::Relaxed);
        }
        if deed == Deed::SyncFilesystem {
            self.syncs_of_all.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(passed) = &self.passed {
            let number = self.disk.operations() + 1;
            passed.lock().unwrap().push(Passed {
                number,
                recorded: self.disk.recorded(),
                deed,
                path: path.to_owned(),
            });
        }
        Ok(())
    }
}

struct WireFile {
    wire: Wire,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
}

impl Disk for Wire {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        self.pass(Deed::Open, path)?;
        let file = self.disk.open(path, mode)?;
        Ok(Arc::new(WireFile { wire: self.clone(), path: path.to_owned(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.pass(Deed::Rename, to)?;
        self.disk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.pass(Deed::Remove, path)?;
        self.disk.remove_file(path)
    }

    fn create_directories(&self, path: &Path) -> io::Result<()> {
        self.pass(Deed::MakeDirectory, path)?;
        self.disk.create_directories(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirectoryEntry>> {
        self.pass(Deed::Look, path)?;
        self.disk.list(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.pass(Deed::SyncDirectory, path)?;
        self.disk.sync_directory(path)
    }

    fn sync_filesystem(&self) -> io::Result<()> {
        self.pass(Deed::SyncFilesystem, Path::new(""))?;
        self.disk.sync_filesystem()
    }

    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        self.pass(Deed::Look, path)?;
        self.disk.length(path)
    }
}

impl DiskFile for WireFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.wire.pass(Deed::Read, &self.path)?;
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.wire.pass(Deed::Write, &self.path)?;
        self.file.write_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.wire.pass(Deed::SyncFile, &self.path)?;
        self.file.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        self.wire.pass(Deed::Look, &self.path)?;
        self.file.len()
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.wire.pass(Deed::SetLength, &self.path)?;
        self.file.set_len(length)
    }
}
