//! The record engine: commit, read, history
