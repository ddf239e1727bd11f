use std::fmt;

/// One life of a projection, from when it was empty; page links of another one are worth nothing,
/// because resources have other rids in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// Random; may be shown.
    pub id: [u8; 8],
    /// Random; page links are sealed with it.
    pub secret: [u8; 32],
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Epoch").field("id", &self.id).finish_non_exhaustive()
    }
}
