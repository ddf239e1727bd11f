/// Why a projection could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The database cannot be reached or fails; it may come back.
    #[error("the search database is not available: {0}")]
    Unavailable(String),
    /// The statement took longer than it may.
    #[error("the search took longer than it may")]
    TimedOut,
    /// The query asks for more than a search may cost.
    #[error("{0}")]
    TooCostly(String),
    /// The page belongs to a projection that was rebuilt since, or to a moment that is no longer kept.
    #[error("the page is no longer kept")]
    Gone,
    /// The position is not one that this query can have.
    #[error("the position does not fit the query")]
    BadPosition,
    /// The change is not the next one.
    #[error("change {found} was given where {expected} is next")]
    OutOfOrder {
        /// The next seq.
        expected: u64,
        /// The seq given.
        found: u64,
    },
    /// The schema is of another version of this program, or damaged; the projection must be rebuilt.
    #[error("the projection must be rebuilt: {0}")]
    Unusable(String),
}
