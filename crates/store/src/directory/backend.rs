use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use vpr_types::DiskFile;

const BLOCK: usize = 4096;
const BLOCK_BYTES: u64 = 4096;

/// The directory's file under redb. A failed write makes a redb database unreadable until it is
/// opened again, so a full disk is hidden from it: from the first write that finds no room on,
/// everything stays in memory, in order, until [`Backing::settle`] finds room. The file keeps the
/// state before the transaction meanwhile.
pub(super) struct Backing {
    file: Arc<dyn DiskFile>,
    held: Mutex<Option<Held>>,
}

/// What the file lacks.
struct Held {
    length: u64,
    blocks: BTreeMap<u64, Box<[u8; BLOCK]>>,
}

impl std::fmt::Debug for Backing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backing").finish_non_exhaustive()
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn usize_of(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

impl Backing {
    pub(super) fn new(file: Arc<dyn DiskFile>) -> Self {
        Self { file, held: Mutex::new(None) }
    }

    pub(super) fn file_bytes(&self) -> io::Result<u64> {
        self.file.len()
    }

    /// Writes what is held in memory, in the order that survives a crash: redb's header, which
    /// makes the new pages count, after they are on disk. No transaction may run meanwhile, and
    /// none may begin while this fails: it could reuse pages of the state that the file holds.
    ///
    /// # Errors
    /// `StorageFull` while there is no room: nothing is lost, and it may be called again.
    pub(super) fn settle(&self) -> io::Result<()> {
        let mut held = self.held.lock();
        let Some(missing) = held.as_ref() else { return Ok(()) };
        if self.file.len()? < missing.length {
            self.file.set_len(missing.length)?;
        }
        missing.write_blocks(self.file.as_ref(), 1..u64::MAX)?;
        self.file.sync_data()?;
        missing.write_blocks(self.file.as_ref(), 0..1)?;
        self.file.set_len(missing.length)?;
        self.file.sync_data()?;
        *held = None;
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut held = self.held.lock();
        if held.is_none() {
            match self.file.write_all_at(bytes, offset) {
                Err(error) if is_full(&error) => {}
                done => return done,
            }
        }
        self.hold(&mut held)?.write(self.file.as_ref(), offset, bytes)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut held = self.held.lock();
        if held.is_none() {
            match self.file.set_len(length) {
                Err(error) if is_full(&error) => {}
                done => return done,
            }
        }
        self.hold(&mut held)?.set_len(self.file.as_ref(), length)
    }

    fn hold<'a>(&self, held: &'a mut Option<Held>) -> io::Result<&'a mut Held> {
        let length = self.file.len()?;
        Ok(held.get_or_insert_with(|| Held { length, blocks: BTreeMap::new() }))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let held = self.held.lock();
        match held.as_ref() {
            None => {
                drop(held);
                self.file.read_exact_at(out, offset)
            }
            Some(held) => held.read(self.file.as_ref(), offset, out),
        }
    }
}

impl Held {
    fn write_blocks(&self, file: &dyn DiskFile, which: Range<u64>) -> io::Result<()> {
        for (number, block) in self.blocks.range(which) {
            let at = number * BLOCK_BYTES;
            let length = usize_of(self.length.saturating_sub(at)).min(BLOCK);
            file.write_all_at(block.get(..length).unwrap_or_default(), at)?;
        }
        Ok(())
    }

    fn read(&self, file: &dyn DiskFile, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.saturating_add(u64::try_from(out.len()).unwrap_or(u64::MAX));
        if end > self.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut at = offset;
        for piece in pieces(offset, out.len()) {
            let Some(target) = out.get_mut(piece.from..piece.to) else { break };
            match self.blocks.get(&piece.block) {
                Some(block) => {
                    let source = block.get(piece.within..piece.within + target.len());
                    target.copy_from_slice(source.unwrap_or_default());
                }
                None => read_or_zeros(file, at, target)?,
            }
            at += u64::try_from(target.len()).unwrap_or(0);
        }
        Ok(())
    }

    fn write(&mut self, file: &dyn DiskFile, offset: u64, bytes: &[u8]) -> io::Result<()> {
        for piece in pieces(offset, bytes.len()) {
            let source = bytes.get(piece.from..piece.to).unwrap_or_default();
            let block = self.block(file, piece.block)?;
            if let Some(target) = block.get_mut(piece.within..piece.within + source.len()) {
                target.copy_from_slice(source);
            }
        }
        let end = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
        self.length = self.length.max(end);
        Ok(())
    }

    /// What was cut off reads as zeros when the file grows again, whatever the real file holds.
    fn set_len(&mut self, file: &dyn DiskFile, length: u64) -> io::Result<()> {
        let within = usize_of(length % BLOCK_BYTES);
        if length < self.length
            && within > 0
            && let Some(cut) = self.block(file, length / BLOCK_BYTES)?.get_mut(within..)
        {
            cut.fill(0);
        }
        for block in length.div_ceil(BLOCK_BYTES)..self.length.div_ceil(BLOCK_BYTES) {
            self.blocks.insert(block, Box::new([0; BLOCK]));
        }
        self.length = length;
        Ok(())
    }

    /// A block that may be changed, as readers see it now.
    fn block(&mut self, file: &dyn DiskFile, number: u64) -> io::Result<&mut [u8; BLOCK]> {
        match self.blocks.entry(number) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let mut block = Box::new([0; BLOCK]);
                read_or_zeros(file, number * BLOCK_BYTES, block.as_mut_slice())?;
                Ok(entry.insert(block))
            }
        }
    }
}

/// A run of bytes within one block.
struct Piece {
    block: u64,
    within: usize,
    from: usize,
    to: usize,
}

fn pieces(offset: u64, length: usize) -> impl Iterator<Item = Piece> {
    let mut from = 0;
    std::iter::from_fn(move || {
        if from >= length {
            return None;
        }
        let at = offset + u64::try_from(from).unwrap_or(0);
        let within = usize_of(at % BLOCK_BYTES);
        let to = length.min(from + BLOCK - within);
        let piece = Piece { block: at / BLOCK_BYTES, within, from, to };
        from = to;
        Some(piece)
    })
}

fn read_or_zeros(file: &dyn DiskFile, offset: u64, out: &mut [u8]) -> io::Result<()> {
    let there = usize_of(file.len()?.saturating_sub(offset)).min(out.len());
    let (real, beyond) = out.split_at_mut(there);
    beyond.fill(0);
    file.read_exact_at(real, offset)
}

/// The handle that redb owns.
#[derive(Debug)]
pub(super) struct Backend(pub(super) Arc<Backing>);

impl redb::StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        let held = self.0.held.lock();
        match held.as_ref() {
            Some(held) => Ok(held.length),
            None => self.0.file.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        // While anything is held back the file keeps its last state; `settle` syncs the next one.
        if self.0.held.lock().is_some() { Ok(()) } else { self.0.file.sync_data() }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use redb::StorageBackend as _;
    use vpr_testkit::SimDisk;
    use vpr_types::{Disk, OpenMode};

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Write(u64, u8, usize),
        Length(u64),
        Full(bool),
        Settle,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0..40_000_u64, any::<u8>(), 1..9_000_usize).prop_map(|(at, byte, n)| Step::Write(at, byte, n)),
            2 => (0..50_000_u64).prop_map(Step::Length),
            2 => any::<bool>().prop_map(Step::Full),
            1 => Just(Step::Settle),
        ]
    }

    proptest! {
        /// Whatever is held back, a reader sees the file as if there were room.
        #[test]
        fn a_full_disk_is_not_seen(steps in vec(step(), 1..40)) {
            let disk = SimDisk::new();
            let file = disk.open(Path::new("f"), OpenMode::Create).unwrap();
            let backend = Backend(Arc::new(Backing::new(file)));
            let mut model: Vec<u8> = Vec::new();
            for step in steps {
                match step {
                    Step::Write(at, byte, length) => {
                        backend.write(at, &vec![byte; length]).unwrap();
                        let at = usize_of(at);
                        model.resize(model.len().max(at + length), 0);
                        model[at..at + length].fill(byte);
                    }
                    Step::Length(length) => {
                        backend.set_len(length).unwrap();
                        model.resize(usize_of(length), 0);
                    }
                    Step::Full(full) => disk.set_quota(full.then(|| disk.used_bytes())),
                    Step::Settle => match backend.0.settle() {
                        Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::StorageFull),
                        Ok(()) => prop_assert!(disk.files()[0].1 == model),
                    },
                }
                prop_assert_eq!(usize_of(backend.len().unwrap()), model.len());
                let mut seen = vec![1; model.len()];
                backend.read(0, &mut seen).unwrap();
                prop_assert!(seen == model);
                prop_assert!(backend.read(1, &mut seen).is_err() || seen.is_empty());
            }
            disk.set_quota(None);
            backend.0.settle().unwrap();
            prop_assert!(disk.files()[0].1 == model);
        }
    }
}
