use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use vpr_types::{DirectoryEntry, Disk, DiskFile, EntryKind, OpenMode};

use super::content::Data;
use super::fault::{Fault, Nature};
use super::kernel::{Kernel, NodeId, Operation, Place, ROOT};
use super::{SimDisk, State, path};

/// An open file: stays usable after its name is gone.
struct SimFile {
    state: Arc<Mutex<State>>,
    node: NodeId,
    writable: bool,
}

impl State {
    /// Counts an operation and lets the fault planned for it strike: an error, or `true` for one
    /// that is to be cut short.
    fn begin(&mut self, nature: Nature) -> io::Result<bool> {
        self.operations += 1;
        match self.faults.strike(self.operations, nature) {
            None => Ok(false),
            Some(Fault::Short) => Ok(true),
            Some(fault) => Err(fault.error()),
        }
    }

    /// How many of `length` bytes written at `offset` the quota lets in.
    fn within_quota(&self, node: NodeId, offset: u64, length: u64) -> u64 {
        let Some(quota) = self.quota else { return length };
        let old = self.kernel.file(node).map_or(0, |file| file.live.len());
        let free = quota.saturating_sub(self.kernel.used_bytes());
        (old + free).saturating_sub(offset).min(length)
    }
}

impl SimDisk {
    fn begin(&self, nature: Nature) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state.lock();
        state.begin(nature)?;
        Ok(state)
    }

    fn file(&self, node: NodeId, mode: OpenMode) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { state: Arc::clone(&self.state), node, writable: mode != OpenMode::Read })
    }
}

fn create(state: &mut State, place: Place) -> NodeId {
    let node = state.kernel.next;
    state.run(Operation::CreateFile(place));
    node
}

fn check_replaceable(kernel: &Kernel, source: NodeId, target: NodeId) -> io::Result<()> {
    match (kernel.directory(source), kernel.directory(target)) {
        (None, None) => Ok(()),
        (Some(_), Some(old)) if old.live.is_empty() => Ok(()),
        (Some(_), Some(_)) => Err(io::ErrorKind::DirectoryNotEmpty.into()),
        (Some(_), None) => Err(io::ErrorKind::NotADirectory.into()),
        (None, Some(_)) => Err(io::ErrorKind::IsADirectory.into()),
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let creates = matches!(mode, OpenMode::CreateNew | OpenMode::Create);
        let mut state = self.begin(if creates { Nature::Change } else { Nature::Look })?;
        let place = path::place(&state.kernel, path)?;
        let node = match (path::at(&state.kernel, &place), mode) {
            (Some(_), OpenMode::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Some(node), _) if state.kernel.file(node).is_none() => {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            (Some(node), _) => node,
            (None, OpenMode::CreateNew | OpenMode::Create) => create(&mut state, place),
            (None, OpenMode::Read | OpenMode::ReadWrite) => return Err(io::ErrorKind::NotFound.into()),
        };
        drop(state);
        Ok(self.file(node, mode))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.begin(Nature::Change)?;
        let from = path::place(&state.kernel, from)?;
        let to = path::place(&state.kernel, to)?;
        let source = path::at(&state.kernel, &from).ok_or(io::ErrorKind::NotFound)?;
        if from == to {
            return Ok(());
        }
        if let Some(target) = path::at(&state.kernel, &to) {
            check_replaceable(&state.kernel, source, target)?;
        }
        state.run(Operation::Rename { from, to });
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Nature::Change)?;
        let place = path::place(&state.kernel, path)?;
        let node = path::at(&state.kernel, &place).ok_or(io::ErrorKind::NotFound)?;
        if state.kernel.file(node).is_none() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        state.run(Operation::Remove(place));
        Ok(())
    }

    fn create_directories(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Nature::Change)?;
        let mut directory = ROOT;
        for name in path::components(path)? {
            let place = Place { directory, name: name.to_owned() };
            directory = match path::at(&state.kernel, &place) {
                Some(node) if state.kernel.directory(node).is_some() => node,
                Some(_) => return Err(io::ErrorKind::NotADirectory.into()),
                None => {
                    let node = state.kernel.next;
                    state.run(Operation::CreateDirectory(place));
                    node
                }
            };
        }
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirectoryEntry>> {
        let state = self.begin(Nature::Look)?;
        let node = path::find(&state.kernel, path)?.ok_or(io::ErrorKind::NotFound)?;
        let directory = state.kernel.directory(node).ok_or(io::ErrorKind::NotADirectory)?;
        let entry = |(name, node): (&String, &NodeId)| {
            let file = state.kernel.file(*node).is_some();
            let kind = if file { EntryKind::File } else { EntryKind::Directory };
            DirectoryEntry { name: name.clone(), kind }
        };
        Ok(directory.live.iter().map(entry).collect())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Nature::Change)?;
        let node = path::find(&state.kernel, path)?.ok_or(io::ErrorKind::NotFound)?;
        if state.kernel.directory(node).is_none() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        state.run(Operation::SyncDirectory(node));
        Ok(())
    }

    fn sync_filesystem(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        let begun = state.begin(Nature::Change);
        state.run(Operation::SyncFilesystem { lost: begun.is_err() });
        begun.map(drop)
    }

    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        let state = self.begin(Nature::Look)?;
        match path::find(&state.kernel, path) {
            Ok(Some(node)) => Ok(Some(state.kernel.file(node).map_or(0, |file| file.live.len()))),
            Ok(None) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl SimFile {
    fn check_writable(&self) -> io::Result<()> {
        if self.writable { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state.lock();
        let short = state.begin(Nature::Read)?;
        let asked = if short { buffer.len().div_ceil(2) } else { buffer.len() };
        let file = state.kernel.file(self.node).ok_or(io::ErrorKind::IsADirectory)?;
        Ok(file.live.read(&mut buffer[..asked], offset))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state.lock();
        let begun = state.begin(Nature::Write);
        self.check_writable()?;
        let half = bytes.len().div_ceil(2);
        let asked = match &begun {
            Ok(false) => bytes.len(),
            Ok(true) => half,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(_) => half,
        };
        let granted = super::content::usize_of(state.within_quota(self.node, offset, asked as u64));
        if granted > 0 {
            let data = Data::new(&bytes[..granted]);
            state.run(Operation::Write { node: self.node, offset, data });
        }
        begun?;
        if granted == 0 && asked > 0 {
            return Err(Fault::Enospc.error());
        }
        Ok(granted)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        let begun = state.begin(Nature::Change);
        state.run(Operation::SyncFile { node: self.node, lost: begun.is_err() });
        begun.map(drop)
    }

    fn len(&self) -> io::Result<u64> {
        let mut state = self.state.lock();
        state.begin(Nature::Look)?;
        Ok(state.kernel.file(self.node).map_or(0, |file| file.live.len()))
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.begin(Nature::Change)?;
        self.check_writable()?;
        let old = state.kernel.file(self.node).map_or(0, |file| file.live.len());
        if length > old && state.within_quota(self.node, old, length - old) < length - old {
            return Err(Fault::Enospc.error());
        }
        state.run(Operation::SetLength { node: self.node, length });
        Ok(())
    }
}
