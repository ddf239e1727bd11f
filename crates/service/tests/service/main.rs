//! The service over a real data directory, without HTTP: what touches searches, on SQLite and on
//! Postgres.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[macro_use]
mod harness;

mod bundle_bounds;
mod bundles;
mod conditional;
mod histories;
mod projector;
mod search;
mod taken_away;
