use std::path::PathBuf;

use vpr_types::ObjectId;

use super::{Repository, read_whole};
use crate::deflate::inflate_unsized;
use crate::{Error, OBJECT_BYTES_MAX, Object, ObjectKind, id_of};

impl Repository {
    /// Reads a loose object: this crate writes none, but stock Git may have unpacked some.
    pub(super) fn read_loose(&self, id: &ObjectId) -> Result<Option<Object>, Error> {
        let path = self.loose_path(id);
        let Some(bytes) = read_whole(self.disk(), &path, OBJECT_BYTES_MAX as u64 * 2)? else {
            return Ok(None);
        };
        let object = parse(&bytes).ok_or_else(|| Error::damaged("a loose object is broken", &path))?;
        if id_of(object.kind, &object.content) != *id {
            return Err(Error::damaged("an object does not match its id", &path));
        }
        Ok(Some(object))
    }

    pub(super) fn loose_path(&self, id: &ObjectId) -> PathBuf {
        let hex = id.to_hex();
        let (folder, name) = hex.split_at(2);
        self.inner.path.join("objects").join(folder).join(name)
    }
}

fn parse(bytes: &[u8]) -> Option<Object> {
    let mut inflated = inflate_unsized(bytes)?;
    let header = inflated.iter().take(32).position(|b| *b == 0)?;
    let (kind, size) = std::str::from_utf8(&inflated[..header]).ok()?.split_once(' ')?;
    let kind = ObjectKind::parse(kind.as_bytes())?;
    let size: usize = size.parse().ok()?;
    let content = inflated.split_off(header + 1);
    (content.len() == size).then_some(Object { kind, content })
}
