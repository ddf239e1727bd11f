use std::collections::HashMap;

use libdeflater::Crc;
use sha1::{Digest, Sha1};
use vpr_types::ObjectId;

use super::header::{self, EntryKind};
use super::index::{self, IndexEntry};
use super::plan::Candidate;
use super::{PACK_HEADER, Pack, PackObject, plan};
use crate::{Error, ObjectKind};

/// Writes objects to a pack and its index. An id that is given more than once is written once.
///
/// # Errors
/// [`Error::Malformed`] when the base of a delta is not among the objects.
pub fn write_pack(objects: &[PackObject<'_>]) -> Result<Pack, Error> {
    let candidates: Vec<Candidate> =
        objects.iter().map(|o| Candidate { source: 0, id: o.id, base: o.base }).collect();
    let order = plan(&candidates)?;
    let bytes = order.iter().map(|&i| objects[i].deflated.len() + header::HEADER_MAX).sum::<usize>() + 32;
    let mut writer = PackWriter::new(Vec::with_capacity(bytes), order.len())?;
    for index in order {
        let PackObject { id, kind, base, size, deflated } = objects[index];
        writer.push(id, base.map_or(Form::Whole(kind), Form::Delta), u64::from(size), deflated)?;
    }
    let (bytes, name, index_bytes) = writer.finish()?;
    Ok(Pack { name, bytes, index_bytes })
}

/// What a zlib stream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The content of an object of this kind.
    Whole(ObjectKind),
    /// A delta of that object.
    Delta(ObjectId),
}

/// Where the bytes of a pack go.
pub(crate) trait Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error>;
}

impl Sink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// Writes a pack front to back and gathers its index.
pub(crate) struct PackWriter<S> {
    sink: S,
    hash: Sha1,
    offset: u64,
    offsets: HashMap<ObjectId, u64>,
    entries: Vec<IndexEntry>,
    header: Vec<u8>,
}

impl<S: Sink> PackWriter<S> {
    /// Begins a pack of exactly `count` objects.
    pub(crate) fn new(sink: S, count: usize) -> Result<Self, Error> {
        let number = u32::try_from(count).map_err(|_| Error::Malformed("too many objects for a pack"))?;
        let mut writer = Self {
            sink,
            hash: Sha1::new(),
            offset: 0,
            offsets: HashMap::with_capacity(count),
            entries: Vec::with_capacity(count),
            header: Vec::with_capacity(header::HEADER_MAX),
        };
        let mut start = [0; PACK_HEADER as usize];
        start[..8].copy_from_slice(b"PACK\0\0\0\x02");
        start[8..].copy_from_slice(&number.to_be_bytes());
        writer.emit(&start)?;
        Ok(writer)
    }

    /// Adds an object: whole, or as a delta of one that was added before.
    pub(crate) fn push(&mut self, id: ObjectId, form: Form, size: u64, deflated: &[u8]) -> Result<(), Error> {
        let offset = self.offset;
        let kind = match form {
            Form::Whole(kind) => EntryKind::Whole(kind),
            Form::Delta(base) => {
                let base = self.offsets.get(&base).copied();
                let base = base.ok_or(Error::Malformed("the base of a delta is not in its pack"))?;
                EntryKind::OfsDelta(offset - base)
            }
        };
        let mut head = std::mem::take(&mut self.header);
        head.clear();
        header::write(&mut head, kind, size);
        let mut crc = Crc::new();
        crc.update(&head);
        crc.update(deflated);
        self.emit(&head)?;
        self.emit(deflated)?;
        self.header = head;
        self.offsets.insert(id, offset);
        self.entries.push(IndexEntry { id, crc: crc.sum(), offset });
        Ok(())
    }

    /// Ends the pack; gives the sink, the pack's name and the bytes of its index.
    pub(crate) fn finish(mut self) -> Result<(S, String, Vec<u8>), Error> {
        let checksum = ObjectId(self.hash.finalize().into());
        self.sink.write(&checksum.0)?;
        let index = index::build(&mut self.entries, checksum);
        Ok((self.sink, checksum.to_hex(), index))
    }

    fn emit(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hash.update(bytes);
        self.sink.write(bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}
