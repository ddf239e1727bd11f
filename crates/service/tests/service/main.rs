//! The service over a real data directory and an embedded projection, without HTTP.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod bundle_bounds;
mod bundles;
mod conditional;
mod harness;
mod histories;
mod projector;
mod search;
mod taken_away;
