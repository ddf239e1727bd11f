//! An independent judge of searches.
