mod content;
mod fault;
mod kernel;
mod log;
mod path;
mod power;
mod traits;

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::Dice;
use fault::Faults;
use kernel::{Kernel, Operation};
use log::Log;

pub use fault::{Fault, Repeat};
pub use power::SECTOR_BYTES;

/// A file system in memory with the crash semantics that POSIX promises and no more.
///
/// Clones share one disk. What was written is seen by every reader at once; what of it survives a
/// power cut is decided by the syncs:
/// - content and length of a file after [`vpr_types::DiskFile::sync_data`]; before it every sector
///   of [`SECTOR_BYTES`] of every write independently holds the old or the new bytes, and the length
///   may be any of those it had since;
/// - names after [`vpr_types::Disk::sync_directory`] of their directory; before it every creation,
///   rename and removal independently happened or not, a rename as one;
/// - everything after [`vpr_types::Disk::sync_filesystem`].
///
/// A failed sync marks the dirty pages of the file clean: later syncs succeed, and the bytes are
/// gone after a power cut although a reader sees them until then. Names are metadata that a file
/// system journals: after a failed sync of a directory they stay undecided.
///
/// Every change is recorded, so that the power can be cut at any of them afterwards.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

struct State {
    kernel: Kernel,
    log: Log,
    faults: Faults,
    operations: u64,
    quota: Option<u64>,
}

impl State {
    fn run(&mut self, operation: Operation) {
        self.kernel.apply(&operation);
        self.log.record(operation, &self.kernel);
    }
}

impl SimDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::from_kernel(Kernel::new())
    }

    fn from_kernel(kernel: Kernel) -> Self {
        let log = Log::new(&kernel);
        let state = State { kernel, log, faults: Faults::default(), operations: 0, quota: None };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// How many operations were asked of the disk so far, reads and failed ones included.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// Makes operation number `n` (the first is 1, see [`SimDisk::operations`]) fail with `fault`,
    /// or with [`Repeat::Sticky`] every operation from `n` on.
    pub fn fail_operation(&self, n: u64, fault: Fault, repeat: Repeat) {
        self.state.lock().faults.plan(n, fault, repeat);
    }

    /// Forgets every planned fault.
    pub fn clear_faults(&self) {
        self.state.lock().faults = Faults::default();
    }

    /// How many operations failed, or were cut short, because of [`SimDisk::fail_operation`].
    #[must_use]
    pub fn faults_hit(&self) -> u64 {
        self.state.lock().faults.hit()
    }

    /// At most `bytes` in all files that have a name; writes past it are cut short, then answer
    /// `StorageFull`. `None` lifts it.
    pub fn set_quota(&self, bytes: Option<u64>) {
        self.state.lock().quota = bytes;
    }

    /// Bytes of all files that have a name, counted by their length.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.state.lock().kernel.used_bytes()
    }

    /// How many changes (and syncs) were recorded so far: a position for [`SimDisk::power_cut_at`].
    #[must_use]
    pub fn recorded(&self) -> usize {
        self.state.lock().log.len()
    }

    /// Stops recording, for workloads too long to be kept; [`SimDisk::power_cut`] still works.
    pub fn stop_recording(&self) {
        self.state.lock().log.stop();
    }

    /// The disk as kill -9 leaves it: the page cache survives, and with it what is dirty or lost.
    /// The new disk is independent, with its own empty recording, without faults or quota.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self::from_kernel(self.state.lock().kernel.clone())
    }

    /// One possible disk after a power cut now; another seed gives another one.
    #[must_use]
    pub fn power_cut(&self, seed: u64) -> Self {
        let kernel = self.state.lock().kernel.clone();
        Self::from_kernel(power::cut(kernel, &mut Dice::new(seed)))
    }

    /// One possible disk after a power cut just after the first `prefix` recorded changes.
    ///
    /// # Panics
    /// When fewer were recorded.
    #[must_use]
    pub fn power_cut_at(&self, prefix: usize, seed: u64) -> Self {
        let kernel = self.state.lock().log.kernel_at(prefix);
        Self::from_kernel(power::cut(kernel, &mut Dice::new(seed)))
    }

    /// The disk as kill -9 left it just after the first `prefix` recorded changes.
    ///
    /// # Panics
    /// When fewer were recorded.
    #[must_use]
    pub fn snapshot_at(&self, prefix: usize) -> Self {
        Self::from_kernel(self.state.lock().log.kernel_at(prefix))
    }

    /// All files with their bytes, as readers see them, sorted by path.
    #[must_use]
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        path::files(&self.state.lock().kernel)
    }

    /// Rots: turns bit `bit` (0 to 7) of the byte at `offset`, in cache and on the platter.
    /// The recording starts anew.
    ///
    /// # Panics
    /// When there is no such byte.
    pub fn flip_bit(&self, path: &Path, offset: u64, bit: u8) {
        let mut state = self.state.lock();
        let node = match path::find(&state.kernel, path) {
            Ok(Some(node)) => node,
            _ => panic!("no file {}", path.display()),
        };
        path::flip(&mut state.kernel, node, offset, bit);
        let State { kernel, log, .. } = &mut *state;
        log.restart(kernel);
    }
}

impl Default for SimDisk {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
