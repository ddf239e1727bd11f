use std::sync::Arc;

use vpr_types::{DiskFile, ObjectId};

use super::packs::OpenPack;
use super::stage::StagedPack;
use super::{Repository, remove_if_there};
use crate::Error;
use crate::pack::{Base, Candidate, Extents, Form, PackWriter, Sink, plan};

/// Gathered before a write.
const BUFFER: usize = 256 * 1024;

/// What [`Repository::concatenate`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concatenated {
    /// How many packs became one.
    pub packs: usize,
    /// How many objects that one has.
    pub objects: usize,
}

/// An object of one of the packs that are merged.
struct Found {
    pack: usize,
    number: usize,
    form: Form,
}

impl Repository {
    /// Merges all packs into one, if there are at least `packs_min` (and two). The data of objects
    /// is copied as it is, after comparing its checksum; of objects that several packs have, one
    /// copy stays, and no chain of deltas grows. Packs marked with a `.keep` file are left alone.
    ///
    /// The new pack is durable before an old one is removed, so a crash at any point leaves every
    /// object in at least one pack. Readers of this process go on meanwhile.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] when a pack or index is: nothing is removed then.
    pub fn concatenate(&self, packs_min: usize) -> Result<Option<Concatenated>, Error> {
        let list = self.reload()?;
        if let Some((path, what)) = list.broken.first() {
            return Err(Error::damaged(what, path));
        }
        let mut packs: Vec<Arc<OpenPack>> = Vec::new();
        for pack in list.packs.iter().rev() {
            if self.disk().length(&pack.path().with_extension("keep"))?.is_none() {
                packs.push(Arc::clone(pack));
            }
        }
        if packs.len() < packs_min.max(2) {
            return Ok(None);
        }
        let mut sources = Vec::with_capacity(packs.len());
        for pack in &packs {
            sources.push(Extents::new(pack.file(self.disk())?, &pack.index)?);
        }
        let (found, order) = survey(&mut sources)?;
        let (staged, objects) = self.copy(&mut sources, &found, &order)?;
        let name = staged.name().to_owned();
        staged.sync()?;
        staged.publish()?;
        self.sync_pack_directory()?;

        // Merging packs of which one held everything gives that one again.
        let old: Vec<String> =
            packs.iter().map(|pack| pack.name.clone()).filter(|old| *old != name).collect();
        self.forget_packs(&old);
        self.remove_packs(&old)?;
        Ok(Some(Concatenated { packs: packs.len(), objects }))
    }

    fn copy(
        &self,
        sources: &mut [Extents<'_>],
        found: &[Found],
        order: &[usize],
    ) -> Result<(StagedPack, usize), Error> {
        let mut staged = StagedPack::begin(self, "concatenated");
        let sink = FileSink { file: staged.create("pack")?, buffer: Vec::with_capacity(BUFFER), at: 0 };
        let mut writer = PackWriter::new(sink, order.len())?;
        for &index in order {
            let Found { pack, number, form } = found[index];
            let extent = sources[pack].get(number)?;
            writer.push(extent.id, form, extent.size as u64, extent.deflated)?;
        }
        let (mut sink, name, index_bytes) = writer.finish()?;
        sink.flush()?;
        staged.end(name, index_bytes)?;
        Ok((staged, order.len()))
    }

    fn remove_packs(&self, names: &[String]) -> Result<(), Error> {
        if names.is_empty() {
            return Ok(());
        }
        let folder = self.pack_directory();
        // Stock Git's index over several packs would name packs that are gone.
        for entry in self.disk().list(&folder)? {
            if entry.name.starts_with("multi-pack-index") {
                remove_if_there(self.disk(), &folder.join(&entry.name))?;
            }
        }
        for name in names {
            // The index first: a pack without one is not looked at.
            for kind in ["idx", "pack", "rev", "bitmap", "mtimes"] {
                remove_if_there(self.disk(), &folder.join(format!("pack-{name}.{kind}")))?;
            }
        }
        Ok(())
    }
}

/// All objects of the packs, and which of them to write in which order.
fn survey(sources: &mut [Extents<'_>]) -> Result<(Vec<Found>, Vec<usize>), Error> {
    let (mut found, mut candidates) = (Vec::new(), Vec::new());
    for (pack, source) in sources.iter_mut().enumerate() {
        for number in 0..source.len() {
            let extent = source.get(number)?;
            let (id, offset, kind) = (extent.id, extent.offset, extent.kind);
            let form = match source.file().base_of(source.index(), offset, kind)? {
                Base::None(kind) => Form::Whole(kind),
                Base::At(base) => Form::Delta(base_id(source, base)?),
            };
            let base = match form {
                Form::Whole(_) => None,
                Form::Delta(base) => Some(base),
            };
            found.push(Found { pack, number, form });
            candidates.push(Candidate { source: u32::try_from(pack).unwrap_or(u32::MAX), id, base });
        }
    }
    let order = plan(&candidates)?;
    Ok((found, order))
}

fn base_id(source: &Extents<'_>, offset: u64) -> Result<ObjectId, Error> {
    source
        .id_at(offset)
        .ok_or_else(|| source.file().damaged("the base of a delta is not an object of its pack"))
}

struct FileSink {
    file: Arc<dyn DiskFile>,
    buffer: Vec<u8>,
    at: u64,
}

impl FileSink {
    fn flush(&mut self) -> Result<(), Error> {
        self.file.write_all_at(&self.buffer, self.at)?;
        self.at += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

impl Sink for FileSink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }
}
