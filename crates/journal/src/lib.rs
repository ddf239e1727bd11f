//! The append-only log with group commit.
