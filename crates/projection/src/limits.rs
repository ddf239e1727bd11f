use std::time::Duration;

/// What a search may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long one search or history may take in the database.
    pub search_time_max: Duration,
    /// A filter that finds fewer rows than this is read whole, then tested and sorted; when all of a
    /// query's filters find more, resources are tested in the order of the page until it is full.
    pub rows_driven_max: usize,
    /// So many resources may be included on one page.
    pub includes_max: usize,
    /// How long a result set stays as it was while others write: pages of an earlier moment are
    /// refused with [`crate::ProjectionError::Gone`].
    pub pages_kept: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            search_time_max: Duration::from_secs(30),
            rows_driven_max: 4000,
            includes_max: 1000,
            pages_kept: Duration::from_secs(3600),
        }
    }
}
