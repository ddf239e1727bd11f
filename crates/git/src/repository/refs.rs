use vpr_types::ObjectId;

use super::{BRANCH, Repository, read_whole};
use crate::Error;

const PACKED_REFS_BYTES_MAX: u64 = 16 * 1024 * 1024;

impl Repository {
    /// The commit that the branch stands at; `None` before the first. Read from the disk each
    /// time: from the ref's own file, else from `packed-refs`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] when the ref is not 40 hexadecimal digits and a newline.
    pub fn head(&self) -> Result<Option<ObjectId>, Error> {
        let path = self.inner.path.join(BRANCH);
        if let Some(bytes) = read_whole(self.disk(), &path, 4096)? {
            let text = bytes.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
            let id = text.and_then(|line| line.parse().ok());
            return id.map(Some).ok_or_else(|| Error::damaged("a ref is not an object id", &path));
        }
        let path = self.inner.path.join("packed-refs");
        let Some(bytes) = read_whole(self.disk(), &path, PACKED_REFS_BYTES_MAX)? else { return Ok(None) };
        let text =
            std::str::from_utf8(&bytes).map_err(|_| Error::damaged("packed-refs is not text", &path))?;
        for line in text.lines().filter(|line| !line.starts_with(['#', '^'])) {
            let (id, name) = line.split_once(' ').unwrap_or((line, ""));
            let id = id.parse().map_err(|_| Error::damaged("packed-refs is broken", &path))?;
            if name == BRANCH {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}
