use super::{AccessEntry, ChangeEntry, StateEntry};

/// One journal entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A change of documents.
    Change(Box<ChangeEntry>),
    /// An access.
    Access(AccessEntry),
    /// A fact of tenant state.
    State(StateEntry),
}

/// Bytes that are not an entry this version can read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The first byte names a version that is not known here.
    #[error("format version {0} is not known to this version of vpr")]
    Version(u8),
    /// The second byte names a kind that is not known here.
    #[error("entry kind {0} is not known to this version of vpr")]
    Kind(u8),
    /// The body does not decode.
    #[error("the entry does not decode: {0}")]
    Body(#[from] postcard::Error),
    /// Fewer bytes than the smallest entry.
    #[error("the entry is shorter than its header")]
    Short,
}

const VERSION: u8 = 1;
const CHANGE: u8 = 1;
const ACCESS: u8 = 2;
const STATE: u8 = 3;

/// Encodes an entry: version, kind, then the body in postcard.
///
/// # Errors
/// Never for entries that fit in memory; the type says so only because the encoder does.
pub fn encode(entry: &Entry) -> Result<Vec<u8>, FormatError> {
    match entry {
        Entry::Change(change) => encode_change(change),
        Entry::Access(access) => Ok(postcard::to_extend(access, vec![VERSION, ACCESS])?),
        Entry::State(state) => Ok(postcard::to_extend(state, vec![VERSION, STATE])?),
    }
}

/// As [`encode`], for a change that others hold too.
///
/// # Errors
/// As [`encode`].
pub fn encode_change(change: &ChangeEntry) -> Result<Vec<u8>, FormatError> {
    let objects = change.repositories.iter().flat_map(|repository| &repository.objects);
    let bytes: usize = objects.map(|object| object.deflated.len() + 64).sum();
    let mut out = Vec::with_capacity(bytes + change.summary.documents.len() * 256 + 512);
    out.extend([VERSION, CHANGE]);
    Ok(postcard::to_extend(change, out)?)
}

/// Decodes what [`encode`] wrote, in this version or an earlier one.
///
/// # Errors
/// [`FormatError`] when the version or kind is unknown or the body does not decode.
pub fn decode(bytes: &[u8]) -> Result<Entry, FormatError> {
    let [version, kind, body @ ..] = bytes else { return Err(FormatError::Short) };
    if *version != VERSION {
        return Err(FormatError::Version(*version));
    }
    match kind {
        &CHANGE => Ok(Entry::Change(Box::new(postcard::from_bytes(body)?))),
        &ACCESS => Ok(Entry::Access(postcard::from_bytes(body)?)),
        &STATE => Ok(Entry::State(postcard::from_bytes(body)?)),
        other => Err(FormatError::Kind(*other)),
    }
}
