//! The service over a real data directory and an embedded projection, without HTTP.

mod bundles;
mod conditional;
mod harness;
mod histories;
mod projector;
mod search;
