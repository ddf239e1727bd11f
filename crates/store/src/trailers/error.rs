/// A commit message that this version of vpr did not write. Names lines and trailers, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrailerError {
    /// There is no paragraph of trailers after the subject.
    #[error("the commit message has no VPR trailers")]
    NoTrailers,
    /// `VPR-Format` names a version that is not known here.
    #[error("the commit message has a format that is not known to this version of vpr")]
    Format,
    /// A trailer is absent, or stands where another belongs.
    #[error("line {line} of the commit message: {expected} expected")]
    Expected {
        /// Counted from 1.
        line: usize,
        /// The trailer that belongs there.
        expected: &'static str,
    },
    /// A trailer's value has not the form of its kind.
    #[error("line {line} of the commit message: the value of {trailer} is malformed")]
    Value {
        /// Counted from 1.
        line: usize,
        /// Which trailer.
        trailer: &'static str,
    },
    /// Every trailer reads, but vpr would have written the message differently.
    #[error("the commit message is not in its one canonical form")]
    NotCanonical,
}
